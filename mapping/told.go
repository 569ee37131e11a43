package mapping

import "math"

// told is what a source said of the metres of a loaded map that the map itself
// does not repeat: known distances and the sizes of markers are settings of the
// run that knew them.
type told struct {
	source   ScaleSource
	keyframe *Keyframe // of the part; its Unit tells what has become of lengths since
	unit     float64   // of the keyframe when the map was saved
}

// rememberPart keeps what a loaded map knew of the metres of a part.
func (m *Mapper) rememberPart(part int, metric Metric) {
	origin := m.Map.origin(part)
	for _, src := range metric.Sources {
		if origin >= 0 && src.Used && src.trust >= trustMarker {
			m.told = append(m.told, told{src, m.Map.Keyframes[origin], m.Map.Keyframes[origin].Unit})
		}
	}
}

// toldSources are the scales that a loaded map knew, for a part.
func (m *Mapper) toldSources(part int) (out []ScaleSource) {
	for _, t := range m.told {
		if t.keyframe.Part == part {
			s := t.source
			s.Log -= math.Log(t.keyframe.Unit / t.unit)
			out = append(out, s)
		}
	}
	return out
}
