package pipeline

import "github.com/metricslam/metricslam/geom"

// whereIs returns the place of a frame's camera in the map as it is now, and its
// part; ok is false for a frame without a pose.
func (s *System) whereIs(frame int) (at geom.Vec3, part int, ok bool) {
	for _, r := range s.records {
		if r.Frame != frame || r.Keyframe < 0 {
			continue
		}
		k := s.mapper.Map.Keyframes[r.Keyframe]
		return r.pose(referenceOf(k)).T, k.Part, true
	}
	return at, 0, false
}
