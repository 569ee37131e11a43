package geom

import "math"

// KannalaBrandt is the fisheye distortion of Kannala and Brandt (2006) as used
// by OpenCV and Kalibr ("equidistant"): a ray at the angle theta from the axis
// lands at radius theta (1 + k1 theta^2 + k2 theta^4 + k3 theta^6 + k4 theta^8).
// Rays at 90 degrees and beyond have no point on the z = 1 plane and are outside
// the valid field. Make it with NewKannalaBrandt.
type KannalaBrandt struct {
	K1, K2, K3, K4 float64

	maxTheta float64
}

// NewKannalaBrandt returns the distortion with coefficients k1 k2 k3 k4.
func NewKannalaBrandt(k1, k2, k3, k4 float64) KannalaBrandt {
	d := KannalaBrandt{K1: k1, K2: k2, K3: k3, K4: k4}
	// The radius's derivative, as a polynomial in theta^2.
	t2 := firstPositiveRoot([]float64{1, 3 * k1, 5 * k2, 7 * k3, 9 * k4}, math.Pi*math.Pi/4)
	d.maxTheta = math.Sqrt(t2)
	return d
}

// radius returns the distorted radius of the angle.
func (d KannalaBrandt) radius(theta float64) float64 {
	t2 := theta * theta
	return theta * (1 + t2*(d.K1+t2*(d.K2+t2*(d.K3+t2*d.K4))))
}

// Distort returns the distorted point, NaN outside the valid field.
func (d KannalaBrandt) Distort(p Vec2) Vec2 {
	r := p.Norm()
	theta := math.Atan(r)
	if !(theta < d.maxTheta) {
		return outside
	}
	if r == 0 {
		return p
	}
	return p.Scale(d.radius(theta) / r)
}

// DistortJacobian returns the distorted point, whether in the valid field or not,
// and its derivative (a symmetric 2x2 matrix: xx, xy, yy).
func (d KannalaBrandt) DistortJacobian(p Vec2) (q Vec2, j [3]float64) {
	r := p.Norm()
	if r < 1e-9 {
		return p, [3]float64{1, 0, 1}
	}
	theta := math.Atan(r)
	t2 := theta * theta
	slope := 1 + t2*(3*d.K1+t2*(5*d.K2+t2*(7*d.K3+t2*9*d.K4)))
	along, across := slope/(1+r*r), d.radius(theta)/r // of the ray, and across it
	u := p.Scale(1 / r)
	return p.Scale(across), [3]float64{
		across + (along-across)*u.X*u.X, (along - across) * u.X * u.Y, across + (along-across)*u.Y*u.Y,
	}
}

// Undistort returns the ideal point, NaN for a point that no ray of the valid
// field reaches.
func (d KannalaBrandt) Undistort(q Vec2) Vec2 {
	rd := q.Norm()
	if rd == 0 {
		return q
	}
	if !(rd < d.radius(d.maxTheta)) {
		return outside
	}
	c := [10]float64{-rd, 1, 0, d.K1, 0, d.K2, 0, d.K3, 0, d.K4}
	dc := [9]float64{1, 0, 3 * d.K1, 0, 5 * d.K2, 0, 7 * d.K3, 0, 9 * d.K4}
	theta := bracketedNewton(c[:], dc[:], 0, d.maxTheta, -rd)
	return q.Scale(math.Tan(theta) / rd)
}
