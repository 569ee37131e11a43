package fusion

// boxMean returns the mean of the known depth within r pixels of every known
// pixel, 0 where a pixel is unknown. It is separable, with running sums.
func boxMean(depth []float32, w, h, r, workers int) []float32 {
	sum, n := make([]float32, len(depth)), make([]float32, len(depth))
	parallelFor(h, workers, 32, func(y int) {
		o := y * w
		boxRow(depth[o:o+w], sum[o:o+w], n[o:o+w], r)
	})
	out := make([]float32, len(depth))
	const strip = 64 // columns: the rows of a strip stay in the cache
	parallelFor((w+strip-1)/strip, workers, 1, func(i int) {
		boxColumns(depth, sum, n, out, w, h, r, i*strip, min(w, (i+1)*strip))
	})
	return out
}

// boxRow sums known depth, and counts it, along one row.
func boxRow(depth, sum, n []float32, r int) {
	var s, c float32
	add := func(x int, sign float32) {
		if x >= 0 && x < len(depth) && depth[x] > 0 {
			s += sign * depth[x]
			c += sign
		}
	}
	for x := range r {
		add(x, 1)
	}
	for x := range depth {
		add(x+r, 1)
		add(x-r-1, -1)
		sum[x], n[x] = s, c
	}
}

// boxColumns sums the rows' sums along columns x0 to x1 and divides.
func boxColumns(depth, sum, n, out []float32, w, h, r, x0, x1 int) {
	s, c := make([]float32, x1-x0), make([]float32, x1-x0)
	add := func(y int, sign float32) {
		if y < 0 || y >= h {
			return
		}
		a, b := sum[y*w+x0:y*w+x1], n[y*w+x0:y*w+x1]
		for i := range s {
			s[i] += sign * a[i]
			c[i] += sign * b[i]
		}
	}
	for y := range r {
		add(y, 1)
	}
	for y := range h {
		add(y+r, 1)
		add(y-r-1, -1)
		o := y * w
		for i := range s {
			if depth[o+x0+i] > 0 {
				out[o+x0+i] = s[i] / c[i]
			}
		}
	}
}
