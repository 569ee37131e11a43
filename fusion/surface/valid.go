package surface

// An edge is collapsed only where the surface stays one: what is asked before.

// simple reports whether the edge's ends have no other common neighbours than the
// tips of its triangles: else the surface would touch itself. An edge between two
// boundaries would close a gap.
func (s *simplifier) simple(u, v int32) bool {
	s.turn++
	for _, k := range s.around[u] {
		for _, w := range s.tris[k] {
			s.mark[w] = s.turn
		}
	}
	first := s.turn
	s.turn++
	common := 0
	for _, k := range s.around[v] {
		for _, w := range s.tris[k] {
			if w != u && w != v && s.mark[w] == first {
				s.mark[w] = s.turn
				common++
			}
		}
	}
	n := s.sharedBy(u, v)
	if n == 2 && s.onBoundary(u) && s.onBoundary(v) {
		return false
	}
	return n > 0 && n <= 2 && common == n && s.apart(u, v)
}

// apart reports whether joining an inner vertex with a fixed one makes no new edge
// between fixed ones: another piece may have that edge already. It relies on the
// marks of common neighbours.
func (s *simplifier) apart(u, v int32) bool {
	switch {
	case s.fixed[u]:
		u, v = v, u
	case !s.fixed[v]:
		return true
	}
	for _, k := range s.around[u] {
		for _, w := range s.tris[k] {
			if w != v && s.fixed[w] && s.mark[w] != s.turn {
				return false
			}
		}
	}
	return true
}

func (s *simplifier) onBoundary(u int32) bool {
	for _, k := range s.around[u] {
		for _, w := range s.tris[k] {
			if w != u && s.sharedBy(u, w) == 1 {
				return true
			}
		}
	}
	return false
}

// upright reports whether the triangles of u that do not have v keep their side and
// some shape when u moves to x.
func (s *simplifier) upright(u, v int32, x vec) bool {
	for _, k := range s.around[u] {
		t := s.tris[k]
		if t[0] == v || t[1] == v || t[2] == v {
			continue
		}
		for t[0] != u {
			t[0], t[1], t[2] = t[1], t[2], t[0]
		}
		a, b := s.pos[t[1]], s.pos[t[2]]
		before := a.sub(s.pos[u]).cross(b.sub(s.pos[u]))
		after := a.sub(x).cross(b.sub(x))
		n := after.norm()
		if after.dot(before) < leastTurn*n*before.norm() {
			return false
		}
		longest := max(a.sub(x).dot(a.sub(x)), b.sub(x).dot(b.sub(x)), a.sub(b).dot(a.sub(b)))
		if n/2 < leastShape*longest {
			return false
		}
	}
	return true
}
