package eval

import (
	"math"

	"github.com/metricslam/metricslam/geom"
)

// pointTree is a k-d tree for nearest-neighbour queries (Bentley 1975). The
// points are reordered so that every node is a range and its two halves are the
// children; leaves hold up to leafSize points.
type pointTree struct {
	points []geom.Vec3
	index  []int32 // where a point was in the input
	axis   []uint8 // split axis of the node whose middle is at this place
}

const leafSize = 8

// newPointTree builds the tree of the points, which it copies.
func newPointTree(points []geom.Vec3) *pointTree {
	t := &pointTree{points: append([]geom.Vec3(nil), points...), index: make([]int32, len(points)), axis: make([]uint8, len(points))}
	for i := range t.index {
		t.index[i] = int32(i)
	}
	t.build(0, len(points))
	return t
}

func coordinate(p geom.Vec3, axis uint8) float64 {
	switch axis {
	case 0:
		return p.X
	case 1:
		return p.Y
	default:
		return p.Z
	}
}

// build splits [lo, hi) at its median along its longest side.
func (t *pointTree) build(lo, hi int) {
	if hi-lo <= leafSize {
		return
	}
	a, b := t.points[lo], t.points[lo]
	for _, p := range t.points[lo+1 : hi] {
		a = geom.Vec3{X: min(a.X, p.X), Y: min(a.Y, p.Y), Z: min(a.Z, p.Z)}
		b = geom.Vec3{X: max(b.X, p.X), Y: max(b.Y, p.Y), Z: max(b.Z, p.Z)}
	}
	d, axis := b.Sub(a), uint8(0)
	if d.Y > d.X {
		axis = 1
	}
	if d.Z > max(d.X, d.Y) {
		axis = 2
	}
	mid := (lo + hi) / 2
	t.axis[mid] = axis
	t.partition(lo, hi, mid, axis)
	t.build(lo, mid)
	t.build(mid+1, hi)
}

// partition puts the point of rank mid in its place, smaller ones before it
// (quickselect, Hoare 1961, the pivot a median of three).
func (t *pointTree) partition(lo, hi, mid int, axis uint8) {
	for hi--; lo < hi; {
		a, b, c := coordinate(t.points[lo], axis), coordinate(t.points[(lo+hi)/2], axis), coordinate(t.points[hi], axis)
		pivot := max(min(a, b), min(max(a, b), c))
		i, j := lo, hi
		for i <= j {
			for coordinate(t.points[i], axis) < pivot {
				i++
			}
			for coordinate(t.points[j], axis) > pivot {
				j--
			}
			if i <= j {
				t.points[i], t.points[j] = t.points[j], t.points[i]
				t.index[i], t.index[j] = t.index[j], t.index[i]
				i++
				j--
			}
		}
		switch {
		case mid <= j:
			hi = j
		case mid >= i:
			lo = i
		default:
			return
		}
	}
}

// nearest returns the index of the point nearest to p and its squared distance.
func (t *pointTree) nearest(p geom.Vec3) (index int32, d2 float64) {
	best := search{p: p, d2: math.Inf(1)}
	t.visit(&best, 0, len(t.points))
	return best.index, best.d2
}

// nearestWithin is nearest among the points closer than a distance; ok is false where there is none.
func (t *pointTree) nearestWithin(p geom.Vec3, limit float64) (index int32, d2 float64, ok bool) {
	best := search{p: p, d2: limit * limit}
	t.visit(&best, 0, len(t.points))
	return best.index, best.d2, best.d2 < limit*limit
}

type search struct {
	p     geom.Vec3
	index int32
	d2    float64
}

func (t *pointTree) visit(s *search, lo, hi int) {
	if hi-lo <= leafSize {
		for i := lo; i < hi; i++ {
			t.offer(s, i)
		}
		return
	}
	mid := (lo + hi) / 2
	d := coordinate(s.p, t.axis[mid]) - coordinate(t.points[mid], t.axis[mid])
	if d < 0 {
		t.visit(s, lo, mid)
	} else {
		t.visit(s, mid+1, hi)
	}
	if d*d >= s.d2 {
		return
	}
	t.offer(s, mid)
	if d < 0 {
		t.visit(s, mid+1, hi)
	} else {
		t.visit(s, lo, mid)
	}
}

func (t *pointTree) offer(s *search, i int) {
	if d2 := t.points[i].Sub(s.p).Norm2(); d2 < s.d2 {
		s.d2, s.index = d2, t.index[i]
	}
}

// distances returns the distance of every point to the tree, those from limit on as limit.
func (t *pointTree) distances(points []geom.Vec3, limit float64) []float64 {
	out := make([]float64, len(points))
	inParallel(len(points), func(from, to int) {
		for i := from; i < to; i++ {
			_, d2, _ := t.nearestWithin(points[i], limit)
			out[i] = math.Sqrt(d2)
		}
	})
	return out
}
