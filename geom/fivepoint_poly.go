package geom

import "math"

// The polynomials of the five-point solver. Degree 1: x y z 1. Degree 2: xx xy
// xz x yy yz y zz z 1. Degree 3, in the order of Nister's elimination: first
// the ten monomials to eliminate, then those of degree at most one in x and y.
type (
	poly1 [4]float64
	poly2 [10]float64
	poly3 [20]float64
)

// monomials of the three orders, as exponents of x, y, z.
var (
	mono1 = [4][3]uint8{{1, 0, 0}, {0, 1, 0}, {0, 0, 1}, {}}
	mono2 = [10][3]uint8{{2, 0, 0}, {1, 1, 0}, {1, 0, 1}, {1, 0, 0}, {0, 2, 0}, {0, 1, 1}, {0, 1, 0}, {0, 0, 2}, {0, 0, 1}, {}}
	mono3 = [20][3]uint8{
		{3, 0, 0}, {0, 3, 0}, {2, 1, 0}, {1, 2, 0}, {2, 0, 1}, {2, 0, 0}, {0, 2, 1}, {0, 2, 0}, {1, 1, 1}, {1, 1, 0},
		{1, 0, 2}, {1, 0, 1}, {1, 0, 0}, {0, 1, 2}, {0, 1, 1}, {0, 1, 0}, {0, 0, 3}, {0, 0, 2}, {0, 0, 1}, {},
	}
	// Where a product of monomials goes.
	product11 = productTable(mono1[:], mono1[:], mono2[:])
	product21 = productTable(mono2[:], mono1[:], mono3[:])
)

func productTable(a, b, c [][3]uint8) (t [10][4]uint8) {
	for i, p := range a {
		for j, q := range b {
			for k, r := range c {
				if p[0]+q[0] == r[0] && p[1]+q[1] == r[1] && p[2]+q[2] == r[2] {
					t[i][j] = uint8(k)
				}
			}
		}
	}
	return t
}

// addMul11 adds s a b to p.
func (p *poly2) addMul11(s float64, a, b *poly1) {
	for i, u := range a {
		for j, v := range b {
			p[product11[i][j]] += s * u * v
		}
	}
}

// addMul21 adds s a b to p.
func (p *poly3) addMul21(s float64, a *poly2, b *poly1) {
	for i, u := range a {
		for j, v := range b {
			p[product21[i][j]] += s * u * v
		}
	}
}

// essentialConstraints returns the coefficients of the trace constraint's nine
// cubics and of the determinant's.
func essentialConstraints(basis *[4]Mat3) (m [10]poly3) {
	var e [3][3]poly1
	for i := range 3 {
		for j := range 3 {
			e[i][j] = poly1{basis[0][i][j], basis[1][i][j], basis[2][i][j], basis[3][i][j]}
		}
	}
	var eet [3][3]poly2 // E E^T - tr(E E^T)/2
	for i := range 3 {
		for j := 0; j <= i; j++ {
			for k := range 3 {
				eet[i][j].addMul11(1, &e[i][k], &e[j][k])
			}
			eet[j][i] = eet[i][j]
		}
	}
	for k := range 10 {
		tr := (eet[0][0][k] + eet[1][1][k] + eet[2][2][k]) / 2
		for i := range 3 {
			eet[i][i][k] -= tr
		}
	}
	for i := range 3 {
		for j := range 3 {
			for k := range 3 {
				m[3*i+j].addMul21(1, &eet[i][k], &e[k][j])
			}
		}
	}
	for i := range 3 {
		j, k := (i+1)%3, (i+2)%3
		var minor poly2
		minor.addMul11(1, &e[1][j], &e[2][k])
		minor.addMul11(-1, &e[1][k], &e[2][j])
		m[9].addMul21(1, &minor, &e[0][i])
	}
	return m
}

// eliminate brings the first ten columns to the unit matrix (Gauss-Jordan with
// partial pivoting); it reports false where they are singular.
func eliminate(m *[10]poly3) bool {
	for c := range 10 {
		pivot := c
		for r := c + 1; r < 10; r++ {
			if math.Abs(m[r][c]) > math.Abs(m[pivot][c]) {
				pivot = r
			}
		}
		if !(math.Abs(m[pivot][c]) > 1e-14) {
			return false
		}
		m[c], m[pivot] = m[pivot], m[c]
		inv := 1 / m[c][c]
		for k := c; k < 20; k++ {
			m[c][k] *= inv
		}
		for r := range 10 {
			if r == c || m[r][c] == 0 {
				continue
			}
			f := m[r][c]
			for k := c; k < 20; k++ {
				m[r][k] -= f * m[c][k]
			}
		}
	}
	return true
}

// hiddenVariable returns the 3x3 matrix B(z) of polynomials in z, lowest power
// first, with B(z) (x, y, 1)^T = 0. Its rows are the differences of the
// equations led by (x^2 z, z x^2), (y^2 z, z y^2) and (xyz, z xy).
func hiddenVariable(m *[10]poly3) (b [3][3][5]float64) {
	for i := range 3 {
		p, q := &m[4+2*i], &m[5+2*i]
		for j := range 2 { // the coefficients of x, then of y: z^2 z 1
			for k := range 3 {
				b[i][j][2-k] += p[10+3*j+k]
				b[i][j][3-k] -= q[10+3*j+k]
			}
		}
		for k := range 4 { // z^3 z^2 z 1
			b[i][2][3-k] += p[16+k]
			b[i][2][4-k] -= q[16+k]
		}
	}
	return b
}

// detPoly returns the determinant of B(z), of degree 10.
func detPoly(b *[3][3][5]float64) (p [maxDegree + 1]float64) {
	for i := range 3 {
		j, k := (i+1)%3, (i+2)%3
		// Columns 0 and 1 have degree 3, column 2 degree 4.
		var minor [7]float64
		for u := range 4 {
			for v := range 4 {
				minor[u+v] += b[j][0][u]*b[k][1][v] - b[k][0][u]*b[j][1][v]
			}
		}
		for u := range 7 {
			for v := range 5 {
				if u+v <= maxDegree {
					p[u+v] += minor[u] * b[i][2][v]
				}
			}
		}
	}
	return p
}
