package synthetic

import (
	"bytes"
	"context"
	"errors"
	"io"
	"math"
	"slices"
	"testing"

	"github.com/metricslam/metricslam/slam"
)

// frames reads all selected frames.
func frames(t *testing.T, spec string, opt Options) []*slam.Frame {
	t.Helper()
	s, err := New(spec, opt)
	if err != nil {
		t.Fatal(err)
	}
	var out []*slam.Frame
	for {
		f, err := s.Next(context.Background())
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, f)
	}
	if len(out) != s.Info().Len {
		t.Errorf("Info promised %d frames, Next gave %d", s.Info().Len, len(out))
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	return out
}

func TestSameBytes(t *testing.T) {
	for _, spec := range []string{"synthetic:room:6", "synthetic:street:60"} {
		first := testScene(t, spec) // seed 2
		b := <-first.benches
		// Another scene of the same seed, read from elsewhere with more workers.
		for _, f := range frames(t, spec, Options{Seed: 2, Start: 5, Stride: 11, MaxFrames: 2, Workers: 3}) {
			want := first.render(b, f.Index)
			if !bytes.Equal(f.Color.Pix, want.Color.Pix) || !bytes.Equal(f.Gray.Pix, want.Gray.Pix) {
				t.Errorf("%s: frame %d differs between two scenes of one seed", spec, f.Index)
			}
			got, _ := f.SensorDepth()
			depth, _ := want.SensorDepth()
			if !slices.Equal(got.Depth, depth.Depth) || *f.Truth != *want.Truth {
				t.Errorf("%s: depth or truth of frame %d differs between two scenes of one seed", spec, f.Index)
			}
		}
		first.benches <- b
	}
}

// fps, light and blur change the sequence as they say.
func TestVariants(t *testing.T) {
	opt := Options{Seed: 2, Start: 60, MaxFrames: 1}
	plain := frames(t, "synthetic:room:6", opt)[0]
	slow := frames(t, "synthetic:room:6,fps=10", Options{Seed: 2, Start: 20, MaxFrames: 1})[0]
	if slow.Time != plain.Time || *slow.Truth != *plain.Truth {
		t.Errorf("frame 20 at 10 Hz: time %v, frame 60 at 30 Hz: %v", slow.Time, plain.Time)
	}
	dark := frames(t, "synthetic:room:6,light=.05", opt)[0]
	blurred := frames(t, "synthetic:room:6,blur=6", opt)[0]
	a, b, c := statsOf(plain.Gray), statsOf(dark.Gray), statsOf(blurred.Gray)
	if !(b.mean < .95*a.mean && b.gradient > 1.5*a.gradient) {
		t.Errorf("without light: mean %.1f for %.1f, gradient of its noise %.2f for %.2f", b.mean, a.mean, b.gradient, a.gradient)
	}
	if !(c.gradient < .8*a.gradient) {
		t.Errorf("blurred: gradient %.2f for %.2f", c.gradient, a.gradient)
	}
}

// Another lens sees the same way; the centre of its image has the same depth.
func TestLens(t *testing.T) {
	opt := Options{Seed: 2, Start: 60, MaxFrames: 1}
	plain := frames(t, "synthetic:room:6", opt)[0]
	wide := frames(t, "synthetic:room:6,lens=.8", opt)[0]
	if wide.Time != plain.Time || *wide.Truth != *plain.Truth || wide.Camera.Fx != .8*plain.Camera.Fx || wide.Camera.Cx != plain.Camera.Cx {
		t.Errorf("another lens: time %v, camera %+v", wide.Time, wide.Camera)
	}
	a, errA := plain.SensorDepth()
	b, errB := wide.SensorDepth()
	if errA != nil || errB != nil {
		t.Fatal(errA, errB)
	}
	// A point 100 pixels off the centre lies 80 pixels off it.
	y := a.H / 2
	x := a.W / 2
	for _, off := range []int{-100, 0, 100} {
		p, q := float64(a.Depth[y*a.W+x+off]), float64(b.Depth[y*b.W+x+off*8/10])
		if math.Abs(p-q) > .02*p {
			t.Errorf("%d pixels off the centre: depth %.3f m, by the other lens %.3f m", off, p, q)
		}
	}
}

func TestSeedsDiffer(t *testing.T) {
	const spec = "synthetic:room:6"
	first := testScene(t, spec)
	b := <-first.benches
	want := first.render(b, 0)
	first.benches <- b
	other := frames(t, spec, Options{Seed: 3, MaxFrames: 1})[0]
	same := 0
	for i, v := range other.Gray.Pix {
		if v == want.Gray.Pix[i] {
			same++
		}
	}
	if same*5 > len(want.Gray.Pix) {
		t.Errorf("%d of %d pixels are the same with another seed", same, len(want.Gray.Pix))
	}
}

func TestBadSpecs(t *testing.T) {
	for _, spec := range []string{"", "room", "synthetic:", "synthetic:moon", "synthetic:room:", "synthetic:room:-5", "synthetic:room:0",
		"synthetic:room:NaN", "synthetic:room:1e9", "synthetic:room:+Inf", "synthetic:room:12m", "synthetic:room:12:3",
		"synthetic:room,", "synthetic:room:12,fps", "synthetic:room,fps=0", "synthetic:room,lens=0", "synthetic:room,light=NaN", "synthetic:room,walkres=1"} {
		if _, err := New(spec, Options{}); !errors.Is(err, ErrSpec) {
			t.Errorf("New(%q): error %v, want ErrSpec", spec, err)
		}
	}
	for _, opt := range []Options{{Start: -1}, {Stride: -1}, {MaxFrames: -2}, {Workers: -1}} {
		if _, err := New("synthetic:room", opt); !errors.Is(err, ErrSpec) {
			t.Errorf("New with %+v: error %v, want ErrSpec", opt, err)
		}
	}
}

func TestNextAfterCloseAndCancel(t *testing.T) {
	s, err := New("synthetic:room:5", Options{})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	if _, err := s.Next(ctx); err != nil {
		t.Fatal(err)
	}
	cancel()
	if _, err := s.Next(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("Next of a cancelled context: %v", err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Next(context.Background()); !errors.Is(err, ErrClosed) {
		t.Errorf("Next after Close: %v", err)
	}
}
