package pipeline

import (
	"context"
	"runtime"

	"github.com/metricslam/metricslam/tracking"
)

// Finish brings the map to its final state after the last frame: every part is
// adjusted as a whole and brought to metres, and every frame is located once
// more against the finished landmarks.
func (s *System) Finish(ctx context.Context) error {
	if err := s.takeUp(); err != nil {
		return err
	}
	if err := s.awaitLate(ctx); err != nil {
		return err
	}
	s.mapper.Where = s.whereIs
	s.match.Spread(runtime.GOMAXPROCS(0))
	if err := s.mapper.Conclude(ctx); err != nil {
		return err
	}
	for part := range s.mapper.Parts() {
		scale, err := s.mapper.Finish(ctx, part)
		if err != nil {
			return err
		}
		s.scales = append(s.scales, scale)
	}
	s.relocate()
	s.mapper.Rest()
	return nil
}

// relocate estimates the poses of all frames between keyframes again, from the
// tracks they had, which are not needed any more. Frames that had no pose, but
// tracks of landmarks that have a depth by now, get one too: those of a two-view
// start, for example.
func (s *System) relocate() {
	t := tracking.New(s.cfg.Tracking, s.cfg.Seed)
	near := s.nearestKeyframes()
	for i := range s.records {
		r := &s.records[i]
		if near[i] < 0 {
			continue
		}
		tracks := r.slamTracks()
		r.tracks = nil
		k := s.mapper.Map.Keyframes[near[i]]
		if k.Frame == r.Frame {
			r.attach(referenceOf(k), k.Pose)
			continue
		}
		guess := k.Pose
		if r.Keyframe >= 0 {
			guess = r.pose(referenceOf(k))
		}
		est := t.Locate(r.Time, k.Camera, guess, tracks, s.mapper.PointIn(k.Part))
		if r.pixels && len(est.Inliers) < weakInliers/2 {
			continue // the pixels of a keyframe hold it better
		}
		if est.OK {
			r.attach(referenceOf(k), est.Pose)
			r.Inliers, r.RMSPx = len(est.Inliers), est.RMSPx
		}
	}
}

// nearestKeyframes returns for each record its reference keyframe, or that of
// the nearest record that has one, the earlier of two.
func (s *System) nearestKeyframes() []int {
	near := make([]int, len(s.records))
	dist := make([]int, len(s.records))
	last := -1
	for i, r := range s.records {
		if r.Keyframe >= 0 {
			last = i
		}
		near[i], dist[i] = -1, len(s.records)
		if last >= 0 {
			near[i], dist[i] = s.records[last].Keyframe, i-last
		}
	}
	last = -1
	for i := len(s.records) - 1; i >= 0; i-- {
		if s.records[i].Keyframe >= 0 {
			last = i
		}
		if last >= 0 && last-i < dist[i] {
			near[i], dist[i] = s.records[last].Keyframe, last-i
		}
	}
	return near
}
