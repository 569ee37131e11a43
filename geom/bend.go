package geom

// Bent reports whether the camera has radial distortion left.
func (c Camera) Bent() bool { return c.K1 != 0 || c.K2 != 0 }

func (c Camera) radial(r2 float64) float64 { return 1 + r2*(c.K1+r2*c.K2) }

// bend returns the point v of the image's plane that the ray through x on the
// z = 1 plane meets: the inverse of x = v (1 + K1 |v|^2 + K2 |v|^4), by Newton's
// method on the radius. Where the polynomial turns back, far outside of any
// image, x itself is returned.
func (c Camera) bend(x Vec2) Vec2 {
	if !c.Bent() {
		return x
	}
	r2 := x.X*x.X + x.Y*x.Y
	s := 1.0 // |v| / |x|
	for range 6 {
		q := s * s * r2
		slope := 1 + q*(3*c.K1+5*q*c.K2)
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

// BendJacobian returns d v / d x at v, of the v that bend returns.
func (c Camera) BendJacobian(v Vec2) [2][2]float64 {
	r2 := v.X*v.X + v.Y*v.Y
	s, t := c.radial(r2), 2*(c.K1+2*r2*c.K2) // d x / d v = s I + t v v^T
	det := s * (s + t*r2)
	return [2][2]float64{
		{(s + t*v.Y*v.Y) / det, -t * v.X * v.Y / det},
		{-t * v.X * v.Y / det, (s + t*v.X*v.X) / det},
	}
}
