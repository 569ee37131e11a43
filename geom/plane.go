package geom

import (
	"math"
	"slices"
)

// Plane is the plane N^T p = D with a unit normal N.
type Plane struct {
	N Vec3
	D float64

	// Cov is the covariance of (N.X, N.Y, N.Z, D), of rank 3: N keeps its length.
	Cov [4][4]float64
}

// Distance returns the signed distance of p, positive on the side N points to.
func (p Plane) Distance(q Vec3) float64 { return p.N.Dot(q) - p.D }

// PlaneOptions steer FitPlane.
type PlaneOptions struct {
	RANSACOptions
	Sigma  float64   // standard deviation of the points across the plane
	InvVar []float64 // per-point inverse variances, in place of Sigma; may be nil

	// Accept, where given, turns candidate planes down, for example those that
	// are not nearly horizontal.
	Accept func(n Vec3, d float64) bool
}

// FitPlane returns the plane with most of the points on it, D >= 0, and their
// indices, ascending. The covariance follows from the given standard deviations,
// or from the scatter about the plane where that is larger. ok is false for
// collinear points and where no plane has opt.MinInliers (4 unless set).
func FitPlane(points []Vec3, opt PlaneOptions) (plane Plane, inliers []int, ok bool) {
	w := opt.InvVar
	if w == nil {
		w = slices.Repeat([]float64{inverseVariance(opt.Sigma)}, len(points))
	}
	if len(w) != len(points) {
		return Plane{}, nil, false
	}
	if opt.Threshold == 0 {
		opt.Threshold = 3.841 // 95 % of one dimension
	}
	accept := func(p Plane) bool { return opt.Accept == nil || opt.Accept(p.N, p.D) }
	p := Problem[Plane]{
		N: len(points), SampleSize: 3,
		Fit: func(idx []int, out []Plane) []Plane {
			pl, ok := planeThrough(points[idx[0]], points[idx[1]], points[idx[2]])
			if !ok || !accept(pl) {
				return out
			}
			return append(out, pl)
		},
		Residual: func(m *Plane, i int) float64 {
			d := m.Distance(points[i])
			return w[i] * d * d
		},
		Refine: func(_ Plane, in []int) (Plane, bool) {
			pl, ok := leastSquaresPlane(points, w, in)
			return pl, ok && accept(pl)
		},
	}
	res, ok := RANSAC(p, opt.RANSACOptions)
	if !ok {
		return Plane{}, nil, false
	}
	plane, ok = leastSquaresPlane(points, w, res.Inliers)
	return plane, res.Inliers, ok && accept(plane)
}

// planeThrough returns the plane of three points, without covariance.
func planeThrough(a, b, c Vec3) (Plane, bool) {
	u, v := b.Sub(a), c.Sub(a)
	n := u.Cross(v)
	if !(n.Norm2() > 1e-18*u.Norm2()*v.Norm2()) {
		return Plane{}, false
	}
	n = n.Unit()
	return Plane{N: n, D: n.Dot(a)}.outward(), true
}

// outward turns the normal away from the origin.
func (p Plane) outward() Plane {
	if p.D < 0 {
		p.N, p.D = p.N.Scale(-1), -p.D
	}
	return p
}

// leastSquaresPlane is the plane of least weighted squared distances to the
// points idx: through their centre, at right angles to the eigenvector of the
// smallest eigenvalue of their scatter.
func leastSquaresPlane(points []Vec3, w []float64, idx []int) (Plane, bool) {
	var c Vec3
	var sum float64
	for _, i := range idx {
		c, sum = c.Add(points[i].Scale(w[i])), sum+w[i]
	}
	if !(sum > 0) {
		return Plane{}, false
	}
	c = c.Scale(1 / sum)
	var scatter Mat3
	for _, i := range idx {
		d := points[i].Sub(c)
		scatter = scatter.Add(Outer(d, d).Scale(w[i]))
	}
	val, vec := SymEigen3(scatter)
	if !(val[1] > 1e-12*val[2]) || len(idx) < 3 {
		return Plane{}, false
	}
	p := Plane{N: vec.Col(0), D: vec.Col(0).Dot(c)}.outward()
	p.Cov = planeCovariance(val, vec, c, sum, len(idx))
	return p, true
}

// planeCovariance: the plane tilts about its two axes and shifts along its
// normal independently, with the inverses of the eigenvalues and of the sum of
// weights as variances; all are scaled up where the residuals (the smallest
// eigenvalue) say that the weights were too confident.
func planeCovariance(val [3]float64, vec Mat3, c Vec3, sum float64, n int) (cov [4][4]float64) {
	scale := 1.0
	if n > 3 {
		scale = math.Max(1, val[0]/float64(n-3))
	}
	dir := [3][4]float64{{3: 1}}
	variance := [3]float64{scale / sum, scale / val[1], scale / val[2]}
	for k := 1; k < 3; k++ {
		a := vec.Col(k)
		dir[k] = [4]float64{a.X, a.Y, a.Z, a.Dot(c)}
	}
	for k := range 3 {
		for i := range 4 {
			for j := range 4 {
				cov[i][j] += variance[k] * dir[k][i] * dir[k][j]
			}
		}
	}
	return cov
}
