package tracking

import (
	"math"
	"testing"

	"github.com/metricslam/metricslam/geom"
	"github.com/metricslam/metricslam/slam"
)

// Depths that are wrong by much more than they say leave the rays: the pose then
// rests on epipolar lines. Where they are right, or honest, it rests on them.
func TestLocateChoosesModel(t *testing.T) {
	truth := motion(.25, -.05, .1, .02, .06, -.01)
	near := motion(.24, -.05, .1, .02, .06, -.01)
	tests := []struct {
		name   string
		spec   worldSpec
		std    float64 // that uncertain landmarks claim; 0: the true one
		want   Model
		errM   float64
		errDeg float64
	}{
		{"right depths", worldSpec{n: 200, pose: truth, noisePx: .5}, 0, Structure, .006, .1},
		{"weak depths", worldSpec{n: 200, pose: truth, noisePx: .5, uncertain: 1, depthStd: .3}, 0, Epipolar, .03, .35},
		{"blur", worldSpec{n: 200, pose: truth, noisePx: 1.5}, 0, Structure, .02, .3},
		{"30 % follow something else", worldSpec{n: 300, pose: truth, noisePx: .5, wrong: .3}, 0, Structure, .008, .1},
		{"wrong depths", worldSpec{n: 200, pose: truth, noisePx: .5, uncertain: .7, depthStd: .5}, .02, Epipolar, .015, .2},
		{"all depths wrong", worldSpec{n: 200, pose: truth, noisePx: .5, uncertain: 1, depthStd: .4}, .02, Epipolar, .02, .2},
		{"wrong depths, blur", worldSpec{n: 200, pose: truth, noisePx: 2, uncertain: 1, depthStd: .5}, .02, Epipolar, .04, .6},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(tt.spec)
			est := New(Default(), 1).Locate(1, testCamera, near, w.tracks, func(id int) (slam.Point, bool) {
				p, ok := w.point(id)
				if tt.std > 0 && p.LogStd == tt.spec.depthStd {
					p.LogStd = tt.std
				}
				return p, ok
			})
			if !est.OK || est.Model != tt.want {
				t.Fatalf("OK %v, rests on %v, want %v", est.OK, est.Model, tt.want)
			}
			if m, d := poseError(est.Pose, truth); m > tt.errM || d > tt.errDeg {
				t.Errorf("off by %.4f m and %.4f degrees", m, d)
			}
			if kept := len(est.Inliers); float64(kept) < .85*(1-tt.spec.wrong)*float64(tt.spec.n) {
				t.Errorf("%d of %d tracks are kept", kept, tt.spec.n)
			}
		})
	}
}

// Landmarks that the camera has passed, as a car passes many, decide nothing.
func TestLocatePassedLandmarks(t *testing.T) {
	truth := motion(.05, 0, .5, 0, .01, 0)
	w := newWorld(worldSpec{n: 300, pose: truth, noisePx: .5, wrong: .3})
	for i := range 5 {
		w.points[w.tracks[i].ID] = slam.Point{Position: geom.Vec3{X: .1 * float64(i), Y: .2, Z: -1}, LogStd: .01}
	}
	est := New(Default(), 1).Locate(1, testCamera, motion(.05, 0, .4, 0, 0, 0), w.tracks, w.point)
	if m, d := poseError(est.Pose, truth); !est.OK || est.Model != Structure || m > .01 || d > .1 {
		t.Errorf("OK %v, rests on %v, off by %.4f m and %.3f degrees", est.OK, est.Model, m, d)
	}
}

// A pure turn and points on a plane: the cases that break an essential matrix.
func TestLocateDegenerate(t *testing.T) {
	turn := motion(0, 0, 0, .02, .12, .03)
	for _, std := range []float64{.01, .3} {
		w := newWorld(worldSpec{n: 200, pose: turn, noisePx: .5, uncertain: 1, depthStd: std})
		est := New(Default(), 1).Locate(1, testCamera, motion(0, 0, 0, 0, .1, 0), w.tracks, w.point)
		if m, d := poseError(est.Pose, turn); !est.OK || m > .01 || d > .1 {
			t.Errorf("turn, depths to %.0f %%: OK %v, off by %.4f m and %.3f degrees", 100*std, est.OK, m, d)
		}
	}
	truth := motion(.02, 0, .3, 0, .01, 0) // forward, at a wall
	w := newWorld(worldSpec{n: 200, pose: truth, noisePx: .5})
	for i, tr := range w.tracks {
		p := w.points[tr.ID]
		p.Position = p.Position.Scale(3 / p.Position.Z)
		w.points[tr.ID] = p
		w.tracks[i].Pixel = testCamera.Project(truth.ApplyInverse(p.Position))
	}
	est := New(Default(), 1).Locate(1, testCamera, motion(0, 0, .25, 0, 0, 0), w.tracks, w.point)
	if m, d := poseError(est.Pose, truth); !est.OK || m > .005 || d > .05 {
		t.Errorf("forward at a wall: OK %v, off by %.4f m and %.3f degrees", est.OK, m, d)
	}
}

func TestAlongEpipolar(t *testing.T) {
	cw := motion(.3, .1, -.2, .05, -.1, .02)
	p := slam.Point{Position: geom.Vec3{X: .4, Y: -.3, Z: 3}, Host: geom.Vec3{X: -.2, Y: .1, Z: .1}}
	at := func(s float64) geom.Vec2 {
		return cw.Apply(p.Host.Add(p.Position.Sub(p.Host).Scale(math.Exp(s)))).XY()
	}
	const h = 1e-6
	want := at(h).Sub(at(-h)).Scale(1 / (2 * h))
	if d := alongEpipolar(cw, p).Sub(want).Norm(); d > 1e-7 {
		t.Errorf("off by %g", d)
	}
	behind := slam.Point{Position: geom.Vec3{Z: -2}}
	if alongEpipolar(geom.IdentitySE3(), behind) != (geom.Vec2{}) {
		t.Error("a landmark behind the camera has an epipolar line")
	}
}
