package colormap_test

import (
	"image/color"
	"math"
	"testing"

	"github.com/metricslam/metricslam/internal/colormap"
)

func TestAt(t *testing.T) {
	lo, hi := colormap.At(0), colormap.At(1)
	for _, x := range []float64{-1, math.Inf(-1), math.NaN()} {
		if colormap.At(x) != lo {
			t.Errorf("At(%g) = %v, want the low end", x, colormap.At(x))
		}
	}
	if colormap.At(2) != hi || colormap.At(math.Inf(1)) != hi {
		t.Error("values above 1 are not the high end")
	}
	// No step of a thousandth jumps by more than 3 of 255 in a channel.
	for i := range 1000 {
		a, b := colormap.At(float64(i)/1000), colormap.At(float64(i+1)/1000)
		for _, d := range []int{int(a.R) - int(b.R), int(a.G) - int(b.G), int(a.B) - int(b.B)} {
			if d > 3 || d < -3 {
				t.Fatalf("jump of %d at %d/1000", d, i)
			}
		}
	}
}

func TestFitScale(t *testing.T) {
	depth := make([]float32, 1000)
	for i := range depth {
		depth[i] = 1 + 3*float32(i)/999
	}
	depth[0], depth[1], depth[2] = 0, float32(math.Inf(1)), 1e6
	s := colormap.FitScale(depth)
	if math.Abs(s.MinM-1) > .1 || math.Abs(s.MaxM-4) > .1 {
		t.Errorf("%+v, want about 1 to 4 m", s)
	}
	if a, b := s.At(s.MinM), s.At(s.MaxM); a != 1 || math.Abs(b) > 1e-12 {
		t.Errorf("ends at %g and %g, want 1 and 0", a, b)
	}
	flat := colormap.FitScale([]float32{2, 2, 2})
	if r := flat.MaxM / flat.MinM; math.Abs(r-1.5) > 1e-9 || math.Abs(flat.At(2)-.5) > 1e-9 {
		t.Errorf("one depth only: %+v", flat)
	}
	if s := colormap.FitScale(nil, []float32{0}); s.MinM <= 0 || s.MaxM <= s.MinM {
		t.Errorf("no depth: %+v", s)
	}
}

func TestTicks(t *testing.T) {
	for _, s := range []colormap.Scale{{.5, 10}, {1, 1.5}, {.01, 100}, {2, 80}, {3.1, 4.65}, {.0001, 1e5}} {
		ticks := s.Ticks()
		if len(ticks) > 10 {
			t.Errorf("%+v: %d ticks", s, len(ticks))
		}
		for _, d := range ticks {
			if d < s.MinM || d > s.MaxM {
				t.Errorf("%+v: tick %g outside", s, d)
			}
		}
	}
}

func TestDepthImage(t *testing.T) {
	s := colormap.Scale{MinM: 1, MaxM: 4}
	img := colormap.Depth([]float32{1, 4, 0, float32(math.NaN()), .1, 100}, 3, s)
	want := []color.NRGBA{colormap.At(1), colormap.At(0), {A: 255}, {A: 255}, colormap.At(1), colormap.At(0)}
	for i, c := range want {
		if got := img.NRGBAAt(i%3, i/3); got != c {
			t.Errorf("pixel %d: %v, want %v", i, got, c)
		}
	}
	legend := colormap.WithLegend(img, s)
	if b := legend.Bounds(); b.Dx() != 3 || b.Dy() <= 2 {
		t.Errorf("legend of size %v", b)
	}
	if colormap.Depth(nil, 0, s).Bounds().Dx() != 0 {
		t.Error("an empty map gives pixels")
	}
}
