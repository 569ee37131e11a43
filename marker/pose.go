package marker

import (
	"math"

	"github.com/metricslam/metricslam/geom"
)

// Pose is where a marker lies: T_cm, marker to camera, with the root mean square
// distance of its corners from where that puts them.
type Pose struct {
	T     geom.SE3 // metres
	RMSPx float64
}

// Square returns the corners of a marker in its own frame; edge in any unit.
func Square(edge float64) [4]geom.Vec3 {
	h := edge / 2
	return [4]geom.Vec3{{X: -h, Y: -h}, {X: h, Y: -h}, {X: h, Y: h}, {X: -h, Y: h}}
}

// Poses returns the two poses that a marker of an edge length may have, the
// likelier one first: seen from afar, a square tilted one way looks almost like
// one tilted the other way (IPPE; Collins and Bartoli 2014), and each is refined
// by least squares. Where their RMSPx are alike, neither tilt is to be trusted;
// both agree on the distance. ok is false for corners that no square has.
func (m Detection) Poses(cam geom.Camera, edgeM float64) (p [2]Pose, ok bool) {
	corners := Square(edgeM)
	var plane, rays [4]geom.Vec2
	for i, u := range m.Corners {
		plane[i], rays[i] = geom.Vec2{X: corners[i].X, Y: corners[i].Y}, cam.Ray(u).XY()
	}
	h, ok := geom.Homography(plane[:], rays[:])
	if !ok || h[2][2] == 0 {
		return p, false
	}
	r, ok := rotations(h.Scale(1 / h[2][2]))
	if !ok {
		return p, false
	}
	for i := range 2 {
		t := geom.SE3{R: r[i], T: translation(r[i], corners, rays)}
		if t, _ = geom.RefinePnP(t, rays[:], corners[:], nil, geom.Kernel{}, 10); !t.IsFinite() || t.T.Z <= 0 {
			return p, false
		}
		p[i] = Pose{t, m.rms(cam, t, corners)}
	}
	if p[1].RMSPx < p[0].RMSPx {
		p[0], p[1] = p[1], p[0]
	}
	return p, true
}

func (m Detection) rms(cam geom.Camera, t geom.SE3, corners [4]geom.Vec3) float64 {
	var sum float64
	for i, c := range corners {
		sum += cam.Project(t.Apply(c)).Sub(m.Corners[i]).Norm2()
	}
	return math.Sqrt(sum / 4)
}

// rotations returns the two rotations whose perspective has the derivatives of
// a homography at the marker's middle; h[2][2] = 1.
func rotations(h geom.Mat3) (r [2]geom.Mat3, ok bool) {
	v := geom.Vec3{X: h[0][2], Y: h[1][2], Z: 1}
	j := [2][2]float64{
		{h[0][0] - h[2][0]*v.X, h[0][1] - h[2][1]*v.X},
		{h[1][0] - h[2][0]*v.Y, h[1][1] - h[2][1]*v.Y},
	}
	rv := axisTo(v)
	b := [2][2]float64{
		{rv[0][0] - v.X*rv[2][0], rv[0][1] - v.X*rv[2][1]},
		{rv[1][0] - v.Y*rv[2][0], rv[1][1] - v.Y*rv[2][1]},
	}
	det := b[0][0]*b[1][1] - b[0][1]*b[1][0]
	var a [2][2]float64 // b^-1 j
	for c := range 2 {
		a[0][c] = (b[1][1]*j[0][c] - b[0][1]*j[1][c]) / det
		a[1][c] = (b[0][0]*j[1][c] - b[1][0]*j[0][c]) / det
	}
	sum := a[0][0]*a[0][0] + a[0][1]*a[0][1] + a[1][0]*a[1][0] + a[1][1]*a[1][1]
	area := a[0][0]*a[1][1] - a[0][1]*a[1][0]
	gain := math.Sqrt((sum + math.Sqrt(math.Max(sum*sum-4*area*area, 0))) / 2) // largest singular value
	if !(gain > 0) || math.IsInf(gain, 0) {
		return r, false
	}
	x := geom.Vec3{X: a[0][0] / gain, Y: a[1][0] / gain}
	y := geom.Vec3{X: a[0][1] / gain, Y: a[1][1] / gain}
	x.Z, y.Z = math.Sqrt(math.Max(1-x.Norm2(), 0)), math.Sqrt(math.Max(1-y.Norm2(), 0))
	if x.X*y.X+x.Y*y.Y > 0 { // the columns are at right angles
		y.Z = -y.Z
	}
	for i := range 2 {
		r[i] = geom.Orthonormalize(rv.Mul(geom.FromCols(x, y, x.Cross(y))))
		x.Z, y.Z = -x.Z, -y.Z
	}
	return r, true
}

// axisTo returns the smallest rotation of the z axis to v.
func axisTo(v geom.Vec3) geom.Mat3 {
	u := v.Unit()
	axis := geom.Vec3{Z: 1}.Cross(u)
	s := axis.Norm()
	if s < 1e-12 {
		return geom.Identity3()
	}
	return geom.ExpSO3(axis.Scale(math.Atan2(s, u.Z) / s))
}

// translation is the least-squares position for a rotation: the cross product of
// each ray with its corner is zero, linear in t.
func translation(r geom.Mat3, corners [4]geom.Vec3, rays [4]geom.Vec2) geom.Vec3 {
	var a geom.Mat3
	var b geom.Vec3
	for i, c := range corners {
		p := r.MulVec(c)
		for _, e := range [2]struct {
			row geom.Vec3
			rhs float64
		}{
			{geom.Vec3{X: 1, Z: -rays[i].X}, rays[i].X*p.Z - p.X},
			{geom.Vec3{Y: 1, Z: -rays[i].Y}, rays[i].Y*p.Z - p.Y},
		} {
			a = a.Add(geom.Outer(e.row, e.row))
			b = b.Add(e.row.Scale(e.rhs))
		}
	}
	inv, _ := a.Inverse()
	return inv.MulVec(b)
}
