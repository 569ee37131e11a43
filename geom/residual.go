package geom

// Distorted reports whether the camera has radial distortion left.
func (c Camera) Distorted() bool { return c.U1 != 0 || c.U2 != 0 }

func (c Camera) radial(r2 float64) float64 { return 1 + r2*(c.U1+r2*c.U2) }

// distort returns the point v of the image's plane that the ray through x on the
// z = 1 plane meets: the inverse of x = v (1 + U1 |v|^2 + U2 |v|^4), by Newton's
// method on the radius. Where the polynomial turns back, far outside of any
// image, x itself is returned.
func (c Camera) distort(x Vec2) Vec2 {
	if !c.Distorted() {
		return x
	}
	r2 := x.X*x.X + x.Y*x.Y
	s := 1.0 // |v| / |x|
	for range 6 {
		q := s * s * r2
		slope := 1 + q*(3*c.U1+5*q*c.U2)
		if slope < .3 {
			return x
		}
		step := (s*c.radial(q) - 1) / slope
		s -= step
		if step < 1e-12 && step > -1e-12 {
			break
		}
	}
	return x.Scale(s)
}

// DistortJacobian returns d v / d x at v, of the v that distort returns.
func (c Camera) DistortJacobian(v Vec2) [2][2]float64 {
	r2 := v.X*v.X + v.Y*v.Y
	s, t := c.radial(r2), 2*(c.U1+2*r2*c.U2) // d x / d v = s I + t v v^T
	det := s * (s + t*r2)
	return [2][2]float64{
		{(s + t*v.Y*v.Y) / det, -t * v.X * v.Y / det},
		{-t * v.X * v.Y / det, (s + t*v.X*v.X) / det},
	}
}
