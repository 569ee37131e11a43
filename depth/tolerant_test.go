package depth

import (
	"context"
	"errors"
	"math"
	"strings"
	"testing"

	"github.com/metricslam/metricslam/slam"
)

// moody fails for the frames it is told.
type moody struct {
	None
	fails func(index int) bool
}

var errMoody = errors.New("cut short")

func (m moody) Depth(_ context.Context, f *slam.Frame) (slam.DepthMap, error) {
	if m.fails(f.Index) {
		return slam.DepthMap{}, errMoody
	}
	return slam.DepthMap{W: 1, H: 1, Depth: []float32{1}}, nil
}

func TestTolerate(t *testing.T) {
	warned := 0
	warn := func(string, ...any) { warned++ }
	depthOf := func(src Source, i int) error {
		_, err := src.Depth(context.Background(), &slam.Frame{Index: i})
		return err
	}
	some := Tolerate(moody{fails: func(i int) bool { return i > 0 }}, warn)
	for i := range 30 {
		if err := depthOf(some, i); i == 0 && err != nil || i > 0 && !(errors.Is(err, ErrNoDepth) && errors.Is(err, errMoody)) {
			t.Fatalf("frame %d: got %v", i, err)
		}
	}
	if warned != 29 {
		t.Errorf("%d warnings, want 29", warned)
	}
	never := Tolerate(moody{fails: func(int) bool { return true }}, warn)
	for i := range maxFailures {
		err := depthOf(never, i)
		if last := i == maxFailures-1; errors.Is(err, ErrNoDepth) == last {
			t.Errorf("frame %d: got %v", i, err)
		}
	}
	if err := depthOf(Tolerate(None{}, warn), 0); !errors.Is(err, ErrNoDepth) {
		t.Errorf("got %v", err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	before := warned
	if _, err := never.Depth(ctx, &slam.Frame{}); errors.Is(err, ErrNoDepth) || warned != before {
		t.Errorf("cancelled: got %v, warned %d times", err, warned-before)
	}
}

// hollow gives maps without any depth.
type hollow struct{ None }

func (hollow) Depth(context.Context, *slam.Frame) (slam.DepthMap, error) {
	return slam.DepthMap{W: 2, H: 1, Depth: []float32{0, float32(math.NaN())}}, nil
}

// A map without any depth is no depth, told once.
func TestTolerateHollow(t *testing.T) {
	warned := 0
	src := Tolerate(hollow{}, func(string, ...any) { warned++ })
	for i := range 3 * maxFailures {
		if _, err := src.Depth(context.Background(), &slam.Frame{Index: i}); !errors.Is(err, ErrNoDepth) {
			t.Fatalf("frame %d: %v", i, err)
		}
	}
	if warned != 1 {
		t.Errorf("%d warnings, want 1", warned)
	}
}

// A folder whose files belong to none of the frames is told before the run.
func TestFolderCovers(t *testing.T) {
	dir := t.TempDir()
	writeDepth(t, dir, "scene_a.png", 1)
	s, err := OpenFolder(dir, 0)
	if err != nil {
		t.Fatal(err)
	}
	frames := []slam.Frame{{Name: "left", Index: 0}, {Name: "right", Index: 1}}
	if err := s.Covers(frames); err == nil || !strings.Contains(err.Error(), "scene_a.png") || !strings.Contains(err.Error(), `"left"`) {
		t.Errorf("error %v", err)
	}
	frames[1].Name = "scene_a"
	if err := s.Covers(frames); err != nil {
		t.Error(err)
	}
}
