package depth

import (
	"context"
	"errors"
	"math"
	"strings"
	"testing"

	"github.com/metricslam/metricslam/geom"
	"github.com/metricslam/metricslam/slam"
)

// slope is depth that grows to one side, by f.
type slope struct {
	None
	f     func(x float64) float64
	sigma float64
}

func (s slope) Depth(context.Context, *slam.Frame) (slam.DepthMap, error) {
	const w, h = 64, 48
	d := slam.DepthMap{W: w, H: h, Camera: geom.CameraFromFOV(w, h, 1), Depth: make([]float32, w*h), Sigma: .1, ScaleSigma: s.sigma}
	for i := range d.Depth {
		d.Depth[i] = float32(s.f(float64(i%w) / w))
	}
	return d, nil
}

// Depth whose units are misread by 2 and more, or that is disparity, is told by the
// network, with a deviation that covers it; what a network may err by is not.
func TestWitness(t *testing.T) {
	network := slope{f: func(x float64) float64 { return 1 + 3*x }, sigma: .1}
	for name, tt := range map[string]struct {
		depth func(x float64) float64
		doubt string
		sigma float64
	}{
		"alike":             {func(x float64) float64 { return 1.2 * (1 + 3*x) }, "", 0},
		"5000 read as 1000": {func(x float64) float64 { return 5 * (1 + 3*x) }, "5 times the depth", math.Log(5)},
		"half":              {func(x float64) float64 { return .5 * (1 + 3*x) }, ".5 times the depth", math.Log(2)},
		"disparity":         {func(x float64) float64 { return 4 / (1 + 3*x) }, "disparity", witnessLog},
	} {
		w := Watch(slope{f: tt.depth}, func() (Source, error) { return network, nil })
		for range 40 {
			if _, err := w.Depth(t.Context(), nil); err != nil {
				t.Fatal(err)
			}
		}
		text, sigma := w.Doubt()
		if !strings.Contains(text, tt.doubt) || (text == "") != (tt.doubt == "") || sigma < tt.sigma-.01 || len(w.logs) != witnessFrames || w.Close() != nil {
			t.Errorf("%s: %q, deviation %g, %d frames", name, text, sigma, len(w.logs))
		}
	}
	w := Watch(slope{f: network.f}, func() (Source, error) { return nil, errors.New("no network") })
	if _, err := w.Depth(t.Context(), nil); err != nil {
		t.Error(err)
	}
	if text, _ := w.Doubt(); text != "" {
		t.Errorf("without a network: %q", text)
	}
}
