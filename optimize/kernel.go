package optimize

// Products of the small blocks of a problem. All matrices are row-major; a
// destination inside a larger matrix has rows stride apart. The sizes that most
// problems are made of (residuals of 2 rows, landmarks of 1 and 3, poses of 6,
// cameras of 9) have loops of their own: they are where the time goes.

func scale(x []float64, s float64) {
	for i := range x {
		x[i] *= s
	}
}

// addATr adds A^T r to g, for a len(r) x len(g) matrix A.
func addATr(g, a, r []float64) {
	d := len(g)
	for i, ri := range r {
		row := a[i*d : i*d+d]
		for j, x := range row {
			g[j] += ri * x
		}
	}
}

// addATA adds the lower triangle of A^T A to h, for a matrix A of m rows.
func addATA(h []float64, stride int, a []float64, m int) {
	d := len(a) / m
	if m == 2 {
		a0, a1 := a[:d], a[d:2*d]
		for i := range d {
			addScaled2(h[i*stride:i*stride+i+1], a0, a1, a0[i], a1[i])
		}
		return
	}
	for i := range d {
		hi := h[i*stride : i*stride+i+1]
		for k := range m {
			addScaled(hi, a[k*d:k*d+d], a[k*d+i])
		}
	}
}

// addATB adds A^T B to h, for matrices of m rows.
func addATB(h []float64, stride int, a, b []float64, m int) {
	da, db := len(a)/m, len(b)/m
	if m == 2 {
		a0, a1, b0, b1 := a[:da], a[da:2*da], b[:db], b[db:2*db]
		for i := range da {
			addScaled2(h[i*stride:i*stride+db], b0, b1, a0[i], a1[i])
		}
		return
	}
	for i := range da {
		hi := h[i*stride : i*stride+db]
		for k := range m {
			addScaled(hi, b[k*db:k*db+db], a[k*da+i])
		}
	}
}

// addScaled adds s a to x.
func addScaled(x, a []float64, s float64) {
	a = a[:len(x)]
	for i := range x {
		x[i] += s * a[i]
	}
}

// addScaled2 adds s a + t b to x.
func addScaled2(x, a, b []float64, s, t float64) {
	a, b = a[:len(x)], b[:len(x)]
	for i := range x {
		x[i] += s*a[i] + t*b[i]
	}
}

// mulInv writes W V^-1 to y, V d x d.
func mulInv(y, w, inv []float64, d int) {
	switch d {
	case 1:
		for i, x := range w {
			y[i] = x * inv[0]
		}
	case 3:
		v := (*[9]float64)(inv)
		y = y[:len(w)]
		for i := 0; i+3 <= len(w); i += 3 {
			a, b, c := w[i], w[i+1], w[i+2]
			y[i] = a*v[0] + b*v[3] + c*v[6]
			y[i+1] = a*v[1] + b*v[4] + c*v[7]
			y[i+2] = a*v[2] + b*v[5] + c*v[8]
		}
	default:
		for i := 0; i < len(w); i += d {
			for j := range d {
				y[i+j] = 0
				for k := range d {
					y[i+j] += w[i+k] * inv[k*d+j]
				}
			}
		}
	}
}

// addMulVec adds A x to b.
func addMulVec(b, a, x []float64) {
	d := len(x)
	for i := range b {
		for k, v := range x {
			b[i] += a[i*d+k] * v
		}
	}
}

// subABT subtracts A B^T from s, for matrices of d columns.
func subABT(s []float64, stride int, a, b []float64, d int) {
	switch {
	case d == 3 && len(b) == 27:
		subABT3x9(s, stride, a, (*[27]float64)(b))
	case d == 3 && len(b) == 18:
		subABT3x6(s, stride, a, (*[18]float64)(b))
	case d == 1 && len(b) == 6:
		subABT1x6(s, stride, a, (*[6]float64)(b))
	default:
		nb := len(b) / d
		for i := 0; i*d < len(a); i++ {
			subRow(s[i*stride:i*stride+nb], a[i*d:i*d+d], b)
		}
	}
}

// subABTLower is subABT of the lower triangle alone.
func subABTLower(s []float64, stride int, a, b []float64, d int) {
	for i := 0; i*d < len(a); i++ {
		subRow(s[i*stride:i*stride+i+1], a[i*d:i*d+d], b)
	}
}

// subRow subtracts B a from a row, for as many rows of B as it has elements.
func subRow(row, a, b []float64) {
	switch len(a) {
	case 1:
		b = b[:len(row)]
		for j := range row {
			row[j] -= a[0] * b[j]
		}
	case 3:
		a0, a1, a2 := a[0], a[1], a[2]
		b = b[:3*len(row)]
		for j := range row {
			row[j] -= a0*b[3*j] + a1*b[3*j+1] + a2*b[3*j+2]
		}
	default:
		for j := range row {
			for k, x := range a {
				row[j] -= x * b[j*len(a)+k]
			}
		}
	}
}

func subABT3x9(s []float64, stride int, a []float64, b *[27]float64) {
	for len(a) >= 3 {
		a0, a1, a2 := a[0], a[1], a[2]
		a = a[3:]
		row := (*[9]float64)(s)
		row[0] -= a0*b[0] + a1*b[1] + a2*b[2]
		row[1] -= a0*b[3] + a1*b[4] + a2*b[5]
		row[2] -= a0*b[6] + a1*b[7] + a2*b[8]
		row[3] -= a0*b[9] + a1*b[10] + a2*b[11]
		row[4] -= a0*b[12] + a1*b[13] + a2*b[14]
		row[5] -= a0*b[15] + a1*b[16] + a2*b[17]
		row[6] -= a0*b[18] + a1*b[19] + a2*b[20]
		row[7] -= a0*b[21] + a1*b[22] + a2*b[23]
		row[8] -= a0*b[24] + a1*b[25] + a2*b[26]
		s = s[min(stride, len(s)):]
	}
}

func subABT3x6(s []float64, stride int, a []float64, b *[18]float64) {
	for len(a) >= 3 {
		a0, a1, a2 := a[0], a[1], a[2]
		a = a[3:]
		row := (*[6]float64)(s)
		row[0] -= a0*b[0] + a1*b[1] + a2*b[2]
		row[1] -= a0*b[3] + a1*b[4] + a2*b[5]
		row[2] -= a0*b[6] + a1*b[7] + a2*b[8]
		row[3] -= a0*b[9] + a1*b[10] + a2*b[11]
		row[4] -= a0*b[12] + a1*b[13] + a2*b[14]
		row[5] -= a0*b[15] + a1*b[16] + a2*b[17]
		s = s[min(stride, len(s)):]
	}
}

func subABT1x6(s []float64, stride int, a []float64, b *[6]float64) {
	for _, x := range a {
		row := (*[6]float64)(s)
		row[0] -= x * b[0]
		row[1] -= x * b[1]
		row[2] -= x * b[2]
		row[3] -= x * b[3]
		row[4] -= x * b[4]
		row[5] -= x * b[5]
		s = s[min(stride, len(s)):]
	}
}
