package mapping

import (
	"math"
	"slices"

	"github.com/metricslam/metricslam/mapping/metric"
)

// updateMetric estimates the metres of the current part after a keyframe, and
// brings the map to them where something other than a network tells them: a map
// that is metric must not wait for its end.
func (m *Mapper) updateMetric() (err error) {
	if m.Metric, err = m.metricOf(m.part); err != nil {
		return err
	}
	g := m.Metric.Gain
	if !m.Metric.Measured() || m.Metric.Sigma > bringSigma || math.Abs(g) < math.Max(bringLeast, 2*m.Metric.Sigma) {
		return nil
	}
	m.log.Info("map brought to metres", "keyframes", len(m.Map.Keyframes), "factor", math.Exp(g), "log_sigma", m.Metric.Sigma, "sources", m.Metric.Sources)
	m.bringToMetres(m.part)
	return nil
}

// bringToMetres multiplies all lengths of a part by its gain. Links follow by the
// units of their keyframes.
func (m *Mapper) bringToMetres(part int) {
	g := m.Metric.Gain
	m.Map.rescale(part, math.Exp(g))
	if part == m.part {
		m.Ground.Rescaled(math.Exp(g))
	}
	for _, l := range m.loops.links {
		m.loops.toCurrentUnits(l) // they are reported in metres
	}
	m.Scale.update(m.Map, part)
	m.Metric = m.Metric.Shifted(g)
}

// metricOf estimates the metres of a part from all sources.
func (m *Mapper) metricOf(part int) (metric.Estimate, error) {
	fits, err := m.markers(part)
	if err != nil {
		return metric.Estimate{}, err
	}
	sources := m.distanceSources(part, fits)
	if src, ok := m.markerSource(fits); ok {
		sources = append(sources, src)
	}
	for _, s := range []func(int) (metric.Source, bool){m.sensorSource, m.heightSource, m.networkSource} {
		if src, ok := s(part); ok {
			sources = append(sources, src)
		}
	}
	for _, old := range m.inheritedSources(part) {
		if !slices.ContainsFunc(sources, func(s metric.Source) bool { return s.Name == old.Name }) { // else it is measured again
			sources = append(sources, old)
		}
	}
	out := metric.Estimate{Sources: sources}
	if out.Gain, out.Sigma = metric.Fuse(sources); len(sources) > 0 {
		out.Sigma = math.Hypot(out.Sigma, math.Hypot(m.FocalSigma, m.focalDoubt))
	}
	mean, _, n := m.Map.logScales(part, func(k *Keyframe) bool { return k.Depth.ScaleSigma > 0 || !k.Depth.Empty() })
	if n > 0 {
		out.Log = mean + out.Gain
	}
	return out, nil
}
