package mapping

import (
	"fmt"
	"math"

	"github.com/metricslam/metricslam/geom"
	"github.com/metricslam/metricslam/mapping/metric"
)

// distanceSources are the scales by the known distances that a part holds.
func (m *Mapper) distanceSources(part int, fits map[int]metric.MarkerFit) (out []metric.Source) {
	for _, d := range m.cfg.Known.Distances {
		from, std, ok := m.endOf(d.From, part, fits)
		to, std2, ok2 := m.endOf(d.To, part, fits)
		length := to.Sub(from).Norm()
		if !ok || !ok2 || !(length > 0) {
			continue
		}
		out = append(out, metric.Source{
			Name: d.Name(), Log: math.Log(d.Metres / length),
			Sigma: math.Hypot(distanceLogStd, math.Hypot(std, std2)/d.Metres), N: 1, Rank: metric.RankDistance,
		})
	}
	return out
}

// UnusedSizes says which true sizes that the user gave no part of the map could
// use, by the estimates of all parts.
func (m *Mapper) UnusedSizes(parts []metric.Estimate) (out []string) {
	used := make(map[string]bool)
	for _, p := range parts {
		for _, s := range p.Sources {
			used[s.Name] = true
		}
	}
	if m.cfg.Known.MarkerSizeM > 0 && !used[metric.MarkerName] {
		out = append(out, fmt.Sprintf("the size of markers tells nothing: no marker of the family %s was found in two keyframes that lie far enough apart", m.cfg.Known.Family()))
	}
	for _, d := range m.cfg.Known.Distances {
		if !used[d.Name()] {
			out = append(out, fmt.Sprintf("the %s tells nothing: both ends must be in one connected map, frames with a pose and markers seen from several places", d.Name()))
		}
	}
	if m.Ground.HeightM > 0 && !used[metric.HeightName] {
		out = append(out, "the camera's height tells nothing: no ground was found below the camera that looks ahead")
	}
	return out
}

// endOf returns where an end lies in a part, in lengths of the map, and its
// deviation in metres.
func (m *Mapper) endOf(e metric.End, part int, fits map[int]metric.MarkerFit) (at geom.Vec3, stdM float64, ok bool) {
	if e.Marker {
		f, ok := fits[e.Index]
		return f.Pose.T, markerEndStd, ok
	}
	if m.Where == nil {
		return at, 0, false
	}
	at, in, ok := m.Where(e.Index)
	return at, cameraEndStd, ok && in == part
}
