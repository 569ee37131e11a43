package mapping

import (
	"context"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/metricslam/metricslam/geom"
	"github.com/metricslam/metricslam/mapping/metric"
)

// A network with a bias of the place and a slow error of the viewpoint, as
// measured on real ones: over many places the stated deviation covers the error.
func TestCalibrationOfNetworks(t *testing.T) {
	for _, c := range []struct {
		name                string
		keyframes           int
		bias, view, correl  float64
		least, most, worstZ float64
	}{
		{"short", 3, .16, .05, .7, .6, .8, 4},
		{"usual", 30, .16, .05, .7, .6, .8, 4},
		{"long", 300, .16, .05, .7, .6, .8, 4},
		{"wavering", 30, .16, .1, .8, .6, .8, 4},
		{"off its domain", 30, .3, .3, .8, .5, .8, 7}, // worse than it states, which its wavering tells in part
	} {
		r := rand.New(rand.NewPCG(11, 2))
		const runs = 400
		var within int
		var worst, stated float64
		for range runs {
			m := NewMapper(Default(), nil, nil)
			bias, view := c.bias*r.NormFloat64(), c.view*r.NormFloat64()
			for i := range c.keyframes {
				k := &Keyframe{ID: i}
				k.Depth.ScaleSigma, k.Depth.PlaceSigma, k.LogScale = .1, .16, bias+view
				m.Map.Keyframes = append(m.Map.Keyframes, k)
				view = c.correl*view + c.view*math.Sqrt(1-c.correl*c.correl)*r.NormFloat64()
			}
			s, ok := m.networkSource(0)
			if !ok {
				t.Fatal("no source")
			}
			z := math.Abs(s.Log) / s.Sigma // the map is at its truth
			if z < 1 {
				within++
			}
			worst, stated = max(worst, z), stated+s.Sigma/runs
		}
		share := float64(within) / runs
		t.Logf("%s: %.3f within one sigma, worst %.1f, sigma %.3f", c.name, share, worst, stated)
		if share < c.least || share > c.most || worst > c.worstZ {
			t.Errorf("%s: %.3f within one sigma, worst %.1f", c.name, share, worst)
		}
	}
}

// A whole map: bundle adjustment, then metres by all sources.
func TestFinishBringsMetres(t *testing.T) {
	for _, c := range []struct {
		name           string
		bias, heightOf float64 // log of the prior's error; of the camera height that is given over the true one, NaN: none
		log            float64 // expected error of the map
		tolerance      float64
		conflict       string
	}{
		{"network", .12, math.NaN(), -.12, .02, ""},
		{"network and height", .12, 0, 0, .01, ""},
		{"height against network", .9, 0, 0, .01, "depth network"},
	} {
		w := newSynthetic(syntheticSpec{keyframes: 10, points: 200, noisePx: .3, depth: true, depthNoise: .05, scaleSigma: .1, logScale: func(int) float64 { return c.bias }})
		for _, k := range w.m.Keyframes {
			k.LogScale = c.bias
			if i := k.ID; i > 0 && !math.IsNaN(c.heightOf) {
				k.StepM, k.StepLogStd = w.truth[i].T.Sub(w.truth[i-1].T).Norm()*math.Exp(c.heightOf), .02
			}
		}
		w.m.rescale(0, math.Exp(-.4)) // as it came out of tracking
		m := NewMapper(Default(), nil, nil)
		m.use(w.m)
		m.cfg.RetrackFrom = 0
		got, err := m.Finish(context.Background(), 0)
		if err != nil {
			t.Fatal(err)
		}
		size := math.Log(w.m.Keyframes[9].Pose.T.Sub(w.m.Keyframes[0].Pose.T).Norm() / w.truth[9].T.Norm())
		t.Logf("%s: off by %.4f, stated %.4f, depth unit %.3f", c.name, size, got.Sigma, math.Exp(got.Log))
		if math.Abs(size-c.log) > c.tolerance || got.Gain != 0 || math.Abs(size) > 3*got.Sigma {
			t.Errorf("%s: the map is off by %.4f, want %.4f; stated %.4f", c.name, size, c.log, got.Sigma)
		}
		if math.Abs(got.Log-(c.bias+size)) > .02 {
			t.Errorf("%s: a unit of the depth source is exp(%.3f) m, want exp(%.3f)", c.name, got.Log, c.bias+size)
		}
		if text := strings.Join(got.Conflicts(), ""); (c.conflict == "") != (text == "") || !strings.Contains(text, c.conflict) {
			t.Errorf("%s: conflicts %q", c.name, text)
		}
	}
}

// A network whose depth is wrong in shape does not know the place: its metres are as
// unsure, of which its scales, all alike, say nothing.
func TestWrongShapeIsUnsure(t *testing.T) {
	for _, c := range []struct{ shape, most, least float64 }{{.01, .06, 0}, {.3, .5, .15}} {
		w := newSynthetic(syntheticSpec{keyframes: 10, points: 400, noisePx: .3, depth: true, depthNoise: .01, scaleSigma: .05})
		for _, k := range w.m.Keyframes {
			for i := range k.Features { // the nearer the left, the farther the right
				f := &k.Features[i]
				f.DepthM *= math.Exp(2 * c.shape * (f.Pixel.X/float64(k.Camera.W) - .5) * math.Sqrt(3))
			}
		}
		m := NewMapper(Default(), nil, nil)
		m.use(w.m)
		m.measureShape(0)
		if got := m.shape[0]; math.Abs(got-c.shape) > .4*c.shape+.02 {
			t.Errorf("a shape that deviates by %.2f is measured as %.3f", c.shape, got)
		}
		src, ok := m.networkSource(0)
		if !ok || src.Sigma > c.most || src.Sigma < c.least {
			t.Errorf("shape wrong by %.2f: deviation %.3f, want %.3f to %.3f", c.shape, src.Sigma, c.least, c.most)
		}
	}
}

// Links are in metres too in the end: the report compares them with the truth.
func TestBringLinksToMetres(t *testing.T) {
	w := newSynthetic(syntheticSpec{keyframes: 10, points: 50})
	for _, k := range w.m.Keyframes {
		k.Unit = 1
	}
	m := NewMapper(Default(), nil, nil)
	m.use(w.m)
	m.Metric = metric.Estimate{Gain: .4}
	rel := func() geom.SE3 { return w.m.Keyframes[0].Pose.Between(w.m.Keyframes[9].Pose) }
	m.loops.links = []*Link{{From: 0, To: 9, Z: geom.Sim3FromSE3(rel(), 1), units: [2]float64{1, 1}}}
	before := rel().T.Norm()
	m.bringToMetres(0)
	if got := m.loops.links[0].Z.T.Norm(); math.Abs(got-rel().T.Norm()) > 1e-9 || math.Abs(got-math.Exp(.4)*before) > 1e-9 {
		t.Errorf("a link of %.3f m, its keyframes are %.3f m apart, %.3f before", got, rel().T.Norm(), before)
	}
}

func TestNoSourceIsNoScale(t *testing.T) {
	w := newSynthetic(syntheticSpec{keyframes: 4, points: 100, noisePx: .3})
	m := NewMapper(Default(), nil, nil)
	m.use(w.m)
	m.cfg.RetrackFrom = 0
	got, err := m.Finish(context.Background(), 0)
	if err != nil || got.Known() || !math.IsInf(got.Deviation(), 1) {
		t.Errorf("%+v, %v", got, err)
	}
}
