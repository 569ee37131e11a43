package viewer

import (
	"math"

	"github.com/metricslam/metricslam/geom"
)

// View is where a scene is looked at from, and with which camera.
type View struct {
	Pose   geom.SE3    // T_wc
	Camera geom.Camera // pixel centres at integers, y down
	// OrthoM makes the projection parallel: the camera sees everything as if it
	// were this many metres away. 0 means perspective.
	OrthoM float64
}

// Project returns the pixel of a point of the world and its depth along the
// optical axis. With perspective, a depth of 0 or less lies behind the camera.
func (v View) Project(p geom.Vec3) (u geom.Vec2, depthM float64) {
	c := v.Pose.ApplyInverse(p)
	if v.OrthoM > 0 {
		return v.Camera.Project(geom.Vec3{X: c.X, Y: c.Y, Z: v.OrthoM}), c.Z
	}
	return v.Camera.Project(c), c.Z
}

// Ray returns the line of sight of a pixel: a point and a unit direction.
func (v View) Ray(u geom.Vec2) (origin, dir geom.Vec3) {
	if v.OrthoM > 0 {
		p := v.Camera.Unproject(u, v.OrthoM)
		p.Z = 0
		return v.Pose.Apply(p), v.Pose.R.Col(2)
	}
	return v.Pose.T, v.Pose.R.MulVec(v.Camera.Ray(u)).Unit()
}

// mat4 is a 4x4 matrix, row by row.
type mat4 [16]float32

// depthRange returns the nearest and the farthest depth that must be drawn so
// that a box is seen.
func (v View) depthRange(b box) (near, far float64) {
	near, far = math.Inf(1), math.Inf(-1)
	for _, p := range b.corners() {
		z := v.Pose.ApplyInverse(p).Z
		near, far = min(near, z), max(far, z)
	}
	size := b.size().Norm()
	pad := max(.01*size, .01) // a single point has no size
	near, far = near-pad, far+pad
	if v.OrthoM > 0 {
		return near, far
	}
	// A depth buffer of 24 bits tells 1/2000 of the depth apart at the far end.
	far = max(far, .01)
	return max(near, far/5000), far
}

// clipFromWorld returns the matrix that takes the world to OpenGL's clip space.
// A pixel's centre u lies at (2u+1)/W - 1: continuous coordinates begin at the
// pixel's edge.
func (v View) clipFromWorld(near, far float64) mat4 {
	c := v.Camera
	w, h := float64(c.W), float64(c.H)
	ox, oy := (2*c.Cx+1)/w-1, 1-(2*c.Cy+1)/h
	sx, sy := 2*c.Fx/w, -2*c.Fy/h
	rows := [4][4]float64{
		{sx, 0, ox, 0},
		{0, sy, oy, 0},
		{0, 0, (far + near) / (far - near), -2 * far * near / (far - near)},
		{0, 0, 1, 0},
	}
	if v.OrthoM > 0 {
		rows = [4][4]float64{
			{sx / v.OrthoM, 0, 0, ox},
			{0, sy / v.OrthoM, 0, oy},
			{0, 0, 2 / (far - near), -(far + near) / (far - near)},
			{0, 0, 0, 1},
		}
	}
	m := v.Pose.Inverse()
	cols := [4]geom.Vec3{m.R.Col(0), m.R.Col(1), m.R.Col(2), m.T}
	var out mat4
	for i, r := range rows {
		for j, p := range cols {
			x := r[0]*p.X + r[1]*p.Y + r[2]*p.Z
			if j == 3 {
				x += r[3]
			}
			out[4*i+j] = float32(x)
		}
	}
	return out
}

// box is an axis-aligned box.
type box struct{ lo, hi geom.Vec3 }

func emptyBox() box {
	inf := math.Inf(1)
	return box{geom.Vec3{X: inf, Y: inf, Z: inf}, geom.Vec3{X: -inf, Y: -inf, Z: -inf}}
}

func (b *box) add(p geom.Vec3) {
	b.lo = geom.Vec3{X: min(b.lo.X, p.X), Y: min(b.lo.Y, p.Y), Z: min(b.lo.Z, p.Z)}
	b.hi = geom.Vec3{X: max(b.hi.X, p.X), Y: max(b.hi.Y, p.Y), Z: max(b.hi.Z, p.Z)}
}

func (b box) size() geom.Vec3   { return b.hi.Sub(b.lo) }
func (b box) center() geom.Vec3 { return b.hi.Add(b.lo).Scale(.5) }

func (b box) corners() (c [8]geom.Vec3) {
	for i := range c {
		c[i] = b.lo
		if i&1 != 0 {
			c[i].X = b.hi.X
		}
		if i&2 != 0 {
			c[i].Y = b.hi.Y
		}
		if i&4 != 0 {
			c[i].Z = b.hi.Z
		}
	}
	return c
}
