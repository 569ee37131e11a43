package mapping

import (
	"math"
	"testing"

	"github.com/metricslam/metricslam/geom"
	"github.com/metricslam/metricslam/mapping/images"
	"github.com/metricslam/metricslam/slam"
)

// wall renders a textured wall 4 m ahead of the world's origin.
func wall(cam geom.Camera, pose geom.SE3, phase float64) slam.Gray {
	g := slam.NewGray(cam.W, cam.H)
	for y := range cam.H {
		for x := range cam.W {
			r := pose.R.MulVec(cam.Ray(geom.Vec2{X: float64(x), Y: float64(y)}))
			p := pose.T.Add(r.Scale((4 - pose.T.Z) / r.Z))
			v := math.Sin(21*p.X+phase) + math.Sin(17*p.Y+2*phase) + math.Sin(11*p.X+13*p.Y) + math.Sin(30*p.X-25*p.Y+phase)
			g.Pix[y*cam.W+x] = uint8(128 + 28*v)
		}
	}
	return g
}

// registerScene is a host and a keyframe a metre nearer to the wall and turned,
// with one feature each; the second is drift away from the truth.
func registerScene(t *testing.T, phase float64, drift geom.Vec2) (m *Map, want geom.Vec2) {
	cam := geom.Camera{W: 320, H: 240, Fx: 260, Fy: 260, Cx: 160, Cy: 120}
	m = NewMap(images.Options{Budget: math.MaxInt})
	pose := geom.SE3{R: geom.ExpSO3(geom.Vec3{X: .03, Y: -.04, Z: .15}), T: geom.Vec3{X: .2, Z: 1}}
	at := geom.Vec2{X: 181, Y: 99}
	m.addKeyframe(&Keyframe{Pose: geom.IdentitySE3(), Camera: cam, Features: []Feature{{Landmark: 7, Pixel: at}}})
	putImages(t, m, m.Keyframes[0], images.Images{Gray: wall(cam, geom.IdentitySE3(), 0)})
	want = cam.Project(pose.ApplyInverse(cam.Unproject(at, 4)))
	m.addKeyframe(&Keyframe{Pose: pose, Camera: cam, Features: []Feature{{Landmark: 7, Pixel: want.Add(drift)}}})
	putImages(t, m, m.Keyframes[1], images.Images{Gray: wall(cam, pose, phase)})
	m.landmarks.get(7).InvDepth = 1. / 4
	return m, want
}

func TestRegisterTakesDriftAway(t *testing.T) {
	for _, drift := range []geom.Vec2{{}, {X: .4, Y: -.3}, {X: -1, Y: 1.2}} {
		m, want := registerScene(t, 0, drift)
		if err := m.register(m.Keyframes[1]); err != nil {
			t.Fatal(err)
		}
		if !m.Keyframes[1].Features[0].Registered {
			t.Fatalf("drift %v: not found", drift)
		}
		if d := m.Keyframes[1].Features[0].Pixel.Sub(want).Norm(); d > .06 {
			t.Errorf("drift %v: still %.3f pixels off", drift, d)
		}
	}
}

func TestRegisterLeavesWhatDoesNotMatch(t *testing.T) {
	m, want := registerScene(t, 1.5, geom.Vec2{X: .5})
	if err := m.register(m.Keyframes[1]); err != nil {
		t.Fatal(err)
	}
	if d := m.Keyframes[1].Features[0].Pixel.Sub(want.Add(geom.Vec2{X: .5})).Norm(); d != 0 {
		t.Errorf("a feature whose patch looks different was moved by %.3f pixels", d)
	}
	m, _ = registerScene(t, 0, geom.Vec2{X: .5})
	m.landmarks.get(7).InvDepth = 1 / 1.05 // the keyframe would stand 5 cm before it
	if err := m.register(m.Keyframes[1]); err != nil {
		t.Fatal(err)
	}
	if m.Keyframes[1].Features[0].Registered {
		t.Error("a patch was enlarged beyond recognition")
	}
}

// TestRegisterFromTheNearest: where the first image of a landmark looks
// different, a later one that it was found in will do.
func TestRegisterFromTheNearest(t *testing.T) {
	m, want := registerScene(t, 1.5, geom.Vec2{})
	k := m.Keyframes[1]
	m.addKeyframe(&Keyframe{ID: 2, Pose: k.Pose, Camera: k.Camera, Features: []Feature{{Landmark: 7, Pixel: want.Add(geom.Vec2{X: .5, Y: -.4})}}})
	last := m.Keyframes[2]
	putImages(t, m, last, imagesOf(t, m, k))
	if err := m.register(last); err != nil {
		t.Fatal(err)
	}
	if last.Features[0].Registered {
		t.Fatal("found in an image that itself was found nowhere")
	}
	k.Features[0].Registered = true
	if err := m.register(last); err != nil {
		t.Fatal(err)
	}
	if d := last.Features[0].Pixel.Sub(want).Norm(); !last.Features[0].Registered || d > .06 {
		t.Errorf("%.3f pixels off, registered %v", d, last.Features[0].Registered)
	}
}

// TestWanderersHardlyCount: features that were not found, and all err to the same
// side, turn a keyframe only where too few others hold it; those that a link of
// two places made too.
func TestWanderersHardlyCount(t *testing.T) {
	for _, c := range []struct {
		found             int
		tied              bool
		leastRad, mostRad float64
	}{
		{registerSure + 20, false, 0, 1e-4}, {registerSure - 20, false, 5e-4, 2e-3},
		{registerSure + 20, true, 0, 1e-4}, {registerSure - 20, true, 5e-4, 2e-3},
	} {
		w := newSynthetic(syntheticSpec{keyframes: 4, points: 400})
		last := w.m.Keyframes[3]
		for i := range last.Features {
			f := &last.Features[i]
			if i < c.found {
				f.Registered = true
				continue
			}
			if c.tied {
				w.m.rename(f.Landmark, firstLinkLandmark+f.Landmark)
			}
			f.Pixel.X++ // 1.9e-3 rad
		}
		b := newBundle(w.m, Default(), []int{3}, []int{0, 1, 2}, 0, 1)
		b.addLandmarks()
		if _, err := b.solve(t.Context()); err != nil {
			t.Fatal(err)
		}
		if _, e := w.poseErrors(); e < c.leastRad || e > c.mostRad {
			t.Errorf("%d of %d features found, the others tied %v: the keyframe is turned by %.5f rad", c.found, len(last.Features), c.tied, e)
		}
	}
}

// TestTiesHoldInBlur: where found features err by more than a quarter of a pixel, what
// a link tied counts in full though it was not found again.
func TestTiesHoldInBlur(t *testing.T) {
	for _, c := range []struct{ noisePx, tied float64 }{{0, driftingWeight}, {.3, 1}} {
		w := newSynthetic(syntheticSpec{keyframes: 4, points: 400, noisePx: c.noisePx})
		last := w.m.Keyframes[3]
		for i := range last.Features {
			last.Features[i].Registered = true
		}
		track, tie := &last.Features[0], &last.Features[1]
		track.Registered, tie.Registered = false, false
		w.m.rename(tie.Landmark, firstLinkLandmark)
		b := newBundle(w.m, Default(), []int{3}, []int{0, 1, 2}, 0, 1)
		b.addLandmarks()
		if got := [2]float64{b.trust(last, *track), b.trust(last, *tie)}; got != [2]float64{driftingWeight, c.tied} {
			t.Errorf("noise %.1f pixels: a track and a tie count %v, want %v and %v", c.noisePx, got, driftingWeight, c.tied)
		}
	}
}

// rename gives a landmark another id.
func (m *Map) rename(id, as int) {
	l := m.landmarks.get(id)
	m.landmarks.remove(id)
	l.ID = as
	m.landmarks.put(l)
	for _, o := range l.Obs {
		m.Keyframes[o.KF].Features[o.Index].Landmark = as
	}
}

// TestSlidingHardlyCounts: of the features that were found some slide along
// outlines, all to the same side, and turn the keyframe by a tenth of what their
// mean would.
func TestSlidingHardlyCounts(t *testing.T) {
	w := newSynthetic(syntheticSpec{keyframes: 4, points: 400})
	last := w.m.Keyframes[3]
	var mean float64
	for i := range last.Features {
		last.Features[i].Registered = true
		if i%8 == 0 {
			last.Features[i].Pixel.X += 2.2
			mean += 2.2 / float64(len(last.Features)) / last.Camera.Fx
		}
	}
	b := newBundle(w.m, Default(), []int{3}, []int{0, 1, 2}, 0, 1)
	b.addLandmarks()
	if _, err := b.solve(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, e := w.poseErrors(); e > mean/10 {
		t.Errorf("the keyframe is turned by %.6f rad, %.2f of the mean of the features", e, e/mean)
	}
}
