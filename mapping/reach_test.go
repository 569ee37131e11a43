package mapping

import (
	"math/rand/v2"
	"testing"

	"github.com/metricslam/metricslam/geom"
)

// On a straight way of 800 m no keyframe is out of reach that shares a view with
// another, and most are.
func TestReach(t *testing.T) {
	r := rand.New(rand.NewPCG(4, 4))
	m := NewMapper(Default(), nil, nil)
	var points []geom.Vec3
	for range 9000 {
		points = append(points, geom.Vec3{X: 20*r.Float64() - 10, Y: 4*r.Float64() - 3, Z: 840 * r.Float64()})
	}
	for i := range 100 {
		k := &Keyframe{Pose: geom.SE3{R: geom.Identity3(), T: geom.Vec3{Z: 8 * float64(i)}}, Camera: testCamera, Unit: 1}
		for id, p := range points {
			q := k.Pose.ApplyInverse(p)
			if q.Z > 1 && q.Z < 40 && testCamera.Contains(testCamera.Project(q), retrackBorder) {
				k.Features = append(k.Features, Feature{Landmark: id, Pixel: testCamera.Project(q)})
			}
		}
		m.Map.addKeyframe(k)
	}
	for l := range m.Map.landmarks.all() {
		l.InvDepth = 1 / m.Map.Keyframes[l.Host].Pose.ApplyInverse(points[l.ID]).Z
	}
	wide := cornerSecant(testCamera)
	var far, all int
	for _, k := range m.Map.Keyframes {
		for _, o := range m.Map.Keyframes {
			n := 0
			for i := 0; i < len(o.Features); i += retrackSample {
				if _, _, ok := m.inView(k, o, o.Features[i]); ok {
					n++
				}
			}
			all++
			if m.outOfReach(k, o, wide) {
				far++
				if n >= retrackFewest {
					t.Errorf("keyframe %d has %d landmarks of keyframe %d in sight, which is out of reach", k.ID, n, o.ID)
				}
			}
		}
	}
	if far < all/3 {
		t.Errorf("%d of %d keyframes are out of reach", far, all)
	}
	// What is moved as a whole is measured anew.
	before := m.Map.Keyframes[50].reach.depthM
	m.Map.rescale(0, 2)
	m.outOfReach(m.Map.Keyframes[99], m.Map.Keyframes[50], wide)
	if after := m.Map.Keyframes[50].reach.depthM; after < 1.99*before || after > 2.01*before {
		t.Errorf("a reach of %.1f m is %.1f m in a map twice the size", before, after)
	}
}
