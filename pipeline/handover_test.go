package pipeline

import (
	"context"
	"errors"
	"runtime"
	"testing"

	"github.com/metricslam/metricslam/frontend"
	"github.com/metricslam/metricslam/mapping"
	"github.com/metricslam/metricslam/report"
	"github.com/metricslam/metricslam/slam"
)

// gated is a depth source that answers with an error once it may.
type gated struct {
	open chan struct{}
	err  error
}

func (g gated) Depth(context.Context, *slam.Frame) (slam.DepthMap, error) {
	<-g.open
	return slam.DepthMap{}, g.err
}

func (gated) Name() string { return "gated" }
func (gated) Close() error { return nil }

// While a keyframe is inserted nobody but the back end reaches the map. An insertion
// that fails gives the back end back, and says why.
func TestHandover(t *testing.T) {
	for _, c := range []struct {
		live         bool
		before, then bool // ready at the frame at which it is due, before it is done and afterwards
	}{
		{false, true, true},
		{true, false, true},
	} {
		source := gated{make(chan struct{}), errors.New("no network")}
		matcher := frontend.NewMatcher(frontend.Default())
		defer matcher.Close()
		back := &backEnd{mapper: mapping.NewMapper(mapping.Default(), matcher, nil), depth: source, stages: new(report.Stages)}
		h := handover{idle: back, live: c.live}
		if h.busy() || h.ready(100) {
			t.Error("busy without an insertion")
		}
		h.start(t.Context(), mapping.Candidate{Frame: &slam.Frame{}}, 7)
		if h.idle != nil || !h.busy() || h.ready(6) {
			t.Errorf("live %v: the back end is not on its way: %+v", c.live, h)
		}
		if got := h.ready(7); got != c.before {
			t.Errorf("live %v: ready %v before the insertion is done", c.live, got)
		}
		close(source.open)
		for c.live && !h.ready(0) { // live it is ready once it is done
			runtime.Gosched()
		}
		if got := h.ready(7); got != c.then {
			t.Errorf("live %v: ready %v afterwards", c.live, got)
		}
		if _, err := h.wait(); !errors.Is(err, source.err) || h.idle != back || h.busy() {
			t.Errorf("live %v: got %v, back end %p of %p", c.live, err, h.idle, back)
		}
	}
}
