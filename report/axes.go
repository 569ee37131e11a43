package report

import (
	"math"
	"slices"

	"github.com/metricslam/metricslam/geom"
	"github.com/metricslam/metricslam/internal/stats"
)

// view is the plane through the world's axes in which a trajectory is drawn.
type view struct {
	u, v int // axes: 0 x, 1 y, 2 z, to the right and up
}

var axisNames = [3]string{"x", "y", "z"}

// topView returns the plane of the two axes along which the points extend most,
// which for cameras that walk or drive is the ground.
func topView(points []geom.Vec3) view {
	lo, hi := bounds(points)
	size := hi.Sub(lo)
	switch least := min(size.X, size.Y, size.Z); least {
	case size.Y:
		return view{0, 2}
	case size.Z:
		return view{0, 1}
	default:
		return view{1, 2}
	}
}

// at returns the coordinates of p in the plane.
func (w view) at(p geom.Vec3) (x, y float64) {
	c := [3]float64{p.X, p.Y, p.Z}
	return c[w.u], c[w.v]
}

// bounds returns the corners of the smallest box around points, zeros for none.
func bounds(points []geom.Vec3) (lo, hi geom.Vec3) {
	for i, p := range points {
		if i == 0 {
			lo, hi = p, p
		}
		lo = geom.Vec3{X: min(lo.X, p.X), Y: min(lo.Y, p.Y), Z: min(lo.Z, p.Z)}
		hi = geom.Vec3{X: max(hi.X, p.X), Y: max(hi.Y, p.Y), Z: max(hi.Z, p.Z)}
	}
	return lo, hi
}

// span is a range of values.
type span struct{ lo, hi float64 }

func spanOf(values []float64) span {
	s := span{math.Inf(1), math.Inf(-1)}
	for _, v := range values {
		s.lo, s.hi = min(s.lo, v), max(s.hi, v)
	}
	if s.lo > s.hi {
		return span{0, 1}
	}
	return s
}

// padded returns the span widened by a share of its size, and to at least
// minSize.
func (s span) padded(share, minSize float64) span {
	d := max((s.hi-s.lo)*share, (minSize-(s.hi-s.lo))/2)
	return span{s.lo - d, s.hi + d}
}

// equalScale widens one of two spans so that a metre has the same length on
// both sides of a drawing of width to height aspect.
func equalScale(x, y span, aspect float64) (span, span) {
	if w, h := x.hi-x.lo, (y.hi-y.lo)*aspect; w < h {
		return x.padded((h/w-1)/2, 0), y
	} else {
		return x, y.padded((w/h-1)/2, 0)
	}
}

// gaps reports for each of increasing times whether others are missing before
// it: the step there is more than 3.5 times the median step.
func gaps(times []float64) []bool {
	out := make([]bool, len(times))
	if len(times) < 3 {
		return out
	}
	steps := make([]float64, len(times)-1)
	for i := range steps {
		steps[i] = times[i+1] - times[i]
	}
	limit := 3.5 * stats.Median(slices.Clone(steps))
	for i, s := range steps {
		out[i+1] = s > limit
	}
	return out
}
