package pipeline

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"

	"github.com/metricslam/metricslam/datasets"
	"github.com/metricslam/metricslam/report"
	"github.com/metricslam/metricslam/slam"
)

// prefetch is the number of frames that are decoded ahead: enough that a slow one
// does not stop the tracker, few enough to stay a few megabytes.
const prefetch = 4

// lookAhead is the number of those that are prepared for the tracker.
const lookAhead = 2

// ErrNoFrames says that a source had nothing to map.
var ErrNoFrames = errors.New("no frame could be used")

// input reads the frames of a source in their order.
type input struct {
	source datasets.Source
	log    *slog.Logger
	stages *report.Stages
	ahead  ahead

	skipped     []report.Skipped // damaged frames, and those that show nothing
	frozen      frozen
	arrangement arrangement
	interrupted bool // the context was cancelled before the end
}

// each calls step with every frame until the source ends, and closes it. A cancelled context ends
// the input without an error, and is not seen by step. A damaged frame is logged
// and skipped, and so is one that shows nothing.
func (in *input) each(ctx context.Context, step func(context.Context, *slam.Frame) error) error {
	in.ahead.Source = datasets.Prefetch(in.source, prefetch)
	src := datasets.Prefetch(&in.ahead, lookAhead)
	defer src.Close() // nothing reads ahead any more
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
			in.skip(skip)
			continue
		case err != nil:
			return err
		}
		in.frozen.see(f.Gray)
		in.arrangement.see(f.Gray)
		if err := step(stepCtx, f); err != nil {
			return err
		}
	}
}

func (in *input) next(ctx context.Context, src datasets.Source) (*slam.Frame, error) {
	defer in.stages.Start("wait for frame")()
	return src.Next(ctx)
}

// skip counts a frame that is passed over. Of many in a row for one reason the log
// names the first.
func (in *input) skip(e *datasets.SkipError) {
	reason := e.Err.Error()
	if n := len(in.skipped); n == 0 || in.skipped[n-1].Reason != reason {
		in.log.Warn("frame skipped", "frame", e.Index, "file", e.File, "reason", reason)
	}
	in.skipped = append(in.skipped, report.Skipped{Frame: e.Index, Name: e.File, Reason: reason})
}

// noFrames says that nothing was left to map, and why.
func (in *input) noFrames() error {
	name := in.source.Info().Name
	if in.interrupted && len(in.skipped) == 0 {
		return fmt.Errorf("%s: interrupted before its first frame", name)
	}
	if len(in.skipped) == 0 {
		return fmt.Errorf("%s: %w", name, ErrNoFrames)
	}
	first := in.skipped[0]
	return fmt.Errorf("%s: %w: all %d were skipped, first frame %d: %s", name, ErrNoFrames, len(in.skipped), first.Frame, first.Reason)
}

// warnings tells what the images themselves say against them, and what of it makes
// the trajectory doubtful.
func (in *input) warnings() (warnings, doubts []string) {
	warnings, doubts = in.arrangement.told(in.source.Info())
	if in.frozen.longest >= frozenRun {
		warnings = append(warnings, fmt.Sprintf("%d frames are the same to the last bit as the one before, up to %d in a row: the stream was frozen", in.frozen.total, in.frozen.longest))
	}
	return warnings, doubts
}
