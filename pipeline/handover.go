package pipeline

import (
	"context"

	"github.com/metricslam/metricslam/mapping"
)

// handover passes the back end between the tracker and the goroutine that inserts
// a keyframe. The back end is in one place at a time: idle here, or on its way,
// where only the goroutine that inserts can reach it.
type handover struct {
	idle *backEnd      // nil while a keyframe is inserted
	done chan inserted // brings the back end back; nil while it is idle

	live bool // the result counts as soon as it is there, else at frame due
	due  int
}

// inserted is a finished insertion: the back end, and what the tracker is told.
type inserted struct {
	back   *backEnd
	update mapUpdate
	err    error
}

// start gives the back end away to insert a keyframe. It must be idle.
func (h *handover) start(ctx context.Context, c mapping.Candidate, due int) {
	back, done := h.idle, make(chan inserted, 1)
	h.idle, h.done, h.due = nil, done, due
	go func() {
		update, err := back.insert(ctx, c)
		done <- inserted{back, update, err}
	}()
}

// busy reports whether a keyframe is being inserted.
func (h *handover) busy() bool { return h.done != nil }

// ready reports whether the result of an insertion counts at a frame. For recorded
// input it does a fixed number of frames later, whatever the speed of the back end,
// so that the same input gives the same result.
func (h *handover) ready(frame int) bool {
	switch {
	case !h.busy():
		return false
	case h.live:
		return len(h.done) > 0
	default:
		return frame >= h.due
	}
}

// wait returns the result of the insertion under way; the back end is idle then.
func (h *handover) wait() (mapUpdate, error) {
	in := <-h.done
	h.idle, h.done = in.back, nil
	return in.update, in.err
}

// close waits for an insertion under way and closes the back end.
func (h *handover) close() {
	if h.busy() {
		h.wait()
	}
	h.idle.close()
}
