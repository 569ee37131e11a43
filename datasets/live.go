package datasets

import (
	"context"
	"errors"
	"io"
	"sync"
	"time"

	"github.com/metricslam/metricslam/slam"
)

// closeWait bounds how long closing a live source waits for a device that
// hangs; its goroutine then ends by itself when the device gives in.
const closeWait = 2 * time.Second

// live hands out the newest frame of a source and drops the older ones that
// nobody waited for. The goroutine that reads the source owns it.
type live struct {
	info  slam.SourceInfo
	truth slam.Trajectory
	src   Source
	left  int // frames still to hand out, -1 for no bound

	stop   context.CancelFunc
	done   chan struct{}
	ready  chan struct{} // holds a token when there is something new
	closed bool

	mu    sync.Mutex
	frame *slam.Frame
	skips []error // damaged frames are told, not dropped
	end   error
}

// maxSkips bounds the damaged frames that wait to be told.
const maxSkips = 1000

// newLive starts reading src. Frames of a recorded source come at the pace of
// their stamps; those of a camera as they come. At most maxFrames are handed
// out, 0 for no bound.
func newLive(src Source, recorded bool, maxFrames int) *live {
	ctx, stop := context.WithCancel(context.Background())
	l := &live{info: src.Info(), truth: src.Truth(), src: src, left: -1, stop: stop,
		done: make(chan struct{}), ready: make(chan struct{}, 1)}
	l.info.Live = true
	if maxFrames > 0 {
		l.left = maxFrames
	}
	go l.run(ctx, recorded)
	return l
}

func (l *live) run(ctx context.Context, recorded bool) {
	defer close(l.done)
	defer l.src.Close()
	var clock pace
	for {
		f, err := l.src.Next(ctx)
		if err == nil && recorded {
			err = clock.wait(ctx, f.Time)
		}
		r := result{f, err}
		l.put(r)
		if r.final() {
			return
		}
	}
}

// put makes a result the newest.
func (l *live) put(r result) {
	l.mu.Lock()
	switch {
	case r.final():
		l.end = r.err
	case r.err != nil && len(l.skips) < maxSkips:
		l.skips = append(l.skips, r.err)
	case r.err == nil:
		l.frame = r.frame
	}
	l.mu.Unlock()
	select {
	case l.ready <- struct{}{}:
	default:
	}
}

// take returns what is to be told next, ok false where there is nothing yet.
func (l *live) take() (r result, ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case len(l.skips) > 0:
		r.err = l.skips[0]
		l.skips = l.skips[1:]
	case l.frame != nil:
		r.frame, l.frame = l.frame, nil
	default:
		r.err = l.end
	}
	return r, r.frame != nil || r.err != nil
}

// Info describes the source.
func (l *live) Info() slam.SourceInfo { return l.info }

// Warnings are those of the source.
func (l *live) Warnings() []string { return l.src.Warnings() }

// Truth returns the poses of a recorded source.
func (l *live) Truth() slam.Trajectory { return l.truth }

// Next waits for a frame newer than the last.
func (l *live) Next(ctx context.Context) (*slam.Frame, error) {
	if l.closed {
		return nil, ErrClosed
	}
	for {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if l.left == 0 {
			return nil, io.EOF
		}
		if r, ok := l.take(); ok {
			if r.frame != nil && l.left > 0 {
				l.left--
			}
			return r.frame, r.err
		}
		select {
		case <-l.ready:
		case <-ctx.Done():
		}
	}
}

// Close stops reading. A device that hangs is given closeWait.
func (l *live) Close() error {
	if l.closed {
		return nil
	}
	l.closed = true
	l.stop()
	select {
	case <-l.done:
		return nil
	case <-time.After(closeWait):
		return errors.New("the device did not stop in time; it is released when it does")
	}
}

// pace holds frames back until their time.
type pace struct {
	started time.Time
	first   float64
}

// wait returns when the frame stamped t is due, counted from the first.
func (p *pace) wait(ctx context.Context, t float64) error {
	if p.started.IsZero() {
		p.started, p.first = time.Now(), t
		return nil
	}
	due := p.started.Add(time.Duration((t - p.first) * float64(time.Second)))
	timer := time.NewTimer(time.Until(due))
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
