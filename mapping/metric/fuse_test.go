package metric

import (
	"math"
	"math/rand/v2"
	"strings"
	"testing"
)

func source(name string, rank Rank, log, sigma float64) Source {
	return Source{Name: name, Log: log, Sigma: sigma, N: 1, Rank: rank}
}

func TestFuse(t *testing.T) {
	network := func(log float64) Source { return source("depth network", RankNetwork, log, .1) }
	marker := func(log float64) Source { return source("marker", RankMarker, log, .01) }
	height := func(log float64) Source { return source("camera height", RankHeight, log, .01) }
	distance := func(log float64) Source { return source("known distance", RankDistance, log, .01) }
	for _, c := range []struct {
		name        string
		sources     []Source
		gain, sigma float64
		unused      string
	}{
		{"nothing", nil, 0, 0, ""},
		{"one", []Source{network(.2)}, .2, .1, ""},
		{"information adds up", []Source{marker(.02), height(0)}, .01, .01, ""}, // Birge: chi2 2 over 1
		{"a network hardly counts", []Source{marker(0), network(.1)}, .001, .00995, ""},
		{"a measurement before the network", []Source{marker(.5), network(0)}, .5, .01, "depth network"},
		{"two before one", []Source{distance(.4), marker(.01), height(.01)}, .01, .00707, "known distance"},
		{"the more trusted, with doubt", []Source{distance(.4), marker(0)}, .4, .2, "marker"},
		{"a network that agrees with all", []Source{distance(-.14), distance(-.13), marker(.26), network(0)}, -.1343, .00706, "marker"},
		{"the network settles it", []Source{marker(.7), height(0), network(.05)}, .0005, .00995, "marker"},
	} {
		gain, sigma := Fuse(c.sources)
		if math.Abs(gain-c.gain) > 1e-3 || math.Abs(sigma-c.sigma) > .03*c.sigma+5e-4 {
			t.Errorf("%s: %.4f +- %.4f, want %.4f +- %.4f", c.name, gain, sigma, c.gain, c.sigma)
		}
		for _, s := range c.sources {
			if off := s.Name == c.unused; s.Used == off || s.Conflict != off {
				t.Errorf("%s: %s: used %v, conflict %v", c.name, s.Name, s.Used, s.Conflict)
			}
		}
		text := strings.Join(Estimate{Gain: gain, Sigma: sigma, Sources: c.sources}.Conflicts(), "\n")
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
		var s []Source
		for i, sigma := range []float64{.01, .02, .03, .12} {
			s = append(s, source("", Rank(3-i), sigma*r.NormFloat64(), sigma))
		}
		if gain, sigma := Fuse(s); math.Abs(gain) < sigma {
			within++
		}
	}
	share := float64(within) / runs
	t.Logf("%.3f within one sigma", share)
	if share < .64 || share > .8 { // Birge's factor only widens
		t.Errorf("%.3f within one sigma", share)
	}
}
