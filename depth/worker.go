package depth

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/metricslam/metricslam/slam"
)

// ErrDropped says that a newer keyframe took the place of this one before its
// depth was begun.
var ErrDropped = errors.New("dropped for a newer keyframe")

// ErrWorkerClosed says that the worker was closed before this depth was begun.
var ErrWorkerClosed = errors.New("depth worker is closed")

// WorkerOptions sets how a Worker treats a queue that grows.
type WorkerOptions struct {
	// Live takes the newest keyframe first and drops the oldest one where the
	// queue is full, so that Submit never waits. Otherwise keyframes are taken
	// in order, none is dropped, and Submit waits for room.
	Live bool
	// Queue is how many keyframes may wait; 0 means 2.
	Queue int
}

// Worker runs a source on a goroutine of its own, so that the tracker never
// waits for a network. It does not own the source.
//
// Offline runs are exact: Submit every keyframe and Wait for its Job where its
// depth is needed. The result does not depend on timing.
type Worker struct {
	src    Source
	opt    WorkerOptions
	ctx    context.Context
	cancel context.CancelFunc
	done   chan struct{}
	room   chan struct{} // one token a free place in the queue
	work   chan struct{} // one token a waiting job

	mu     sync.Mutex
	queue  []*Job // oldest first
	closed bool
	stats  recorder
}

// Job is the depth of one keyframe, now or later.
type Job struct {
	Frame     *slam.Frame
	submitted time.Time
	done      chan struct{}
	depth     slam.DepthMap
	err       error
}

// Done is closed when the result is there.
func (j *Job) Done() <-chan struct{} { return j.done }

// Wait returns the depth, ErrNoDepth, ErrDropped, ErrWorkerClosed or what went
// wrong; or the error of ctx where that ends first.
func (j *Job) Wait(ctx context.Context) (slam.DepthMap, error) {
	select {
	case <-j.done:
		return j.depth, j.err
	default:
	}
	select {
	case <-j.done:
		return j.depth, j.err
	case <-ctx.Done():
		return slam.DepthMap{}, ctx.Err()
	}
}

// NewWorker starts a worker; Close ends it, and so does ctx.
func NewWorker(ctx context.Context, src Source, opt WorkerOptions) *Worker {
	if opt.Queue <= 0 {
		opt.Queue = 2
	}
	ctx, cancel := context.WithCancel(ctx)
	w := &Worker{
		src: src, opt: opt, ctx: ctx, cancel: cancel, done: make(chan struct{}),
		room: make(chan struct{}, opt.Queue), work: make(chan struct{}, opt.Queue),
	}
	for range opt.Queue {
		w.room <- struct{}{}
	}
	go w.run()
	return w
}

// Submit asks for the depth of a keyframe. Live it returns at once; offline it
// waits for room in the queue, and fails only where ctx or the worker ends.
func (w *Worker) Submit(ctx context.Context, f *slam.Frame) (*Job, error) {
	job := &Job{Frame: f, submitted: time.Now(), done: make(chan struct{})}
	if !w.opt.Live {
		select {
		case <-w.room:
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-w.ctx.Done():
			return nil, ErrWorkerClosed
		}
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.closed {
		return nil, ErrWorkerClosed
	}
	w.stats.submitted++
	if w.opt.Live && len(w.queue) == w.opt.Queue {
		w.stats.dropped++
		w.queue[0].finish(slam.DepthMap{}, ErrDropped)
		w.queue = append(w.queue[1:], job)
		return job, nil // the token of the one that left stands for this one
	}
	w.queue = append(w.queue, job)
	w.stats.maxQueue = max(w.stats.maxQueue, len(w.queue))
	w.work <- struct{}{} // has room: never more tokens than places
	return job, nil
}

func (j *Job) finish(d slam.DepthMap, err error) {
	j.depth, j.err = d, err
	close(j.done)
}

// run takes jobs until the worker ends, then fails what still waits.
func (w *Worker) run() {
	defer close(w.done)
	if w.opt.Live {
		yield()
	}
	for {
		select {
		case <-w.ctx.Done():
			w.failWaiting()
			return
		case <-w.work:
			if w.ctx.Err() != nil {
				w.failWaiting()
				return
			}
			w.compute(w.take())
		}
	}
}

// take removes the next job: live the newest, offline the oldest.
func (w *Worker) take() *Job {
	w.mu.Lock()
	defer w.mu.Unlock()
	i := 0
	if w.opt.Live {
		i = len(w.queue) - 1
	}
	job := w.queue[i]
	w.queue = append(w.queue[:i], w.queue[i+1:]...)
	if !w.opt.Live {
		w.room <- struct{}{}
	}
	return job
}

func (w *Worker) compute(job *Job) {
	start := time.Now()
	d, err := w.src.Depth(w.ctx, job.Frame)
	now := time.Now()
	w.mu.Lock()
	w.stats.record(start.Sub(job.submitted), now.Sub(start), err)
	w.mu.Unlock()
	job.finish(d, err)
}

func (w *Worker) failWaiting() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.closed = true
	for _, job := range w.queue {
		job.finish(slam.DepthMap{}, ErrWorkerClosed)
	}
	w.queue = nil
}

// Close ends the worker: the depth now computed is cancelled or finished, those
// that wait end with ErrWorkerClosed. It may be called twice.
func (w *Worker) Close() {
	w.cancel()
	<-w.done
}

// Stats returns what the worker has done so far.
func (w *Worker) Stats() Stats {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.stats.stats(len(w.queue))
}
