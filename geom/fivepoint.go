package geom

import "math"

// FivePoint returns the up to ten essential matrices, of Frobenius norm 1, with
// x2^T E x1 = 0 for five pairs of image points on the z = 1 planes (Nister
// 2004): E = x X + y Y + z Z + W spans the null space of the five equations,
// det E = 0 and 2 E E^T E - tr(E E^T) E = 0 are ten cubics in x, y and z, and
// eliminating x and y leaves a polynomial of degree 10 in z. n is 0 for
// coincident or otherwise dependent pairs. It does not allocate.
func FivePoint(x1, x2 [5]Vec2) (e [10]Mat3, n int) {
	basis, ok := epipolarNullSpace(x1, x2)
	if !ok {
		return e, 0
	}
	m := essentialConstraints(&basis)
	if !eliminate(&m) {
		return e, 0
	}
	b := hiddenVariable(&m)
	p := detPoly(&b)
	var roots [maxDegree]float64
	nr := realRoots(p[:], &roots)
	for _, z := range roots[:nr] {
		x, y, ok := solveXY(&b, z)
		if !ok {
			continue
		}
		c, ok := polishEssential(&basis, Vec3{x, y, z})
		if !ok {
			continue
		}
		e[n] = combine(&basis, c)
		n++
	}
	return e, n
}

// epipolarNullSpace returns an orthonormal basis of the matrices E with
// x2^T E x1 = 0, by Gram-Schmidt with re-orthogonalisation.
func epipolarNullSpace(x1, x2 [5]Vec2) (basis [4]Mat3, ok bool) {
	var q [9][9]float64 // orthonormal rows, the five equations first
	for k := range 5 {
		a, b := x2[k].Homogeneous(), x1[k].Homogeneous()
		o := Outer(a, b)
		for i := range 9 {
			q[k][i] = o[i/3][i%3]
		}
		if !orthonormalRow(&q, k, 1e-9) {
			return basis, false
		}
	}
	for k := 5; k < 9; k++ {
		// Start from the unit vector least covered by the rows so far.
		best, least := 0, math.Inf(1)
		for i := range 9 {
			s := 0.0
			for r := range k {
				s += q[r][i] * q[r][i]
			}
			if s < least {
				best, least = i, s
			}
		}
		q[k][best] = 1
		if !orthonormalRow(&q, k, 1e-9) {
			return basis, false
		}
		for i := range 9 {
			basis[k-5][i/3][i%3] = q[k][i]
		}
	}
	return basis, true
}

// orthonormalRow makes row k orthogonal to those before it and of length 1; it
// reports false where that leaves less than the fraction tol of it.
func orthonormalRow(q *[9][9]float64, k int, tol float64) bool {
	norm := func() float64 {
		s := 0.0
		for _, v := range q[k] {
			s += v * v
		}
		return math.Sqrt(s)
	}
	full := norm()
	for range 2 {
		for r := range k {
			d := 0.0
			for i := range 9 {
				d += q[r][i] * q[k][i]
			}
			for i := range 9 {
				q[k][i] -= d * q[r][i]
			}
		}
	}
	left := norm()
	if !(left > tol*full) {
		return false
	}
	for i := range 9 {
		q[k][i] /= left
	}
	return true
}

// combine returns x X + y Y + z Z + W, scaled to norm 1.
func combine(basis *[4]Mat3, c Vec3) Mat3 {
	e := basis[0].Scale(c.X).Add(basis[1].Scale(c.Y)).Add(basis[2].Scale(c.Z)).Add(basis[3])
	return e.Scale(1 / math.Sqrt(1+c.Norm2())) // the basis is orthonormal
}

// solveXY returns x and y from B(z) (x, y, 1)^T = 0: the null vector is the
// longest cross product of two rows.
func solveXY(b *[3][3][5]float64, z float64) (x, y float64, ok bool) {
	var m Mat3
	for i := range 3 {
		for j := range 3 {
			m[i][j] = horner(b[i][j][:], z)
		}
	}
	best := m.Row(0).Cross(m.Row(1))
	for _, v := range [2]Vec3{m.Row(0).Cross(m.Row(2)), m.Row(1).Cross(m.Row(2))} {
		if v.Norm2() > best.Norm2() {
			best = v
		}
	}
	x, y = best.X/best.Z, best.Y/best.Z
	return x, y, !math.IsNaN(x+y) && !math.IsInf(x, 0) && !math.IsInf(y, 0)
}

// polishEssential refines the coefficients by Gauss-Newton steps on the cubic
// constraints, which removes the digits lost in the elimination; ok is false
// where the constraints do not hold in the end.
func polishEssential(basis *[4]Mat3, c Vec3) (Vec3, bool) {
	const steps = 4
	res := math.Inf(1)
	for range steps {
		e := combine(basis, c)
		r := traceConstraint(&e)
		n := frobenius2(&r)
		if !(n < res) {
			break
		}
		res = n
		if n < 1e-31 {
			break
		}
		next, ok := essentialStep(basis, c, &e, &r)
		if !ok {
			break
		}
		nextE := combine(basis, next)
		if nr := traceConstraint(&nextE); !(frobenius2(&nr) < n) {
			break
		}
		c = next
	}
	return c, res < 1e-20
}

// essentialStep returns c after one Gauss-Newton step on the trace constraint r.
func essentialStep(basis *[4]Mat3, c Vec3, e, r *Mat3) (Vec3, bool) {
	s := 1 / math.Sqrt(1+c.Norm2()) // of combine; its own change does not move the zero
	eet := e.Mul(e.T())
	tr := eet[0][0] + eet[1][1] + eet[2][2]
	var j [3]Mat3
	for k := range 3 {
		d := basis[k].Scale(s)
		det := d.Mul(e.T())
		dEEt := det.Add(det.T())
		dtr := dEEt[0][0] + dEEt[1][1] + dEEt[2][2]
		j[k] = dEEt.Mul(*e).Add(eet.Mul(d)).Scale(2).Add(e.Scale(-dtr)).Add(d.Scale(-tr))
	}
	var h Mat3
	var g [3]float64
	for a := range 3 {
		for b := range 3 {
			h[a][b] = frobeniusDot(&j[a], &j[b])
		}
		g[a] = frobeniusDot(&j[a], r)
	}
	inv, ok := h.Inverse()
	return c.Sub(inv.MulVec(Vec3{g[0], g[1], g[2]})), ok
}

// traceConstraint returns 2 E E^T E - tr(E E^T) E, zero for essential matrices.
func traceConstraint(e *Mat3) Mat3 {
	eet := e.Mul(e.T())
	return eet.Mul(*e).Scale(2).Add(e.Scale(-(eet[0][0] + eet[1][1] + eet[2][2])))
}

func frobenius2(m *Mat3) float64 { return frobeniusDot(m, m) }

func frobeniusDot(m, n *Mat3) (s float64) {
	for i := range 3 {
		for j := range 3 {
			s += m[i][j] * n[i][j]
		}
	}
	return s
}
