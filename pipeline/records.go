package pipeline

import (
	"math"

	"github.com/metricslam/metricslam/geom"
	"github.com/metricslam/metricslam/mapping"
	"github.com/metricslam/metricslam/slam"
	"github.com/metricslam/metricslam/tracking"
)

// record is what is kept of every frame: its pose relative to a keyframe, so
// that it moves with the map.
type record struct {
	frame    int
	time     float64
	state    slam.TrackState
	keyframe int      // id of the reference keyframe, -1 for a frame without a pose
	relative geom.SE3 // T_keyframe_frame, in lengths of unit
	unit     float64  // of the keyframe at that time
	inliers  int
	rmsPx    float64
	direct   bool    // posed by the pixels of its keyframe
	cause    string  // why it has no pose, empty where it has one
	tracks   []track // inliers, for the last estimate against the finished map
}

// track is a slam.Track in half the memory.
type track struct {
	id   int32
	u, v float32
}

// keepTracks leaves out landmarks that links made: they are few, and their ids
// are beyond those of tracks.
func (r *record) keepTracks(all []slam.Track) {
	r.tracks = make([]track, 0, len(all))
	for _, t := range all {
		if t.ID <= math.MaxInt32 {
			r.tracks = append(r.tracks, track{int32(t.ID), float32(t.Pixel.X), float32(t.Pixel.Y)})
		}
	}
}

// slamTracks are the tracks that are left.
func (r *record) slamTracks() []slam.Track {
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

// records are those of all frames of a run, in their order. Their memory is bounded.
type records struct {
	all    []record
	tracks int // of all of them
	most   int // of them, before they are thinned out
	stride int // of the tracks of a frame, every stride-th is kept
}

func (k *records) add(r record) {
	if k.stride == 0 {
		k.most, k.stride = tracksKept, 1
	}
	r.thin(k.stride)
	k.all = append(k.all, r)
	if k.tracks += len(r.tracks); k.tracks <= k.most {
		return
	}
	k.tracks, k.stride = 0, 2*k.stride
	for i := range k.all {
		k.all[i].thin(2)
		k.tracks += len(k.all[i].tracks)
	}
	k.most = max(k.most, 2*k.tracks) // where frames have the fewest, they are many
}

// thin leaves every stride-th track, or tracksFewest of them, evenly spread.
func (r *record) thin(stride int) {
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

func (r *record) attach(k placement, pose geom.SE3) {
	r.keyframe, r.relative, r.unit = k.id, k.pose.Between(pose), k.unit
}

// whyUnposed says why a frame is not in the map that is reported.
func (r *record) whyUnposed() string {
	switch {
	case r.cause != "":
		return r.cause
	case r.keyframe >= 0:
		return "in a map of its own, of which no place was recognised"
	default:
		return "before the first map: keypoints have to move first"
	}
}

// pose returns the frame's pose with its keyframe where it is now.
func (r *record) pose(k placement) geom.SE3 {
	rel := r.relative
	rel.T = rel.T.Scale(k.unit / r.unit)
	return k.pose.Mul(rel)
}

// trajectory returns the posed frames of a part of a map.
func (k *records) trajectory(m *mapping.Map, part int) slam.Trajectory {
	var out slam.Trajectory
	for i := range k.all {
		r := &k.all[i]
		if r.keyframe < 0 {
			continue
		}
		if kf := m.Keyframes[r.keyframe]; kf.Part == part {
			out = append(out, slam.StampedPose{Time: r.time, Pose: r.pose(placementOf(kf))})
		}
	}
	return out
}

// cameraAt returns the position of a frame's camera in the map as it is now, and
// its part; ok is false for a frame without a pose.
func (k *records) cameraAt(m *mapping.Map, frame int) (at geom.Vec3, part int, ok bool) {
	for i := range k.all {
		r := &k.all[i]
		if r.frame != frame || r.keyframe < 0 {
			continue
		}
		kf := m.Keyframes[r.keyframe]
		return r.pose(placementOf(kf)).T, kf.Part, true
	}
	return at, 0, false
}

// relocate estimates the poses of all frames between keyframes again, from the
// tracks they had, which are not needed any more. Frames that had no pose, but
// tracks of landmarks that have a depth by now, get one too: those of a two-view
// start, for example.
func (k *records) relocate(m *mapping.Mapper, t *tracking.Tracker) {
	near := k.nearestKeyframes()
	for i := range k.all {
		r := &k.all[i]
		if near[i] < 0 {
			continue
		}
		tracks := r.slamTracks()
		r.tracks = nil
		kf := m.Map.Keyframes[near[i]]
		if kf.Frame == r.frame {
			r.attach(placementOf(kf), kf.Pose)
			continue
		}
		guess := kf.Pose
		if r.keyframe >= 0 {
			guess = r.pose(placementOf(kf))
		}
		est := t.Locate(r.time, kf.Camera, guess, tracks, m.PointIn(kf.Part))
		if r.direct && len(est.Inliers) < weakInliers/2 {
			continue // the pixels of a keyframe hold it better
		}
		if est.OK {
			r.attach(placementOf(kf), est.Pose)
			r.inliers, r.rmsPx = len(est.Inliers), est.RMSPx
		}
	}
}

// nearestKeyframes returns for each record its reference keyframe, or that of
// the nearest record that has one, the earlier of two.
func (k *records) nearestKeyframes() []int {
	near := make([]int, len(k.all))
	dist := make([]int, len(k.all))
	last := -1
	for i, r := range k.all {
		if r.keyframe >= 0 {
			last = i
		}
		near[i], dist[i] = -1, len(k.all)
		if last >= 0 {
			near[i], dist[i] = k.all[last].keyframe, i-last
		}
	}
	last = -1
	for i := len(k.all) - 1; i >= 0; i-- {
		if k.all[i].keyframe >= 0 {
			last = i
		}
		if last >= 0 && last-i < dist[i] {
			near[i], dist[i] = k.all[last].keyframe, last-i
		}
	}
	return near
}
