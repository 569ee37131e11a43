package geom

import "math"

// RadTan is the radial-tangential distortion of Brown (1966), with OpenCV's
// order of coefficients. Make it with NewRadTan.
type RadTan struct {
	K1, K2, P1, P2, K3 float64

	maxR2 float64 // squared ideal radius of the valid field
}

// NewRadTan returns the distortion with coefficients k1 k2 p1 p2 k3.
func NewRadTan(k1, k2, p1, p2, k3 float64) RadTan {
	d := RadTan{K1: k1, K2: k2, P1: p1, P2: p2, K3: k3}
	// d/dr of r (1 + k1 r^2 + k2 r^4 + k3 r^6), as a polynomial in r^2.
	d.maxR2 = firstPositiveRoot([]float64{1, 3 * k1, 5 * k2, 7 * k3}, math.Inf(1))
	return d
}

// MaxRadius returns the radius, on the ideal z = 1 plane, of the valid field.
func (d RadTan) MaxRadius() float64 { return math.Sqrt(d.maxR2) }

// Distort returns the distorted point, NaN outside the valid field.
func (d RadTan) Distort(p Vec2) Vec2 {
	if !(p.Norm2() < d.maxR2) {
		return outside
	}
	q, _ := d.DistortJacobian(p)
	return q
}

// DistortJacobian returns the distorted point, whether in the valid field or not,
// and its derivative (a symmetric 2x2 matrix:
// xx, xy, yy).
func (d RadTan) DistortJacobian(p Vec2) (q Vec2, j [3]float64) {
	x, y := p.X, p.Y
	r2 := x*x + y*y
	radial := 1 + r2*(d.K1+r2*(d.K2+r2*d.K3))
	slope := d.K1 + r2*(2*d.K2+3*r2*d.K3) // d radial / d r2
	q = Vec2{
		x*radial + 2*d.P1*x*y + d.P2*(r2+2*x*x),
		y*radial + d.P1*(r2+2*y*y) + 2*d.P2*x*y,
	}
	j = [3]float64{
		radial + 2*x*x*slope + 2*d.P1*y + 6*d.P2*x,
		2*x*y*slope + 2*d.P1*x + 2*d.P2*y,
		radial + 2*y*y*slope + 6*d.P1*y + 2*d.P2*x,
	}
	return q, j
}

// Undistort returns the ideal point by Newton's method from the radial solution,
// NaN for a point that no ray of the valid field reaches.
func (d RadTan) Undistort(q Vec2) Vec2 {
	p := d.undistortRadial(q)
	if !p.IsFinite() {
		// The radial part alone does not reach q; the tangential part may.
		p = q.Scale(.999 * d.MaxRadius() / q.Norm())
	}
	for range 50 {
		f, j := d.DistortJacobian(p)
		e := q.Sub(f)
		det := j[0]*j[2] - j[1]*j[1]
		if !(det > 0) {
			return outside
		}
		step := Vec2{(j[2]*e.X - j[1]*e.Y) / det, (j[0]*e.Y - j[1]*e.X) / det}
		p = p.Add(step)
		if step.Norm2() <= 1e-30*(1+p.Norm2()) {
			break
		}
	}
	f, _ := d.DistortJacobian(p)
	if !(p.Norm2() < d.maxR2) || !(f.Sub(q).Norm2() <= 1e-22*(1+q.Norm2())) {
		return outside
	}
	return p
}

// undistortRadial ignores the tangential part: the radius by bracketed Newton
// on the valid field, where the radial polynomial increases.
func (d RadTan) undistortRadial(q Vec2) Vec2 {
	rd := q.Norm()
	if rd == 0 {
		return q
	}
	c := [8]float64{-rd, 1, 0, d.K1, 0, d.K2, 0, d.K3}
	dc := [7]float64{1, 0, 3 * d.K1, 0, 5 * d.K2, 0, 7 * d.K3}
	hi := d.MaxRadius()
	if math.IsInf(hi, 1) {
		// No turning point: double the bracket until it holds the root.
		for hi = 1 + rd; horner(c[:], hi) < 0 && hi < 1e150; hi *= 2 {
		}
	}
	if !(horner(c[:], hi) >= 0) {
		return outside
	}
	return q.Scale(bracketedNewton(c[:], dc[:], 0, hi, -rd) / rd)
}
