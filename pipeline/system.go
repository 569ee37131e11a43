package pipeline

import (
	"context"
	"errors"
	"fmt"

	"github.com/metricslam/metricslam/depth"
	"github.com/metricslam/metricslam/frontend"
	"github.com/metricslam/metricslam/geom"
	"github.com/metricslam/metricslam/mapping"
	"github.com/metricslam/metricslam/report"
	"github.com/metricslam/metricslam/slam"
	"github.com/metricslam/metricslam/tracking"
)

// System is the state of a run: it takes frames one by one.
type System struct {
	cfg    Config
	depth  depth.Source
	front  *frontend.Tracker
	track  *tracking.Tracker
	mapper *mapping.Mapper
	stages report.Stages

	state    slam.TrackState
	thumb    frontend.Thumbnail
	lost     int // frames since tracking was lost
	keyframe *mapping.Keyframe
	records  []Record
	scales   []mapping.Scale // of each part, once finished
}

// NewSystem returns a system that waits for its first frame.
func NewSystem(cfg Config, d depth.Source) *System {
	front := frontend.New(cfg.Frontend)
	mapper := mapping.NewMapper(cfg.Mapping, front)
	mapper.Ground.HeightM = cfg.CameraHeightM
	return &System{cfg: cfg, depth: d, front: front, track: tracking.New(cfg.Tracking, cfg.Seed), mapper: mapper}
}

// Close frees what OpenCV holds.
func (s *System) Close() { s.front.Close() }

// Step takes the next frame.
func (s *System) Step(ctx context.Context, f *slam.Frame) error {
	defer s.stages.Start("frame")()
	thumb := frontend.NewThumbnail(f.Gray, f.Camera)
	defer func() { s.thumb = thumb }()
	rec := Record{Frame: f.Index, Time: f.Time, Keyframe: -1}
	var err error
	switch s.state {
	case slam.Initialising:
		err = s.initialise(ctx, f, &rec)
	default:
		err = s.follow(ctx, f, thumb, &rec)
	}
	if err != nil {
		return fmt.Errorf("frame %d (%s): %w", f.Index, f.Name, err)
	}
	rec.State = s.state
	s.records = append(s.records, rec)
	return nil
}

// follow tracks a frame against the map, and makes it a keyframe where the map
// needs one.
func (s *System) follow(ctx context.Context, f *slam.Frame, thumb frontend.Thumbnail, rec *Record) error {
	stop := s.stages.Start("track")
	guess := s.predict(f, thumb)
	last := s.track.Last()
	err := s.front.Track(f.Gray, func(t slam.Track) geom.Vec2 { return s.predictPixel(f.Camera, last, guess, t) })
	if err != nil {
		return err
	}
	est := s.track.Locate(f.Time, f.Camera, guess, s.front.Tracks(), s.mapper.Point)
	stop()
	if !est.OK {
		return s.loseTrack(ctx, f, rec)
	}
	s.state, s.lost = slam.Tracking, 0
	s.front.Drop(func(t slam.Track) bool { return est.Outliers[t.ID] })
	rec.Inliers, rec.RMSPx = len(est.Inliers), est.RMSPx
	rec.attach(s.keyframe, est.Pose)
	rec.keepTracks(s.front.Tracks())
	if s.wantsKeyframe(f, est) {
		k, err := s.insert(ctx, f, est.Pose)
		if err != nil {
			return err
		}
		s.track.Correct(k.Pose)
		rec.attach(k, k.Pose)
	}
	return nil
}

func (s *System) predict(f *slam.Frame, thumb frontend.Thumbnail) geom.SE3 {
	still := s.track.Predict(f.Time, geom.Mat3{}, false)
	last := s.track.Last()
	guess := still.R.T().Mul(last.R) // rays of the last frame to rays of this one
	seen, ok := frontend.Rotation(s.thumb, thumb, guess)
	return s.track.Predict(f.Time, seen, ok)
}

// predictPixel returns where a track should be: the projection of its landmark,
// or its ray turned with the camera.
func (s *System) predictPixel(cam geom.Camera, last, guess geom.SE3, t slam.Track) geom.Vec2 {
	var p geom.Vec3
	if pt, ok := s.mapper.Point(t.ID); ok {
		p = guess.ApplyInverse(pt.Position)
	} else {
		p = guess.R.TMulVec(last.R.MulVec(cam.Ray(t.Pixel)))
	}
	if p.Z < .05 {
		return t.Pixel
	}
	return cam.Project(p)
}

// loseTrack looks for a frame without a pose in the whole map; after a few
// frames in vain a new part is started, to be joined when a place is recognised.
func (s *System) loseTrack(ctx context.Context, f *slam.Frame, rec *Record) error {
	rec.keepTracks(s.front.Tracks())
	s.state = slam.Lost
	s.lost++
	px, desc, err := s.front.Describe()
	if err != nil {
		return err
	}
	if pose, part, ok := s.mapper.Relocalise(f.Camera, px, desc); ok {
		return s.resume(ctx, f, rec, pose, part)
	}
	if s.lost < s.cfg.Tracking.LostFrames {
		return nil
	}
	s.mapper.NewPart()
	s.lost = 0
	return s.startAt(ctx, f, rec)
}

// resume goes on in a part of the map at a pose found by place recognition.
func (s *System) resume(ctx context.Context, f *slam.Frame, rec *Record, pose geom.SE3, part int) error {
	s.front.Drop(func(slam.Track) bool { return true })
	s.mapper.Resume(part)
	k, err := s.insert(ctx, f, pose)
	if err != nil {
		return err
	}
	s.track.Reset(f.Time, k.Pose)
	s.state, s.lost = slam.Tracking, 0
	rec.attach(k, k.Pose)
	return nil
}

func (s *System) insert(ctx context.Context, f *slam.Frame, pose geom.SE3) (*mapping.Keyframe, error) {
	stop := s.stages.Start("depth")
	d, err := s.depth.Depth(ctx, f)
	stop()
	if err != nil && !errors.Is(err, depth.ErrNoDepth) {
		return nil, err
	}
	defer s.stages.Start("keyframe")()
	k, err := s.mapper.Insert(ctx, f, pose, d)
	if err != nil {
		return nil, err
	}
	s.keyframe = k
	return k, nil
}
