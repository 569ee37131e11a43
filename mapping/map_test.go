package mapping

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/metricslam/metricslam/geom"
	"github.com/metricslam/metricslam/mapping/images"
)

// Observations go in any order, hosts first among them, and the map stays whole;
// a landmark keeps its place when its host forgets it.
func TestForgetObservation(t *testing.T) {
	w := newSynthetic(syntheticSpec{keyframes: 6, points: 150})
	r := rand.New(rand.NewPCG(2, 2))
	for n := 0; w.m.landmarks.n > 0; n++ {
		var id int
		for id = range w.points { // the first that is left
			if _, ok := w.m.landmarks.find(id); ok {
				break
			}
		}
		l := w.m.landmarks.get(id)
		o := l.Obs[0]
		if n%2 == 1 {
			o = l.Obs[r.IntN(len(l.Obs))]
		}
		w.m.forgetObservation(l, o)
		if w.m.Keyframes[o.KF].Features[o.Index].Landmark != -1 {
			t.Fatal("the feature still names the landmark")
		}
		if left, ok := w.m.landmarks.find(id); ok {
			if d := w.m.Position(left).Sub(w.points[id]).Norm(); d > 1e-9 {
				t.Fatalf("landmark %d moved by %g m", id, d)
			}
		} else if len(l.Obs) != 0 {
			t.Fatal("a landmark with observations is gone")
		}
		if n%40 == 0 {
			checkInvariants(t, w.m)
		}
	}
	checkInvariants(t, w.m)
}

// A landmark behind its next observer loses its depth, not its place in the map.
func TestRehostBehind(t *testing.T) {
	m := NewMap(images.Options{Budget: math.MaxInt})
	m.addKeyframe(&Keyframe{Pose: geom.IdentitySE3(), Camera: testCamera, Features: []Feature{{Landmark: 4, Pixel: geom.Vec2{X: 320, Y: 240}}}})
	m.addKeyframe(&Keyframe{Pose: geom.SE3{R: geom.Identity3(), T: geom.Vec3{Z: 5}}, Camera: testCamera, Features: []Feature{{Landmark: 4, Pixel: geom.Vec2{X: 300, Y: 240}}}})
	l := m.landmarks.get(4)
	l.InvDepth = .5
	m.forgetObservation(l, Observation{0, 0})
	if l.Known() || l.Host != 1 {
		t.Errorf("hosted by %d at inverse depth %g", l.Host, l.InvDepth)
	}
	checkInvariants(t, m)
}

// A landmark that is found again takes the place of the feature that was made of
// the same corner, but not of one that others see too.
func TestTakeUp(t *testing.T) {
	w := newSynthetic(syntheticSpec{keyframes: 4, points: 80})
	m := &Mapper{Map: w.m}
	k := w.m.Keyframes[3]
	listed := make(map[int]bool)
	for _, f := range k.Features {
		listed[f.Landmark] = true
	}
	var lost *Landmark
	for id := range w.points {
		if l, ok := w.m.landmarks.find(id); ok && !listed[id] && lost == nil {
			lost = l
		}
	}
	shared := k.Features[0].Landmark
	at := k.Features[0].Pixel.Add(geom.Vec2{X: 1})
	w.m.landmarks.put(&Landmark{ID: 9000, Host: k.ID, Ray: k.Camera.Ray(at)})
	w.m.observe(w.m.landmarks.get(9000), k, at)
	m.addLandmark(k, lost, at.Add(geom.Vec2{Y: 2}))
	if _, there := w.m.landmarks.find(9000); there {
		t.Error("the feature made of the same corner is still there")
	}
	if _, there := w.m.landmarks.find(shared); !there {
		t.Error("a landmark that others see went with it")
	}
	if last := k.Features[len(k.Features)-1]; last.Landmark != lost.ID {
		t.Errorf("the last feature is of landmark %d, not %d", last.Landmark, lost.ID)
	}
	checkInvariants(t, w.m)
}

func TestRescale(t *testing.T) {
	w := newSynthetic(syntheticSpec{keyframes: 5, points: 80})
	var pixels []geom.Vec2
	see := func() (u []geom.Vec2) {
		for _, k := range w.m.Keyframes {
			for _, f := range k.Features {
				u = append(u, testCamera.Project(k.Pose.ApplyInverse(w.m.Position(w.m.landmarks.get(f.Landmark)))))
			}
		}
		return u
	}
	pixels = see()
	w.m.rescale(0, 2.5)
	for i, u := range see() {
		if u.Sub(pixels[i]).Norm() > 1e-6 {
			t.Fatal("the map looks different after a change of its unit")
		}
	}
	if d := w.m.Keyframes[4].Pose.T.Sub(w.truth[4].T.Scale(2.5)).Norm(); d > 1e-9 {
		t.Errorf("positions are off by %g", d)
	}
	w.m.rescale(3, 100) // no such part
	if d := w.m.Keyframes[4].Pose.T.Sub(w.truth[4].T.Scale(2.5)).Norm(); d > 1e-9 {
		t.Error("another part was rescaled")
	}
}

func TestTriangulate(t *testing.T) {
	w := newSynthetic(syntheticSpec{keyframes: 5, points: 200})
	last := w.m.Keyframes[4]
	for l := range w.m.landmarks.all() {
		l.InvDepth, l.LogStd = 0, 0
	}
	w.m.triangulate(last, Default().MinParallax)
	var n int
	for _, f := range last.Features {
		l := w.m.landmarks.get(f.Landmark)
		if !l.Known() {
			continue
		}
		n++
		if d := w.m.Position(l).Sub(w.points[l.ID]).Norm(); d > 1e-6 || l.LogStd <= 0 {
			t.Errorf("landmark %d is off by %g m, deviation %g", l.ID, d, l.LogStd)
		}
	}
	if n < len(last.Features)/2 {
		t.Errorf("%d of %d landmarks got a depth", n, len(last.Features))
	}
	// A camera that only turns sees no depth.
	m := NewMap(images.Options{Budget: math.MaxInt})
	for i := range 2 {
		k := &Keyframe{Pose: geom.SE3{R: geom.ExpSO3(geom.Vec3{Y: .1 * float64(i)})}, Camera: testCamera}
		for id, p := range w.points {
			if q := k.Pose.ApplyInverse(p); q.Z > 1 && testCamera.Contains(testCamera.Project(q), 1) {
				k.Features = append(k.Features, Feature{Landmark: id, Pixel: testCamera.Project(q)})
			}
		}
		m.addKeyframe(k)
	}
	m.triangulate(m.Keyframes[1], Default().MinParallax)
	if n := m.LandmarkCount(); n != 0 {
		t.Errorf("%d landmarks got a depth from a rotation", n)
	}
}
