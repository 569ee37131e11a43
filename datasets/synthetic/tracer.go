package synthetic

import (
	"math"
	"slices"

	"github.com/metricslam/metricslam/geom"
)

// tracer finds what a ray meets among surfaces, by a tree of bounding boxes. It
// serves the baking of light; pictures are drawn by the raster.
type tracer struct {
	nodes    []traceNode
	surfaces []*surface
}

// traceNode is a box; a leaf holds surfaces[first:first+count], an inner node
// (count 0) has its children at first and first+1.
type traceNode struct {
	lo, hi       [3]float64
	first, count int
	axis         int // along which the children of an inner node are sorted
}

const leafSize = 3

func newTracer(surfaces []*surface) *tracer {
	t := &tracer{surfaces: slices.Clone(surfaces)}
	t.nodes = append(t.nodes, traceNode{count: len(surfaces)})
	t.split(0)
	return t
}

func (t *tracer) split(k int) {
	n := &t.nodes[k]
	mine := t.surfaces[n.first : n.first+n.count]
	for a := range 3 {
		n.lo[a], n.hi[a] = math.Inf(1), math.Inf(-1)
	}
	for _, s := range mine {
		for _, v := range s.verts {
			for a, x := range [3]float64{v.X, v.Y, v.Z} {
				n.lo[a], n.hi[a] = min(n.lo[a], x), max(n.hi[a], x)
			}
		}
	}
	if n.count <= leafSize {
		return
	}
	axis := 0
	for a := range 3 {
		if n.hi[a]-n.lo[a] > n.hi[axis]-n.lo[axis] {
			axis = a
		}
	}
	slices.SortStableFunc(mine, func(a, b *surface) int {
		ca, cb := middle(a, axis), middle(b, axis)
		switch {
		case ca < cb:
			return -1
		case ca > cb:
			return 1
		}
		return 0
	})
	half, first, count := n.count/2, n.first, n.count
	child := len(t.nodes)
	n.first, n.count, n.axis = child, 0, axis
	t.nodes = append(t.nodes, traceNode{first: first, count: half}, traceNode{first: first + half, count: count - half})
	t.split(child)
	t.split(child + 1)
}

func middle(s *surface, axis int) (sum float64) {
	for _, v := range s.verts {
		sum += [3]float64{v.X, v.Y, v.Z}[axis]
	}
	return sum / float64(len(s.verts))
}

// nearest returns the first surface whose front the ray p + t dir meets, and t;
// nil where there is none.
func (t *tracer) nearest(p, dir geom.Vec3) (*surface, float64) {
	return t.search(p, dir, math.Inf(1), false)
}

// blocked reports whether anything lies on the ray nearer than maxT.
func (t *tracer) blocked(p, dir geom.Vec3, maxT float64) bool {
	s, _ := t.search(p, dir, maxT, true)
	return s != nil
}

func (t *tracer) search(p, dir geom.Vec3, maxT float64, any bool) (best *surface, bestT float64) {
	bestT = maxT
	inv := [3]float64{1 / dir.X, 1 / dir.Y, 1 / dir.Z}
	org := [3]float64{p.X, p.Y, p.Z}
	var stack [64]int
	top := 1
	for top > 0 {
		top--
		n := &t.nodes[stack[top]]
		if !n.meets(&org, &inv, bestT) {
			continue
		}
		if n.count == 0 && n.first > 0 {
			// The nearer child goes on top: what it holds shortens the ray.
			near := n.first
			if inv[n.axis] < 0 {
				near++
			}
			stack[top], stack[top+1] = 2*n.first+1-near, near
			top += 2
			continue
		}
		for _, s := range t.surfaces[n.first : n.first+n.count] {
			if d, ok := s.meets(p, dir, bestT); ok {
				best, bestT = s, d
				if any {
					return best, bestT
				}
			}
		}
	}
	return best, bestT
}

func (n *traceNode) meets(org, inv *[3]float64, maxT float64) bool {
	near, far := 0.0, maxT
	t0, t1 := (n.lo[0]-org[0])*inv[0], (n.hi[0]-org[0])*inv[0]
	if inv[0] < 0 {
		t0, t1 = t1, t0
	}
	if t0 > near {
		near = t0
	}
	if t1 < far {
		far = t1
	}
	t0, t1 = (n.lo[1]-org[1])*inv[1], (n.hi[1]-org[1])*inv[1]
	if inv[1] < 0 {
		t0, t1 = t1, t0
	}
	if t0 > near {
		near = t0
	}
	if t1 < far {
		far = t1
	}
	if near > far {
		return false
	}
	t0, t1 = (n.lo[2]-org[2])*inv[2], (n.hi[2]-org[2])*inv[2]
	if inv[2] < 0 {
		t0, t1 = t1, t0
	}
	if t0 > near {
		near = t0
	}
	if t1 < far {
		far = t1
	}
	return near <= far*(1+1e-12)
}

// meets intersects the ray with the front of the polygon.
func (s *surface) meets(p, dir geom.Vec3, maxT float64) (float64, bool) {
	dn := s.n.Dot(dir)
	if dn >= 0 {
		return 0, false
	}
	t := (s.d - s.n.Dot(p)) / dn
	if t <= 1e-4 || t >= maxT {
		return 0, false
	}
	q := p.Add(dir.Scale(t))
	for i, a := range s.verts {
		b := s.verts[(i+1)%len(s.verts)]
		if b.Sub(a).Cross(q.Sub(a)).Dot(s.n) < 0 {
			return 0, false
		}
	}
	return t, true
}
