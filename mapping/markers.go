package mapping

import (
	"math"
	"slices"

	"github.com/metricslam/metricslam/mapping/metric"
	"github.com/metricslam/metricslam/marker"
)

// markerDetections are the markers found in the keyframes' images.
type markerDetections struct {
	detector *marker.Detector
	seen     map[*Keyframe][]marker.Detection
}

// look searches the keyframes that were not searched yet.
func (s *markerDetections) look(m *Map, known metric.Known) error {
	if s.detector == nil {
		f, err := marker.ByName(known.Family())
		if err != nil {
			return err
		}
		s.detector, s.seen = marker.NewDetector(f), make(map[*Keyframe][]marker.Detection)
	}
	for _, k := range m.Keyframes {
		if _, done := s.seen[k]; done || k.Culled() {
			continue
		}
		im, err := m.Images(k)
		if err != nil {
			return err
		}
		if !im.Gray.Empty() {
			s.seen[k] = s.detector.Detect(im.Gray)
		}
	}
	return nil
}

// markers fits every marker that a part sees often enough, by id.
func (m *Mapper) markers(part int) (map[int]metric.MarkerFit, error) {
	if !m.cfg.Known.NeedsMarkers() {
		return nil, nil
	}
	if err := m.markerDetections.look(m.Map, m.cfg.Known); err != nil {
		return nil, err
	}
	views := make(map[int][]metric.MarkerView)
	for _, k := range m.Map.Keyframes {
		if k.Part != part {
			continue
		}
		for _, d := range m.markerDetections.seen[k] {
			views[d.ID] = append(views[d.ID], metric.MarkerView{Pose: k.Pose, Camera: k.Camera, Corners: d.Corners})
		}
	}
	fits := make(map[int]metric.MarkerFit)
	for id, v := range views {
		if f, ok := metric.FitMarker(v); ok {
			fits[id] = f
		}
	}
	return fits, nil
}

// markerSource is the scale by markers of a known size: what their edges
// measure in the map. Two markers that contradict each other are both wrong for
// all one knows, which the scatter tells.
func (m *Mapper) markerSource(fits map[int]metric.MarkerFit) (s metric.Source, ok bool) {
	if m.cfg.Known.MarkerSizeM <= 0 {
		return s, false
	}
	var each []metric.Source
	for _, id := range sortedKeys(fits) {
		f := fits[id]
		each = append(each, metric.Source{Log: math.Log(m.cfg.Known.MarkerSizeM) - f.LogEdge, Sigma: f.Sigma, Rank: metric.RankMarker})
		s.N += f.Views
	}
	if len(each) == 0 {
		return s, false
	}
	s.Name, s.Rank = metric.MarkerName, metric.RankMarker
	s.Log, s.Sigma = metric.Fuse(each)
	s.Sigma = math.Hypot(s.Sigma, markerLogStd)
	return s, s.Sigma < metric.MaxSigma
}

func sortedKeys[V any](m map[int]V) []int {
	ids := make([]int, 0, len(m))
	for id := range m {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	return ids
}
