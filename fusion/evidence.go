package fusion

import (
	"math"
	"runtime"

	"github.com/metricslam/metricslam/geom"
	"github.com/metricslam/metricslam/slam"
)

// Evidence is what views say of each vertex of a mesh.
type Evidence struct {
	// Deviation is the standard deviation of the vertex along the rays that see it,
	// in metres, without that of the map's scale: of the views' depth from the
	// surface, or what they state themselves, whichever is larger. Views err alike,
	// so that many are not taken for more precise than one. 0 where none sees it.
	Deviation []float32
	Seen      []float64 // stamp of the first view that sees it, infinite where none does
}

const (
	witnessViews = 256 // kept of a run, some 150 kB each
	witnessWidth = 160 // pixels of a depth map that is kept

	// A view sees a vertex where its depth there is within so many deviations of the
	// vertex, or within this share: what lies farther off is another surface.
	seesSigmas = 3
	seesShare  = .15
)

// Witness keeps the depth of views as they are fused, to ask them for the mesh
// that was made of them. Of many views it keeps every so manieth, in small.
type Witness struct {
	// Mesh is the mesh before it was simplified, with a colour a voxel, if it has no
	// more than Most triangles.
	Mesh *slam.Mesh
	Most int

	views []slam.KeyframeView
	count int // of views taken
	every int
}

// NewWitness returns a witness of about as many views.
func NewWitness(views int) *Witness { return &Witness{every: max(views-1, 0)/witnessViews + 1} }

// Take keeps a view, if it is one of those kept.
func (w *Witness) Take(v slam.KeyframeView) {
	if w.count%w.every == 0 {
		w.views = append(w.views, slam.KeyframeView{ID: v.ID, Time: v.Time, Pose: v.Pose, Depth: inSmall(v.Depth)})
	}
	w.count++
}

// inSmall returns the nearest pixels of a depth map of at most witnessWidth.
func inSmall(d slam.DepthMap) slam.DepthMap {
	w, h := d.W, d.H
	if w > witnessWidth {
		w, h = witnessWidth, max(1, d.H*witnessWidth/d.W)
	}
	out := d
	out.W, out.H, out.Camera = w, h, d.Camera.Resized(w, h)
	out.Depth, out.LogStd = make([]float32, w*h), nil
	if d.LogStd != nil {
		out.LogStd = make([]float32, w*h)
	}
	for i := range out.Depth {
		x, y := i%w, i/w
		j := (2*y+1)*d.H/(2*h)*d.W + (2*x+1)*d.W/(2*w)
		out.Depth[i] = d.Depth[j]
		if d.LogStd != nil {
			out.LogStd[i] = d.LogStd[j]
		}
	}
	return out
}

// Ask returns what the views say of a mesh, of the vertices within rangeM of each.
func (w *Witness) Ask(m *slam.Mesh, rangeM float64) Evidence {
	cells := newCells(m, rangeM/2)
	sums := make([]sums, len(m.Vertices))
	for i := range sums {
		sums[i].first = math.Inf(1)
	}
	for _, v := range w.views {
		near := cells.around(v.Pose.T, 2)
		// Each vertex is in one cell, and each cell is one goroutine's.
		parallelFor(len(near), runtime.GOMAXPROCS(0), 1, func(c int) {
			for _, i := range near[c] {
				sums[i].add(v, point(m.Vertices[i]))
			}
		})
	}
	e := Evidence{Deviation: make([]float32, len(sums)), Seen: make([]float64, len(sums))}
	for i, s := range sums {
		e.Seen[i] = s.first
		if s.n > 0 {
			stated := s.n / s.weight
			e.Deviation[i] = float32(math.Sqrt(max(stated, s.miss/s.weight)))
		}
	}
	return e
}

func point(v [3]float32) geom.Vec3 {
	return geom.Vec3{X: float64(v[0]), Y: float64(v[1]), Z: float64(v[2])}
}

// sums are over the views that see a vertex, weighted by the inverse variance of
// their depth.
type sums struct {
	n, weight float64
	miss      float64 // squared distances of the depth from the vertex, metres
	first     float64 // stamp
}

// add asks a view for a vertex at p.
func (s *sums) add(v slam.KeyframeView, p geom.Vec3) {
	at := v.Pose.ApplyInverse(p)
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
	weight := 1 / (at.Z * at.Z * logStd * logStd)
	s.n++
	s.weight += weight
	s.miss += weight * at.Z * at.Z * off * off
	s.first = min(s.first, v.Time)
}

// cells finds the vertices near a place.
type cells struct {
	edgeM float64
	of    map[[3]int32][]uint32
}

func newCells(m *slam.Mesh, edgeM float64) cells {
	c := cells{max(edgeM, 1e-3), make(map[[3]int32][]uint32)}
	for i, v := range m.Vertices {
		k := c.at(point(v))
		c.of[k] = append(c.of[k], uint32(i))
	}
	return c
}

func (c cells) at(p geom.Vec3) [3]int32 {
	floor := func(x float64) int32 { return int32(math.Floor(x / c.edgeM)) }
	return [3]int32{floor(p.X), floor(p.Y), floor(p.Z)}
}

// around returns the vertices by cell, of those up to so many cells away.
func (c cells) around(p geom.Vec3, reach int32) (out [][]uint32) {
	k := c.at(p)
	for x := k[0] - reach; x <= k[0]+reach; x++ {
		for y := k[1] - reach; y <= k[1]+reach; y++ {
			for z := k[2] - reach; z <= k[2]+reach; z++ {
				if cell := c.of[[3]int32{x, y, z}]; cell != nil {
					out = append(out, cell)
				}
			}
		}
	}
	return out
}
