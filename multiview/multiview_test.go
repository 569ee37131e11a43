package multiview

import (
	"context"
	"errors"
	"iter"
	"math"
	"slices"
	"testing"

	"github.com/metricslam/metricslam/fusion"
	"github.com/metricslam/metricslam/slam"
)

func sequence(views []slam.KeyframeView) iter.Seq2[slam.KeyframeView, error] {
	return func(yield func(slam.KeyframeView, error) bool) {
		for _, v := range views {
			if !yield(v, nil) {
				return
			}
		}
	}
}

func refineAll(t *testing.T, views []slam.KeyframeView, cfg Config) (out []slam.KeyframeView) {
	t.Helper()
	for v, err := range Refine(context.Background(), sequence(views), fusion.Default(), cfg) {
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, v)
	}
	return out
}

// errorsOf returns the sorted |log| errors of known pixels, the share that is known
// and the share of errors within one stated deviation.
func errorsOf(d slam.DepthMap, truth []float32, use []bool) (e []float64, known, within float64) {
	var n int
	for i, z := range d.Depth {
		if !use[i] {
			continue
		}
		n++
		if z > 0 {
			x := math.Abs(math.Log(float64(z / truth[i])))
			e = append(e, x)
			if x < float64(d.LogStd[i]) {
				within++
			}
		}
	}
	slices.Sort(e)
	return e, float64(len(e)) / float64(n), within / max(float64(len(e)), 1)
}

func TestRefine(t *testing.T) {
	var views []slam.KeyframeView
	var truths [][]float32
	var uses [][]bool
	for i := range 7 {
		v, truth, textured := testScene.view(i, .12*float64(i-3), .05*float64(i%3-1))
		views, truths, uses = append(views, v), append(truths, truth), append(uses, textured)
	}
	out := refineAll(t, views, Default())
	if len(out) != len(views) {
		t.Fatalf("%d of %d views", len(out), len(views))
	}
	for i, v := range out {
		if v.ID != i || v.Depth.ScaleSigma != 0 || v.Depth.LogStd == nil {
			t.Fatalf("view %d: id %d, scale deviation %g", i, v.ID, v.Depth.ScaleSigma)
		}
		e, known, within := errorsOf(v.Depth, truths[i], uses[i])
		t.Logf("view %d: known %.3f, median error %.4f, 90 %% %.4f, within one deviation %.2f", i, known, e[len(e)/2], e[len(e)*9/10], within)
		if known < .75 || e[len(e)/2] > .004 || e[len(e)*9/10] > .02 {
			t.Errorf("view %d: known %.3f, median error %.4f, 90 %% %.4f; the prior's is .05", i, known, e[len(e)/2], e[len(e)*9/10])
		}
		if within < .6 {
			t.Errorf("view %d: %.2f of the errors within one deviation", i, within)
		}
	}
	one := Default()
	one.Workers = 1
	for i, v := range refineAll(t, views, one) {
		if !slices.Equal(v.Depth.Depth, out[i].Depth.Depth) || !slices.Equal(v.Depth.LogStd, out[i].Depth.LogStd) {
			t.Errorf("view %d differs with one goroutine", i)
		}
	}
}

// TestRefineInWindows: views that are taken up piece by piece come out in order, each
// once.
func TestRefineInWindows(t *testing.T) {
	cfg := Default()
	cfg.Reach, cfg.Neighbours = 2, 2
	v, _, _ := testScene.view(0, 0, 0)
	w, _, _ := testScene.view(1, .2, 0)
	var views []slam.KeyframeView
	for i := range 2*batch + 5 {
		x := v
		if i%2 == 1 {
			x = w
		}
		x.ID = i
		if i%3 != 0 {
			x.Image = slam.Gray{} // nothing to refine by
		}
		views = append(views, x)
	}
	for i, v := range refineAll(t, views, cfg) {
		if v.ID != i {
			t.Fatalf("view %d has id %d", i, v.ID)
		}
	}
	if n := len(refineAll(t, views, cfg)); n != len(views) {
		t.Errorf("%d of %d views", n, len(views))
	}
}

// TestRefineLeaves: a sensor's depth, views that cannot be used and a camera that
// stands still keep what they have.
func TestRefineLeaves(t *testing.T) {
	v, _, _ := testScene.view(0, 0, 0)
	same := v
	same.ID = 1
	sensor := v
	sensor.ID, sensor.Depth.ScaleSigma = 2, 0
	blind := v
	blind.ID, blind.Depth = 3, slam.DepthMap{}
	for i, w := range refineAll(t, []slam.KeyframeView{v, same, sensor, blind}, Default()) {
		want := []slam.KeyframeView{v, same, sensor, blind}[i].Depth
		if !slices.Equal(w.Depth.Depth, want.Depth) || w.Depth.ScaleSigma != want.ScaleSigma {
			t.Errorf("view %d was changed", i)
		}
	}
}

func TestRefineStops(t *testing.T) {
	v, _, _ := testScene.view(0, 0, 0)
	want := errors.New("damaged")
	broken := func(yield func(slam.KeyframeView, error) bool) {
		_ = yield(v, nil) && yield(slam.KeyframeView{}, want)
	}
	var got error
	for _, err := range Refine(context.Background(), broken, fusion.Default(), Default()) {
		got = err
	}
	if got != want {
		t.Errorf("error %v, want %v", got, want)
	}
	ctx, cancel := context.WithCancel(context.Background())
	late := func(yield func(slam.KeyframeView, error) bool) {
		defer cancel() // all views are there, none is refined
		yield(v, nil)
	}
	for _, err := range Refine(ctx, late, fusion.Default(), Default()) {
		got = err
	}
	if !errors.Is(got, context.Canceled) {
		t.Errorf("error %v where it was cancelled", got)
	}
	for _, cfg := range []Config{{Neighbours: 0, Reach: 1}, {Neighbours: 1}, {Neighbours: 33, Reach: 1}} {
		if cfg.Validate() == nil {
			t.Errorf("%+v is accepted", cfg)
		}
	}
}

func BenchmarkRefine(b *testing.B) {
	v, _, _ := testScene.view(0, 0, 0)
	w, _, _ := testScene.view(1, .25, 0)
	cfg := Default()
	cfg.Workers = 1
	for b.Loop() {
		for range Refine(context.Background(), sequence([]slam.KeyframeView{v, w}), fusion.Default(), cfg) {
		}
	}
}
