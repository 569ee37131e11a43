package mapping

import (
	"context"

	"github.com/metricslam/metricslam/optimize"
)

// GlobalBundle adjusts all keyframes and landmarks of a part; its first keyframe
// stays. Depth readings count priorGain times their local weight: where many
// views fix the shape, a network's depth is only there for the scale.
func (m *Map) GlobalBundle(ctx context.Context, cfg Config, part int, priorGain, meanScale float64, iterations int) (optimize.Summary, error) {
	origin := m.origin(part)
	var moving []int
	for _, k := range m.Keyframes {
		if k.Part == part && k.ID != origin && !k.Culled() {
			moving = append(moving, k.ID)
		}
	}
	if len(moving) == 0 {
		return optimize.Summary{}, nil
	}
	cfg.Iterations = iterations
	b := newBundle(m, cfg, moving, []int{origin}, meanScale)
	b.priorGain = priorGain
	b.addLandmarks()
	b.addSteps()
	b.addTethers()
	if len(b.depths) == 0 {
		return optimize.Summary{}, nil
	}
	return b.solve(ctx)
}

// Finish brings a part to its final state: global bundle adjustment, then metres
// by all sources of scale. It returns what is known of the metres.
func (m *Mapper) Finish(ctx context.Context, part int) (Metric, error) {
	for round := range 2 {
		m.Scale.update(m.Map, part)
		_, err := m.Map.GlobalBundle(ctx, m.cfg, part, m.cfg.GlobalPriorGain, m.Scale.Log, 2*m.cfg.Iterations)
		if err != nil {
			return Metric{}, err
		}
		if round == 0 {
			if err := m.rematchAll(part); err != nil {
				return Metric{}, err
			}
		}
	}
	m.Metric = m.metricOf(part)
	m.bringToMetres(part)
	m.Map.carry()
	for _, text := range m.Metric.Conflicts() {
		m.Log.Warn(text, "part", part)
	}
	return m.Metric, nil
}
