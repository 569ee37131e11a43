package network

import (
	"math"

	"github.com/metricslam/metricslam/depth/contract"
)

// taps holds, for each pixel of a resized line, the first source pixel and the
// weights of it and its followers. Every line of weights has the same length.
type taps struct {
	first   []int
	weights []float32 // n a pixel
	n       int
}

// newTaps returns the weights that resize a line of src pixels to dst, with
// pixel centres at half of each pixel, as OpenCV has them.
func newTaps(src, dst int, kind contract.Interpolation) taps {
	scale := float64(src) / float64(dst)
	kernel, support := kernelOf(kind, scale)
	n := min(support, src)
	t := taps{first: make([]int, dst), weights: make([]float32, dst*n), n: n}
	full := make([]float64, src+2*support)
	for i := range dst {
		centre := (float64(i)+.5)*scale - .5
		lo := int(math.Floor(centre)) - (support-1)/2
		if kind == contract.Area && scale > 1 {
			lo = int(math.Floor(float64(i) * scale))
		}
		if kind == contract.Nearest {
			lo = int(math.Floor(float64(i) * scale))
		}
		first := min(max(lo, 0), src-n)
		w := full[:n]
		clear(w)
		var sum float64
		for k := range support {
			v := kernel(i, lo+k, centre)
			w[min(max(lo+k-first, 0), n-1)] += v // beyond the edge its pixel is repeated
			sum += v
		}
		t.first[i] = first
		for k, v := range w {
			t.weights[i*n+k] = float32(v / sum)
		}
	}
	return t
}

// kernelOf returns the weight of source pixel j for resized pixel i with its
// centre in source pixels, and the number of source pixels it can reach.
func kernelOf(kind contract.Interpolation, scale float64) (kernel func(i, j int, centre float64) float64, support int) {
	switch {
	case kind == contract.Nearest:
		return func(int, int, float64) float64 { return 1 }, 1
	case kind == contract.Bicubic:
		return func(_, j int, centre float64) float64 { return keys(centre - float64(j)) }, 4
	case kind == contract.Area && scale > 1:
		// The share of source pixel j that resized pixel i covers.
		return func(i, j int, _ float64) float64 {
			a, b := float64(i)*scale, float64(i+1)*scale
			return max(0, min(b, float64(j+1))-max(a, float64(j)))
		}, int(math.Ceil(scale)) + 1
	default:
		return func(_, j int, centre float64) float64 { return max(0, 1-math.Abs(centre-float64(j))) }, 2
	}
}

// keys is the cubic convolution kernel (Keys 1981) with a = -.75, OpenCV's.
func keys(t float64) float64 {
	const a = -.75
	t = math.Abs(t)
	switch {
	case t <= 1:
		return ((a+2)*t-(a+3))*t*t + 1
	case t < 2:
		return ((a*t-5*a)*t+8*a)*t - 4*a
	}
	return 0
}

// resampler resizes 8-bit images of one size, rows of interleaved channels.
type resampler struct {
	srcW, channels int
	cols, rows     taps
	line           []float32 // one source line, rows blended
}

func newResampler(srcW, srcH, dstW, dstH, channels int, kind contract.Interpolation) *resampler {
	return &resampler{
		srcW: srcW, channels: channels,
		cols: newTaps(srcW, dstW, kind), rows: newTaps(srcH, dstH, kind),
		line: make([]float32, srcW*channels),
	}
}

// blendRows leaves the weighted sum of the source rows of resized row y in
// r.line: up to four rows in one pass, since that is bound by memory traffic.
func (r *resampler) blendRows(pix []uint8, y int) {
	w, first := r.rows.nonZero(y)
	row := func(k int) []uint8 {
		at := (first + k) * len(r.line)
		return pix[at : at+len(r.line)]
	}
	switch len(w) {
	case 1:
		blend1(r.line, row(0), w[0])
	case 2:
		blend2(r.line, row(0), row(1), w[0], w[1])
	case 3:
		blend3(r.line, row(0), row(1), row(2), w[0], w[1], w[2])
	default:
		blend4(r.line, row(0), row(1), row(2), row(3), [4]float32(w))
		for k, wk := range w[4:] {
			for i, v := range row(4 + k) {
				r.line[i] += wk * float32(v)
			}
		}
	}
}

// nonZero returns the weights of pixel i without the zeros at either end, and
// the source pixel of the first.
func (t *taps) nonZero(i int) (w []float32, first int) {
	w, first = t.weights[i*t.n:(i+1)*t.n], t.first[i]
	for len(w) > 1 && w[0] == 0 {
		w, first = w[1:], first+1
	}
	for len(w) > 1 && w[len(w)-1] == 0 {
		w = w[:len(w)-1]
	}
	return w, first
}

func blend1(line []float32, a []uint8, wa float32) {
	a = a[:len(line)]
	for i := range line {
		line[i] = wa * float32(a[i])
	}
}

func blend2(line []float32, a, b []uint8, wa, wb float32) {
	a, b = a[:len(line)], b[:len(line)]
	for i := range line {
		line[i] = wa*float32(a[i]) + wb*float32(b[i])
	}
}

func blend3(line []float32, a, b, c []uint8, wa, wb, wc float32) {
	a, b, c = a[:len(line)], b[:len(line)], c[:len(line)]
	for i := range line {
		line[i] = wa*float32(a[i]) + wb*float32(b[i]) + wc*float32(c[i])
	}
}

func blend4(line []float32, a, b, c, d []uint8, w [4]float32) {
	a, b, c, d = a[:len(line)], b[:len(line)], c[:len(line)], d[:len(line)]
	for i := range line {
		line[i] = w[0]*float32(a[i]) + w[1]*float32(b[i]) + (w[2]*float32(c[i]) + w[3]*float32(d[i]))
	}
}

// blendColumns writes resized pixels x0 <= x < x1 of the current line to three
// planes, value a v + b a channel.
func (r *resampler) blendColumns(x0, x1 int, planes [3][]float32, a, b [3]float32) {
	n := r.cols.n
	p0, p1, p2 := planes[0][:x1-x0], planes[1][:x1-x0], planes[2][:x1-x0]
	weights, first := r.cols.weights[x0*n:x1*n], r.cols.first[x0:x1]
	if n == 2 && r.channels == 3 { // bilinear, the most common
		r.blendPairs(first, weights, [3][]float32{p0, p1, p2}, a, b)
		return
	}
	for x := range p0 {
		w := weights[x*n : x*n+n]
		var v0, v1, v2 float32
		if r.channels == 1 {
			src := r.line[first[x]:][:n]
			for k, wk := range w {
				v0 += wk * src[k]
			}
			v1, v2 = v0, v0
		} else {
			src := r.line[3*first[x]:][:3*n]
			for _, wk := range w {
				v0 += wk * src[0]
				v1 += wk * src[1]
				v2 += wk * src[2]
				src = src[3:]
			}
		}
		p0[x] = a[0]*v0 + b[0]
		p1[x] = a[1]*v1 + b[1]
		p2[x] = a[2]*v2 + b[2]
	}
}

// blendPairs is blendColumns of three channels and two weights a pixel.
func (r *resampler) blendPairs(first []int, weights []float32, planes [3][]float32, a, b [3]float32) {
	p0, p1, p2 := planes[0][:len(first)], planes[1][:len(first)], planes[2][:len(first)]
	for x, at := range first {
		src := r.line[3*at:][:6]
		w0, w1 := weights[0], weights[1]
		weights = weights[2:]
		p0[x] = a[0]*(w0*src[0]+w1*src[3]) + b[0]
		p1[x] = a[1]*(w0*src[1]+w1*src[4]) + b[1]
		p2[x] = a[2]*(w0*src[2]+w1*src[5]) + b[2]
	}
}
