package geom

// Info2 is the information matrix (inverse covariance) of a measurement in the
// plane; symmetric.
type Info2 struct{ XX, XY, YY float64 }

// IsotropicInfo is that of a deviation of 1/sqrt(w) in every direction.
func IsotropicInfo(w float64) Info2 { return Info2{w, 0, w} }

// Quad returns r^T W r, the squared Mahalanobis length of a residual.
func (w Info2) Quad(r Vec2) float64 {
	return w.XX*r.X*r.X + 2*w.XY*r.X*r.Y + w.YY*r.Y*r.Y
}

// Mul returns W r.
func (w Info2) Mul(r Vec2) Vec2 { return Vec2{w.XX*r.X + w.XY*r.Y, w.XY*r.X + w.YY*r.Y} }

// Scale returns s W.
func (w Info2) Scale(s float64) Info2 { return Info2{s * w.XX, s * w.XY, s * w.YY} }

// Widened returns the information after an independent error of one standard
// deviation v has been added: the inverse of W^-1 + v v^T (Sherman and Morrison).
func (w Info2) Widened(v Vec2) Info2 {
	a := w.Mul(v)
	s := 1 / (1 + v.X*a.X + v.Y*a.Y)
	return Info2{w.XX - s*a.X*a.X, w.XY - s*a.X*a.Y, w.YY - s*a.Y*a.Y}
}
