package mapping

import (
	"math"

	"github.com/metricslam/metricslam/mapping/metric"
)

// inheritedSource is what a source said of the metres of a loaded map that the map itself
// does not repeat: known distances and the sizes of markers are settings of the
// run that knew them.
type inheritedSource struct {
	source   metric.Source
	keyframe *Keyframe // of the part; its Unit tells what has become of lengths since
	unit     float64   // of the keyframe when the map was saved
}

// inheritPart keeps what a loaded map knew of the metres of a part.
func (m *Mapper) inheritPart(part int, estimate metric.Estimate) {
	origin := m.Map.origin(part)
	for _, src := range estimate.Sources {
		if origin >= 0 && src.Used && src.Rank >= metric.RankMarker {
			m.inherited = append(m.inherited, inheritedSource{src, m.Map.Keyframes[origin], m.Map.Keyframes[origin].Unit})
		}
	}
}

// inheritedSources are the scales that a loaded map knew, for a part.
func (m *Mapper) inheritedSources(part int) (out []metric.Source) {
	for _, t := range m.inherited {
		if t.keyframe.Part == part {
			s := t.source
			s.Log -= math.Log(t.keyframe.Unit / t.unit)
			out = append(out, s)
		}
	}
	return out
}
