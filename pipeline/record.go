package pipeline

import (
	"github.com/metricslam/metricslam/geom"
	"github.com/metricslam/metricslam/slam"
)

// Record is what is kept of every frame: its pose relative to a keyframe, so
// that it moves with the map.
type Record struct {
	Frame    int
	Time     float64
	State    slam.TrackState
	Keyframe int      // id of the reference keyframe, -1 for a frame without a pose
	Relative geom.SE3 // T_keyframe_frame, in lengths of unit
	unit     float64  // of the keyframe at that time
	Inliers  int
	RMSPx    float64
	pixels   bool    // posed by the pixels of its keyframe
	Cause    string  // why it has no pose, empty where it has one
	tracks   []track // inliers, for the last estimate against the finished map
}

// track is a slam.Track in half the memory.
type track struct {
	id   int32
	u, v float32
}

func (r *Record) keepTracks(all []slam.Track) {
	r.tracks = make([]track, len(all))
	for i, t := range all {
		r.tracks[i] = track{int32(t.ID), float32(t.Pixel.X), float32(t.Pixel.Y)}
	}
}

func (r *Record) attach(k reference, pose geom.SE3) {
	r.Keyframe, r.Relative, r.unit = k.id, k.pose.Between(pose), k.unit
}

// cause says why a frame is not in the map that is reported.
func (r *Record) cause() string {
	switch {
	case r.Cause != "":
		return r.Cause
	case r.Keyframe >= 0:
		return "in a map of its own, of which no place was recognised"
	default:
		return "before the first map: features have to move first"
	}
}

// pose returns the frame's pose with its keyframe where it is now.
func (r *Record) pose(k reference) geom.SE3 {
	rel := r.Relative
	rel.T = rel.T.Scale(k.unit / r.unit)
	return k.pose.Mul(rel)
}

// Trajectory returns the posed frames of a part.
func (s *System) Trajectory(part int) slam.Trajectory {
	var out slam.Trajectory
	for _, r := range s.records {
		if r.Keyframe < 0 {
			continue
		}
		k := s.mapper.Map.Keyframes[r.Keyframe]
		if k.Part == part {
			out = append(out, slam.StampedPose{Time: r.Time, Pose: r.pose(referenceOf(k))})
		}
	}
	return out
}
