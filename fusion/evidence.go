package fusion

import (
	"math"
	"runtime"

	"github.com/metricslam/metricslam/geom"
	"github.com/metricslam/metricslam/slam"
)

// Evidence is what the views say of each vertex of a mesh.
type Evidence struct {
	// Deviation is the standard deviation of the vertex along the rays that see it,
	// in metres, without that of the map's scale: of the views' depth from the
	// surface, or what they state themselves, whichever is larger. Views err alike,
	// so that many are not taken for more precise than one. 0 where none sees it.
	Deviation []float32
	Seen      []float64 // stamp of the first view that sees it, infinite where none does
}

const (
	evidenceTests = 40_000_000 // of a vertex in a view, some 2 s of a core
	evidenceViews = 512        // each costs some 20 ms to unpack and align

	// A view sees a vertex where its depth there is within so many deviations of the
	// vertex, or within this share: what lies farther off is another surface.
	seesSigmas = 3
	seesShare  = .15
)

// Witness asks views, or as many of them as can be afforded, evenly spread, for
// the vertices that lie within rangeM of them. poses are those of the views by
// time; view returns one, false where it has no depth.
func Witness(m *slam.Mesh, poses slam.Trajectory, rangeM float64, align AlignConfig, view func(i int) (slam.KeyframeView, bool)) Evidence {
	w := newWitness(m, rangeM)
	tests := 0
	for _, p := range poses {
		for _, cell := range w.around(p.Pose.T) {
			tests += len(cell)
		}
	}
	stride := max(tests/evidenceTests, len(poses)/evidenceViews) + 1
	for i := 0; i < len(poses); i += stride {
		v, ok := view(i)
		if !ok || CheckView(v) != nil {
			continue
		}
		v.Depth, _ = Align(v, align)
		w.add(v)
	}
	return w.evidence()
}

// witness gathers what views say.
type witness struct {
	mesh  *slam.Mesh
	cellM float64
	cells map[[3]int32][]uint32 // vertices
	sums  []sums                // by vertex
}

// sums are over the views that see a vertex, weighted by the inverse variance of
// their depth.
type sums struct {
	n            int32
	weight, miss float32 // miss: squared distances, metres
	first        float64
}

func newWitness(m *slam.Mesh, rangeM float64) *witness {
	w := &witness{mesh: m, cellM: max(rangeM, 1e-3) / 2, cells: make(map[[3]int32][]uint32), sums: make([]sums, len(m.Vertices))}
	for i, v := range m.Vertices {
		k := w.cell(geom.Vec3{X: float64(v[0]), Y: float64(v[1]), Z: float64(v[2])})
		w.cells[k] = append(w.cells[k], uint32(i))
		w.sums[i].first = math.Inf(1)
	}
	return w
}

func (w *witness) cell(p geom.Vec3) [3]int32 {
	at := func(x float64) int32 { return int32(math.Floor(x / w.cellM)) }
	return [3]int32{at(p.X), at(p.Y), at(p.Z)}
}

// around returns the cells within the range of a point, and some beyond.
func (w *witness) around(p geom.Vec3) (out [][]uint32) {
	c := w.cell(p)
	for x := c[0] - 2; x <= c[0]+2; x++ {
		for y := c[1] - 2; y <= c[1]+2; y++ {
			for z := c[2] - 2; z <= c[2]+2; z++ {
				if cell := w.cells[[3]int32{x, y, z}]; cell != nil {
					out = append(out, cell)
				}
			}
		}
	}
	return out
}

// add asks a view for the vertices around it. Each vertex is in one cell, and each
// cell is one goroutine's.
func (w *witness) add(v slam.KeyframeView) {
	cells := w.around(v.Pose.T)
	parallelFor(len(cells), runtime.GOMAXPROCS(0), 1, func(c int) {
		for _, i := range cells[c] {
			w.ask(v, i)
		}
	})
}

func (w *witness) ask(v slam.KeyframeView, i uint32) {
	p := w.mesh.Vertices[i]
	at := v.Pose.ApplyInverse(geom.Vec3{X: float64(p[0]), Y: float64(p[1]), Z: float64(p[2])})
	if at.Z <= 0 {
		return
	}
	depth, logStd, ok := v.Depth.At(v.Depth.Camera.Project(at))
	if !ok || logStd <= 0 {
		return
	}
	off := math.Log(at.Z / depth)
	if math.Abs(off) > max(seesSigmas*logStd, seesShare) {
		return
	}
	s := &w.sums[i]
	weight := 1 / (at.Z * at.Z * logStd * logStd)
	s.n++
	s.weight += float32(weight)
	s.miss += float32(weight * at.Z * at.Z * off * off)
	s.first = min(s.first, v.Time)
}

func (w *witness) evidence() Evidence {
	e := Evidence{Deviation: make([]float32, len(w.sums)), Seen: make([]float64, len(w.sums))}
	for i, s := range w.sums {
		e.Seen[i] = s.first
		if s.n > 0 {
			stated := float64(s.n) / float64(s.weight)
			e.Deviation[i] = float32(math.Sqrt(max(stated, float64(s.miss/s.weight))))
		}
	}
	return e
}
