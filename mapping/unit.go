package mapping

import (
	"math"

	"github.com/metricslam/metricslam/internal/stats"
)

// The last adjustment stretches a map whose scale has drifted: where landmarks of
// a keyframe come to lie farther, its lengths are worth more. What was measured in
// them goes along: links, tethers, frames and culled keyframes near by.

// hosted is a landmark as its host has it.
type hosted struct {
	host     int
	invDepth float64
}

// hostedDepths notes where the landmarks of a part are.
func (m *Map) hostedDepths(part int) map[int]hosted {
	out := make(map[int]hosted)
	for l := range m.landmarks.all() {
		if l.Known() && m.Keyframes[l.Host].Part == part {
			out[l.ID] = hosted{l.Host, l.InvDepth}
		}
	}
	return out
}

// stretchUnits brings the units of a part up to where its landmarks were moved
// to. A sensor's lengths stay what they are.
func (m *Map) stretchUnits(part int, before map[int]hosted) {
	m.allMoved = true
	for _, k := range m.Keyframes {
		if k.Part != part || k.Culled() || k.measuresMetres() {
			continue
		}
		var logs []float64
		for _, f := range k.Features {
			l, ok := m.landmarks.find(f.Landmark)
			if !ok || l.Host != k.ID || !l.Known() {
				continue
			}
			if b, ok := before[l.ID]; ok && b.host == k.ID {
				logs = append(logs, math.Log(b.invDepth/l.InvDepth))
			}
		}
		if len(logs) >= unitLandmarks {
			k.Unit *= math.Exp(stats.Median(logs))
		}
	}
}
