package pipeline

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"slices"
	"time"

	"github.com/metricslam/metricslam/datasets"
	"github.com/metricslam/metricslam/frontend"
	"github.com/metricslam/metricslam/geom"
	"github.com/metricslam/metricslam/internal/progress"
	"github.com/metricslam/metricslam/internal/stats"
	"github.com/metricslam/metricslam/mapping"
	"github.com/metricslam/metricslam/report"
	"github.com/metricslam/metricslam/rolling"
	"github.com/metricslam/metricslam/slam"
	"github.com/metricslam/metricslam/tracking"
)

// LocaliseJob is what is localised, in which map.
type LocaliseJob struct {
	Source   datasets.Source
	Map      *mapping.State // belongs to the job, and is not changed
	Config   Config
	Progress progress.Display
	Log      *slog.Logger
}

const (
	// renewFrames is after how many frames the landmarks are searched in the
	// keyframes' images anew: a track drifts with every image it is followed
	// through, a patch of a keyframe does not.
	renewFrames = 4
	// renewShare is the share of the landmarks found last, below which they are
	// searched at once.
	renewShare = .6
)

// Localise finds the pose of each frame of a source in a map, in the frame of the
// map's part. Nothing is mapped: a frame that shows nothing of the map stays
// without a pose. A cancelled context ends the input, and Interrupted is set.
func Localise(ctx context.Context, job LocaliseJob) (*Localisation, error) {
	if err := job.Config.Validate(); err != nil {
		return nil, err
	}
	if len(job.Map.Keyframes) == 0 {
		return nil, errors.New("the map has no keyframe to be recognised by")
	}
	l, err := newLocaliser(job)
	if err != nil {
		return nil, err
	}
	defer l.close()
	start, cpu := time.Now(), report.CPUTime()
	in := input{source: job.Source, log: job.Log, stages: &l.out.stages}
	take, end := unrolled(job.Source.Info().ReadoutS, l, func(_ context.Context, f *slam.Frame) error { return l.step(f) })
	err = in.each(ctx, take)
	if err == nil {
		err = end(context.WithoutCancel(ctx))
	}
	if err != nil {
		return nil, err
	}
	if l.out.Frames == 0 {
		return nil, in.noFrames()
	}
	l.out.SkippedFrames, l.out.Interrupted = append(l.out.SkippedFrames, in.skipped...), in.interrupted
	l.out.WallS, l.out.CPUS, l.out.PeakMemory = time.Since(start).Seconds(), (report.CPUTime() - cpu).Seconds(), report.PeakMemory()
	warnings, doubts := in.warnings()
	l.out.Doubts = append(l.out.Doubts, doubts...)
	l.out.Warnings = slices.Concat(job.Source.Warnings(), warnings, doubts)
	if text := otherFocal(job.Map.Keyframes[0].Camera, job.Source.Info().Camera); text != "" {
		l.out.Warnings = append(l.out.Warnings, text)
	}
	job.Log.Info("focal length by the landmarks", "factor", math.Exp(stats.Median(l.focal)), "frames", len(l.focal))
	l.out.judge(l.focal, job.Map.Keyframes[0].Camera, job.Source.Info().Camera)
	l.out.complete(job.Source.Truth())
	return l.out, nil
}

// localiser follows a camera through a map that does not change.
type localiser struct {
	job    LocaliseJob
	front  *frontend.Tracker
	match  *frontend.Matcher
	mapper *mapping.Mapper
	track  *tracking.Tracker
	out    *Localisation

	state slam.TrackState
	part  int // of the map that the camera is in
	thumb frontend.Thumbnail
	found int       // landmarks in view when they were searched last
	since int       // frames since
	focal []float64 // logarithm of the focal length by the landmarks over that told, by frame
}

func newLocaliser(job LocaliseJob) (*localiser, error) {
	cfg := job.Config
	l := &localiser{
		job: job, front: frontend.New(cfg.Frontend), match: frontend.NewMatcher(cfg.Frontend),
		track: tracking.New(cfg.Tracking, cfg.Seed), out: newLocalisation(job), state: slam.Lost,
	}
	l.mapper = mapping.NewMapper(cfg.Mapping, l.match, job.Log)
	if err := l.mapper.Restore(job.Map); err != nil {
		l.close()
		return nil, err
	}
	l.track.Reset(0, geom.IdentitySE3())
	return l, nil
}

func (l *localiser) close() {
	l.front.Close()
	l.match.Close()
}

// motion is that up to the last frame that was found.
func (l *localiser) motion() (m rolling.Motion, ok bool) {
	if l.state != slam.Tracking {
		return m, false
	}
	return l.track.Motion()
}

// depths enters the landmarks followed in the last frame.
func (l *localiser) depths(d *rolling.Depths) {
	last, point := l.track.Last(), l.mapper.PointIn(l.part)
	for _, k := range l.front.Tracks() {
		if p, ok := point(k.ID); ok {
			d.Add(k.Pixel, last.ApplyInverse(p.Position).Z)
		}
	}
}

var _ mover = (*localiser)(nil)

// step finds the pose of a frame and says so.
func (l *localiser) step(f *slam.Frame) error {
	before := l.state
	if err := l.localise(f); err != nil {
		return fmt.Errorf("frame %d (%s): %w", f.Index, f.Name, err)
	}
	if l.state != before || l.out.Frames == 1 {
		l.job.Log.Info("state", "frame", f.Index, "state", l.state.String(), "part", l.part, "landmarks", l.found)
	}
	l.job.Progress.Update(progress.State{Frame: l.out.Frames, Tracking: l.state, Landmarks: l.found, Keyframes: len(l.job.Map.Keyframes)})
	return nil
}

// localise finds the pose of one frame: by the landmarks that are followed, else by
// recognising the place.
func (l *localiser) localise(f *slam.Frame) error {
	stop := l.out.stages.Start("frame")
	thumb := frontend.NewThumbnail(f.Gray, f.Camera)
	est, err := l.follow(f, thumb)
	row := localised{frame: f.Index, time: f.Time, pose: est.Pose, ok: est.OK, inliers: len(est.Inliers), rmsPx: est.RMSPx}
	if err == nil && !row.ok {
		err = l.recognise(f, &row)
	}
	if err != nil {
		return err
	}
	stop()
	l.thumb, l.state, row.part = thumb, slam.Lost, l.part
	if row.ok {
		l.state = slam.Tracking
		if log, sigma, ok := l.track.FocalFactor(row.pose); ok && sigma < toldFocalSigma {
			l.focal = append(l.focal, log)
		}
	}
	l.out.add(row)
	return nil
}

// follow tracks the landmarks of the last frame, and searches for more of them
// where it is time.
func (l *localiser) follow(f *slam.Frame, thumb frontend.Thumbnail) (est tracking.Estimate, err error) {
	defer l.out.stages.Start("follow")()
	if l.state != slam.Tracking {
		l.front.Drop(func(slam.Track) bool { return true })
		return est, l.front.Track(f.Gray, nil)
	}
	last := l.track.Last()
	turn := l.track.Predict(f.Time, geom.Mat3{}, false).R.T().Mul(last.R)
	seen, ok := frontend.Rotation(l.thumb, thumb, turn)
	guess := l.track.Predict(f.Time, seen, ok)
	point := l.mapper.PointIn(l.part)
	err = l.front.Track(f.Gray, func(t slam.Track) geom.Vec2 {
		if p, ok := point(t.ID); ok {
			if c := guess.ApplyInverse(p.Position); c.Z > minAheadM {
				return f.Camera.Project(c)
			}
		}
		return t.Pixel
	})
	if err != nil {
		return est, err
	}
	est = l.track.Locate(f.Time, f.Camera, guess, l.front.Tracks(), point)
	if !est.OK {
		return est, nil
	}
	l.front.Drop(func(t slam.Track) bool { return est.Outliers[t.ID] })
	if l.since++; l.since < renewFrames && float64(len(est.Inliers)) >= renewShare*float64(l.found) {
		return est, nil
	}
	return l.renew(f, est.Pose)
}

// recognise looks for a frame in the whole map. A pose counts where landmarks are
// found where it says, or where it is sure by the descriptors of the place alone.
func (l *localiser) recognise(f *slam.Frame, row *localised) error {
	defer l.out.stages.Start("recognise")()
	px, desc, err := l.front.Describe()
	if err != nil {
		return err
	}
	s, ok, err := l.mapper.Relocalise(f.Camera, px, desc, nil)
	if err != nil || !ok {
		return err
	}
	l.part = s.Part
	l.front.Drop(func(slam.Track) bool { return true })
	l.track.Reset(f.Time, s.Pose)
	est, err := l.renew(f, s.Pose)
	switch {
	case err != nil:
		return err
	case est.OK:
		row.pose, row.ok, row.inliers, row.rmsPx = est.Pose, true, len(est.Inliers), est.RMSPx
	case s.Sure():
		row.pose, row.ok, row.inliers, row.rmsPx = s.Pose, true, s.Inliers, 0
	default:
		return nil
	}
	l.out.Recognised++
	return nil
}

// renew searches the map's landmarks in an image around pose, follows them from
// now on, and estimates the pose from all that is followed.
func (l *localiser) renew(f *slam.Frame, pose geom.SE3) (est tracking.Estimate, err error) {
	defer l.out.stages.Start("search landmarks")()
	found, err := l.mapper.FindLandmarks(f.Gray, f.Camera, pose, l.part)
	if err != nil {
		return est, err
	}
	fresh := make(map[int]bool, len(found))
	for _, t := range found {
		fresh[t.ID] = true
	}
	l.front.Drop(func(t slam.Track) bool { return fresh[t.ID] })
	l.front.Anchor()
	if err := l.front.Resume(found, nil); err != nil {
		return est, err
	}
	est = l.track.Locate(f.Time, f.Camera, pose, l.front.Tracks(), l.mapper.PointIn(l.part))
	if est.OK {
		l.front.Drop(func(t slam.Track) bool { return est.Outliers[t.ID] })
		l.found, l.since = len(est.Inliers), 0
	}
	return est, nil
}
