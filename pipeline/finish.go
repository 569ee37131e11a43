package pipeline

import (
	"context"

	"github.com/metricslam/metricslam/geom"
	"github.com/metricslam/metricslam/slam"
	"github.com/metricslam/metricslam/tracking"
)

// Finish brings the map to its final state after the last frame: every part is
// adjusted as a whole and brought to metres, and every frame is located once
// more against the finished landmarks.
func (s *System) Finish(ctx context.Context) error {
	for part := range s.mapper.Part() + 1 {
		scale, err := s.mapper.Finish(ctx, part)
		if err != nil {
			return err
		}
		s.scales = append(s.scales, scale)
	}
	s.relocate()
	return nil
}

// relocate estimates the poses of all frames between keyframes again, from the
// tracks they had.
func (s *System) relocate() {
	t := tracking.New(s.cfg.Tracking, s.cfg.Seed)
	for i := range s.records {
		r := &s.records[i]
		if r.Keyframe < 0 {
			continue
		}
		k := s.mapper.Map.Keyframes[r.Keyframe]
		if k.Frame == r.Frame {
			r.Relative = geom.IdentitySE3()
			continue
		}
		tracks := make([]slam.Track, len(r.tracks))
		for j, tr := range r.tracks {
			tracks[j] = slam.Track{ID: int(tr.id), Pixel: geom.Vec2{X: float64(tr.u), Y: float64(tr.v)}}
		}
		est := t.Locate(r.Time, k.Camera, k.Pose.Mul(r.Relative), tracks, s.mapper.PointIn(k.Part))
		if est.OK {
			r.attach(k, est.Pose)
			r.Inliers, r.RMSPx = len(est.Inliers), est.RMSPx
		}
	}
}
