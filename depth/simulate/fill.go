package simulate

import "math"

// level is one level of the pull-push pyramid: depth times weight, and weight.
type level struct {
	w, h   int
	depth  []float64
	weight []float64
}

// filledLogDepth returns log depth with the holes filled from coarser and
// coarser means of what was measured (pull-push; Gortler et al. 1996); ok is
// false where nothing was.
func filledLogDepth(depth []float32, w, h int) (logs []float64, ok bool) {
	base := level{w, h, make([]float64, w*h), make([]float64, w*h)}
	for i, z := range depth {
		if z > 0 {
			base.depth[i], base.weight[i], ok = float64(z), 1, true
		}
	}
	if !ok {
		return nil, false
	}
	pyramid := []level{base}
	for l := base; min(l.w, l.h) > 4 || sum(l.weight) < 1e-6; {
		if l.w == 1 && l.h == 1 {
			break
		}
		l = l.half()
		pyramid = append(pyramid, l)
	}
	top := pyramid[len(pyramid)-1]
	fill := make([]float64, top.w*top.h)
	mean := sum(top.depth) / sum(top.weight)
	for i := range fill {
		if fill[i] = mean; top.weight[i] > 1e-6 {
			fill[i] = top.depth[i] / top.weight[i]
		}
	}
	for k := len(pyramid) - 2; k >= 0; k-- {
		fill = pyramid[k].pushed(fill, pyramid[k+1].w, pyramid[k+1].h)
	}
	for i, z := range fill {
		fill[i] = math.Log(max(z, minDepth))
	}
	return fill, true
}

func sum(v []float64) (s float64) {
	for _, x := range v {
		s += x
	}
	return s
}

// half returns the level of half the size (Burt and Adelson 1983).
func (l level) half() level {
	w, h := (l.w+1)/2, (l.h+1)/2
	return level{w, h, halve(l.depth, l.w, l.h), halve(l.weight, l.w, l.h)}
}

// halve smooths with 1 4 6 4 1 over 16 both ways and keeps every second pixel.
func halve(img []float64, w, h int) []float64 {
	w2, h2 := (w+1)/2, (h+1)/2
	tap := [5]float64{1. / 16, 4. / 16, 6. / 16, 4. / 16, 1. / 16}
	rows := make([]float64, w2*h)
	for y := range h {
		line := img[y*w : (y+1)*w]
		for x := range w2 {
			var s float64
			for k, t := range tap {
				s += t * line[mirror(2*x+k-2, w)]
			}
			rows[y*w2+x] = s
		}
	}
	out := make([]float64, w2*h2)
	for y := range h2 {
		for k, t := range tap {
			src := rows[mirror(2*y+k-2, h)*w2:][:w2]
			dst := out[y*w2 : (y+1)*w2]
			for x, v := range src {
				dst[x] += t * v
			}
		}
	}
	return out
}

// pushed returns the mean of this level where enough was measured, else the
// bilinear enlargement of the coarser fill.
func (l level) pushed(coarse []float64, cw, ch int) []float64 {
	out := make([]float64, l.w*l.h)
	for y := range l.h {
		y0, y1, fy := linearTap(y, l.h, ch)
		for x := range l.w {
			i := y*l.w + x
			if l.weight[i] > .3 {
				out[i] = l.depth[i] / l.weight[i]
				continue
			}
			x0, x1, fx := linearTap(x, l.w, cw)
			a := coarse[y0*cw+x0]*(1-fx) + coarse[y0*cw+x1]*fx
			b := coarse[y1*cw+x0]*(1-fx) + coarse[y1*cw+x1]*fx
			out[i] = a*(1-fy) + b*fy
		}
	}
	return out
}

// linearTap returns the two neighbours and the weight of the second for pixel x
// of n over a line of m.
func linearTap(x, n, m int) (i, j int, f float64) {
	u := (float64(x)+.5)*float64(m)/float64(n) - .5
	fl := math.Floor(u)
	return clamp(int(fl), m), clamp(int(fl)+1, m), u - fl
}

// mirror reflects an index at the ends of a line without repeating them.
func mirror(i, n int) int {
	if n == 1 {
		return 0
	}
	for i < 0 || i >= n {
		if i < 0 {
			i = -i
		} else {
			i = 2*(n-1) - i
		}
	}
	return i
}

// blur smooths in place with a Gaussian of sigma px, cut off at 4 sigma.
func blur(img []float64, w, h int, sigma float64) {
	r := int(math.Round(4 * sigma))
	taps := make([]float64, r+1)
	total := 0.0
	for k := range taps {
		taps[k] = math.Exp(-float64(k*k) / (2 * sigma * sigma))
		total += taps[k]
		if k > 0 {
			total += taps[k]
		}
	}
	for k := range taps {
		taps[k] /= total
	}
	padded := make([]float64, w+2*r)
	for y := range h {
		line := img[y*w : (y+1)*w]
		for i := range padded {
			padded[i] = line[mirror(i-r, w)]
		}
		for x := range line {
			s := taps[0] * padded[x+r]
			for k := 1; k <= r; k++ {
				s += taps[k] * (padded[x+r-k] + padded[x+r+k])
			}
			line[x] = s
		}
	}
	blurColumns(img, w, h, taps)
}

// blurColumns applies a symmetric kernel down the columns, row by row so that
// memory is read in order.
func blurColumns(img []float64, w, h int, taps []float64) {
	src := append([]float64(nil), img...)
	for y := range h {
		dst := img[y*w : (y+1)*w]
		for x, v := range src[y*w : (y+1)*w] {
			dst[x] = taps[0] * v
		}
		for k := 1; k < len(taps); k++ {
			up, down := src[mirror(y-k, h)*w:][:w], src[mirror(y+k, h)*w:][:w]
			for x := range dst {
				dst[x] += taps[k] * (up[x] + down[x])
			}
		}
	}
}

// nearMeasured reports which pixels lie within dist px of a known one, by the
// 3x3 chamfer distance with steps .955 and 1.3693 (Borgefors 1986).
func nearMeasured(depth []float32, w, h int, dist float64) []bool {
	const straight, diagonal = .955, 1.3693
	d := make([]float64, w*h)
	for i, z := range depth {
		if !(z > 0) {
			d[i] = math.Inf(1)
		}
	}
	relax := func(x, y, dx, dy int, step float64) {
		if nx, ny := x+dx, y+dy; nx >= 0 && nx < w && ny >= 0 && ny < h {
			d[y*w+x] = min(d[y*w+x], d[ny*w+nx]+step)
		}
	}
	for y := range h {
		for x := range w {
			relax(x, y, -1, 0, straight)
			relax(x, y, -1, -1, diagonal)
			relax(x, y, 0, -1, straight)
			relax(x, y, 1, -1, diagonal)
		}
	}
	near := make([]bool, w*h)
	for y := h - 1; y >= 0; y-- {
		for x := w - 1; x >= 0; x-- {
			relax(x, y, 1, 0, straight)
			relax(x, y, 1, 1, diagonal)
			relax(x, y, 0, 1, straight)
			relax(x, y, -1, 1, diagonal)
			near[y*w+x] = d[y*w+x] <= dist
		}
	}
	return near
}
