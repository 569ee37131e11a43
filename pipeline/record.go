package pipeline

import (
	"math"

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

// keepTracks leaves out landmarks that links made: they are few, and their ids
// are beyond those of tracks.
func (r *Record) keepTracks(all []slam.Track) {
	r.tracks = make([]track, 0, len(all))
	for _, t := range all {
		if t.ID <= math.MaxInt32 {
			r.tracks = append(r.tracks, track{int32(t.ID), float32(t.Pixel.X), float32(t.Pixel.Y)})
		}
	}
}

// slamTracks are the tracks that are left.
func (r *Record) slamTracks() []slam.Track {
	out := make([]slam.Track, len(r.tracks))
	for j, t := range r.tracks {
		out[j] = slam.Track{ID: int(t.id), Pixel: geom.Vec2{X: float64(t.u), Y: float64(t.v)}}
	}
	return out
}

// Tracks are kept of every frame, and few of each in a long run: a frame is held by
// a hundred nearly as well as by hundreds.
const (
	tracksKept   = 1 << 21 // of all frames, 24 MB
	tracksFewest = 64      // of a frame
)

// recordKeeper bounds the memory of records.
type recordKeeper struct {
	records []Record
	tracks  int // of all of them
	most    int // of them, before they are thinned out
	stride  int // of the tracks of a frame, every stride-th is kept
}

func (k *recordKeeper) add(r Record) {
	if k.stride == 0 {
		k.most, k.stride = tracksKept, 1
	}
	r.thin(k.stride)
	k.records = append(k.records, r)
	if k.tracks += len(r.tracks); k.tracks <= k.most {
		return
	}
	k.tracks, k.stride = 0, 2*k.stride
	for i := range k.records {
		k.records[i].thin(2)
		k.tracks += len(k.records[i].tracks)
	}
	k.most = max(k.most, 2*k.tracks) // where frames have the fewest, they are many
}

// thin leaves every stride-th track, or tracksFewest of them, evenly spread.
func (r *Record) thin(stride int) {
	n := max(len(r.tracks)/stride, min(tracksFewest, len(r.tracks)))
	if n == len(r.tracks) {
		return
	}
	out := make([]track, n)
	for i := range out {
		out[i] = r.tracks[i*len(r.tracks)/n]
	}
	r.tracks = out
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
