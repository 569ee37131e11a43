package depth

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/metricslam/metricslam/slam"
)

// maxFailures is how many frames in a row may fail before a source that has
// never given any depth is taken for broken.
const maxFailures = 10

// Tolerate returns the source with single failures (a damaged depth image, a
// server away) turned into ErrNoDepth, each told to warn, so that one of them
// does not end a run. A depth map without any depth in it is such a failure, which
// is told once. A source that fails ten times in a row and has never given
// depth does end it: then it is not one image that is wrong.
func Tolerate(src Source, warn func(format string, args ...any)) Source {
	return &tolerant{Source: src, warn: warn}
}

type tolerant struct {
	Source
	warn func(format string, args ...any)

	mu     sync.Mutex
	given  bool
	failed int  // in a row
	empty  bool // maps without depth were told
}

func (t *tolerant) Depth(ctx context.Context, f *slam.Frame) (slam.DepthMap, error) {
	d, err := t.Source.Depth(ctx, f)
	t.mu.Lock()
	defer t.mu.Unlock()
	switch {
	case err == nil && noneKnown(d):
		if !t.empty {
			t.empty = true
			t.warn("the depth from %s of frame %d (%s) has no pixel that is positive and finite; further such frames are counted at the end", t.Name(), f.Index, f.Name)
		}
		return slam.DepthMap{}, ErrNoDepth
	case err == nil:
		t.given, t.failed = true, 0
		return d, nil
	case errors.Is(err, ErrNoDepth) || ctx.Err() != nil:
		return d, err
	}
	if t.failed++; !t.given && t.failed >= maxFailures {
		return slam.DepthMap{}, fmt.Errorf("depth from %s failed for %d frames and never succeeded: %w", t.Name(), t.failed, err)
	}
	t.warn("no depth for frame %d (%s): %v", f.Index, f.Name, err)
	return slam.DepthMap{}, fmt.Errorf("%w: %w", ErrNoDepth, err)
}

// noneKnown reports whether all depth of a map is unknown.
func noneKnown(d slam.DepthMap) bool {
	return !slices.ContainsFunc(d.Depth, func(z float32) bool { return z > 0 })
}
