package mapping

import (
	"math"
	"slices"

	"github.com/metricslam/metricslam/geom"
	"github.com/metricslam/metricslam/marker"
)

const (
	markerPixelSigma = .4  // of a corner against the map: its own, and the pose's of the keyframe
	markerWorstPx    = 4   // RMS of a picture of a marker that is left out
	markerFitPx      = 2   // RMS above which a marker is no rigid part of the map
	markerLogStd     = .01 // of a marker's printed size, and of the map's shape about it
	markerMost       = .3  // deviation of an edge's logarithm that still says something
	markerMostViews  = 60
)

// sightings are the markers found in the keyframes' pictures.
type sightings struct {
	detector *marker.Detector
	seen     map[*Keyframe][]marker.Detection
}

// wantsMarkers reports whether anything that is known speaks of markers.
func (c Known) wantsMarkers() bool {
	return c.MarkerSizeM > 0 || slices.ContainsFunc(c.Distances, func(d Distance) bool { return d.From.Marker || d.To.Marker })
}

// look searches the keyframes that were not searched yet.
func (s *sightings) look(m *Map, known Known) {
	if s.detector == nil {
		f, err := marker.ByName(known.family())
		if err != nil {
			return // Validate has named it
		}
		s.detector, s.seen = marker.NewDetector(f), make(map[*Keyframe][]marker.Detection)
	}
	for _, k := range m.Keyframes {
		if _, done := s.seen[k]; done || k.Culled() {
			continue
		}
		if m.Open(k); !k.Gray.Empty() {
			s.seen[k] = s.detector.Detect(k.Gray)
		}
	}
}

// markerView is a marker in a keyframe.
type markerView struct {
	pose    geom.SE3 // T_wc
	camera  geom.Camera
	corners [4]geom.Vec2
}

// markers fits every marker that a part sees often enough, by id.
func (m *Mapper) markers(part int) map[int]markerFit {
	if !m.cfg.Known.wantsMarkers() {
		return nil
	}
	m.sightings.look(m.Map, m.cfg.Known)
	views := make(map[int][]markerView)
	for _, k := range m.Map.Keyframes {
		if k.Part != part {
			continue
		}
		for _, d := range m.sightings.seen[k] {
			views[d.ID] = append(views[d.ID], markerView{k.Pose, k.Camera, d.Corners})
		}
	}
	fits := make(map[int]markerFit)
	for id, v := range views {
		if f, ok := fitMarker(thinned(v)); ok {
			fits[id] = f
		}
	}
	return fits
}

// thinned keeps views spread evenly over all.
func thinned(v []markerView) []markerView {
	if len(v) <= markerMostViews {
		return v
	}
	out := make([]markerView, markerMostViews)
	for i := range out {
		out[i] = v[i*len(v)/markerMostViews]
	}
	return out
}

// markerSource is the scale by markers of a known size: what their edges
// measure in the map. Two markers that contradict each other are both wrong for
// all one knows, which the scatter tells.
func (m *Mapper) markerSource(part int) (s ScaleSource, ok bool) {
	if m.cfg.Known.MarkerSizeM <= 0 {
		return s, false
	}
	var each []ScaleSource
	fits := m.markers(part)
	for _, id := range sortedKeys(fits) {
		f := fits[id]
		each = append(each, ScaleSource{Log: math.Log(m.cfg.Known.MarkerSizeM) - f.logEdge, Sigma: f.sigma, trust: trustMarker})
		s.N += f.views
	}
	if len(each) == 0 {
		return s, false
	}
	s.Name, s.trust = markerName, trustMarker
	s.Log, s.Sigma = fuseScales(each)
	s.Sigma = math.Hypot(s.Sigma, markerLogStd)
	return s, s.Sigma < markerMost
}

func sortedKeys[V any](m map[int]V) []int {
	ids := make([]int, 0, len(m))
	for id := range m {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	return ids
}
