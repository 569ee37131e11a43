package geom

import "math"

// MEI is the unified omnidirectional camera of Mei and Rives (2007), as camodocal
// ("MEI") and Kalibr ("omni") use it: a ray meets the unit sphere, is projected
// from a point at the height Xi over the sphere's centre, and is then bent by a
// radial-tangential distortion. Lengths on the image plane are multiplied by
// 1 + Xi, so that the middle of the image is not scaled: the focal length that
// goes with it is gamma / (1 + Xi). Make it with NewMEI.
type MEI struct {
	Xi float64

	bend RadTan
}

var _ Distorter = MEI{}

// NewMEI returns the camera with the mirror parameter xi and the coefficients k1
// k2 p1 p2.
func NewMEI(xi, k1, k2, p1, p2 float64) MEI { return MEI{Xi: xi, bend: NewRadTan(k1, k2, p1, p2, 0)} }

// Distort returns the distorted point, NaN outside the valid field.
func (d MEI) Distort(p Vec2) Vec2 {
	return d.bend.Distort(p.Scale(1 / (1 + d.Xi*math.Sqrt(1+p.Norm2())))).Scale(1 + d.Xi)
}

// Undistort returns the ideal point, NaN for a point that no ray in front of the
// camera reaches.
func (d MEI) Undistort(q Vec2) Vec2 {
	m := d.bend.Undistort(q.Scale(1 / (1 + d.Xi)))
	r2 := m.Norm2()
	eta := (d.Xi + math.Sqrt(1+(1-d.Xi*d.Xi)*r2)) / (1 + r2)
	if !(eta > d.Xi) {
		return outside
	}
	return m.Scale(eta / (eta - d.Xi))
}
