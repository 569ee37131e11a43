package sparse

import "math"

// blockWidth is the number of columns a panel is factored at once.
const blockWidth = 16

// factorPanel overwrites the first n columns of a front, m x n row-major with a
// lower triangle on top, with those of its Cholesky factor.
func factorPanel(a []float64, m, n int) bool {
	for j := 0; j < n; j += blockWidth {
		w := min(blockWidth, n-j)
		if j > 0 {
			// Left-looking: what the columns before contribute to this block.
			subSyrk(a[j*n+j:], n, a[j*n:], n, w, j)
			if rest := m - j - w; rest > 0 {
				subGemm(a[(j+w)*n+j:], n, a[(j+w)*n:], n, a[j*n:], n, rest, w, j)
			}
		}
		if !factorBlock(a[j*n+j:], n, w) {
			return false
		}
		solveRows(a[j*n+j:], n, w, m-j)
	}
	return true
}

// factorBlock is the plain Cholesky decomposition of a w x w lower triangle.
func factorBlock(a []float64, ld, w int) bool {
	for i := range w {
		ri := a[i*ld : i*ld+i+1]
		for j := range i {
			rj := a[j*ld : j*ld+j+1]
			ri[j] = (ri[j] - dot(rj[:j], ri[:j])) / rj[j]
		}
		d := ri[i] - dot(ri[:i], ri[:i])
		if !(d > 0) || d > math.MaxFloat64 {
			return false
		}
		ri[i] = math.Sqrt(d)
	}
	return true
}

// solveRows multiplies rows w..m of a by the inverse transposed of its factored
// w x w top.
func solveRows(a []float64, ld, w, m int) {
	var inv [blockWidth]float64
	for j := range w {
		inv[j] = 1 / a[j*ld+j]
	}
	i := w
	for ; i+4 <= m; i += 4 {
		r0, r1 := a[i*ld:i*ld+w], a[(i+1)*ld:(i+1)*ld+w]
		r2, r3 := a[(i+2)*ld:(i+2)*ld+w], a[(i+3)*ld:(i+3)*ld+w]
		for j := range w {
			s0, s1, s2, s3 := r0[j], r1[j], r2[j], r3[j]
			for k, l := range a[j*ld : j*ld+j] {
				s0 -= l * r0[k]
				s1 -= l * r1[k]
				s2 -= l * r2[k]
				s3 -= l * r3[k]
			}
			r0[j], r1[j], r2[j], r3[j] = s0*inv[j], s1*inv[j], s2*inv[j], s3*inv[j]
		}
	}
	for ; i < m; i++ {
		row := a[i*ld : i*ld+w]
		for j := range w {
			row[j] = (row[j] - dot(a[j*ld:j*ld+j], row[:j])) * inv[j]
		}
	}
}

// subSyrk subtracts A A^T, A n x k row-major, from the lower triangle of the
// n x n matrix c. It may write to c's upper triangle.
func subSyrk(c []float64, ldc int, a []float64, lda, n, k int) {
	for i := 0; i < n; i += stripHeight {
		h := min(stripHeight, n-i)
		w := min(i+h+3, n) &^ 3 // whole tiles, beyond the diagonal where there is room
		if w > 0 {
			subGemm(c[i*ldc:], ldc, a[i*lda:], lda, a, lda, h, w, k)
		}
		for r := max(i, w); r < i+h; r++ {
			for q := w; q <= r; q++ {
				c[r*ldc+q] -= dot(a[r*lda:r*lda+k], a[q*lda:q*lda+k])
			}
		}
	}
}

// stripHeight is the number of rows of a tile of the vector kernel.
const stripHeight = 3

// subGemm subtracts A B^T from the m x n matrix c, A m x k and B n x k.
func subGemm(c []float64, ldc int, a []float64, lda int, b []float64, ldb int, m, n, k int) {
	i := 0
	if w := n &^ 3; haveStrip3 && w > 0 && k > 0 {
		for ; i+stripHeight <= m; i += stripHeight {
			// The last elements that the kernel touches, checked here since it does not.
			_, _, _ = c[(i+2)*ldc+w-1], a[(i+2)*lda+k-1], b[(w-1)*ldb+k-1]
			subStrip3(&c[i*ldc], ldc, &a[i*lda], lda, &b[0], ldb, w, k)
			for r := i; r < i+stripHeight; r++ {
				for j := w; j < n; j++ {
					c[r*ldc+j] -= dot(a[r*lda:r*lda+k], b[j*ldb:j*ldb+k])
				}
			}
		}
	}
	subGemmPortable(c[min(i*ldc, len(c)):], ldc, a[min(i*lda, len(a)):], lda, b, ldb, m-i, n, k)
}

// subGemmPortable is subGemm in tiles of 2 x 4.
func subGemmPortable(c []float64, ldc int, a []float64, lda int, b []float64, ldb int, m, n, k int) {
	i := 0
	for ; i+2 <= m; i += 2 {
		a0, a1 := a[i*lda:i*lda+k], a[(i+1)*lda:(i+1)*lda+k]
		c0, c1 := c[i*ldc:i*ldc+n], c[(i+1)*ldc:(i+1)*ldc+n]
		j := 0
		for ; j+4 <= n; j += 4 {
			subTile2x4(c0[j:j+4], c1[j:j+4], a0, a1, b[j*ldb:j*ldb+k], b[(j+1)*ldb:(j+1)*ldb+k], b[(j+2)*ldb:(j+2)*ldb+k], b[(j+3)*ldb:(j+3)*ldb+k])
		}
		for ; j < n; j++ {
			bj := b[j*ldb : j*ldb+k]
			c0[j] -= dot(a0, bj)
			c1[j] -= dot(a1, bj)
		}
	}
	for ; i < m; i++ {
		ai, ci := a[i*lda:i*lda+k], c[i*ldc:i*ldc+n]
		for j := range ci {
			ci[j] -= dot(ai, b[j*ldb:j*ldb+k])
		}
	}
}

// subTile2x4 subtracts two rows times four: eight sums stay in registers.
func subTile2x4(c0, c1, a0, a1, b0, b1, b2, b3 []float64) {
	var s00, s01, s02, s03, s10, s11, s12, s13 float64
	n := len(a0)
	a1, b0, b1, b2, b3 = a1[:n], b0[:n], b1[:n], b2[:n], b3[:n]
	for k, x := range a0 {
		y := a1[k]
		v := b0[k]
		s00 += x * v
		s10 += y * v
		v = b1[k]
		s01 += x * v
		s11 += y * v
		v = b2[k]
		s02 += x * v
		s12 += y * v
		v = b3[k]
		s03 += x * v
		s13 += y * v
	}
	c0, c1 = c0[:4], c1[:4]
	c0[0] -= s00
	c0[1] -= s01
	c0[2] -= s02
	c0[3] -= s03
	c1[0] -= s10
	c1[1] -= s11
	c1[2] -= s12
	c1[3] -= s13
}

// dot returns the inner product; b is at least as long as a.
func dot(a, b []float64) float64 {
	b = b[:len(a)]
	var s0, s1 float64
	i := 0
	for ; i+2 <= len(a); i += 2 {
		s0 += a[i] * b[i]
		s1 += a[i+1] * b[i+1]
	}
	if i < len(a) {
		s0 += a[i] * b[i]
	}
	return s0 + s1
}

// subScaled subtracts s a from x.
func subScaled(x []float64, s float64, a []float64) {
	a = a[:len(x)]
	for i := range x {
		x[i] -= s * a[i]
	}
}

// solveLower solves L x = b in place, L n x n row-major.
func solveLower(l []float64, n int, x []float64) {
	for i := range n {
		row := l[i*n : i*n+i+1]
		x[i] = (x[i] - dot(row[:i], x)) / row[i]
	}
}

// solveUpper solves L^T x = b in place.
func solveUpper(l []float64, n int, x []float64) {
	for i := n - 1; i >= 0; i-- {
		row := l[i*n : i*n+i+1]
		x[i] /= row[i]
		subScaled(x[:i], x[i], row[:i])
	}
}
