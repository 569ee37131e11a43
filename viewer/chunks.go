package viewer

import (
	"math"
	"slices"

	"github.com/metricslam/metricslam/geom"
	"github.com/metricslam/metricslam/internal/stats"
	"github.com/metricslam/metricslam/slam"
)

// A mesh is drawn in chunks: cubes of space with the triangles whose middle lies in
// them. What is out of sight is not drawn; what is far is drawn coarser. The coarse
// levels take the vertices of each small cell for one (Rossignac and Borrel,
// Multi-resolution 3D approximations for rendering complex scenes, 1993), so that
// they share the buffer of vertices and differ in their triangles alone.

const (
	chunkTriangles = 8000   // about, of the finest level
	coarseLevels   = 5      // each with cells twice as wide as the one before
	coarseFrom     = 30_000 // triangles; a smaller mesh is drawn as it is
	// coarsePx is how wide a cell may appear: what moves by less than half of it is
	// not seen.
	coarsePx = 1.5
	// What is drawn at once, so that an image takes a tenth of a second of software
	// OpenGL while the view moves, and less than one when it rests. Where more is in
	// sight cells may appear wider.
	movingTriangles, restingTriangles = 120_000, 600_000
)

// chunk is a part of a mesh.
type chunk struct {
	middle geom.Vec3
	radius float64
	levels [coarseLevels + 1]span // triangles of each level
}

// span is a range of triangles in the buffer.
type span struct {
	from, n int
	coarse  bool // of a level whose corners are those of other places in the images
}

// chunked is a mesh as it is drawn.
type chunked struct {
	triangles [][3]uint32
	chunks    []chunk
	cellM     [coarseLevels + 1]float64 // of each level; 0 of the finest
}

// chunksOf sorts a mesh into chunks; without coarse levels where lod is not set.
func chunksOf(m *slam.Mesh, lod bool) *chunked {
	c := &chunked{}
	if m == nil || len(m.Triangles) == 0 {
		return c
	}
	b := emptyBox()
	for _, v := range m.Vertices {
		b.add(vec(v))
	}
	levels := 0
	if lod && len(m.Triangles) >= coarseFrom {
		levels = coarseLevels
	}
	edge := typicalEdge(m)
	side := chunkSide(m, b)
	byLevel := make([]map[[3]int32][][3]uint32, levels+1)
	triangles := m.Triangles
	for l := range byLevel {
		if l > 0 {
			c.cellM[l] = edge * math.Pow(2, float64(l))
			triangles = coarser(m, triangles, c.cellM[l], b.lo)
		}
		byLevel[l] = make(map[[3]int32][][3]uint32)
		for _, t := range triangles {
			k := cellOf(vec(m.Vertices[t[0]]), b.lo, side)
			byLevel[l][k] = append(byLevel[l][k], t)
		}
	}
	keys := make([][3]int32, 0, len(byLevel[0]))
	for k := range byLevel[0] {
		keys = append(keys, k)
	}
	slices.SortFunc(keys, func(x, y [3]int32) int { return slices.Compare(x[:], y[:]) })
	for _, k := range keys {
		c.add(m, byLevel, k)
	}
	return c
}

// add appends the chunk of a cell.
func (c *chunked) add(m *slam.Mesh, byLevel []map[[3]int32][][3]uint32, k [3]int32) {
	x := chunk{}
	around := emptyBox()
	for l, level := range byLevel {
		x.levels[l] = span{from: len(c.triangles), n: len(level[k]), coarse: l > 0}
		c.triangles = append(c.triangles, level[k]...)
		for _, t := range level[k] {
			for _, v := range t {
				around.add(vec(m.Vertices[v]))
			}
		}
	}
	x.middle, x.radius = around.center(), around.size().Norm()/2
	c.chunks = append(c.chunks, x)
}

// typicalEdge is the median length of some edges.
func typicalEdge(m *slam.Mesh) float64 {
	var lengths []float64
	for i := 0; i < len(m.Triangles); i += len(m.Triangles)/2000 + 1 {
		t := m.Triangles[i]
		lengths = append(lengths, vec(m.Vertices[t[1]]).Sub(vec(m.Vertices[t[0]])).Norm())
	}
	return stats.Quantile(lengths, .5)
}

// chunkSide is the side of cubes that hold about chunkTriangles each: a surface
// fills as many of n^3 cubes as about n^2.
func chunkSide(m *slam.Mesh, b box) float64 {
	n := math.Sqrt(float64(len(m.Triangles)) / chunkTriangles)
	s := b.size()
	return max(s.X, s.Y, s.Z, 1e-6) / max(n, 1) * 1.0001
}

func cellOf(p, lo geom.Vec3, side float64) [3]int32 {
	q := p.Sub(lo).Scale(1 / side)
	return [3]int32{int32(q.X), int32(q.Y), int32(q.Z)}
}

// coarser takes the vertices of each cell for the first of them, and drops the
// triangles that become lines.
func coarser(m *slam.Mesh, triangles [][3]uint32, cellM float64, lo geom.Vec3) (out [][3]uint32) {
	first := make(map[[3]int32]uint32)
	at := func(v uint32) uint32 {
		k := cellOf(vec(m.Vertices[v]), lo, cellM)
		if f, ok := first[k]; ok {
			return f
		}
		first[k] = v
		return v
	}
	for _, t := range triangles {
		s := [3]uint32{at(t[0]), at(t[1]), at(t[2])}
		if s[0] != s[1] && s[1] != s[2] && s[0] != s[2] {
			out = append(out, s)
		}
	}
	return out
}

// visible returns the ranges of triangles to draw in a view, at most about as many
// triangles as said.
func (c *chunked) visible(v View, most int) (out []span) {
	for px := coarsePx; ; px *= 2 {
		out = c.within(v, px)
		n := 0
		for _, s := range out {
			n += s.n
		}
		if n <= most || px > 16*coarsePx || c.cellM[1] == 0 {
			return out
		}
	}
}

// within returns the ranges of triangles in sight whose cells appear at most as wide
// as said, those next to each other joined.
func (c *chunked) within(v View, px float64) (out []span) {
	for i := range c.chunks {
		x := &c.chunks[i]
		p := v.Pose.ApplyInverse(x.middle)
		if !v.sees(p, x.radius) {
			continue
		}
		s := x.levels[c.level(v, p.Norm()-x.radius, px)]
		if n := len(out); n > 0 && out[n-1].from+out[n-1].n == s.from && out[n-1].coarse == s.coarse {
			out[n-1].n += s.n
		} else if s.n > 0 {
			out = append(out, s)
		}
	}
	return out
}

// level is the coarsest one whose cells appear at most px wide from a distance.
func (c *chunked) level(v View, distanceM, px float64) (l int) {
	pixelM := distanceM / v.Camera.Fx
	if v.OrthoM > 0 {
		pixelM = v.OrthoM / v.Camera.Fx
	}
	for i, cell := range c.cellM {
		if cell > 0 && cell <= px*pixelM {
			l = i
		}
	}
	return l
}

// sees reports whether a sphere around a point in the camera's frame reaches into
// the image.
func (v View) sees(p geom.Vec3, radius float64) bool {
	c := v.Camera
	x0, x1 := (-.5-c.Cx)/c.Fx, (float64(c.W)-.5-c.Cx)/c.Fx
	y0, y1 := (-.5-c.Cy)/c.Fy, (float64(c.H)-.5-c.Cy)/c.Fy
	if v.OrthoM > 0 {
		s := v.OrthoM
		return p.X+radius >= x0*s && p.X-radius <= x1*s && p.Y+radius >= y0*s && p.Y-radius <= y1*s
	}
	// Distances from the four planes through the camera's centre and the image's
	// edges.
	outside := func(a, b, slope float64) bool { return (a-slope*b)/math.Hypot(1, slope) < -radius }
	return p.Z > -radius && !outside(p.X, p.Z, x0) && !outside(-p.X, p.Z, -x1) && !outside(p.Y, p.Z, y0) && !outside(-p.Y, p.Z, -y1)
}
