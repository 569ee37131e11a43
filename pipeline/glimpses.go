package pipeline

import (
	"context"
	"slices"

	"github.com/metricslam/metricslam/depth"
	"github.com/metricslam/metricslam/geom"
	"github.com/metricslam/metricslam/mapping"
	"github.com/metricslam/metricslam/slam"
)

// Keyframes are as few as tracking can do with; surfaces that only the frames
// between them saw are missing in the dense map. Where the depth of a frame costs
// no more than reading it, some of them are fused too.

const (
	glimpseEvery = .15 // seconds, since the last frame that is fused
	glimpsesMost = 3   // between two keyframes
)

// glimpse is such a frame. It belongs to the mapper's side.
type glimpse struct {
	*mapping.Glimpse
	record   int // of the frame
	keyframe int // that was made after it
}

// glimpsed is a frame that becomes a glimpse with the next keyframe.
type glimpsed struct {
	frame  *slam.Frame
	record int
}

// glimpse keeps a frame that is well posed and no keyframe, where the last frame
// that is fused was long ago.
func (s *System) glimpse(f *slam.Frame) {
	if s.weak || s.live || len(s.glimpsed) == glimpsesMost || !depth.Recorded(s.depth) {
		return
	}
	last := s.anchor.time
	if n := len(s.glimpsed); n > 0 {
		last = s.glimpsed[n-1].frame.Time
	}
	if f.Time-last >= glimpseEvery {
		s.glimpsed = append(s.glimpsed, glimpsed{f, len(s.records)})
	}
}

// takeGlimpses packs the frames before keyframe id. Those between keyframes that
// are both culled are dropped: others see the same.
func (s *System) takeGlimpses(ctx context.Context, frames []glimpsed, id int) error {
	keyframes := s.mapper.Map.Keyframes
	s.glimpses = slices.DeleteFunc(s.glimpses, func(g glimpse) bool {
		return keyframes[g.keyframe].Culled() && keyframes[max(g.keyframe-1, 0)].Culled()
	})
	for _, f := range frames {
		d, err := s.depth.Depth(ctx, f.frame)
		if err = known(err); err != nil {
			return err
		}
		if !d.Empty() {
			s.glimpses = append(s.glimpses, glimpse{mapping.NewGlimpse(f.frame, d), f.record, id})
		}
	}
	return nil
}

// glimpseView returns what fusion needs of a glimpse; ok is false where its frame
// is not in the given part.
func (s *System) glimpseView(g glimpse, part int) (v slam.KeyframeView, ok bool) {
	r := &s.records[g.record]
	if r.Keyframe < 0 {
		return v, false
	}
	k := s.mapper.Map.Keyframes[r.Keyframe]
	if k.Part != part {
		return v, false
	}
	return s.mapper.Map.GlimpseView(g.Glimpse, r.pose(referenceOf(k)), r.followed(), k), true
}

// followed returns the tracks that are kept of a record.
func (r *Record) followed() []slam.Track {
	tracks := make([]slam.Track, len(r.tracks))
	for i, t := range r.tracks {
		tracks[i] = slam.Track{ID: int(t.id), Pixel: geom.Vec2{X: float64(t.u), Y: float64(t.v)}}
	}
	return tracks
}
