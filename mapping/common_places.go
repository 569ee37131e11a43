package mapping

import (
	"context"
	"slices"

	"github.com/metricslam/metricslam/geom"
	"github.com/metricslam/metricslam/optimize/posegraph"
)

// CommonPlace is a place that two maps show: keyframe To of the one shows what
// keyframe From of the other shows.
type CommonPlace struct {
	From, To int                   // keyframes of map a and of map b
	Z        geom.Sim3             // T_from_to; lengths of To are Z.S times as long in those of From
	Info     posegraph.Information // of Z, as a tangent in To
	Inliers  int
	Believed bool // by all that the two maps say together
}

// CommonPlaces returns the places that two maps have in common, by the steps and the
// judgement that close loops within a map. Poses and lengths are those of the two
// states as they were given. Both states belong to the call, and are of no use after.
func (c Merger) CommonPlaces(ctx context.Context, a, b *State) ([]CommonPlace, error) {
	first := len(a.Keyframes)
	m, err := c.adoptBoth(a, b)
	if err != nil {
		return nil, err
	}
	units := make([]float64, len(m.Map.Keyframes))
	for i, k := range m.Map.Keyframes {
		units[i] = k.Unit
	}
	if err := m.joinPlaces(ctx, first, new(Merged)); err != nil {
		return nil, err
	}
	for i, k := range m.Map.Keyframes {
		k.Unit = units[i]
	}
	var out []CommonPlace
	take := func(links []*Link, believed bool) {
		for _, l := range links {
			if (l.From < first) == (l.To < first) {
				continue
			}
			m.loops.toCurrentUnits(l)
			p := CommonPlace{From: l.From, To: l.To - first, Z: l.Z, Info: m.loops.information(l), Inliers: l.Inliers, Believed: believed}
			out = append(out, p)
		}
	}
	take(m.loops.links, true)
	take(m.loops.pending, false)
	slices.SortFunc(out, func(p, q CommonPlace) int {
		if p.To != q.To {
			return p.To - q.To
		}
		return p.From - q.From
	})
	return out, nil
}
