package tracking

import (
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/metricslam/metricslam/geom"
	"github.com/metricslam/metricslam/slam"
)

var testCamera = geom.Camera{W: 640, H: 480, Fx: testFocal, Fy: testFocal, Cx: 319.5, Cy: 239.5}

// world is a set of landmarks hosted by a camera at the origin, and what a
// camera at pose sees of them.
type world struct {
	points map[int]slam.Point
	tracks []slam.Track
	wrong  map[int]bool
}

type worldSpec struct {
	n           int
	pose        geom.SE3
	noisePx     float64
	wrong       float64 // share of tracks that follow something else
	depthStd    float64 // deviation of the log depth of
	uncertain   float64 // this share of the landmarks
	biasedDepth bool    // all of which are one deviation too far
}

func newWorld(s worldSpec) world {
	r := rand.New(rand.NewPCG(11, uint64(s.n)))
	w := world{points: make(map[int]slam.Point), wrong: make(map[int]bool)}
	for id := 0; len(w.tracks) < s.n; id++ {
		p := testCamera.Unproject(geom.Vec2{X: 640 * r.Float64(), Y: 480 * r.Float64()}, 1.5+5*r.Float64())
		q := s.pose.ApplyInverse(p)
		u := testCamera.Project(q)
		if q.Z < .2 || !testCamera.Contains(u, 1) {
			continue
		}
		pt := slam.Point{Position: p, LogStd: .01}
		if r.Float64() < s.uncertain {
			e := s.depthStd * r.NormFloat64()
			if s.biasedDepth {
				e = s.depthStd
			}
			pt.Position, pt.LogStd = p.Scale(math.Exp(e)), s.depthStd
		}
		u = u.Add(geom.Vec2{X: s.noisePx * r.NormFloat64(), Y: s.noisePx * r.NormFloat64()})
		if r.Float64() < s.wrong {
			w.wrong[id] = true
			u = geom.Vec2{X: 640 * r.Float64(), Y: 480 * r.Float64()}
		}
		w.points[id] = pt
		w.tracks = append(w.tracks, slam.Track{ID: id, Pixel: u})
	}
	return w
}

func (w world) point(id int) (slam.Point, bool) {
	p, ok := w.points[id]
	return p, ok
}

func poseError(a, b geom.SE3) (m, degrees float64) {
	return a.T.Sub(b.T).Norm(), deg(geom.RotationAngle(a.R.T().Mul(b.R)))
}

func TestLocate(t *testing.T) {
	truth := motion(.25, -.05, .1, .02, .06, -.01)
	// Uncertain depth counts less by the parallax of the guess, so that its cases
	// start near the truth, as a prediction does.
	tests := []struct {
		name   string
		spec   worldSpec
		guess  geom.SE3
		errM   float64
		errDeg float64
	}{
		{"exact", worldSpec{n: 150, pose: truth}, geom.IdentitySE3(), 1e-6, 1e-5},
		{"noise", worldSpec{n: 300, pose: truth, noisePx: .5}, geom.IdentitySE3(), .006, .08},
		{"40 % outliers", worldSpec{n: 300, pose: truth, noisePx: .5, wrong: .4}, motion(.2, 0, .1, 0, .05, 0), .008, .1},
		{"40 % outliers, far guess", worldSpec{n: 300, pose: truth, noisePx: .5, wrong: .4}, motion(-1, .5, -1, .4, -.5, .3), .008, .1},
		{"uncertain depth", worldSpec{n: 300, pose: truth, noisePx: .5, depthStd: .3, uncertain: .5}, motion(.22, 0, .1, 0, .05, 0), .012, .15},
		{"uncertain, biased depth", worldSpec{n: 300, pose: truth, noisePx: .5, depthStd: .2, uncertain: .5, biasedDepth: true}, motion(.22, 0, .1, 0, .05, 0), .015, .2},
		{"as few as allowed", worldSpec{n: 25, pose: truth, noisePx: .2}, geom.IdentitySE3(), .02, .3},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(tt.spec)
			est := New(Default(), 1).Locate(1, testCamera, tt.guess, w.tracks, w.point)
			if !est.OK {
				t.Fatal("lost")
			}
			if m, d := poseError(est.Pose, truth); m > tt.errM || d > tt.errDeg {
				t.Errorf("off by %.4f m and %.4f degrees", m, d)
			}
			w.checkSplit(t, est)
			if est.RMSPx > 1.5*tt.spec.noisePx+.01 && tt.spec.uncertain == 0 {
				t.Errorf("RMS %.3f px at a noise of %g px", est.RMSPx, tt.spec.noisePx)
			}
		})
	}
}

// checkSplit asks that every landmark is either inlier or outlier, and that the
// wrong tracks are found.
func (w world) checkSplit(t *testing.T, est Estimate) {
	t.Helper()
	if len(est.Inliers)+len(est.Outliers) != len(w.tracks) {
		t.Errorf("%d inliers and %d outliers of %d landmarks", len(est.Inliers), len(est.Outliers), len(w.tracks))
	}
	var missed, right int
	for _, id := range est.Inliers {
		if est.Outliers[id] {
			t.Errorf("track %d is inlier and outlier", id)
		}
		if w.wrong[id] {
			missed++
		} else {
			right++
		}
	}
	if missed > 2+len(w.wrong)/20 || right < (len(w.tracks)-len(w.wrong))*9/10 {
		t.Errorf("%d of %d wrong tracks are inliers, and %d right ones", missed, len(w.wrong), right)
	}
}

// Landmarks that say how uncertain they are move the pose less than such that
// claim to be exact.
func TestLocateWeighsDepth(t *testing.T) {
	truth := motion(.3, 0, 0, 0, .02, 0)
	w := newWorld(worldSpec{n: 300, pose: truth, noisePx: .3, depthStd: .15, uncertain: .6, biasedDepth: true})
	honest := New(Default(), 1).Locate(1, testCamera, truth, w.tracks, w.point)
	claimed := New(Default(), 1).Locate(1, testCamera, truth, w.tracks, func(id int) (slam.Point, bool) {
		p, ok := w.point(id)
		p.LogStd = .001
		return p, ok
	})
	a, _ := poseError(honest.Pose, truth)
	b, _ := poseError(claimed.Pose, truth)
	if !honest.OK || a > .5*b {
		t.Errorf("off by %.4f m with the deviations, %.4f m without", a, b)
	}
}

func TestLocateRefuses(t *testing.T) {
	truth := motion(.2, 0, 0, 0, .05, 0)
	guess := motion(.1, 0, 0, 0, 0, 0)
	tests := []struct {
		name string
		spec worldSpec
	}{
		{"no tracks", worldSpec{pose: truth}},
		{"too few", worldSpec{n: 24, pose: truth}},
		{"nothing fits", worldSpec{n: 200, pose: truth, wrong: 1}},
		{"too few fit", worldSpec{n: 100, pose: truth, wrong: .9}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(tt.spec)
			tr := New(Default(), 1)
			tr.Reset(0, motion(1, 2, 3, 0, 0, 0))
			est := tr.Locate(1, testCamera, guess, w.tracks, w.point)
			if est.OK || len(est.Inliers) > 0 || est.Pose != guess {
				t.Errorf("a pose with %d inliers, not the guess", len(est.Inliers))
			}
			if tr.Last() != motion(1, 2, 3, 0, 0, 0) {
				t.Error("a frame without a pose moved the last one")
			}
		})
	}
	w := newWorld(worldSpec{n: 100, pose: truth})
	est := New(Default(), 1).Locate(1, testCamera, guess, w.tracks, func(int) (slam.Point, bool) { return slam.Point{}, false })
	if est.OK {
		t.Error("tracks without landmarks give a pose")
	}
}

func TestLocateIsRepeatable(t *testing.T) {
	truth := motion(.25, -.05, .1, .02, .06, -.01)
	w := newWorld(worldSpec{n: 200, pose: truth, noisePx: .5, wrong: .4})
	far := motion(-1, .5, -1, .4, -.5, .3)
	a := New(Default(), 4).Locate(1, testCamera, far, w.tracks, w.point)
	used := New(Default(), 4)
	used.Locate(.5, testCamera, geom.IdentitySE3(), w.tracks[:60], w.point)
	b := used.Locate(1, testCamera, far, w.tracks, w.point)
	if a.Pose != b.Pose {
		t.Error("the pose depends on the frames before")
	}
}

func TestPredict(t *testing.T) {
	// A screw motion: constant velocity in the body frame.
	step := geom.Tangent6{.1, 0, .2, 0, .05, .01}
	start := motion(1, 2, 3, .1, .2, .3)
	at := func(s float64) geom.SE3 {
		xi := step
		for i := range xi {
			xi[i] *= s
		}
		return start.Retract(xi)
	}
	tr := New(Default(), 1)
	tr.Reset(10, start)
	if got := tr.Predict(11, geom.Mat3{}, false); got != start {
		t.Error("a tracker that knows no motion predicts one")
	}
	w := newWorld(worldSpec{n: 100, pose: at(1)})
	if !tr.Locate(11, testCamera, at(1), w.tracks, w.point).OK {
		t.Fatal("lost")
	}
	for _, s := range []float64{1, 1.5, 2, 4} {
		if m, d := poseError(tr.Predict(10+s, geom.Mat3{}, false), at(s)); m > 1e-5 || d > 1e-4 {
			t.Errorf("%g s ahead: off by %g m and %g degrees", s-1, m, d)
		}
	}
	turn := geom.ExpSO3(geom.Vec3{X: .2, Y: -.1}) // rays of the last frame to this one's
	seen := tr.Predict(12, turn, true)
	if _, d := poseError(seen, geom.SE3{R: tr.Last().R.Mul(turn.T())}); d > 1e-9 {
		t.Errorf("the rotation seen in the images is not taken: off by %g degrees", d)
	}
	if m, _ := poseError(seen, at(2)); m > 1e-5 {
		t.Errorf("the rotation seen moved the camera by %g m", m)
	}
	corrected := motion(5, 5, 5, 0, 0, 0)
	const scale = 1.5
	tr.Rebase(tr.Last(), corrected, scale)
	longer := step
	for i := range 3 {
		longer[i] *= scale
	}
	next := tr.Predict(12, geom.Mat3{}, false)
	if m, d := poseError(corrected.Between(next), geom.ExpSE3(longer)); m > 1e-5 || d > 1e-4 {
		t.Errorf("a correction changed the motion by %g m and %g degrees", m, d)
	}
	keyframe := corrected.Mul(geom.SE3{R: geom.Identity3(), T: geom.Vec3{X: -2}})
	tr.Rebase(keyframe, geom.IdentitySE3(), .5) // the frame was 2 m from it
	if d := tr.Last().T.Sub(geom.Vec3{X: 1}).Norm(); d > 1e-9 {
		t.Errorf("the frame is %g m from where its keyframe took it", d)
	}
	tr.Reset(20, corrected)
	if got := tr.Predict(21, geom.Mat3{}, false); got != corrected {
		t.Error("the motion outlives a reset")
	}
}

func TestConfigValidate(t *testing.T) {
	if err := Default().Validate(); err != nil {
		t.Fatal(err)
	}
	for field, spoil := range map[string]func(*Config){
		"pixel_sigma":  func(c *Config) { c.PixelSigma = 0 },
		"min_inliers":  func(c *Config) { c.MinInliers = 5 },
		"inlier_share": func(c *Config) { c.InlierShare = 1.1 },
		"lost_frames":  func(c *Config) { c.LostFrames = 0 },
	} {
		c := Default()
		spoil(&c)
		if err := c.Validate(); err == nil || !strings.Contains(err.Error(), field) {
			t.Errorf("%s: error %v", field, err)
		}
	}
}
