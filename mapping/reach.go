package mapping

import (
	"math"
	"slices"

	"github.com/metricslam/metricslam/geom"
)

// A long way has thousands of keyframes, and each new one looks for landmarks of
// all that it could share a view with. Those too far away for that are known by
// how deep they see: were a landmark in both images at about the same size, its
// distance from either camera would be bounded by its depth in the older one.

// reach is how deep a keyframe sees.
type reach struct {
	depthM float64 // all but retrackFewest - 1 of its landmarks are nearer
	wide   float64 // cornerSecant of its camera
	moved  int     // Map.moved when it was measured; 0: never
}

// outOfReach reports whether keyframe o is too far from k for retrackFewest of its
// landmarks to be in both images, at sizes that look alike; wide is
// cornerSecant of k.
func (m *Mapper) outOfReach(k, o *Keyframe, wide float64) bool {
	if o.reach.moved != m.Map.moved || near(k.ID, o.ID, reachFresh) {
		o.reach = reach{m.depthOf(o), cornerSecant(o.Camera), m.Map.moved}
	}
	far := reachSpare * o.reach.depthM * (o.reach.wide + wide/retrackZoomMin)
	return o.Pose.T.Sub(k.Pose.T).Norm() > far
}

// depthOf is the depth that all but a few of the landmarks of a keyframe, of those
// that retrackKeyframes counts, are nearer than; 0 where there are only those few.
func (m *Mapper) depthOf(k *Keyframe) float64 {
	var deepest [retrackFewest]float64 // ascending
	for i := 0; i < len(k.Features); i += retrackSample {
		l := m.Map.landmarks.get(k.Features[i].Landmark)
		if l == nil || !l.Known() || len(l.Obs) < 2 {
			continue
		}
		if z := k.Pose.ApplyInverse(m.Map.Position(l)).Z; z > deepest[0] {
			at, _ := slices.BinarySearch(deepest[:], z)
			copy(deepest[:at-1], deepest[1:at])
			deepest[at-1] = z
		}
	}
	return deepest[0]
}

// cornerSecant is how much longer the ray of an image's corner is than its depth.
func cornerSecant(c geom.Camera) float64 {
	w, h := float64(c.W), float64(c.H)
	return math.Max(c.Ray(geom.Vec2{}).Norm(), c.Ray(geom.Vec2{X: w, Y: h}).Norm())
}
