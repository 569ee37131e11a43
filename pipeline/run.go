package pipeline

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/metricslam/metricslam/datasets"
	"github.com/metricslam/metricslam/depth"
	"github.com/metricslam/metricslam/internal/progress"
	"github.com/metricslam/metricslam/mapping"
	"github.com/metricslam/metricslam/report"
	"github.com/metricslam/metricslam/slam"
)

// Observer is shown what a run sees; it must not keep the caller waiting.
type Observer interface {
	// Wants reports whether Publish should be called for this frame.
	Wants(frame int) bool
	Publish(slam.Snapshot)
}

// Job is one run: what is read, how, and who watches.
type Job struct {
	Source   datasets.Source
	Depth    depth.Source
	Witness  *depth.Witness // of the depth; may be nil
	Config   Config
	Progress progress.Display
	Log      *slog.Logger
	Observer Observer        // may be nil
	Map      *mapping.Loaded // the map that the run goes on with; nil: none
	Saving   Saving
	// Stop ends what comes after the input where that was interrupted: the run
	// leaves what it has. nil: nothing does.
	Stop context.Context
}

// Finishing is the context of all that comes after the input: ctx itself, or Stop
// where ctx has ended the input.
func (j Job) Finishing(ctx context.Context, interrupted bool) context.Context {
	switch {
	case !interrupted:
		return ctx
	case j.Stop != nil:
		return j.Stop
	}
	return context.WithoutCancel(ctx)
}

// Run takes all frames of a job through the tracker and the back end, and finishes
// the map. A cancelled context ends the input, not the run: what was read is
// finished, and Interrupted set; job.Stop ends that too. A damaged frame is logged and skipped.
// The caller closes the result.
func Run(ctx context.Context, job Job) (*Result, error) {
	if err := job.Config.Validate(); err != nil {
		return nil, err
	}
	start, cpu := time.Now(), report.CPUTime()
	r := &Result{job: job, stages: new(report.Stages)}
	back, err := newBackEnd(ctx, job, r.stages)
	if err != nil {
		return nil, err
	}
	r.firstKeyframe = back.keyframes()
	t := newTracker(job, back, r.stages)
	defer t.close()
	in := input{source: job.Source, log: job.Log, stages: r.stages}
	readout := job.Source.Info().ReadoutS
	if readout == 0 { // else images change before the tracker sees them
		in.ahead.preparer = new(preparer)
	}
	take, end := unrolled(readout, t, func(ctx context.Context, f *slam.Frame) error {
		if err := t.step(ctx, f, in.ahead.take(f)); err != nil {
			return err
		}
		r.note(t, f, len(in.skipped))
		return nil
	})
	if err = in.each(ctx, take); err == nil {
		err = end(context.WithoutCancel(ctx))
	}
	if err != nil {
		return nil, err
	}
	if len(t.records.all) == 0 {
		return nil, in.noFrames()
	}
	job.Progress.Stage("adjusting the whole map")
	finishing := job.Finishing(ctx, in.interrupted)
	if r.finishedMap, err = t.finish(finishing); err != nil {
		return nil, err
	}
	r.saver, back.saver = back.saver, nil
	if finishing.Err() != nil {
		r.stoppedIn("adjusting the whole map", "its poses and metres are those of the run as it went")
	}
	r.records, r.skipped, r.interrupted, r.frozen = t.records, in.skipped, in.interrupted, in.frozen.total
	warnings, doubts := in.warnings()
	r.inputWarnings, r.inputDoubts = append(slices.Clone(job.Source.Warnings()), warnings...), doubts
	r.doubtDepth()
	if job.Map != nil && len(job.Map.State.Keyframes) > 0 {
		if text := otherFocal(job.Map.State.Keyframes[0].Camera, job.Source.Info().Camera); text != "" {
			r.inputWarnings = append(r.inputWarnings, text)
		}
	}
	r.wall, r.cpu = time.Since(start), report.CPUTime()-cpu
	return r, nil
}

// stoppedIn notes that the run was stopped in a stage, and what that means. Stages
// that follow are left out without a word of their own.
func (r *Result) stoppedIn(stage, meaning string) {
	if r.stopped == "" {
		r.stopped = fmt.Sprintf("stopped while %s: %s", stage, meaning)
		r.job.Log.Warn(r.stopped)
	}
}

// note keeps what the report shows of a frame and tells who watches.
func (r *Result) note(t *tracker, f *slam.Frame, skipped int) {
	frames := t.records.all
	rec, view := &frames[len(frames)-1], &t.local.view
	if len(frames) == 1 || rec.state != frames[len(frames)-2].state {
		r.job.Log.Info("state", "frame", f.Index, "state", rec.state.String(), "inliers", rec.inliers)
	}
	r.scales = append(r.scales, report.ScaleSample{Time: f.Time, LogScale: view.scale.Log, Sigma: view.scale.Sigma})
	r.job.Progress.Update(progress.State{
		Frame: len(frames) + skipped, Tracking: rec.state, Landmarks: view.landmarks, Keyframes: view.keyframes,
	})
	if o := r.job.Observer; o != nil && o.Wants(f.Index) {
		o.Publish(t.snapshot(f))
	}
}

// snapshot is the run as a viewer shows it: the tracker as it is, the map as it
// was after the last keyframe.
func (t *tracker) snapshot(f *slam.Frame) slam.Snapshot {
	v := &t.local.view
	snap := slam.Snapshot{
		Frame: f.Index, Time: f.Time, State: t.state, Camera: f.Camera, Image: f.Color, Gray: f.Gray, Pose: t.pose.Last(),
		LogScale: v.scale.Log, ScaleSigma: v.scale.Deviation(), Warnings: v.scale.Conflicts(),
	}
	if snap.Image.Empty() {
		snap.Image = f.Gray.RGB()
	}
	for _, k := range t.keypoint.Tracks() {
		snap.Tracks = append(snap.Tracks, k.Pixel)
	}
	w := v.watched
	if w == nil {
		return snap
	}
	snap.Points, snap.Keyframes, snap.Loops, snap.Mesh = w.points, w.keyframes, w.loops, w.mesh()
	for i := range t.records.all {
		r := &t.records.all[i]
		if k, ok := w.placements[r.keyframe]; ok {
			snap.Trajectory = append(snap.Trajectory, slam.StampedPose{Time: r.time, Pose: r.pose(k)})
		}
	}
	return snap
}
