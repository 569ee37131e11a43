package pipeline

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"time"

	"github.com/metricslam/metricslam/datasets"
	"github.com/metricslam/metricslam/depth"
	"github.com/metricslam/metricslam/internal/progress"
	"github.com/metricslam/metricslam/mapping"
	"github.com/metricslam/metricslam/report"
	"github.com/metricslam/metricslam/slam"
)

// Observer is told what a run sees; it must not keep the caller waiting.
type Observer interface {
	// Wants reports whether Publish should be called for this frame.
	Wants(frame int) bool
	Publish(slam.Snapshot)
}

// Job is one run: what is read, how, and who watches.
type Job struct {
	Source   datasets.Source
	Depth    depth.Source
	Config   Config
	Progress progress.Display
	Log      *slog.Logger
	Observer Observer        // may be nil
	Map      *mapping.Loaded // the map that the run goes on with; nil: none
	Saving   Saving
}

// prefetch is how many frames are decoded ahead.
const prefetch = 4

// ErrNoFrames says that a source had nothing to read.
var ErrNoFrames = errors.New("no frame could be read")

// Run takes all frames of a job through the system and finishes the map. A
// cancelled context ends the input, not the run: what was read is finished, and
// Interrupted set. A damaged frame is logged and skipped.
func Run(ctx context.Context, job Job) (*Result, error) {
	if err := job.Config.Validate(); err != nil {
		return nil, err
	}
	start, cpu := time.Now(), report.CPUTime()
	sys := NewSystem(job.Config, job.Depth)
	defer sys.Close()
	sys.live, sys.watched = job.Source.Info().Live, job.Observer != nil
	if sys.live {
		sys.late = &lateDepth{worker: depth.NewWorker(context.WithoutCancel(ctx), job.Depth, depth.WorkerOptions{Live: true})}
	}
	if sys.watched {
		sys.growing = newGrowing(job.Config, job.Log)
	}
	sys.mapper.Log = job.Log
	if job.Map != nil {
		sys.resumeMap(job.Map.State)
	}
	sys.saver = newSaver(job, sys)
	res := &Result{job: job, sys: sys, first: len(sys.mapper.Map.Keyframes)}
	if err := res.read(ctx); err != nil {
		return nil, err
	}
	if len(sys.records) == 0 {
		return nil, fmt.Errorf("%s: %w (%d damaged)", job.Source.Info().Name, ErrNoFrames, len(res.skipped))
	}
	job.Progress.Stage("adjusting the whole map")
	if err := sys.Finish(context.WithoutCancel(ctx)); err != nil {
		return nil, err
	}
	sys.saver.finish(sys.mapper)
	res.wall, res.cpu = time.Since(start), report.CPUTime()-cpu
	return res, nil
}

// read steps through the frames until the source ends or ctx is cancelled.
func (r *Result) read(ctx context.Context) error {
	src := datasets.Prefetch(r.job.Source, prefetch)
	for {
		stop := r.sys.stages.Start("wait for frame")
		f, err := src.Next(ctx)
		stop()
		var skip *datasets.SkipError
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case ctx.Err() != nil:
			r.interrupted = true
			r.job.Log.Warn("interrupted; finishing what was read", "frames", len(r.sys.records))
			return nil
		case errors.As(err, &skip):
			r.skip(skip)
			continue
		case err != nil:
			return err
		}
		if err := r.sys.Step(context.WithoutCancel(ctx), f); err != nil {
			return err
		}
		r.note(f)
	}
}

func (r *Result) skip(e *datasets.SkipError) {
	r.job.Log.Warn("frame skipped", "frame", e.Index, "file", e.File, "reason", e.Err)
	r.skipped = append(r.skipped, report.Skipped{Frame: e.Index, Name: e.File, Reason: e.Err.Error()})
}

// note keeps what the report shows of a frame and tells who watches.
func (r *Result) note(f *slam.Frame) {
	s := r.sys
	rec := s.records[len(s.records)-1]
	if rec.State != r.state {
		r.job.Log.Info("state", "frame", f.Index, "state", rec.State.String(), "inliers", rec.Inliers)
		r.state = rec.State
	}
	r.scales = append(r.scales, report.ScaleSample{Time: f.Time, LogScale: s.view.scale.Log, Sigma: s.view.scale.Sigma})
	r.job.Progress.Update(progress.State{
		Frame: len(s.records) + len(r.skipped), Tracking: rec.State,
		Landmarks: s.view.landmarks, Keyframes: len(s.view.keyframes),
	})
	if o := r.job.Observer; o != nil && o.Wants(f.Index) {
		o.Publish(s.snapshot(f))
	}
}

// snapshot is the run as a viewer shows it: the tracker as it is, the map as it
// was after the last keyframe that was taken up.
func (s *System) snapshot(f *slam.Frame) slam.Snapshot {
	v := s.view
	snap := slam.Snapshot{
		Frame: f.Index, Time: f.Time, State: s.state, Camera: f.Camera, Image: f.Color, Pose: s.track.Last(),
		Points: v.points, Mesh: s.growing.current(), LogScale: v.scale.Log, ScaleSigma: v.scale.Deviation(), Warnings: v.scale.Conflicts(),
	}
	for _, t := range s.front.Tracks() {
		snap.Tracks = append(snap.Tracks, t.Pixel)
	}
	for _, k := range v.keyframes {
		if k.part == v.part {
			snap.Keyframes = append(snap.Keyframes, slam.StampedPose{Time: k.time, Pose: k.pose})
		}
	}
	for _, r := range s.records {
		if r.Keyframe < 0 || r.Keyframe >= len(v.keyframes) || v.keyframes[r.Keyframe].part != v.part {
			continue
		}
		snap.Trajectory = append(snap.Trajectory, slam.StampedPose{Time: r.Time, Pose: r.pose(v.keyframes[r.Keyframe].reference)})
	}
	return snap
}
