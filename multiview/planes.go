package multiview

import "math"

// The sums that a plane of inverse depth, q = a x + b y + c, is fitted from.
const (
	sum1 = iota
	sumX
	sumY
	sumXX
	sumXY
	sumYY
	sumQ
	sumQX
	sumQY
	sumQQ
	planeSums
)

const (
	// matchStd is the deviation of log depth of what is matched best; what several
	// pixels nearby say is no better, since their patches overlap.
	matchStd = .01
	// planeRidgePx is added to the spread of the pixels that a plane is fitted to: where
	// they lie on a line, it faces the camera across it.
	planeRidgePx = 2
	leastSupport = 1e-4 // weight of the pixels nearby that a plane needs
)

// planes fits a plane of inverse depth around every pixel to trusted ones nearby on the
// same surface: a moving least squares fit (Lancaster and Salkauskas 1981) whose weights
// an edgeFilter spreads.
type planes struct {
	w, h, shrink int // of the sums; shrink: pixels of the image a pixel of them, along x and y
	unit         float32
	sums         [planeSums][]float32
}

// newPlanes takes the depth of the pixels that have a weight. With shrink 2 the sums are
// kept for blocks of 2x2 pixels; reach is in pixels of the image.
func newPlanes(grey []uint8, logPrior, depth, weight []float32, w, h, shrink int, reach float64) *planes {
	p := &planes{w: w / shrink, h: h / shrink, shrink: shrink, unit: 1 / float32(w)}
	for c := range p.sums {
		p.sums[c] = make([]float32, p.w*p.h)
	}
	for y := range p.h * shrink {
		for x := range p.w * shrink {
			k := weight[y*w+x]
			if k == 0 {
				continue
			}
			u, v, q := float32(x)*p.unit, float32(y)*p.unit, 1/depth[y*w+x]
			i := y/shrink*p.w + x/shrink
			for c, t := range [planeSums]float32{1, u, v, u * u, u * v, v * v, q, q * u, q * v, q * q} {
				p.sums[c][i] += k * t
			}
		}
	}
	f := newEdgeFilter(grey, logPrior, w, h, shrink, reach)
	for _, s := range p.sums {
		f.run(s)
	}
	return p
}

// at returns the depth of the plane at a pixel and the deviation of its logarithm, which
// is that of the pixels it was fitted to, and grows away from them; infinite where
// there are none.
func (p *planes) at(x, y int) (depth, std float32) {
	none := float32(math.Inf(1))
	i := min(y/p.shrink, p.h-1)*p.w + min(x/p.shrink, p.w-1)
	n := p.sums[sum1][i]
	if n < leastSupport {
		return 0, none
	}
	mean := func(c int) float64 { return float64(p.sums[c][i] / n) }
	mx, my, mq := mean(sumX), mean(sumY), mean(sumQ)
	ridge := planeRidgePx * float64(p.unit)
	xx, xy, yy := mean(sumXX)-mx*mx+ridge*ridge, mean(sumXY)-mx*my, mean(sumYY)-my*my+ridge*ridge
	qx, qy, qq := mean(sumQX)-mq*mx, mean(sumQY)-mq*my, mean(sumQQ)-mq*mq
	det := xx*yy - xy*xy
	if !(det > 0) {
		return 0, none
	}
	a, b := (yy*qx-xy*qy)/det, (xx*qy-xy*qx)/det
	dx, dy := float64(float32(x)*p.unit)-mx, float64(float32(y)*p.unit)-my
	q := mq + a*dx + b*dy
	if !(q > 0) {
		return 0, none
	}
	rough := max(qq-a*qx-b*qy, 0) / (q * q)
	lever := (yy*dx*dx - 2*xy*dx*dy + xx*dy*dy) / det
	return float32(1 / q), sqrt32(float32((rough + matchStd*matchStd) * (1 + lever)))
}
