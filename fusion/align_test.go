package fusion

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/metricslam/metricslam/geom"
	"github.com/metricslam/metricslam/slam"
)

// spoiltView is a slanted wall whose depth was multiplied by exp(warp(u)) and
// noise, with n landmarks of the true depth and 1 % noise, a share of them wild.
func spoiltView(n int, wild, noise float64, warp func(u geom.Vec2) float64) (view slam.KeyframeView, truth []float32) {
	rng := rand.New(rand.NewPCG(5, 6))
	cam := geom.CameraFromFOV(160, 120, 1)
	d := slam.DepthMap{W: cam.W, H: cam.H, Camera: cam, Depth: make([]float32, cam.W*cam.H), Sigma: .05, ScaleSigma: .15, Source: "test"}
	truth = make([]float32, len(d.Depth))
	for i := range truth {
		u := geom.Vec2{X: float64(i % cam.W), Y: float64(i / cam.W)}
		truth[i] = float32(2 + u.X/160 + u.Y/240)
		d.Depth[i] = truth[i] * float32(math.Exp(warp(u)+noise*rng.NormFloat64()))
	}
	view = slam.KeyframeView{Pose: geom.IdentitySE3(), Camera: cam.Resized(320, 240), Depth: d}
	for range n {
		x, y := rng.IntN(cam.W), rng.IntN(cam.H)
		z := float64(truth[y*cam.W+x]) * (1 + .01*rng.NormFloat64())
		if rng.Float64() < wild {
			z *= 1 + rng.Float64()
		}
		u := view.Camera.Project(cam.Ray(geom.Vec2{X: float64(x), Y: float64(y)}))
		view.Landmarks = append(view.Landmarks, slam.SparseDepth{Pixel: u, DepthM: z, LogStd: .01})
	}
	return view, truth
}

// logError returns the RMS of log(got / want) and its mean.
func logError(got, want []float32) (rms, mean float64) {
	for i := range got {
		e := math.Log(float64(got[i] / want[i]))
		rms += e * e
		mean += e
	}
	n := float64(len(got))
	return math.Sqrt(rms / n), mean / n
}

func TestAlign(t *testing.T) {
	smooth := func(u geom.Vec2) float64 { return .1 + .08*math.Sin(u.X/50) - .06*u.Y/120 }
	constant := func(geom.Vec2) float64 { return .2 }
	tests := []struct {
		name        string
		n           int
		wild, noise float64
		warp        func(geom.Vec2) float64
		model       AlignModel
		rms, mean   float64 // of log depth that may be left, noise apart
		sigma       float64 // deviation that should be found, to within a factor of 2
	}{
		{"smooth warp", 100, 0, .02, smooth, AlignWarp, .015, .005, .02},
		{"a fifth wild", 150, .2, .02, smooth, AlignWarp, .02, .015, .02},
		{"clean", 200, 0, 0, smooth, AlignWarp, .008, .003, .005},
		{"scale alone", 10, 0, .02, constant, AlignScale, .015, .015, .02},
		{"too few", 4, 0, .02, constant, AlignNone, .21, .21, .05},
		{"none", 0, 0, .02, constant, AlignNone, .21, .21, .05},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			view, truth := spoiltView(tt.n, tt.wild, tt.noise, tt.warp)
			before := append([]float32(nil), view.Depth.Depth...)
			got, rep := Align(view, DefaultAlign())
			rms, mean := logError(got.Depth, truth)
			rms = math.Sqrt(max(rms*rms-tt.noise*tt.noise, 0))
			t.Logf("left: rms %.4f beyond noise, mean %.4f; %+v", rms, mean, rep)
			if rep.Model != tt.model || rms > tt.rms || math.Abs(mean) > tt.mean {
				t.Errorf("model %s, rms %.4f, mean %.4f, want %s, %.4f, %.4f", rep.Model, rms, mean, tt.model, tt.rms, tt.mean)
			}
			if rep.Sigma < .5*tt.sigma || rep.Sigma > 2*tt.sigma || got.Sigma != rep.Sigma {
				t.Errorf("noise %.4f (map %.4f), want %.4f", rep.Sigma, got.Sigma, tt.sigma)
			}
			for i := range before {
				if view.Depth.Depth[i] != before[i] {
					t.Fatal("the view was changed")
				}
			}
		})
	}
}

// A sensor's depth is not bent to landmarks, however many disagree.
func TestAlignTrustsSensors(t *testing.T) {
	view, _ := spoiltView(200, 0, .01, func(geom.Vec2) float64 { return .1 })
	view.Depth.ScaleSigma = 0
	got, rep := Align(view, DefaultAlign())
	if rep.Model != AlignNone || &got.Depth[0] != &view.Depth.Depth[0] || rep.Landmarks != 200 {
		t.Errorf("%+v", rep)
	}
}

func TestAlignIgnoresBadLandmarks(t *testing.T) {
	view, truth := spoiltView(60, 0, .01, func(geom.Vec2) float64 { return .1 })
	nan := math.NaN()
	view.Landmarks = append(view.Landmarks, []slam.SparseDepth{
		{Pixel: geom.Vec2{X: 5, Y: 5}, DepthM: nan}, {Pixel: geom.Vec2{X: 5, Y: 5}, DepthM: -1}, {Pixel: geom.Vec2{X: 5, Y: 5}, DepthM: math.Inf(1)},
		{Pixel: geom.Vec2{X: nan, Y: 5}, DepthM: 2}, {Pixel: geom.Vec2{X: -50, Y: 5}, DepthM: 2}, {Pixel: geom.Vec2{X: 5, Y: 5}, DepthM: 2, LogStd: nan},
	}...)
	got, rep := Align(view, DefaultAlign())
	if rms, _ := logError(got.Depth, truth); rep.Landmarks != 60 || rms > .03 {
		t.Errorf("%d landmarks used, rms %g", rep.Landmarks, rms)
	}
}

// A deviation per pixel keeps its pattern and takes the measured level.
func TestAlignRescalesDeviations(t *testing.T) {
	view, _ := spoiltView(100, 0, .02, func(geom.Vec2) float64 { return .1 })
	view.Depth.LogStd = make([]float32, len(view.Depth.Depth))
	for i := range view.Depth.LogStd {
		view.Depth.LogStd[i] = .1
		if i%10 == 0 {
			view.Depth.LogStd[i] = .3
		}
	}
	got, rep := Align(view, DefaultAlign())
	if a, b := float64(got.LogStd[1]), float64(got.LogStd[0]); math.Abs(a/rep.Sigma-1) > 1e-4 || math.Abs(b/a-3) > 1e-4 {
		t.Errorf("deviations %g and %g, noise %g", a, b, rep.Sigma)
	}
}

func TestWarpRowMatchesFormula(t *testing.T) {
	nodes := []float64{.1, -.2, .3, 0, .05}
	for _, n := range []int{1, 2, 3, 7, 64, 161} {
		in, out := make([]float32, n), make([]float32, n)
		for i := range in {
			in[i] = 1
		}
		warpRow(out, in, nodes)
		for i := range out {
			x := 0.0
			if n > 1 {
				x = float64(i) / float64(n-1) * 4
			}
			c := min(int(x), 3)
			want := math.Exp(nodes[c] + (nodes[c+1]-nodes[c])*(x-float64(c)))
			if math.Abs(float64(out[i])/want-1) > 1e-6 {
				t.Errorf("%d pixels, pixel %d: %g, want %g", n, i, out[i], want)
			}
		}
	}
}
