package mapping

import (
	"math"

	"github.com/metricslam/metricslam/geom"
)

// slant is how the surface of a landmark is turned: the gradient of its log
// inverse depth over the ray (x, y, 1) of its host, 0 where it faces the host, and
// the inverse of the variance of each of its components.
type slant struct {
	x, y, info float64
}

const (
	slantStd   = 3. // of a surface that nobody has looked at; a road 20 m ahead of a car has 12
	slantLeft  = .3 // deviation that no number of views goes below: surfaces are no planes
	slantMost  = 30
	slantReach = .015 // radians: half of what a plane may span; more is seldom one
	greyStd    = 5.   // of a grey level between two pictures of a surface
)

func (s slant) valid() bool {
	return finite(s.x, s.y) && s.info >= 0 && s.info <= 1/(slantLeft*slantLeft)
}

// slantFixed is the information on a slant that is not to be changed.
const slantFixed = 1e9

// known is the information on a slant, that before any view included.
func (s slant) known() float64 { return s.info + 1/(slantStd*slantStd) }

// turned returns the slant after d was found to be missing, at the information info.
func (s slant) turned(d geom.Vec2, info float64) slant {
	x, y := s.x+d.X, s.y+d.Y
	if n := math.Hypot(x, y); n > slantMost {
		x, y = x*slantMost/n, y*slantMost/n
	}
	return slant{x, y, min(s.info+info, 1/(slantLeft*slantLeft))}
}

// plane returns the surface of l as keyframe from sees it: the inverse depth along
// ray r is plane.r, and 1/depthM along that of pixel u.
func (m *Map) plane(l *Landmark, from *Keyframe, u geom.Vec2, depthM float64) geom.Vec3 {
	n := geom.Vec3{X: l.slant.x, Y: l.slant.y, Z: 1 - l.slant.x*l.Ray.X - l.slant.y*l.Ray.Y}.Scale(l.InvDepth)
	if from.ID != l.Host {
		rel := m.Keyframes[l.Host].Pose.Between(from.Pose)
		n = rel.R.TMulVec(n)
	}
	at := n.Dot(from.Camera.Ray(u)) * depthM
	if at <= 1e-3*n.Norm()*depthM {
		return geom.Vec3{Z: 1 / depthM}
	}
	return n.Scale(1 / at)
}
