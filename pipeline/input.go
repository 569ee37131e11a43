package pipeline

import (
	"context"
	"errors"
	"io"
	"log/slog"

	"github.com/metricslam/metricslam/datasets"
	"github.com/metricslam/metricslam/report"
	"github.com/metricslam/metricslam/slam"
)

// prefetch is the number of frames that are decoded ahead: enough that a slow one
// does not stop the tracker, few enough to stay a few megabytes.
const prefetch = 4

// ErrNoFrames says that a source had nothing to read.
var ErrNoFrames = errors.New("no frame could be read")

// input reads the frames of a source in their order.
type input struct {
	source datasets.Source
	log    *slog.Logger
	stages *report.Stages

	skipped     []report.Skipped // damaged frames
	interrupted bool             // the context was cancelled before the end
}

// each calls step with every frame until the source ends. A cancelled context ends
// the input without an error, and is not seen by step. A damaged frame is logged
// and skipped.
func (in *input) each(ctx context.Context, step func(context.Context, *slam.Frame) error) error {
	src := datasets.Prefetch(in.source, prefetch)
	stepCtx := context.WithoutCancel(ctx)
	for read := 0; ; read++ {
		f, err := in.next(ctx, src)
		var skip *datasets.SkipError
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case ctx.Err() != nil:
			in.interrupted = true
			in.log.Warn("interrupted; finishing what was read", "frames", read-len(in.skipped))
			return nil
		case errors.As(err, &skip):
			in.log.Warn("frame skipped", "frame", skip.Index, "file", skip.File, "reason", skip.Err)
			in.skipped = append(in.skipped, report.Skipped{Frame: skip.Index, Name: skip.File, Reason: skip.Err.Error()})
			continue
		case err != nil:
			return err
		}
		if err := step(stepCtx, f); err != nil {
			return err
		}
	}
}

func (in *input) next(ctx context.Context, src datasets.Source) (*slam.Frame, error) {
	defer in.stages.Start("wait for frame")()
	return src.Next(ctx)
}
