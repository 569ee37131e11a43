package pipeline

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"testing"

	"github.com/metricslam/metricslam/datasets"
	"github.com/metricslam/metricslam/report"
	"github.com/metricslam/metricslam/slam"
)

// scripted gives a frame or an error at each call, then io.EOF.
type scripted struct {
	datasets.Source
	errs []error // nil: a frame
	at   int
}

func (s *scripted) Close() error { return nil }

func (s *scripted) Info() slam.SourceInfo { return slam.SourceInfo{Live: true} } // not read ahead

func (s *scripted) Next(context.Context) (*slam.Frame, error) {
	if s.at == len(s.errs) {
		return nil, io.EOF
	}
	s.at++
	return &slam.Frame{Index: s.at - 1}, s.errs[s.at-1]
}

func TestInput(t *testing.T) {
	damaged := &datasets.SkipError{Index: 1, File: "b.png", Err: errors.New("cut short")}
	broken := errors.New("broken")
	for _, c := range []struct {
		name        string
		errs        []error
		cancelAt    int // frame at which the context ends, 0 for never
		frames      int
		skipped     int
		interrupted bool
		err         error
	}{
		{"all", []error{nil, nil}, 0, 2, 0, false, nil},
		{"damaged", []error{nil, damaged, nil}, 0, 2, 1, false, nil},
		{"broken", []error{nil, broken, nil}, 0, 1, 0, false, broken},
		{"interrupted", []error{nil, nil, context.Canceled}, 1, 2, 0, true, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			in := input{source: &scripted{errs: c.errs}, log: slog.New(slog.DiscardHandler), stages: new(report.Stages)}
			frames := 0
			err := in.each(ctx, func(step context.Context, f *slam.Frame) error {
				if frames++; c.cancelAt > 0 && f.Index == c.cancelAt {
					cancel()
				}
				return step.Err() // what was read is finished
			})
			if !errors.Is(err, c.err) || frames != c.frames || len(in.skipped) != c.skipped || in.interrupted != c.interrupted {
				t.Errorf("%v, %d frames, %d skipped, interrupted %v", err, frames, len(in.skipped), in.interrupted)
			}
		})
	}
	in := input{source: &scripted{errs: []error{nil}}, log: slog.New(slog.DiscardHandler), stages: new(report.Stages)}
	if err := in.each(t.Context(), func(context.Context, *slam.Frame) error { return broken }); !errors.Is(err, broken) {
		t.Errorf("an error of a step: got %v", err)
	}
}
