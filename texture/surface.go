package texture

import (
	"math"
	"slices"

	"github.com/metricslam/metricslam/geom"
	"github.com/metricslam/metricslam/slam"
)

// surface is a mesh with what is asked of its triangles again and again.
type surface struct {
	*slam.Mesh
	areas   []float32   // m^2
	normals []geom.Vec3 // unit; zero of a triangle without area
	beside  [][3]int32  // the neighbour across the edge from corner k to the next; -1: none, or not just one
	groups  []faceGroup // of faces near each other, to pass over those out of sight
}

// faceGroup is the triangles of a cell of space.
type faceGroup struct {
	faces  []uint32
	middle geom.Vec3
	radius float64
}

// groupFaces is about how many triangles a group has.
const groupFaces = 256

func newSurface(m *slam.Mesh) *surface {
	s := &surface{Mesh: m, areas: make([]float32, len(m.Triangles)), normals: make([]geom.Vec3, len(m.Triangles))}
	for f, t := range m.Triangles {
		a := s.at(t[0])
		n := s.at(t[1]).Sub(a).Cross(s.at(t[2]).Sub(a))
		if l := n.Norm(); l > 0 {
			s.areas[f], s.normals[f] = float32(l/2), n.Scale(1/l)
		}
	}
	s.beside = neighbours(m.Triangles)
	s.group()
	return s
}

func (s *surface) at(v uint32) geom.Vec3 {
	p := s.Vertices[v]
	return geom.Vec3{X: float64(p[0]), Y: float64(p[1]), Z: float64(p[2])}
}

func (s *surface) edgeM(f, k int) float64 {
	t := s.Triangles[f]
	return s.at(t[k]).Sub(s.at(t[(k+1)%3])).Norm()
}

// neighbours returns the triangle across each edge.
func neighbours(triangles [][3]uint32) [][3]int32 {
	type side struct {
		a, b uint32 // a < b
		face int32
		k    uint8
	}
	sides := make([]side, 0, 3*len(triangles))
	out := make([][3]int32, len(triangles))
	for f, t := range triangles {
		out[f] = [3]int32{-1, -1, -1}
		for k := range 3 {
			a, b := t[k], t[(k+1)%3]
			sides = append(sides, side{min(a, b), max(a, b), int32(f), uint8(k)})
		}
	}
	slices.SortFunc(sides, func(x, y side) int {
		switch {
		case x.a != y.a:
			return compare(x.a, y.a)
		case x.b != y.b:
			return compare(x.b, y.b)
		}
		return compare(uint32(x.face), uint32(y.face))
	})
	for i := 0; i < len(sides); {
		j := i + 1
		for j < len(sides) && sides[j].a == sides[i].a && sides[j].b == sides[i].b {
			j++
		}
		if x, y := sides[i], sides[j-1]; j-i == 2 && x.face != y.face {
			out[x.face][x.k], out[y.face][y.k] = y.face, x.face
		}
		i = j
	}
	return out
}

func compare(a, b uint32) int {
	if a < b {
		return -1
	} else if a > b {
		return 1
	}
	return 0
}

// group sorts the triangles into cells of space.
func (s *surface) group() {
	if len(s.Triangles) == 0 {
		return
	}
	lo, hi := s.at(s.Triangles[0][0]), s.at(s.Triangles[0][0])
	for _, t := range s.Triangles {
		p := s.at(t[0])
		lo = geom.Vec3{X: min(lo.X, p.X), Y: min(lo.Y, p.Y), Z: min(lo.Z, p.Z)}
		hi = geom.Vec3{X: max(hi.X, p.X), Y: max(hi.Y, p.Y), Z: max(hi.Z, p.Z)}
	}
	// A surface fills about n^2 of n^3 cells.
	size := hi.Sub(lo)
	side := max(size.X, size.Y, size.Z, 1e-6) / max(1, math.Sqrt(float64(len(s.Triangles))/groupFaces))
	index := make(map[[3]int32]int)
	for f, t := range s.Triangles {
		q := s.at(t[0]).Sub(lo).Scale(1 / side)
		key := [3]int32{int32(q.X), int32(q.Y), int32(q.Z)}
		g, ok := index[key]
		if !ok {
			g = len(s.groups)
			index[key] = g
			s.groups = append(s.groups, faceGroup{})
		}
		s.groups[g].faces = append(s.groups[g].faces, uint32(f))
	}
	for i := range s.groups {
		g := &s.groups[i]
		for _, f := range g.faces {
			for _, v := range s.Triangles[f] {
				g.middle = g.middle.Add(s.at(v).Scale(1 / float64(3*len(g.faces))))
			}
		}
		for _, f := range g.faces {
			for _, v := range s.Triangles[f] {
				g.radius = max(g.radius, s.at(v).Sub(g.middle).Norm())
			}
		}
	}
}

// inSight returns the triangles of the groups that reach into the image of a view.
func (s *surface) inSight(v View) (out []uint32) {
	c := v.Camera
	x0, x1 := (-.5-c.Cx)/c.Fx, (float64(c.W)-.5-c.Cx)/c.Fx
	y0, y1 := (-.5-c.Cy)/c.Fy, (float64(c.H)-.5-c.Cy)/c.Fy
	// Distance from the plane through the camera's centre and an edge of the image.
	beyond := func(a, b, slope, radius float64) bool { return (a-slope*b)/math.Hypot(1, slope) < -radius }
	for _, g := range s.groups {
		p, r := v.Pose.ApplyInverse(g.middle), g.radius
		if p.Z < -r || beyond(p.X, p.Z, x0, r) || beyond(-p.X, p.Z, -x1, r) || beyond(p.Y, p.Z, y0, r) || beyond(-p.Y, p.Z, -y1, r) {
			continue
		}
		out = append(out, g.faces...)
	}
	return out
}
