package eval

import (
	"math"
	"sort"

	"github.com/metricslam/metricslam/geom"
	"github.com/metricslam/metricslam/internal/stats"
)

// Span is two poses of a trajectory, given as indices into pairs, whose
// relative motion is compared.
type Span struct{ From, To int }

// SpansByFrames returns the spans of delta pairs: one after the other, or one
// from every pair with all (evo's delta_unit f and all_pairs).
func SpansByFrames(n, delta int, all bool) []Span {
	if delta <= 0 {
		return nil
	}
	step := delta
	if all {
		step = 1
	}
	var spans []Span
	for i := 0; i+delta < n; i += step {
		spans = append(spans, Span{i, i + delta})
	}
	return spans
}

// SpansByTime returns a span from every pair to the one nearest to deltaS
// seconds later by the truth's clock. It is left out where the nearest is
// further off than half the median step between pairs or a tenth of deltaS. Over
// images at a fixed rate these are evo's all_pairs of so many frames; frames
// without a pose do not stretch them.
func SpansByTime(pairs []Pair, deltaS float64) []Span {
	if !(deltaS > 0) || len(pairs) < 2 {
		return nil
	}
	steps := make([]float64, len(pairs)-1)
	for i := range steps {
		steps[i] = pairs[i+1].Truth.Time - pairs[i].Truth.Time
	}
	tolerance := min(.51*stats.Median(steps), .1*deltaS) // half, and the rounding of stamps
	return nearestSpans(len(pairs), deltaS, tolerance, func(i int) float64 { return pairs[i].Truth.Time })
}

// SpansByPath returns a span from every pair to the one nearest to deltaM
// metres further along the estimated path, left out where none is within a
// tenth of deltaM (evo's delta_unit m and all_pairs).
func SpansByPath(pairs []Pair, deltaM float64) []Span {
	if !(deltaM > 0) {
		return nil
	}
	path := make([]float64, len(pairs))
	for i := 1; i < len(pairs); i++ {
		path[i] = path[i-1] + pairs[i].Estimate.Pose.T.Sub(pairs[i-1].Estimate.Pose.T).Norm()
	}
	return nearestSpans(len(pairs), deltaM, .1*deltaM, func(i int) float64 { return path[i] })
}

// nearestSpans pairs every i < n with the j > i whose coordinate, which never
// falls, is nearest to delta beyond i's, the earlier of two equally near, where
// it is within tolerance.
func nearestSpans(n int, delta, tolerance float64, at func(int) float64) []Span {
	var spans []Span
	for i := range n - 1 {
		rest := n - i - 1
		off := func(k int) float64 { return math.Abs(at(i+1+k) - at(i) - delta) }
		k := sort.Search(rest, func(k int) bool { return at(i+1+k)-at(i) >= delta })
		if k == rest {
			k--
		}
		for k > 0 && off(k-1) <= off(k) {
			k--
		}
		if off(k) <= tolerance {
			spans = append(spans, Span{i, i + 1 + k})
		}
	}
	return spans
}

// RPE returns the relative pose error of every span: the length in metres and
// the angle in radians of (Q_i^-1 Q_j)^-1 (P_i^-1 P_j), with Q the truth and P
// the estimate.
func RPE(pairs []Pair, spans []Span) (transM, rotRad []float64) {
	transM, rotRad = make([]float64, len(spans)), make([]float64, len(spans))
	for k, s := range spans {
		e := motionError(pairs[s.From], pairs[s.To])
		transM[k], rotRad[k] = e.T.Norm(), geom.RotationAngle(e.R)
	}
	return transM, rotRad
}

// motionError returns (Q_a^-1 Q_b)^-1 (P_a^-1 P_b).
func motionError(a, b Pair) geom.SE3 {
	q := a.Truth.Pose.Between(b.Truth.Pose)
	p := a.Estimate.Pose.Between(b.Estimate.Pose)
	return q.Between(p)
}
