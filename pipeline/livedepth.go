package pipeline

import (
	"context"
	"errors"
	"time"

	"github.com/metricslam/metricslam/depth"
	"github.com/metricslam/metricslam/slam"
)

// depthPatience is how long a live keyframe waits for its depth: a small network
// answers in time, a heavy one later.
const depthPatience = 150 * time.Millisecond

// lateDepth asks for depth beside a live run. A keyframe that is not answered in
// time goes into the map without, and gets its depth when it comes.
type lateDepth struct {
	worker  *depth.Worker
	waiting []lateAnswer
}

// lateAnswer is the depth of a keyframe that is in the map already.
type lateAnswer struct {
	keyframe int
	job      *depth.Job
}

// depthOf returns the depth of a frame that is to become a keyframe. Live, job is
// what will bring it where it did not come in time; where the map waits for a
// depth to begin with, so does the frame.
func (b *backEnd) depthOf(ctx context.Context, f *slam.Frame) (d slam.DepthMap, job *depth.Job, err error) {
	defer b.stages.Start("depth")()
	if b.late == nil {
		d, err = b.depth.Depth(ctx, f)
		return d, nil, known(err)
	}
	if job, err = b.late.worker.Submit(ctx, f); err != nil {
		return d, nil, err
	}
	wait, cancel := ctx, context.CancelFunc(func() {})
	if !b.mapper.PartEmpty() {
		wait, cancel = context.WithTimeout(ctx, depthPatience)
	}
	defer cancel()
	d, err = job.Wait(wait)
	if errors.Is(err, context.DeadlineExceeded) && ctx.Err() == nil {
		return slam.DepthMap{}, job, nil
	}
	return d, nil, known(err)
}

// known drops the errors that are states: no depth, or none in time.
func known(err error) error {
	if errors.Is(err, depth.ErrNoDepth) || errors.Is(err, depth.ErrDropped) {
		return nil
	}
	return err
}

// settleLate gives keyframes the depth that has come in the meantime.
func (b *backEnd) settleLate(ctx context.Context) error {
	if b.late == nil {
		return nil
	}
	left := b.late.waiting[:0]
	for _, w := range b.late.waiting {
		select {
		case <-w.job.Done():
		default:
			left = append(left, w)
			continue
		}
		d, err := w.job.Wait(ctx)
		if err = known(err); err != nil {
			return err
		}
		if err := b.mapper.GiveDepth(w.keyframe, d); err != nil {
			return err
		}
	}
	b.late.waiting = left
	return nil
}

// lastPatience is how long the end of a live run waits for depth on its way.
const lastPatience = 10 * time.Second

// awaitLate gives the last keyframes the depth that is still on its way; what
// does not come in time is done without.
func (b *backEnd) awaitLate(ctx context.Context) error {
	if b.late == nil {
		return nil
	}
	wait, cancel := context.WithTimeout(ctx, lastPatience)
	defer cancel()
	for _, w := range b.late.waiting {
		select {
		case <-w.job.Done():
		case <-wait.Done():
		}
	}
	return b.settleLate(ctx)
}
