package surface

import (
	"math"

	"github.com/metricslam/metricslam/slam"
)

// simplifier collapses edges of one piece of a mesh.
type simplifier struct {
	bound  float64
	from   []uint32 // vertex of the mesh
	pos    []vec
	norm   [][3]float32
	color  [][3]float32
	shades []shades
	has    struct{ normals, colors bool }

	quad   []quadric
	fixed  []bool
	stamp  []uint32 // changes of a vertex
	around [][]int32
	tris   [][3]int32
	gone   []bool
	alive  int
	heap   edgeHeap
	mark   []int32 // scratch of common neighbours
	turn   int32
}

// shades is the range of the colours of all vertices that one stands for.
type shades struct{ lo, hi [3]uint8 }

func (s *shades) add(o shades) {
	for c := range 3 {
		s.lo[c], s.hi[c] = min(s.lo[c], o.lo[c]), max(s.hi[c], o.hi[c])
	}
}

// width is that of the widest channel.
func (s *shades) width() float64 {
	var w uint8
	for c := range 3 {
		w = max(w, s.hi[c]-s.lo[c])
	}
	return float64(w)
}

// newSimplifier takes triangles of a mesh; shared vertices stay where they are.
func newSimplifier(m *slam.Mesh, piece []uint32, shared []bool, bound float64) *simplifier {
	s := &simplifier{bound: bound}
	s.has.normals, s.has.colors = m.Normals != nil, m.Colors != nil
	index := make(map[uint32]int32, len(piece))
	for _, i := range piece {
		var tri [3]int32
		for c, v := range m.Triangles[i] {
			j, ok := index[v]
			if !ok {
				j = int32(len(s.pos))
				index[v] = j
				s.addVertex(m, v, shared != nil && shared[v])
			}
			tri[c] = j
		}
		if tri[0] == tri[1] || tri[1] == tri[2] || tri[2] == tri[0] {
			continue
		}
		for _, v := range tri {
			s.around[v] = append(s.around[v], int32(len(s.tris)))
		}
		s.tris = append(s.tris, tri)
	}
	s.gone, s.alive = make([]bool, len(s.tris)), len(s.tris)
	s.quad, s.stamp, s.mark = make([]quadric, len(s.pos)), make([]uint32, len(s.pos)), make([]int32, len(s.pos))
	s.measure()
	return s
}

func (s *simplifier) addVertex(m *slam.Mesh, v uint32, fixed bool) {
	p := m.Vertices[v]
	s.from = append(s.from, v)
	s.pos = append(s.pos, vec{float64(p[0]), float64(p[1]), float64(p[2])})
	if s.has.normals {
		s.norm = append(s.norm, m.Normals[v])
	}
	if s.has.colors {
		c := m.Colors[v]
		s.color = append(s.color, [3]float32{float32(c[0]), float32(c[1]), float32(c[2])})
		s.shades = append(s.shades, shades{c, c})
	}
	s.fixed = append(s.fixed, fixed)
	s.around = append(s.around, nil)
}

// measure fills the quadrics and the heap.
func (s *simplifier) measure() {
	for _, t := range s.tris {
		p := s.pos[t[0]]
		n := s.pos[t[1]].sub(p).cross(s.pos[t[2]].sub(p))
		double := n.norm()
		if double == 0 {
			continue
		}
		n = n.scale(1 / double)
		q := plane(n, p, double/2)
		for c, v := range t {
			s.quad[v].add(&q)
			s.addBoundary(v, t[(c+1)%3], n)
		}
	}
	for _, tri := range s.tris {
		for c, u := range tri {
			// An edge is listed by its triangle in which it ascends, or by the only one.
			if v := tri[(c+1)%3]; u < v || s.sharedBy(u, v) == 1 {
				s.push(u, v)
			}
		}
	}
}

// addBoundary adds a plane that stands on the edge from u to v where only one
// triangle, of normal n, has it.
func (s *simplifier) addBoundary(u, v int32, n vec) {
	if s.sharedBy(u, v) != 1 {
		return
	}
	e := s.pos[v].sub(s.pos[u])
	side := e.cross(n)
	if l := side.norm(); l > 0 {
		q := plane(side.scale(1/l), s.pos[u], boundaryWeight*e.dot(e))
		s.quad[u].add(&q)
		s.quad[v].add(&q)
	}
}

// sharedBy counts the triangles at an edge.
func (s *simplifier) sharedBy(u, v int32) (n int) {
	for _, t := range s.around[u] {
		if tri := s.tris[t]; tri[0] == v || tri[1] == v || tri[2] == v {
			n++
		}
	}
	return n
}

// push enters an edge with what its collapse would cost.
func (s *simplifier) push(u, v int32) {
	if s.fixed[u] && s.fixed[v] {
		return
	}
	q := s.quad[u]
	q.add(&s.quad[v])
	cost := q.at(s.target(u, v, &q)) / (s.bound * s.bound)
	if s.has.colors {
		both := s.shades[u]
		both.add(s.shades[v])
		d := both.width() / 2
		cost += d * d / (colorStep * colorStep)
	}
	s.heap.push(edge{float32(cost), u, v, s.stamp[u], s.stamp[v]})
}

// target is where the vertex of a collapsed edge goes.
func (s *simplifier) target(u, v int32, q *quadric) vec {
	switch {
	case s.fixed[u]:
		return s.pos[u]
	case s.fixed[v]:
		return s.pos[v]
	}
	a, b := s.pos[u], s.pos[v]
	mid := a.add(b).scale(.5)
	if x, ok := q.least(); ok && x.sub(mid).norm() < a.sub(b).norm() {
		return x
	}
	best := mid
	for _, x := range []vec{a, b} {
		if q.at(x) < q.at(best) {
			best = x
		}
	}
	return best
}

// run collapses edges while they cost less than most and more than faces triangles
// are left, unless stop is closed.
func (s *simplifier) run(most float64, faces int, stop <-chan struct{}) {
	for s.alive > faces {
		select {
		case <-stop:
			return
		default:
		}
		e, ok := s.heap.pop()
		if !ok || float64(e.cost) > most {
			return
		}
		if e.su == s.stamp[e.u] && e.sv == s.stamp[e.v] && s.around[e.u] != nil && s.around[e.v] != nil {
			s.collapse(e.u, e.v)
		}
	}
}

// collapse joins v into u, unless that would fold the surface.
func (s *simplifier) collapse(u, v int32) {
	q := s.quad[u]
	q.add(&s.quad[v])
	x := s.target(u, v, &q)
	if !s.simple(u, v) || !s.upright(u, v, x) || !s.upright(v, u, x) {
		return
	}
	t := s.share(u, v, x)
	s.pos[u], s.quad[u] = x, q
	if s.fixed[v] {
		s.fixed[u], s.from[u] = true, s.from[v]
	}
	for c := range 3 {
		if s.has.colors {
			s.color[u][c] += float32(t) * (s.color[v][c] - s.color[u][c])
		}
		if s.has.normals {
			s.norm[u][c] += float32(t) * (s.norm[v][c] - s.norm[u][c])
		}
	}
	if s.has.colors {
		s.shades[u].add(s.shades[v])
	}
	var all []int32
	for _, k := range s.around[u] {
		if tri := s.tris[k]; tri[0] == v || tri[1] == v || tri[2] == v {
			s.gone[k] = true
			s.alive--
			continue
		}
		all = append(all, k)
	}
	for _, k := range s.around[v] {
		if s.gone[k] {
			continue
		}
		for c := range 3 {
			if s.tris[k][c] == v {
				s.tris[k][c] = u
			}
		}
		all = append(all, k)
	}
	s.around[u], s.around[v] = all, nil
	s.stamp[u]++
	s.stamp[v]++
	s.renew(u)
}

// renew enters the edges of u anew and forgets triangles that are gone in the lists
// of its neighbours.
func (s *simplifier) renew(u int32) {
	s.turn++
	for _, k := range s.around[u] {
		for _, w := range s.tris[k] {
			if w == u || s.mark[w] == s.turn {
				continue
			}
			s.mark[w] = s.turn
			left := s.around[w][:0]
			for _, j := range s.around[w] {
				if !s.gone[j] {
					left = append(left, j)
				}
			}
			s.around[w] = left
			s.push(min(u, w), max(u, w))
		}
	}
}

// share is how far from u to v x lies, 0 to 1.
func (s *simplifier) share(u, v int32, x vec) float64 {
	e := s.pos[v].sub(s.pos[u])
	return min(max(e.dot(x.sub(s.pos[u]))/max(e.dot(e), 1e-30), 0), 1)
}

// outcome is what is left of a piece, and the vertices of the whole mesh that its
// fixed ones are.
type outcome struct {
	mesh slam.Mesh
	from []uint32 // none for vertices that are not shared
}

func (s *simplifier) outcome() (o outcome) {
	index := make([]uint32, len(s.pos))
	for i := range index {
		index[i] = none
	}
	for k, t := range s.tris {
		if s.gone[k] {
			continue
		}
		var tri [3]uint32
		for c, v := range t {
			if index[v] == none {
				index[v] = uint32(len(o.from))
				s.emit(&o, v)
			}
			tri[c] = index[v]
		}
		o.mesh.Triangles = append(o.mesh.Triangles, tri)
	}
	return o
}

// emit appends vertex i.
func (s *simplifier) emit(o *outcome, i int32) {
	m := &o.mesh
	from := none
	if s.fixed[i] {
		from = s.from[i]
	}
	o.from = append(o.from, from)
	p := s.pos[i]
	m.Vertices = append(m.Vertices, [3]float32{float32(p[0]), float32(p[1]), float32(p[2])})
	if s.has.normals {
		n := s.norm[i]
		l := float32(math.Sqrt(float64(n[0]*n[0] + n[1]*n[1] + n[2]*n[2])))
		if l == 0 {
			n, l = [3]float32{0, 0, 1}, 1
		}
		m.Normals = append(m.Normals, [3]float32{n[0] / l, n[1] / l, n[2] / l})
	}
	if s.has.colors {
		c := s.color[i]
		m.Colors = append(m.Colors, [3]uint8{uint8(c[0] + .5), uint8(c[1] + .5), uint8(c[2] + .5)})
	}
}
