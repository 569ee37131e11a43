package mapping

import (
	"math"
	"testing"

	"github.com/metricslam/metricslam/geom"
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
func registerScene(phase float64, drift geom.Vec2) (m *Map, want geom.Vec2) {
	cam := geom.Camera{W: 320, H: 240, Fx: 260, Fy: 260, Cx: 160, Cy: 120}
	m = NewMap()
	pose := geom.SE3{R: geom.ExpSO3(geom.Vec3{X: .03, Y: -.04, Z: .15}), T: geom.Vec3{X: .2, Z: 1}}
	at := geom.Vec2{X: 181, Y: 99}
	m.addKeyframe(&Keyframe{Pose: geom.IdentitySE3(), Camera: cam, Gray: wall(cam, geom.IdentitySE3(), 0), Features: []Feature{{Landmark: 7, Pixel: at}}})
	want = cam.Project(pose.ApplyInverse(cam.Unproject(at, 4)))
	m.addKeyframe(&Keyframe{Pose: pose, Camera: cam, Gray: wall(cam, pose, phase), Features: []Feature{{Landmark: 7, Pixel: want.Add(drift)}}})
	m.landmarks[7].InvDepth = 1. / 4
	return m, want
}

func TestRegisterTakesDriftAway(t *testing.T) {
	for _, drift := range []geom.Vec2{{}, {X: .4, Y: -.3}, {X: -1, Y: 1.2}} {
		m, want := registerScene(0, drift)
		if n := m.register(m.Keyframes[1]); n != 1 {
			t.Fatalf("drift %v: %d features moved, want 1", drift, n)
		}
		if d := m.Keyframes[1].Features[0].Pixel.Sub(want).Norm(); d > .06 {
			t.Errorf("drift %v: still %.3f pixels off", drift, d)
		}
	}
}

func TestRegisterLeavesWhatDoesNotMatch(t *testing.T) {
	m, want := registerScene(1.5, geom.Vec2{X: .5})
	m.register(m.Keyframes[1])
	if d := m.Keyframes[1].Features[0].Pixel.Sub(want.Add(geom.Vec2{X: .5})).Norm(); d != 0 {
		t.Errorf("a feature whose patch looks different was moved by %.3f pixels", d)
	}
	m, _ = registerScene(0, geom.Vec2{X: .5})
	m.landmarks[7].InvDepth = 1 / 1.05 // the keyframe would stand 5 cm before it
	if n := m.register(m.Keyframes[1]); n != 0 {
		t.Error("a patch was enlarged beyond recognition")
	}
}
