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

// readG2O reads the file whose first line is in s.
func readG2O(s *scanner) (*Graph, error) {
	g := &Graph{}
	index := make(map[int]int)
	var ends [][2]int // vertex numbers and lines, resolved at the end: edges may stand first
	var lines []int
	var fixed [][2]int
	for ok := true; ok && s.err == nil; ok = s.next() {
		switch tag := s.field(); string(tag) {
		case tagVertex:
			v := Vertex{ID: s.integer("the vertex number", 0, math.MaxInt)}
			v.Pose = s.pose()
			if _, twice := index[v.ID]; twice && s.err == nil {
				return nil, s.errorf("vertex %d is already defined", v.ID)
			}
			index[v.ID] = len(g.Vertices)
			g.Vertices = append(g.Vertices, v)
		case tagEdge:
			ends = append(ends, [2]int{s.integer("the first vertex", 0, math.MaxInt), s.integer("the second vertex", 0, math.MaxInt)})
			lines = append(lines, s.line)
			e := Edge{Z: s.pose()}
			for k := range e.Info {
				e.Info[k] = s.float("an entry of the information matrix")
			}
			g.Edges = append(g.Edges, e)
		case tagFix:
			fixed = append(fixed, [2]int{s.integer("the vertex number", 0, math.MaxInt), s.line})
		default:
			return nil, s.errorf("unknown tag %q; this reads %s, %s and %s", clip(tag), tagVertex, tagEdge, tagFix)
		}
		s.endOfLine()
	}
	if s.err != nil {
		return nil, s.err
	}
	find := func(id, line int) int {
		i, ok := index[id]
		if !ok && s.err == nil {
			s.line = line
			s.err = s.errorf("no vertex %d in the file", id)
		}
		return i
	}
	for k := range g.Edges {
		e := &g.Edges[k]
		e.From, e.To = find(ends[k][0], lines[k]), find(ends[k][1], lines[k])
		if e.From == e.To && s.err == nil {
			s.line = lines[k]
			s.err = s.errorf("the edge joins vertex %d to itself", ends[k][0])
		}
	}
	for _, f := range fixed {
		if i := find(f[0], f[1]); s.err == nil {
			g.Vertices[i].Fixed = true
		}
	}
	if s.err == nil && len(g.Edges) == 0 {
		s.err = s.errorf("the file has no edges: nothing to solve")
	}
	return g, s.err
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
