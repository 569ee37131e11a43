package mapping

import (
	"context"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/metricslam/metricslam/geom"
)

func source(name string, t trust, log, sigma float64) ScaleSource {
	return ScaleSource{Name: name, Log: log, Sigma: sigma, N: 1, trust: t}
}

func TestFuseScales(t *testing.T) {
	network := func(log float64) ScaleSource { return source("depth network", trustNetwork, log, .1) }
	marker := func(log float64) ScaleSource { return source("marker", trustMarker, log, .01) }
	height := func(log float64) ScaleSource { return source("camera height", trustHeight, log, .01) }
	distance := func(log float64) ScaleSource { return source("known distance", trustDistance, log, .01) }
	for _, c := range []struct {
		name        string
		sources     []ScaleSource
		gain, sigma float64
		unused      string
	}{
		{"nothing", nil, 0, 0, ""},
		{"one", []ScaleSource{network(.2)}, .2, .1, ""},
		{"information adds up", []ScaleSource{marker(.02), height(0)}, .01, .01, ""}, // Birge: chi2 2 over 1
		{"a network hardly counts", []ScaleSource{marker(0), network(.1)}, .001, .00995, ""},
		{"a measurement before the network", []ScaleSource{marker(.5), network(0)}, .5, .01, "depth network"},
		{"two before one", []ScaleSource{distance(.4), marker(.01), height(.01)}, .01, .00707, "known distance"},
		{"the more trusted, with doubt", []ScaleSource{distance(.4), marker(0)}, .4, .2, "marker"},
		{"a network that agrees with all", []ScaleSource{distance(-.14), distance(-.13), marker(.26), network(0)}, -.1343, .00706, "marker"},
		{"the network settles it", []ScaleSource{marker(.7), height(0), network(.05)}, .0005, .00995, "marker"},
	} {
		gain, sigma := fuseScales(c.sources)
		if math.Abs(gain-c.gain) > 1e-3 || math.Abs(sigma-c.sigma) > .03*c.sigma+5e-4 {
			t.Errorf("%s: %.4f +- %.4f, want %.4f +- %.4f", c.name, gain, sigma, c.gain, c.sigma)
		}
		for _, s := range c.sources {
			if off := s.Name == c.unused; s.Used == off || s.Conflict != off {
				t.Errorf("%s: %s: used %v, conflict %v", c.name, s.Name, s.Used, s.Conflict)
			}
		}
		text := strings.Join(Metric{Gain: gain, Sigma: sigma, Sources: c.sources}.Conflicts(), "\n")
		if (text == "") != (c.unused == "") || !strings.Contains(text, c.unused) {
			t.Errorf("%s: the warning is %q", c.name, text)
		}
	}
}

func TestFusionIsCalibrated(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 7))
	const runs = 2000
	within := 0
	for range runs {
		var s []ScaleSource
		for i, sigma := range []float64{.01, .02, .03, .12} {
			s = append(s, source("", trust(3-i), sigma*r.NormFloat64(), sigma))
		}
		if gain, sigma := fuseScales(s); math.Abs(gain) < sigma {
			within++
		}
	}
	share := float64(within) / runs
	t.Logf("%.3f within one sigma", share)
	if share < .64 || share > .8 { // Birge's factor only widens
		t.Errorf("%.3f within one sigma", share)
	}
}

// A network with a bias of the place and a slow error of the viewpoint, as
// measured on real ones: over many places the stated deviation covers the error.
func TestCalibrationOfNetworks(t *testing.T) {
	for _, c := range []struct {
		name                string
		keyframes           int
		bias, view, correl  float64
		least, most, worstZ float64
	}{
		{"short", 3, .1, .05, .7, .6, .85, 4},
		{"usual", 30, .1, .05, .7, .6, .85, 4},
		{"long", 300, .1, .05, .7, .6, .85, 4},
		{"wavering", 30, .1, .1, .8, .6, .85, 4},
		{"off its domain", 30, .2, .2, .8, .5, .85, 7}, // worse than it states, which its wavering tells in part
	} {
		r := rand.New(rand.NewPCG(11, 2))
		const runs = 400
		var within int
		var worst, stated float64
		for range runs {
			m := NewMapper(Default(), nil)
			bias, view := c.bias*r.NormFloat64(), c.view*r.NormFloat64()
			for i := range c.keyframes {
				k := &Keyframe{ID: i}
				k.Depth.ScaleSigma, k.LogScale = .1, bias+view
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
		w.m.Rescale(0, math.Exp(-.4)) // as it came out of tracking
		m := NewMapper(Default(), nil)
		m.Map, m.cfg.RetrackFrom = w.m, 0
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

// Links are in metres too in the end: the report compares them with the truth.
func TestBringLinksToMetres(t *testing.T) {
	w := newSynthetic(syntheticSpec{keyframes: 10, points: 50})
	for _, k := range w.m.Keyframes {
		k.Unit = 1
	}
	m := NewMapper(Default(), nil)
	m.Map, m.Metric = w.m, Metric{Gain: .4}
	rel := func() geom.SE3 { return w.m.Keyframes[0].Pose.Between(w.m.Keyframes[9].Pose) }
	m.Links = []Link{{From: 0, To: 9, Z: geom.Sim3FromSE3(rel(), 1), units: [2]float64{1, 1}}}
	before := rel().T.Norm()
	m.bringToMetres(0)
	if got := m.Links[0].Z.T.Norm(); math.Abs(got-rel().T.Norm()) > 1e-9 || math.Abs(got-math.Exp(.4)*before) > 1e-9 {
		t.Errorf("a link of %.3f m, its keyframes are %.3f m apart, %.3f before", got, rel().T.Norm(), before)
	}
}

func TestNoSourceIsNoScale(t *testing.T) {
	w := newSynthetic(syntheticSpec{keyframes: 4, points: 100, noisePx: .3})
	m := NewMapper(Default(), nil)
	m.Map, m.cfg.RetrackFrom = w.m, 0
	got, err := m.Finish(context.Background(), 0)
	if err != nil || got.Known() || !math.IsInf(got.Deviation(), 1) {
		t.Errorf("%+v, %v", got, err)
	}
}
