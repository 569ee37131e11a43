package viewer

import (
	"math"

	"github.com/metricslam/metricslam/geom"
	"github.com/metricslam/metricslam/slam"
)

// Pick returns the point of a mesh that is seen at pixel u, the nearest along
// its ray. Triangles seen from behind are passed through where cull is set, as
// they are not drawn then. Every triangle is tried (Moeller, Trumbore, Fast,
// minimum storage ray-triangle intersection, 1997): some 10 ms a million.
func Pick(m *slam.Mesh, v View, u geom.Vec2, cull bool) (p geom.Vec3, ok bool) {
	p, _, ok = pick(m, v, u, cull, nil)
	return p, ok
}

// pick is Pick within a box, with the triangle that is hit.
func pick(m *slam.Mesh, v View, u geom.Vec2, cull bool, clip *clipBox) (p geom.Vec3, triangle int, ok bool) {
	if m == nil {
		return p, 0, false
	}
	origin, dir := v.Ray(u)
	nearest := math.Inf(1)
	for i, t := range m.Triangles {
		a, b, c := vec(m.Vertices[t[0]]), vec(m.Vertices[t[1]]), vec(m.Vertices[t[2]])
		if s, hit := intersect(origin, dir, a, b, c, cull); hit && s < nearest && clip.holds(origin.Add(dir.Scale(s))) {
			nearest, triangle = s, i
		}
	}
	if math.IsInf(nearest, 1) {
		return p, 0, false
	}
	return origin.Add(dir.Scale(nearest)), triangle, true
}

// intersect returns how far along a ray a triangle is hit.
func intersect(origin, dir, a, b, c geom.Vec3, cull bool) (s float64, ok bool) {
	e1, e2 := b.Sub(a), c.Sub(a)
	h := dir.Cross(e2)
	det := e1.Dot(h) // > 0: a, b, c run anticlockwise as the ray sees them
	if det == 0 || cull && det < 0 {
		return 0, false
	}
	q := origin.Sub(a)
	x := q.Dot(h) / det
	n := q.Cross(e1)
	y := dir.Dot(n) / det
	if x < 0 || y < 0 || x+y > 1 {
		return 0, false
	}
	s = e2.Dot(n) / det
	return s, s > 0
}

func vec(v [3]float32) geom.Vec3 {
	return geom.Vec3{X: float64(v[0]), Y: float64(v[1]), Z: float64(v[2])}
}

func vec32(p geom.Vec3) [3]float32 {
	return [3]float32{float32(p.X), float32(p.Y), float32(p.Z)}
}
