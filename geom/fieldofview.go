package geom

import "math"

// FieldOfView is the one-parameter fisheye of Devernay and Faugeras (2001), as
// PTAM, Kalibr ("fov") and COLMAP ("FOV") use it: the ideal radius r lands at
// atan(2 r tan(Omega/2)) / Omega. Lengths are divided by Gain, so that the middle
// of the image is not scaled: the focal length that goes with it is that of the
// model times Gain. Omega lies between 0 and pi.
type FieldOfView struct{ Omega float64 }

var _ Distorter = FieldOfView{}

// Gain is how much the model magnifies the middle of the image.
func (d FieldOfView) Gain() float64 { return 2 * math.Tan(d.Omega/2) / d.Omega }

// Distort returns the distorted point.
func (d FieldOfView) Distort(p Vec2) Vec2 {
	r := p.Norm() * 2 * math.Tan(d.Omega/2)
	if r == 0 {
		return p
	}
	return p.Scale(math.Atan(r) / r)
}

// Undistort returns the ideal point, NaN for a point that no ray reaches.
func (d FieldOfView) Undistort(q Vec2) Vec2 {
	theta := q.Norm() * 2 * math.Tan(d.Omega/2)
	if theta == 0 {
		return q
	}
	if !(theta < math.Pi/2) {
		return outside
	}
	return q.Scale(math.Tan(theta) / theta)
}
