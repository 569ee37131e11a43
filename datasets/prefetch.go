package datasets

import (
	"context"
	"errors"

	"github.com/metricslam/metricslam/slam"
)

// result is what one call of Next returned.
type result struct {
	frame *slam.Frame
	err   error
}

// final reports whether the source ends with this result.
func (r result) final() bool {
	var skip *SkipError
	return r.err != nil && !errors.As(r.err, &skip)
}

// prefetched reads ahead of its reader.
type prefetched struct {
	Source
	results chan result
	stop    context.CancelFunc
	end     error // what the source ended with
	closed  bool
}

// Prefetch returns src read ahead by up to n frames in a goroutine, so that
// decoding runs beside the work on the frame before. Frames, their order and
// errors are those of src. The reader owns the result and closes it, which ends
// the goroutine and closes src. src itself comes back where n is below 1, and
// where it is live: that reads in a goroutine of its own, and frames held here
// would be stale.
func Prefetch(src Source, n int) Source {
	if n < 1 || src.Info().Live {
		return src
	}
	ctx, stop := context.WithCancel(context.Background())
	// One frame more waits in the goroutine's hands while the channel is full.
	p := &prefetched{Source: src, results: make(chan result, n-1), stop: stop}
	go p.run(ctx)
	return p
}

func (p *prefetched) run(ctx context.Context) {
	defer close(p.results)
	for {
		f, err := p.Source.Next(ctx)
		r := result{f, err}
		select {
		case p.results <- r:
		case <-ctx.Done():
			return
		}
		if r.final() {
			return
		}
	}
}

// Next returns the next frame of the source.
func (p *prefetched) Next(ctx context.Context) (*slam.Frame, error) {
	switch {
	case p.closed:
		return nil, ErrClosed
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case p.end != nil:
		return nil, p.end
	}
	select {
	case r := <-p.results:
		if r.final() {
			p.end = r.err
		}
		return r.frame, r.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// Close ends the goroutine, waits for it and closes the source.
func (p *prefetched) Close() error {
	if p.closed {
		return nil
	}
	p.closed = true
	p.stop()
	for range p.results { // until the goroutine closes it
	}
	return p.Source.Close()
}
