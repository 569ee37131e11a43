package multiview

import "math"

const (
	// reachPx is the distance over which trusted depth tells of depth that is not. A
	// step of the image by reachGrey, or one of the prior's log depth by reachLog, is
	// as far.
	reachPx   = 30
	reachGrey = 80
	reachLog  = .05

	filterRounds = 3
	// ownWeight is what the prior itself weighs against trusted pixels nearby.
	ownWeight = .02
)

// complete returns the depth of all pixels: that of trusted pixels as it is, that of
// others the prior, moved as the trusted ones nearby were moved on the same surface.
// support tells how much those weigh: 0 to 1.
//
// It is a normalised convolution by the recursive filter of the domain transform
// (Gastal and Oliveira 2011), whose steps are those of the image and of the prior.
func complete(grey []uint8, d *refinedDepth, conf []float32) (depth, support []float32) {
	w, h := d.w, d.h
	num, den := make([]float32, w*h), make([]float32, w*h)
	logPrior := make([]float32, w*h)
	for i, z := range d.prior {
		if z == 0 {
			logPrior[i] = float32(math.Inf(-1))
			continue
		}
		logPrior[i] = log32(z)
		if c := conf[i]; c >= minConfidence {
			num[i], den[i] = c*log32(d.depth[i]/z), c
		}
	}
	f := newEdgeFilter(grey, logPrior, w, h)
	f.run(num)
	f.run(den)
	depth, support = make([]float32, w*h), den
	for i, z := range d.prior {
		switch {
		case z == 0:
		case conf[i] >= minConfidence:
			depth[i] = d.depth[i]
		default:
			depth[i] = z * exp32(num[i]/(den[i]+ownWeight))
		}
	}
	return depth, support
}

// edgeFilter smooths along rows and columns, less across edges.
type edgeFilter struct {
	w, h         int
	across, down []float32 // distance to the pixel at the left, and above
}

func newEdgeFilter(grey []uint8, logPrior []float32, w, h int) *edgeFilter {
	f := &edgeFilter{w, h, make([]float32, w*h), make([]float32, w*h)}
	step := func(i, j int) float32 {
		g := float32(grey[i]) - float32(grey[j])
		l := logPrior[i] - logPrior[j]
		s := 1 + reachPx*(abs32(g)/reachGrey+abs32(l)/reachLog)
		if !(s < 1e6) { // no prior on one side
			s = 1e6
		}
		return s
	}
	for y := range h {
		for x := range w {
			i := y*w + x
			if x > 0 {
				f.across[i] = step(i, i-1)
			}
			if y > 0 {
				f.down[i] = step(i, i-w)
			}
		}
	}
	return f
}

func abs32(x float32) float32 { return float32(math.Abs(float64(x))) }

// run filters v in place.
func (f *edgeFilter) run(v []float32) {
	for round := range filterRounds {
		// Deviations that halve from round to round and add up to reachPx.
		sigma := reachPx * math.Sqrt(3) * math.Pow(2, float64(filterRounds-1-round)) / math.Sqrt(math.Pow(4, filterRounds)-1)
		decay := powers(float32(math.Exp(-math.Sqrt2 / sigma)))
		for y := range f.h {
			row, d := v[y*f.w:(y+1)*f.w], f.across[y*f.w:(y+1)*f.w]
			for x := 1; x < f.w; x++ {
				row[x] += decay.of(d[x]) * (row[x-1] - row[x])
			}
			for x := f.w - 2; x >= 0; x-- {
				row[x] += decay.of(d[x+1]) * (row[x+1] - row[x])
			}
		}
		for y := 1; y < f.h; y++ {
			f.mix(v, y, y-1, y, decay)
		}
		for y := f.h - 2; y >= 0; y-- {
			f.mix(v, y, y+1, y+1, decay)
		}
	}
}

// mix moves row y towards row from; the distances are those of row d.
func (f *edgeFilter) mix(v []float32, y, from, d int, decay *powerTable) {
	a, b, s := v[y*f.w:(y+1)*f.w], v[from*f.w:(from+1)*f.w], f.down[d*f.w:(d+1)*f.w]
	for x := range a {
		a[x] += decay.of(s[x]) * (b[x] - a[x])
	}
}

// powerTable holds a^s for steps s in quarters.
type powerTable [2048]float32

func powers(a float32) *powerTable {
	var t powerTable
	for i := range t {
		t[i] = float32(math.Pow(float64(a), float64(i)/4))
	}
	return &t
}

func (t *powerTable) of(s float32) float32 {
	i := int(s * 4)
	if i >= len(t) {
		return 0
	}
	return t[i]
}

func log32(x float32) float32 { return float32(math.Log(float64(x))) }
