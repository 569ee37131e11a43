package pipeline

import (
	"context"

	"github.com/metricslam/metricslam/geom"
	"github.com/metricslam/metricslam/slam"
	"github.com/metricslam/metricslam/tracking"
)

const (
	startMinDepth  = .1 // share of a depth map that must be known for a map to start from it
	startMinTracks = 80 // features of the first picture that must still be followed
	startMaxFrames = 90 // frames after which a two-view start begins anew
)

// initialise starts a map: at once where the frame has depth, else by two views
// as soon as the camera has moved enough.
func (s *System) initialise(ctx context.Context, f *slam.Frame, rec *Record) error {
	if s.anchor.pixels == nil {
		return s.startAt(ctx, f, rec)
	}
	last := s.track.Last() // the identity: only its rotation is used
	err := s.front.Track(f.Gray, func(t slam.Track) geom.Vec2 { return s.predictPixel(f.Camera, last, last, t) })
	if err != nil {
		return err
	}
	rec.keepTracks(s.front.Tracks())
	pairs := s.pairs(f.Camera)
	if len(pairs.ids) < startMinTracks || f.Index-s.anchor.frame > startMaxFrames {
		s.mapper.Discard()
		return s.startAt(ctx, f, rec)
	}
	tv, ok := tracking.SolveTwoView(pairs.x1, pairs.x2, s.cfg.Tracking.PixelSigma/f.Camera.Focal(), s.cfg.Seed)
	if !ok {
		return nil
	}
	return s.startFrom(ctx, f, rec, tv, pairs)
}

// startAt makes a frame the first keyframe of the current part.
func (s *System) startAt(ctx context.Context, f *slam.Frame, rec *Record) error {
	if err := s.front.Track(f.Gray, nil); err != nil {
		return err
	}
	s.front.Drop(func(slam.Track) bool { return true })
	k, err := s.insertNow(ctx, f, geom.IdentitySE3())
	if err != nil {
		return err
	}
	s.track.Reset(f.Time, k.Pose)
	s.state = slam.Initialising
	if k.Depth.KnownShare() >= startMinDepth {
		s.state = slam.Tracking
		rec.attach(s.anchor.reference, k.Pose)
	}
	return nil
}

// startFrom makes a frame the second keyframe, at the two-view motion. The first
// keyframe's frame is posed by it too.
func (s *System) startFrom(ctx context.Context, f *slam.Frame, rec *Record, tv tracking.TwoView, p pairs) error {
	first := s.anchor
	good := make(map[int]bool, len(tv.Inliers))
	for _, i := range tv.Inliers {
		good[p.ids[i]] = true
	}
	s.front.Drop(func(t slam.Track) bool { return !good[t.ID] })
	k, err := s.insertNow(ctx, f, tv.T21.Inverse())
	if err != nil {
		return err
	}
	for i := range s.records {
		if s.records[i].Frame == first.frame {
			s.records[i].attach(first.reference, first.pose)
		}
	}
	s.track.Reset(f.Time, k.Pose)
	s.state = slam.Tracking
	rec.attach(s.anchor.reference, k.Pose)
	return nil
}

// pairs are the features of the first keyframe and where they are now.
type pairs struct {
	ids    []int
	x1, x2 []geom.Vec2 // on the z = 1 plane
}

func (s *System) pairs(cam geom.Camera) (p pairs) {
	for _, t := range s.front.Tracks() {
		if u, ok := s.anchor.pixels[t.ID]; ok {
			p.ids = append(p.ids, t.ID)
			p.x1, p.x2 = append(p.x1, cam.Ray(u).XY()), append(p.x2, cam.Ray(t.Pixel).XY())
		}
	}
	return p
}
