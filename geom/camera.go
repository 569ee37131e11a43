package geom

import "math"

// Camera is a pinhole camera without distortion, for pictures of W x H pixels.
// Pictures are undistorted once, at the border of the system, so that every
// package behind it needs no more than this.
type Camera struct {
	W, H           int
	Fx, Fy, Cx, Cy float64
}

// Project returns the pixel of a point in camera coordinates; the depth must
// not be zero.
func (c Camera) Project(p Vec3) Vec2 {
	return Vec2{c.Fx*p.X/p.Z + c.Cx, c.Fy*p.Y/p.Z + c.Cy}
}

// ProjectJacobian returns the 2x3 derivative of Project with respect to p.
func (c Camera) ProjectJacobian(p Vec3) [2][3]float64 {
	iz := 1 / p.Z
	return [2][3]float64{
		{c.Fx * iz, 0, -c.Fx * p.X * iz * iz},
		{0, c.Fy * iz, -c.Fy * p.Y * iz * iz},
	}
}

// Ray returns the point of pixel u at depth 1 (on the z = 1 plane).
func (c Camera) Ray(u Vec2) Vec3 {
	return Vec3{(u.X - c.Cx) / c.Fx, (u.Y - c.Cy) / c.Fy, 1}
}

// Unproject returns the point of pixel u at depth z along the optical axis.
func (c Camera) Unproject(u Vec2, z float64) Vec3 { return c.Ray(u).Scale(z) }

// Contains reports whether u lies in the picture, at least border pixels from
// its edge.
func (c Camera) Contains(u Vec2, border float64) bool {
	return u.X >= border && u.Y >= border && u.X <= float64(c.W-1)-border && u.Y <= float64(c.H-1)-border
}

// Resized returns the camera of the same picture resized to w x h pixels, pixel
// centres at integers.
func (c Camera) Resized(w, h int) Camera {
	sx, sy := float64(w)/float64(c.W), float64(h)/float64(c.H)
	return Camera{
		W: w, H: h, Fx: c.Fx * sx, Fy: c.Fy * sy,
		Cx: (c.Cx+.5)*sx - .5, Cy: (c.Cy+.5)*sy - .5,
	}
}

// Focal returns the mean of fx and fy, the one focal length of square pixels.
func (c Camera) Focal() float64 { return (c.Fx + c.Fy) / 2 }

// CameraFromFOV returns the camera of a horizontal field of view in radians,
// with square pixels and a centred optical axis.
func CameraFromFOV(w, h int, fovRad float64) Camera {
	f := float64(w) / 2 / math.Tan(fovRad/2)
	return Camera{W: w, H: h, Fx: f, Fy: f, Cx: float64(w-1) / 2, Cy: float64(h-1) / 2}
}
