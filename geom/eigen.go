package geom

import "math"

// jacobiSweeps bounds the cyclic Jacobi method; it converges quadratically, so
// a matrix of this package's sizes is done in five to eight.
const jacobiSweeps = 30

// symEigen diagonalises the symmetric n x n matrix a (row-major, destroyed) by
// cyclic Jacobi rotations (Golub and Van Loan 8.5): a's diagonal becomes the
// eigenvalues, column j of v the eigenvector of a[j][j]. v needs no
// initialisation.
func symEigen(a, v []float64, n int) {
	for i := range v[:n*n] {
		v[i] = 0
	}
	for i := range n {
		v[i*n+i] = 1
	}
	for range jacobiSweeps {
		var off, diag float64
		for i := range n {
			diag += a[i*n+i] * a[i*n+i]
			for j := range i {
				off += a[i*n+j] * a[i*n+j]
			}
		}
		if off <= 1e-32*diag || math.IsNaN(off) {
			return
		}
		for p := range n - 1 {
			for q := p + 1; q < n; q++ {
				jacobiRotate(a, v, n, p, q)
			}
		}
	}
}

// jacobiRotate annihilates a[p][q] and a[q][p].
func jacobiRotate(a, v []float64, n, p, q int) {
	apq := a[p*n+q]
	if apq == 0 {
		return
	}
	c, s := jacobiAngle(a[p*n+p], apq, a[q*n+q])
	for k := range n {
		x, y := a[k*n+p], a[k*n+q]
		a[k*n+p], a[k*n+q] = c*x-s*y, s*x+c*y
	}
	for k := range n {
		x, y := a[p*n+k], a[q*n+k]
		a[p*n+k], a[q*n+k] = c*x-s*y, s*x+c*y
		x, y = v[k*n+p], v[k*n+q]
		v[k*n+p], v[k*n+q] = c*x-s*y, s*x+c*y
	}
	a[p*n+q], a[q*n+p] = 0, 0
}

// jacobiAngle returns the cosine and sine of the smaller rotation that
// diagonalises [[app, apq], [apq, aqq]].
func jacobiAngle(app, apq, aqq float64) (c, s float64) {
	tau := (aqq - app) / (2 * apq)
	t := 1 / (math.Abs(tau) + math.Sqrt(1+tau*tau))
	if tau < 0 {
		t = -t
	}
	c = 1 / math.Sqrt(1+t*t)
	return c, t * c
}

// SymEigen3 returns the eigenvalues of the symmetric matrix m in ascending
// order and its unit eigenvectors as the columns of vec, in the same order.
func SymEigen3(m Mat3) (val [3]float64, vec Mat3) {
	var a, v [9]float64
	for i := range 3 {
		for j := range 3 {
			a[3*i+j] = m[i][j]
		}
	}
	symEigen(a[:], v[:], 3)
	order := [3]int{0, 1, 2}
	for _, p := range [3][2]int{{0, 1}, {1, 2}, {0, 1}} {
		if a[4*order[p[0]]] > a[4*order[p[1]]] {
			order[p[0]], order[p[1]] = order[p[1]], order[p[0]]
		}
	}
	for j, k := range order {
		val[j] = a[4*k]
		for i := range 3 {
			vec[i][j] = v[3*i+k]
		}
	}
	return val, vec
}

// SVD3 returns orthogonal U, V and singular values s[0] >= s[1] >= s[2] >= 0
// with m = U diag(s) V^T, by one-sided Jacobi rotations (Hestenes 1958), which
// keep small singular values accurate. U and V may be reflections.
func SVD3(m Mat3) (u Mat3, s [3]float64, v Mat3) {
	a := [3]Vec3{m.Col(0), m.Col(1), m.Col(2)}
	w := [3]Vec3{{X: 1}, {Y: 1}, {Z: 1}}
	for range jacobiSweeps {
		done := true
		for _, pq := range [3][2]int{{0, 1}, {0, 2}, {1, 2}} {
			p, q := pq[0], pq[1]
			app, apq, aqq := a[p].Norm2(), a[p].Dot(a[q]), a[q].Norm2()
			if math.Abs(apq) <= 1e-16*math.Sqrt(app*aqq) || math.IsNaN(apq) {
				continue
			}
			done = false
			c, sn := jacobiAngle(app, apq, aqq)
			a[p], a[q] = a[p].Scale(c).Sub(a[q].Scale(sn)), a[p].Scale(sn).Add(a[q].Scale(c))
			w[p], w[q] = w[p].Scale(c).Sub(w[q].Scale(sn)), w[p].Scale(sn).Add(w[q].Scale(c))
		}
		if done {
			break
		}
	}
	for _, pq := range [3][2]int{{0, 1}, {1, 2}, {0, 1}} {
		if p, q := pq[0], pq[1]; a[p].Norm2() < a[q].Norm2() {
			a[p], a[q], w[p], w[q] = a[q], a[p], w[q], w[p]
		}
	}
	for i := range 3 {
		s[i] = a[i].Norm()
	}
	return completeBasis(a, s), s, FromCols(w[0], w[1], w[2])
}

// completeBasis divides the columns of a by their lengths s, and makes up an
// orthonormal column where the length is lost in rounding.
func completeBasis(a [3]Vec3, s [3]float64) Mat3 {
	tiny := 1e-15 * s[0]
	if s[0] == 0 {
		return Identity3()
	}
	u0 := a[0].Scale(1 / s[0])
	u1 := orthogonal(u0)
	if s[1] > tiny {
		u1 = a[1].Scale(1 / s[1])
	}
	u2 := u0.Cross(u1)
	if s[2] > tiny && u2.Dot(a[2]) < 0 {
		u2 = u2.Scale(-1)
	}
	return FromCols(u0, u1, u2)
}

// orthogonal returns a unit vector at right angles to the unit vector a.
func orthogonal(a Vec3) Vec3 {
	e := Vec3{X: 1}
	if math.Abs(a.X) > .6 {
		e = Vec3{Y: 1}
	}
	return a.Cross(e).Unit()
}
