package geom

import "math"

// Camera is a pinhole camera for images of W x H pixels. Images are
// undistorted once, at the border of the system; U1 and U2 undo what calibration
// left of radial distortion, found by the map itself, and zero before:
//
//	ray(u) = v (1 + U1 |v|^2 + U2 |v|^4),  v = ((u - Cx)/Fx, (v - Cy)/Fy)
type Camera struct {
	W, H           int
	Fx, Fy, Cx, Cy float64
	U1, U2         float64
}

// Project returns the pixel of a point in camera coordinates; the depth must
// not be zero.
func (c Camera) Project(p Vec3) Vec2 {
	v := c.distort(Vec2{p.X / p.Z, p.Y / p.Z})
	return Vec2{c.Fx*v.X + c.Cx, c.Fy*v.Y + c.Cy}
}

// ProjectJacobian returns the 2x3 derivative of Project with respect to p.
func (c Camera) ProjectJacobian(p Vec3) [2][3]float64 {
	iz := 1 / p.Z
	if !c.Distorted() {
		return [2][3]float64{
			{c.Fx * iz, 0, -c.Fx * p.X * iz * iz},
			{0, c.Fy * iz, -c.Fy * p.Y * iz * iz},
		}
	}
	x := Vec2{p.X * iz, p.Y * iz}
	d := c.DistortJacobian(c.distort(x))
	row := func(f, a, b float64) [3]float64 {
		return [3]float64{f * a * iz, f * b * iz, -f * (a*x.X + b*x.Y) * iz}
	}
	return [2][3]float64{row(c.Fx, d[0][0], d[0][1]), row(c.Fy, d[1][0], d[1][1])}
}

// Ray returns the point of pixel u at depth 1 (on the z = 1 plane).
func (c Camera) Ray(u Vec2) Vec3 {
	v := Vec2{(u.X - c.Cx) / c.Fx, (u.Y - c.Cy) / c.Fy}
	if c.Distorted() {
		v = v.Scale(c.radial(v.X*v.X + v.Y*v.Y))
	}
	return Vec3{v.X, v.Y, 1}
}

// Unproject returns the point of pixel u at depth z along the optical axis.
func (c Camera) Unproject(u Vec2, z float64) Vec3 { return c.Ray(u).Scale(z) }

// Contains reports whether u lies in the image, at least border pixels from
// its edge.
func (c Camera) Contains(u Vec2, border float64) bool {
	return u.X >= border && u.Y >= border && u.X <= float64(c.W-1)-border && u.Y <= float64(c.H-1)-border
}

// Resized returns the camera of the same image resized to w x h pixels, pixel
// centres at integers.
func (c Camera) Resized(w, h int) Camera {
	sx, sy := float64(w)/float64(c.W), float64(h)/float64(c.H)
	return Camera{
		W: w, H: h, Fx: c.Fx * sx, Fy: c.Fy * sy,
		Cx: (c.Cx+.5)*sx - .5, Cy: (c.Cy+.5)*sy - .5, U1: c.U1, U2: c.U2,
	}
}

// Focal returns the mean of fx and fy, the one focal length of square pixels.
func (c Camera) Focal() float64 { return (c.Fx + c.Fy) / 2 }

// GuessCamera returns a camera of ordinary field of view for images of which
// nothing is known: a focal length of the mean side sqrt(w h). In mean sides
// KITTI's 1241x376 has 1.05, the Kinects of TUM and 7-Scenes .93 to .97, SUN3D's
// 1.03, a RealSense 1.11, a telephone's main camera about 1, EuRoC's 752x480 .76,
// an action camera .75. A rule by the longer side, such as COLMAP's 1.2, takes a
// long image for one of a long lens.
func GuessCamera(w, h int) Camera {
	f := math.Sqrt(float64(w) * float64(h))
	return Camera{W: w, H: h, Fx: f, Fy: f, Cx: float64(w-1) / 2, Cy: float64(h-1) / 2}
}

// CameraFromFOV returns the camera of a horizontal field of view in radians,
// with square pixels and a centred optical axis.
func CameraFromFOV(w, h int, fovRad float64) Camera {
	f := float64(w) / 2 / math.Tan(fovRad/2)
	return Camera{W: w, H: h, Fx: f, Fy: f, Cx: float64(w-1) / 2, Cy: float64(h-1) / 2}
}

// ResizePixel returns where a pixel lies in an image whose side is s times as long.
func ResizePixel(u Vec2, s float64) Vec2 {
	return Vec2{X: (u.X+.5)*s - .5, Y: (u.Y+.5)*s - .5}
}
