package datasets

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/metricslam/metricslam/slam"
)

// connection is a source over a network that can be connected again; its frames
// go on as before, with the same camera.
type connection interface {
	Source
	connect(ctx context.Context) error
	tell(text string) // counts a warning, see tally
}

// lostError is what Next of a connection returns where it broke off.
type lostError struct {
	index int // of the frame that did not come
	cause error
}

func (e *lostError) Error() string { return "the stream broke off: " + e.cause.Error() }
func (e *lostError) Unwrap() error { return e.cause }

// How long a lost stream is asked for again: a camera or an access point that
// restarts is back within half a minute. The pause between two tries doubles.
const (
	reconnectFor   = 30 * time.Second
	firstPause     = 500 * time.Millisecond
	longestPause   = 8 * time.Second
	connectTimeout = streamTimeout
)

// reconnecting connects again where a stream breaks off or falls silent.
type reconnecting struct {
	connection
	patience time.Duration // reconnectFor
	lost     *lostError    // nil while connected
	ended    bool
}

// Next returns the next frame; a loss is told as one skip, a vain search as
// another, after which the source has ended.
func (r *reconnecting) Next(ctx context.Context) (*slam.Frame, error) {
	if r.ended {
		return nil, io.EOF
	}
	if r.lost != nil {
		if err := r.search(ctx); err != nil {
			if ctx.Err() != nil {
				return nil, ctx.Err()
			}
			r.ended = true
			err = fmt.Errorf("it did not come back within %v (%w): the input ends here, what was read stays", r.patience, err)
			return nil, &SkipError{Index: r.lost.index, File: r.Info().Name, Err: err}
		}
		r.tell("the stream broke off and was connected again, %d times: nothing was seen in between")
		r.lost = nil
	}
	f, err := r.connection.Next(ctx)
	if errors.As(err, &r.lost) {
		return nil, &SkipError{Index: r.lost.index, File: r.Info().Name, Err: fmt.Errorf("%w; connecting again", err)}
	}
	return f, err
}

// search tries to connect until it succeeds or the patience is over.
func (r *reconnecting) search(ctx context.Context) error {
	until := time.Now().Add(r.patience)
	for pause := firstPause; ; pause = min(2*pause, longestPause) {
		try, cancel := context.WithTimeout(ctx, min(connectTimeout, r.patience))
		err := r.connect(try)
		cancel()
		if err == nil {
			return nil
		}
		if time.Now().Add(pause).After(until) {
			return err
		}
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}
