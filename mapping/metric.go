package mapping

import (
	"fmt"
	"math"
	"slices"
	"strings"
)

// Metric is what is known of the metres of a part of the map, from all sources
// at hand (docs/scale.md).
type Metric struct {
	// Log is the logarithm of the metres that a unit of the depth source is
	// worth; 0 where there is none.
	Log float64
	// Gain is the logarithm of the metres that one length of the map has: 0 once
	// the map has been brought to metres.
	Gain float64
	// Sigma is the deviation of Gain; 0 where nothing is known.
	Sigma   float64
	Sources []ScaleSource // by falling trust
}

// Known reports whether any source tells metres. Where none does, the map is of
// free scale.
func (m Metric) Known() bool { return len(m.Sources) > 0 }

// Deviation returns Sigma, infinite where nothing is known.
func (m Metric) Deviation() float64 {
	if !m.Known() {
		return math.Inf(1)
	}
	return m.Sigma
}

// Conflicts says in words which sources contradict those that are used.
func (m Metric) Conflicts() []string {
	var used []string
	for _, s := range m.Sources {
		if s.Used {
			used = append(used, s.Name)
		}
	}
	var out []string
	for _, s := range m.Sources {
		if s.Conflict {
			out = append(out, fmt.Sprintf("the scale by %s is %.2f times (sigma %.0f %%) that by %s (sigma %.0f %%): %s is not used; check what it was given",
				s.Name, math.Exp(s.Log-m.Gain), 100*s.Sigma, strings.Join(used, " and "), 100*m.Sigma, s.Name))
		}
	}
	return out
}

// shifted returns the same knowledge after all lengths of the map were
// multiplied by exp(gain).
func (m Metric) shifted(gain float64) Metric {
	m.Gain -= gain
	sources := make([]ScaleSource, len(m.Sources))
	for i, s := range m.Sources {
		s.Log -= gain
		sources[i] = s
	}
	m.Sources = sources
	return m
}

const (
	bringSigma = .1  // deviation of the gain below which a map is brought to metres while it grows
	bringLeast = .03 // gain worth the jump
)

// updateMetric estimates the metres of the current part after a keyframe, and
// brings the map to them where something other than a network tells them: a map
// that is metric must not wait for its end.
func (m *Mapper) updateMetric() {
	m.Metric = m.metricOf(m.part)
	g := m.Metric.Gain
	if !m.Metric.measured() || m.Metric.Sigma > bringSigma || math.Abs(g) < math.Max(bringLeast, 2*m.Metric.Sigma) {
		return
	}
	m.Log.Info("map brought to metres", "keyframes", len(m.Map.Keyframes), "factor", math.Exp(g), "log_sigma", m.Metric.Sigma, "sources", m.Metric.Sources)
	m.bringToMetres(m.part)
}

// measured reports whether a used source is more than a network.
func (m Metric) measured() bool {
	for _, s := range m.Sources {
		if s.Used && s.trust > trustNetwork {
			return true
		}
	}
	return false
}

// bringToMetres multiplies all lengths of a part by its gain. Links follow by the
// units of their keyframes.
func (m *Mapper) bringToMetres(part int) {
	g := m.Metric.Gain
	m.Map.Rescale(part, math.Exp(g))
	for i := range m.Links {
		m.bringUp(&m.Links[i]) // they are reported in metres
	}
	m.Scale.update(m.Map, part)
	m.Metric = m.Metric.shifted(g)
}

// metricOf estimates the metres of a part from all sources.
func (m *Mapper) metricOf(part int) Metric {
	sources := m.distanceSources(part)
	for _, s := range []func(int) (ScaleSource, bool){m.markerSource, m.sensorSource, m.heightSource, m.networkSource} {
		if src, ok := s(part); ok {
			sources = append(sources, src)
		}
	}
	for _, told := range m.toldSources(part) {
		if !slices.ContainsFunc(sources, func(s ScaleSource) bool { return s.Name == told.Name }) { // else it is heard again
			sources = append(sources, told)
		}
	}
	out := Metric{Sources: sources}
	out.Gain, out.Sigma = fuseScales(sources)
	mean, _, n := m.Map.logScales(part, func(k *Keyframe) bool { return k.Depth.ScaleSigma > 0 || !k.Depth.Empty() })
	if n > 0 {
		out.Log = mean + out.Gain
	}
	return out
}
