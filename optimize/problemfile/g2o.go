package problemfile

import (
	"io"
	"math"
	"strconv"

	"github.com/metricslam/metricslam/geom"
)

// The tags of g2o files that are read.
const (
	tagVertex = "VERTEX_SE3:QUAT"
	tagEdge   = "EDGE_SE3:QUAT"
	tagFix    = "FIX"
)

// Graph is a 3-D pose graph. Vertices and edges stand in the order of the file.
type Graph struct {
	Vertices []Vertex
	Edges    []Edge
}

// Vertex is a pose, body to world, with the number it has in the file.
type Vertex struct {
	ID    int
	Pose  geom.SE3
	Fixed bool
}

// Edge measures Z = X_from^-1 X_to between the vertices of these indices. Info
// is the upper triangle, row by row, of the 6x6 information matrix,
// translation first.
type Edge struct {
	From, To int
	Z        geom.SE3
	Info     [21]float64
}

// minQuaternion is the shortest quaternion that still says a rotation; files
// round them, so that they are only nearly unit.
const minQuaternion = .5

// graphReader is a graph whose edges still name vertices by their number in the
// file: edges may stand before their vertices.
type graphReader struct {
	*scanner
	g     Graph
	index map[int]int // vertex number to index
	ends  [][3]int    // vertex numbers of each edge, and its line
	fixed [][2]int    // numbers of fixed vertices, and their lines
}

// readG2O reads the file whose first line is in s.
func readG2O(s *scanner) (*Graph, error) {
	r := &graphReader{scanner: s, index: make(map[int]int)}
	for ok := true; ok && s.err == nil; ok = s.next() {
		r.readLine()
		s.endOfLine()
	}
	if s.err == nil {
		r.resolve()
	}
	if s.err == nil && len(r.g.Edges) == 0 {
		s.err = s.errorf("the file has no edges: nothing to solve")
	}
	return &r.g, s.err
}

func (r *graphReader) readLine() {
	switch tag := r.field(); string(tag) {
	case tagVertex:
		v := Vertex{ID: r.integer("the vertex number", 0, math.MaxInt), Pose: r.pose()}
		if _, twice := r.index[v.ID]; twice && r.err == nil {
			r.err = r.errorf("vertex %d is already defined", v.ID)
		}
		r.index[v.ID] = len(r.g.Vertices)
		r.g.Vertices = append(r.g.Vertices, v)
	case tagEdge:
		from, to := r.integer("the first vertex", 0, math.MaxInt), r.integer("the second vertex", 0, math.MaxInt)
		r.ends = append(r.ends, [3]int{from, to, r.line})
		e := Edge{Z: r.pose()}
		for k := range e.Info {
			e.Info[k] = r.float("an entry of the information matrix")
		}
		r.g.Edges = append(r.g.Edges, e)
	case tagFix:
		r.fixed = append(r.fixed, [2]int{r.integer("the vertex number", 0, math.MaxInt), r.line})
	default:
		r.err = r.errorf("unknown tag %q; this reads %s, %s and %s", clip(tag), tagVertex, tagEdge, tagFix)
	}
}

// resolve turns vertex numbers into indices.
func (r *graphReader) resolve() {
	for k := range r.g.Edges {
		e, ends := &r.g.Edges[k], r.ends[k]
		e.From, e.To = r.find(ends[0], ends[2]), r.find(ends[1], ends[2])
		if e.From == e.To && r.err == nil {
			r.line = ends[2]
			r.err = r.errorf("the edge joins vertex %d to itself", ends[0])
		}
	}
	for _, f := range r.fixed {
		if i := r.find(f[0], f[1]); r.err == nil {
			r.g.Vertices[i].Fixed = true
		}
	}
}

func (r *graphReader) find(id, line int) int {
	i, ok := r.index[id]
	if !ok && r.err == nil {
		r.line = line
		r.err = r.errorf("no vertex %d in the file", id)
	}
	return i
}

// pose reads a translation and a quaternion, x y z qx qy qz qw.
func (s *scanner) pose() geom.SE3 {
	var v [7]float64
	for k, what := range [7]string{"x", "y", "z", "qx", "qy", "qz", "qw"} {
		v[k] = s.float(what)
	}
	n := math.Sqrt(v[3]*v[3] + v[4]*v[4] + v[5]*v[5] + v[6]*v[6])
	if s.err == nil && !(n > minQuaternion && n < 1/minQuaternion) {
		s.err = s.errorf("the quaternion has length %.3g, want 1", n)
	}
	return geom.FromQuat(geom.Quat{X: v[3], Y: v[4], Z: v[5], W: v[6]}, geom.Vec3{X: v[0], Y: v[1], Z: v[2]})
}

// Write writes the graph in g2o format.
func (g *Graph) Write(w io.Writer) error {
	var line []byte
	pose := func(p geom.SE3) {
		q := geom.QuatFromMat3(p.R)
		for _, x := range [7]float64{p.T.X, p.T.Y, p.T.Z, q.X, q.Y, q.Z, q.W} {
			line = appendFloat(append(line, ' '), x)
		}
	}
	number := func(id int) { line = strconv.AppendInt(append(line, ' '), int64(id), 10) }
	for i := range g.Vertices {
		v := &g.Vertices[i]
		line = append(line, tagVertex...)
		number(v.ID)
		pose(v.Pose)
		line = append(line, '\n')
		if v.Fixed {
			line = append(line, tagFix...)
			number(v.ID)
			line = append(line, '\n')
		}
	}
	for i := range g.Edges {
		e := &g.Edges[i]
		line = append(line, tagEdge...)
		number(g.Vertices[e.From].ID)
		number(g.Vertices[e.To].ID)
		pose(e.Z)
		for _, x := range e.Info {
			line = appendFloat(append(line, ' '), x)
		}
		line = append(line, '\n')
	}
	_, err := w.Write(line)
	return err
}
