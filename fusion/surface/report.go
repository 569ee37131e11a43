package surface

import (
	"slices"

	"github.com/metricslam/metricslam/internal/disjoint"
	"github.com/metricslam/metricslam/slam"
)

// Report says what a mesh is as a manifold.
type Report struct {
	Vertices      int `json:"vertices"`
	Triangles     int `json:"triangles"`
	Edges         int `json:"edges"`
	Components    int `json:"components"`     // connected pieces
	BoundaryEdges int `json:"boundary_edges"` // edges of one triangle
	OddEdges      int `json:"odd_edges"`      // edges of more than two triangles, or of two that face opposite ways
	Euler         int `json:"euler"`          // vertices - edges + triangles: 2 for a closed surface without handles
}

// Inspect measures a mesh.
func Inspect(m *slam.Mesh) Report {
	r := Report{Vertices: len(m.Vertices), Triangles: len(m.Triangles)}
	edgesOf(m).uses(func(e edgeUse) {
		r.Edges++
		switch {
		case e.n == 1:
			r.BoundaryEdges++
		case e.n > 2 || e.sum != 0:
			r.OddEdges++
		}
	})
	sets := disjoint.New[uint32](len(m.Vertices))
	r.Components = len(m.Vertices)
	for _, t := range m.Triangles {
		for _, v := range t[1:] {
			if sets.Join(t[0], v) {
				r.Components--
			}
		}
	}
	r.Euler = r.Vertices - r.Edges + r.Triangles
	return r
}

// edgeList holds the edges of all triangles, sorted: 8 bytes a triangle's side.
type edgeList []uint64

// edgeUse counts the triangles of an edge, and those that go along it less those
// that go against it.
type edgeUse struct{ n, sum int }

func edgesOf(m *slam.Mesh) edgeList {
	all := make(edgeList, 0, 3*len(m.Triangles))
	for _, t := range m.Triangles {
		for c, u := range t {
			v := t[(c+1)%3]
			k := edgeKey(u, v)
			if u > v {
				k |= 1
			}
			all = append(all, k)
		}
	}
	slices.Sort(all)
	return all
}

// edgeKey is that of an edge from its lower to its higher vertex; one that goes
// against is 1 more.
func edgeKey(u, v uint32) uint64 { return uint64(min(u, v))<<32 | uint64(max(u, v))<<1 }

// uses yields each edge once.
func (l edgeList) uses(f func(edgeUse)) {
	for i := 0; i < len(l); {
		var e edgeUse
		for first := l[i] &^ 1; i < len(l) && l[i]&^1 == first; i++ {
			e.n++
			e.sum += 1 - 2*int(l[i]&1)
		}
		f(e)
	}
}

// count returns how many triangles an edge has.
func (l edgeList) count(u, v uint32) (n int) {
	k := edgeKey(u, v)
	i, _ := slices.BinarySearch(l, k)
	for ; i < len(l) && l[i]&^1 == k; i++ {
		n++
	}
	return n
}
