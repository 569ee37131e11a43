package surface

import (
	"math"

	"github.com/metricslam/metricslam/slam"
)

// FillHoles closes the holes of a mesh whose outline is at most aroundM metres long,
// in place, and returns how many. An outline that touches itself stays open. The
// outline of a piece that is smaller than that would be closed as well: such pieces
// must be dropped before. An outline with an edge of two vertices that stay, unless stays
// is nil, is the border of the mesh and no hole.
func FillHoles(m *slam.Mesh, aroundM float64, stays func([3]float32) bool) (filled int) {
	edges := edgesOf(m)
	next := make(map[uint32]uint32) // along outlines, with the hole at the left
	twice := make(map[uint32]bool)
	for _, t := range m.Triangles {
		for c, u := range t {
			v := t[(c+1)%3]
			if edges.count(u, v) != 1 {
				continue
			}
			if _, ok := next[v]; ok {
				twice[v] = true
			}
			next[v] = u
		}
	}
	done := make(map[uint32]bool)
	for _, t := range m.Triangles[:len(m.Triangles):len(m.Triangles)] { // an order that repeats
		for _, u := range t {
			if _, ok := next[u]; !ok || done[u] {
				continue
			}
			loop, ok := outline(m, next, twice, done, u, aroundM)
			if !ok || stays != nil && alongBorder(m, loop, stays) {
				continue
			}
			if tris, ok := cutEars(m, edges, loop); ok {
				m.Triangles = append(m.Triangles, tris...)
				filled++
			}
		}
	}
	return filled
}

// alongBorder reports whether a loop has an edge of two vertices that stay.
func alongBorder(m *slam.Mesh, loop []uint32, stays func([3]float32) bool) bool {
	before := stays(m.Vertices[loop[len(loop)-1]])
	for _, v := range loop {
		now := stays(m.Vertices[v])
		if before && now {
			return true
		}
		before = now
	}
	return false
}

// outline follows the edge of a hole from u; ok is false where it is too long, or
// not simple.
func outline(m *slam.Mesh, next map[uint32]uint32, twice, done map[uint32]bool, u uint32, aroundM float64) (loop []uint32, ok bool) {
	var length float64
	ok = true
	for v := u; ; {
		done[v] = true
		if twice[v] {
			ok = false
		}
		loop = append(loop, v)
		w, found := next[v]
		if !found {
			return nil, false
		}
		length += distance(m.Vertices[v], m.Vertices[w])
		if w == u {
			return loop, ok && length <= aroundM && len(loop) >= 3
		}
		if done[w] {
			return nil, false
		}
		v = w
	}
}

func distance(a, b [3]float32) float64 {
	var s float64
	for c := range a {
		d := float64(a[c] - b[c])
		s += d * d
	}
	return math.Sqrt(s)
}

// cutEars fills a loop by cutting off the corner with the shortest side first; ok is
// false where a side would be an edge of the mesh already.
func cutEars(m *slam.Mesh, edges edgeList, loop []uint32) (tris [][3]uint32, ok bool) {
	for len(loop) > 3 {
		best, shortest := -1, math.Inf(1)
		n := len(loop)
		for i := range n {
			a, b := loop[(i+n-1)%n], loop[(i+1)%n]
			d := distance(m.Vertices[a], m.Vertices[b])
			if d < shortest && edges.count(a, b) == 0 {
				best, shortest = i, d
			}
		}
		if best < 0 {
			return nil, false
		}
		tris = append(tris, [3]uint32{loop[(best+n-1)%n], loop[best], loop[(best+1)%n]})
		loop = append(loop[:best:best], loop[best+1:]...)
	}
	return append(tris, [3]uint32{loop[0], loop[1], loop[2]}), true
}
