package geom

import "math"

// SolveSPD solves A x = b in place for a symmetric positive definite A of len(b)
// rows, row by row, by Cholesky: b becomes x, and the lower triangle of a the
// factor. It returns false where A is not positive definite; b is undefined then.
func SolveSPD(a, b []float64) bool {
	n := len(b)
	for i := range n {
		ri := a[i*n : i*n+n]
		for j := 0; j <= i; j++ {
			rj := a[j*n : j*n+n]
			s := ri[j]
			for k := range j {
				s -= ri[k] * rj[k]
			}
			if i != j {
				ri[j] = s / rj[j]
				continue
			}
			if !(s > 0) {
				return false
			}
			ri[i] = math.Sqrt(s)
		}
	}
	for i := range n {
		for k := range i {
			b[i] -= a[i*n+k] * b[k]
		}
		b[i] /= a[i*n+i]
	}
	for i := n - 1; i >= 0; i-- {
		for k := i + 1; k < n; k++ {
			b[i] -= a[k*n+i] * b[k]
		}
		b[i] /= a[i*n+i]
	}
	return true
}

// Solve6 solves h x = g for a symmetric positive definite h; ok is false where h
// is not.
func Solve6(h *Mat6, g *Tangent6) (x Tangent6, ok bool) {
	var a [36]float64
	for i := range 6 {
		copy(a[6*i:], h[i][:i+1])
	}
	x = *g
	return x, SolveSPD(a[:], x[:])
}

// InverseSPD6 inverts a symmetric positive definite matrix; ok is false where a is
// not.
func InverseSPD6(a *Mat6) (inv Mat6, ok bool) {
	for j := range 6 {
		var unit Tangent6
		unit[j] = 1
		column, ok := Solve6(a, &unit)
		if !ok {
			return inv, false
		}
		for i := range 6 {
			inv[i][j] = column[i]
		}
	}
	return inv, true
}
