package simulate

import (
	"math"

	"gonum.org/v1/gonum/floats"
)

const (
	minDepth   = .2  // metres; nearer depth is taken as this
	edgeSigma  = 2.5 // px by which depth edges are blurred
	noiseSigma = 1.5 // px by which the noise is blurred
	// noiseGain brings blurred white noise back to deviation 1: the blur leaves
	// a deviation of 1/(2 sqrt(pi) sigma) = 1/5.3.
	noiseGain   = 5.3
	maxHoleDist = 6 // px from measured depth up to which holes are filled
)

// Spoil returns depth [m] of w x h pixels as a network would give it for the
// frame of that index; 0 is unknown. ok is false where there is nothing to spoil:
// no pixel of depth is known.
func (m *Model) Spoil(depth []float32, w, h, index int) (out []float32, ok bool) {
	logs, ok := filledLogDepth(depth, w, h)
	if !ok {
		return nil, false
	}
	blur(logs, w, h, edgeSigma)
	if m.p.Noise > 0 {
		floats.AddScaled(logs, m.p.Noise*noiseGain, m.noise(w, h, index))
	}
	addWarp(logs, w, h, m.warp(index))
	floats.AddConst(m.LogScale(index), logs)
	near := nearMeasured(depth, w, h, maxHoleDist)
	out = make([]float32, w*h)
	for i, l := range logs {
		if near[i] {
			out[i] = float32(math.Exp(l))
		}
	}
	return out, true
}

func (m *Model) noise(w, h, index int) []float64 {
	rng := m.rng(index, streamNoise)
	n := make([]float64, w*h)
	for i := range n {
		n[i] = rng.NormFloat64()
	}
	blur(n, w, h, noiseSigma)
	return n
}

// addWarp adds the bicubic surface through the nodes g to img. The nodes are
// the centres of gridCols x gridRows equal cells; the surface goes on level
// outside them, as when a tiny image is enlarged.
func addWarp(img []float64, w, h int, g [gridRows][gridCols]float64) {
	col := make([][4]float64, w)
	at := make([]int, w)
	for x := range col {
		at[x], col[x] = cubicTap(x, w, gridCols)
	}
	for y := range h {
		iy, wy := cubicTap(y, h, gridRows)
		var row [gridCols]float64 // the nodes of this row, interpolated down
		for c := range row {
			for k, wk := range wy {
				row[c] += wk * g[clamp(iy+k, gridRows)][c]
			}
		}
		line := img[y*w : (y+1)*w]
		for x := range line {
			for k, wk := range col[x] {
				line[x] += wk * row[clamp(at[x]+k, gridCols)]
			}
		}
	}
}

// cubicTap returns the first of four nodes and their weights for pixel x of n
// over cells nodes: Keys' cubic convolution (1981) with a = -.75.
func cubicTap(x, n, cells int) (first int, w [4]float64) {
	u := (float64(x)+.5)*float64(cells)/float64(n) - .5
	i := math.Floor(u)
	for k := range w {
		w[k] = keys(u - (i - 1 + float64(k)))
	}
	return int(i) - 1, w
}

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

func clamp(i, n int) int { return min(max(i, 0), n-1) }
