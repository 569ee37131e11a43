package page

import (
	"math"

	"github.com/metricslam/metricslam/slam"
)

// Thin returns a mesh of at most so many triangles, and how far its vertices may
// have moved: those of one cell of a grid become one, in their middle, and
// triangles that have lost an edge go. A mesh that is small enough stays as it is.
func Thin(m *slam.Mesh, most int) (*slam.Mesh, float64) {
	if len(m.Triangles) <= most {
		return m, 0
	}
	// The number of triangles of a surface falls with the square of the cell.
	wider := func(triangles int) float64 { return max(1.05, math.Sqrt(float64(triangles)/float64(most))) }
	cell := meanEdge(m) * wider(len(m.Triangles))
	for {
		thin := cluster(m, cell)
		if len(thin.Triangles) <= most {
			return thin, cell * math.Sqrt(3) // the diagonal of a cell
		}
		cell *= wider(len(thin.Triangles))
	}
}

// meanEdge is the mean length of some edges.
func meanEdge(m *slam.Mesh) float64 {
	var sum float64
	n := 0
	for i := 0; i < len(m.Triangles); i += len(m.Triangles)/10_000 + 1 {
		a, b := m.Vertices[m.Triangles[i][0]], m.Vertices[m.Triangles[i][1]]
		sum += math.Sqrt(squared(a, b))
		n++
	}
	return max(sum/float64(max(n, 1)), 1e-6)
}

func squared(a, b [3]float32) (sum float64) {
	for k := range a {
		d := float64(a[k]) - float64(b[k])
		sum += d * d
	}
	return sum
}

// gathered is the sum of the vertices of a cell.
type gathered struct {
	position, color [3]float64
	n               float64
}

// cluster joins the vertices of each cell of a grid.
func cluster(m *slam.Mesh, cell float64) *slam.Mesh {
	index := make(map[[3]int32]uint32)
	number := make([]uint32, len(m.Vertices)) // of the cell
	var cells []gathered
	for i, v := range m.Vertices {
		var key [3]int32
		for k, x := range v {
			key[k] = int32(math.Floor(float64(x) / cell))
		}
		n, ok := index[key]
		if !ok {
			n = uint32(len(cells))
			index[key] = n
			cells = append(cells, gathered{})
		}
		number[i] = n
		g := &cells[n]
		g.n++
		for k, x := range v {
			g.position[k] += float64(x)
			if m.Colors != nil {
				g.color[k] += float64(m.Colors[i][k])
			}
		}
	}
	out := &slam.Mesh{Vertices: make([][3]float32, len(cells))}
	if m.Colors != nil {
		out.Colors = make([][3]uint8, len(cells))
	}
	for i, g := range cells {
		for k := range 3 {
			out.Vertices[i][k] = float32(g.position[k] / g.n)
			if m.Colors != nil {
				out.Colors[i][k] = uint8(math.Round(g.color[k] / g.n))
			}
		}
	}
	out.Triangles = joined(m.Triangles, number)
	return out
}

// joined returns the triangles whose corners lie in three cells, each once.
func joined(triangles [][3]uint32, number []uint32) [][3]uint32 {
	seen := make(map[[3]uint32]bool)
	var out [][3]uint32
	for _, t := range triangles {
		a, b, c := number[t[0]], number[t[1]], number[t[2]]
		if a == b || b == c || a == c {
			continue
		}
		for b < a || c < a { // the smallest first, the sense of rotation kept
			a, b, c = b, c, a
		}
		if k := [3]uint32{a, b, c}; !seen[k] {
			seen[k] = true
			out = append(out, k)
		}
	}
	return out
}
