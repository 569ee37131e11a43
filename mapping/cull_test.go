package mapping

import (
	"testing"

	"github.com/metricslam/metricslam/geom"
)

// crowded returns a map in which a camera lingers before the same points, long
// enough for keyframes to be culled.
func crowded(t *testing.T) (*Mapper, *synthetic) {
	t.Helper()
	w := newSynthetic(syntheticSpec{keyframes: cullFrom + 20, points: 60})
	for i, k := range w.m.Keyframes { // one place, seen again and again
		w.truth[i] = geom.SE3{R: geom.Identity3(), T: geom.Vec3{X: .01 * float64(i%7), Y: .02 * float64(i%5)}}
		k.Pose = w.truth[i]
	}
	m := NewMapper(Default(), &fakeMatcher{})
	m.Map = NewMap()
	for i, pose := range w.truth {
		k := &Keyframe{Pose: pose, Camera: testCamera, Unit: 1, Frame: i, Time: float64(i)}
		for id, p := range w.points {
			if u := testCamera.Project(pose.ApplyInverse(p)); testCamera.Contains(u, 2) {
				k.Features = append(k.Features, Feature{Landmark: id, Pixel: u})
			}
		}
		m.Map.addKeyframe(k)
		m.places.add(k.ID, nil)
	}
	for id, p := range w.points {
		if l, ok := m.Map.landmarks[id]; ok {
			l.InvDepth = 1 / m.Map.Keyframes[l.Host].Pose.ApplyInverse(p).Z
		}
	}
	return m, w
}

func TestCull(t *testing.T) {
	m, w := crowded(t)
	last := m.Map.Keyframes[len(m.Map.Keyframes)-1]
	m.Map.Keyframes[40].Tether = &Tether{From: 39}
	m.Links = append(m.Links, Link{From: 20, To: 60})
	for range 100 {
		m.cull(last)
	}
	var gone int
	for _, k := range m.Map.Keyframes {
		if k.Culled() {
			gone++
			if len(k.Features) > 0 || !k.Gray.Empty() {
				t.Errorf("keyframe %d was culled and still holds something", k.ID)
			}
		}
	}
	if gone < 60 {
		t.Errorf("%d of %d keyframes of one place were culled", gone, len(m.Map.Keyframes))
	}
	for _, id := range []int{0, 20, 39, 40, 60, last.ID, last.ID - 1} {
		if m.Map.Keyframes[id].Culled() {
			t.Errorf("keyframe %d is needed and was culled", id)
		}
	}
	checkInvariants(t, m.Map)
	// The landmarks are where they were, in other hosts.
	for id, p := range w.points {
		if l, ok := m.Map.landmarks[id]; ok && m.Map.Position(l).Sub(p).Norm() > 1e-9 {
			t.Errorf("landmark %d moved by %g m", id, m.Map.Position(l).Sub(p).Norm())
		}
	}
}

// What was culled moves, turns, stretches and joins with what carries it.
func TestCarry(t *testing.T) {
	m, w := crowded(t)
	for range 100 {
		m.cull(m.Map.Keyframes[len(m.Map.Keyframes)-1])
	}
	m.Map.Rescale(0, 2)
	move := geom.ExpSE3(geom.Tangent6{1, 2, 3, .1, .2, .3})
	for _, k := range m.Map.Keyframes {
		if !k.Culled() {
			k.Pose, k.Part = move.Mul(k.Pose), 5
		}
	}
	m.Map.carry()
	for i, k := range m.Map.Keyframes {
		want := w.truth[i]
		want.T = want.T.Scale(2)
		want = move.Mul(want)
		if d := k.Pose.T.Sub(want.T).Norm(); d > 1e-9 || geom.RotationAngle(k.Pose.R.T().Mul(want.R)) > 1e-9 || k.Unit != 2 || k.Part != 5 {
			t.Fatalf("keyframe %d, culled: %v: off by %g m, unit %g, part %d", i, k.Culled(), d, k.Unit, k.Part)
		}
	}
}
