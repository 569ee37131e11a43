package pipeline

import (
	"math"

	"github.com/metricslam/metricslam/geom"
	"github.com/metricslam/metricslam/mapping"
	"github.com/metricslam/metricslam/mapping/metric"
	"github.com/metricslam/metricslam/slam"
	"github.com/metricslam/metricslam/tracking"
)

// placement is where a keyframe is in the map.
type placement struct {
	id   int // of the keyframe
	pose geom.SE3
	unit float64 // what one length of the time of its making is worth now
}

func placementOf(k *mapping.Keyframe) placement { return placement{k.ID, k.Pose, k.Unit} }

// mapUpdate is what the back end tells the tracker of a keyframe that it has
// inserted. It is a copy: the map goes on without it.
type mapUpdate struct {
	keyframe   placement
	camera     geom.Camera
	depthShare float64 // of the keyframe's pixels, that have a depth

	landmarks map[int]slam.Point  // of the keyframe, by track
	found     []slam.Track        // landmarks that came back into view, in the keyframe's image
	direct    *tracking.Reference // the keyframe's pixels, nil without depth
	view      mapView
}

// newMapUpdate gathers what the tracker needs to know of keyframe k, which it made
// with the given tracks.
func newMapUpdate(m *mapping.Mapper, k *mapping.Keyframe, tracks []slam.Track) (mapUpdate, error) {
	im, err := m.Map.Images(k)
	if err != nil {
		return mapUpdate{}, err
	}
	u := mapUpdate{
		keyframe: placementOf(k), camera: k.Camera, depthShare: im.Depth.KnownShare(),
		landmarks: make(map[int]slam.Point, len(k.Features)),
	}
	sent := make(map[int]bool, len(tracks))
	for _, t := range tracks {
		sent[t.ID] = true
	}
	for _, ft := range k.Features {
		p, ok := m.Point(ft.Landmark)
		if !ok {
			continue
		}
		u.landmarks[ft.Landmark] = p
		if !sent[ft.Landmark] {
			u.found = append(u.found, slam.Track{ID: ft.Landmark, Pixel: ft.Pixel})
		}
	}
	if !k.Depth.Empty() {
		u.direct = tracking.NewReference(tracking.NewPyramid(im.Gray, k.Camera), k.Pose, im.Depth.Unpack(), math.Exp(k.LogScale))
	}
	return u, nil
}

// mapView is what watchers see of the map: a copy made after each keyframe.
type mapView struct {
	scale     metric.Estimate
	landmarks int
	keyframes int
	watched   *watchedMap // nil where nobody watches
}

// watchedMap is the current part of the map as a viewer draws it.
type watchedMap struct {
	placements map[int]placement // of its keyframes, by id
	keyframes  slam.Trajectory
	loops      [][2]int // indices into keyframes
	points     []geom.Vec3
	mesh       func() *slam.Mesh // the last one that was fused, nil before the first
}

func (b *backEnd) view() mapView {
	m := b.mapper
	v := mapView{scale: m.Metric, landmarks: m.Map.LandmarkCount(), keyframes: len(m.Map.Keyframes)}
	if b.growing != nil {
		v.watched = newWatchedMap(m, b.growing.current)
	}
	return v
}

func newWatchedMap(m *mapping.Mapper, mesh func() *slam.Mesh) *watchedMap {
	w := &watchedMap{placements: make(map[int]placement), points: m.Map.Points(m.Part()), mesh: mesh}
	index := make(map[int]int)
	for _, k := range m.Map.Keyframes {
		if k.Part != m.Part() {
			continue
		}
		index[k.ID] = len(w.keyframes)
		w.placements[k.ID] = placementOf(k)
		w.keyframes = append(w.keyframes, slam.StampedPose{Time: k.Time, Pose: k.Pose})
	}
	for _, l := range m.Links() {
		from, ok := index[l.From]
		to, ok2 := index[l.To]
		if ok && ok2 {
			w.loops = append(w.loops, [2]int{from, to})
		}
	}
	return w
}
