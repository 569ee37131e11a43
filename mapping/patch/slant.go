package patch

import (
	"math"

	"github.com/metricslam/metricslam/geom"
)

// Slant is how a surface is turned: the gradient of its log inverse depth over the
// ray (x, y, 1) of the camera that it is given in, 0 where it faces that camera,
// and the information (inverse variance) on each component.
type Slant struct {
	X, Y, Info float64
}

// FixedSlant is the information on a slant that is not to be changed.
const FixedSlant = 1e9

// Valid reports whether the slant is one that views can have led to.
func (s Slant) Valid() bool {
	return geom.Finite(s.X, s.Y) && s.Info >= 0 && s.Info <= 1/(slantMinStd*slantMinStd)
}

// Known is the information on a slant with that of the prior.
func (s Slant) Known() float64 { return s.Info + 1/(slantPriorStd*slantPriorStd) }

// Update returns the slant after a match said that d is missing, at the
// information info.
func (s Slant) Update(d geom.Vec2, info float64) Slant {
	x, y := s.X+d.X, s.Y+d.Y
	if n := math.Hypot(x, y); n > maxSlant {
		x, y = x*maxSlant/n, y*maxSlant/n
	}
	return Slant{x, y, min(s.Info+info, 1/(slantMinStd*slantMinStd))}
}

// Plane returns the surface through the point at an inverse depth along a ray
// (z = 1): the inverse depth along another ray r is plane . r.
func (s Slant) Plane(ray geom.Vec3, invDepth float64) geom.Vec3 {
	return geom.Vec3{X: s.X, Y: s.Y, Z: 1 - s.X*ray.X - s.Y*ray.Y}.Scale(invDepth)
}

// PlaneAt returns a multiple of a plane that passes through the point at depth
// depthM along a ray, and the plane that faces the camera there where the first is
// seen from its edge.
func PlaneAt(plane, ray geom.Vec3, depthM float64) geom.Vec3 {
	at := plane.Dot(ray) * depthM
	if at <= edgeOnCos*plane.Norm()*depthM {
		return geom.Vec3{Z: 1 / depthM}
	}
	return plane.Scale(1 / at)
}
