package surface

import "github.com/metricslam/metricslam/slam"

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
	edges := edgesOf(m)
	r.Edges = len(edges)
	for _, e := range edges {
		switch {
		case e.n == 1:
			r.BoundaryEdges++
		case e.n > 2 || e.sum != 0:
			r.OddEdges++
		}
	}
	parent := make([]uint32, len(m.Vertices))
	for i := range parent {
		parent[i] = uint32(i)
	}
	find := func(i uint32) uint32 {
		for parent[i] != i {
			parent[i] = parent[parent[i]] // halves the path
			i = parent[i]
		}
		return i
	}
	r.Components = len(m.Vertices)
	for _, t := range m.Triangles {
		for _, v := range t[1:] {
			if a, b := find(t[0]), find(v); a != b {
				parent[b] = a
				r.Components--
			}
		}
	}
	r.Euler = r.Vertices - r.Edges + r.Triangles
	return r
}

// edgeUse counts the triangles of an edge, and those that go along it less those
// that go against it.
type edgeUse struct{ n, sum int32 }

func edgesOf(m *slam.Mesh) map[[2]uint32]edgeUse {
	edges := make(map[[2]uint32]edgeUse, 3*len(m.Triangles)/2)
	for _, t := range m.Triangles {
		for c, u := range t {
			v := t[(c+1)%3]
			e := edges[[2]uint32{min(u, v), max(u, v)}]
			e.n++
			if u < v {
				e.sum++
			} else {
				e.sum--
			}
			edges[[2]uint32{min(u, v), max(u, v)}] = e
		}
	}
	return edges
}
