package synthetic

import (
	"bytes"
	"context"
	"errors"
	"io"
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

func TestSameBytesWhateverTheWorkers(t *testing.T) {
	for _, spec := range []string{"synthetic:room:6"} {
		opt := Options{Seed: 3, Start: 5, Stride: 31, MaxFrames: 4, Workers: 1}
		a := frames(t, spec, opt)
		opt.Workers = 3
		b := frames(t, spec, opt)
		opt.Start, opt.MaxFrames = 5+31, 2
		late := frames(t, spec, opt)
		opt.Seed = 4
		other := frames(t, spec, opt)
		for i := range a {
			if !bytes.Equal(a[i].Color.Pix, b[i].Color.Pix) || !bytes.Equal(a[i].Gray.Pix, b[i].Gray.Pix) {
				t.Errorf("%s: frame %d differs with the number of workers", spec, i)
			}
			da, _ := a[i].SensorDepth()
			db, _ := b[i].SensorDepth()
			if !slices.Equal(da.Depth, db.Depth) || *a[i].Truth != *b[i].Truth {
				t.Errorf("%s: depth or truth of frame %d differs with the number of workers", spec, i)
			}
		}
		if !bytes.Equal(a[1].Color.Pix, late[0].Color.Pix) {
			t.Errorf("%s: a frame depends on the first frame asked for", spec)
		}
		if bytes.Equal(late[0].Color.Pix, other[0].Color.Pix) {
			t.Errorf("%s: another seed gives the same picture", spec)
		}
	}
}

func TestBadSpecs(t *testing.T) {
	for _, spec := range []string{"", "room", "synthetic:", "synthetic:moon", "synthetic:room:", "synthetic:room:-5", "synthetic:room:0",
		"synthetic:room:NaN", "synthetic:room:1e9", "synthetic:room:+Inf", "synthetic:room:12m", "synthetic:room:12:3"} {
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
