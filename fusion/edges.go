package fusion

import (
	"math"

	"github.com/metricslam/metricslam/slam"
)

// edgeFocal is the focal length at which Config.EdgeWindow counts pixels.
const edgeFocal = 528

// edgeMean is the radius of the mean that estimated depth is taken through
// before edges are looked for, at edgeFocal. Without it the noise of a pixel,
// 3 % and more, reaches the spread of an edge within the window, and half of a
// flat wall is dropped. Sensors are not as noisy, and the mean widens what is
// dropped.
const edgeMean = 2

// edgeSigmas is how many deviations of depth within a window are noise, where each
// pixel states its own: the largest of a window's differences is that far out.
const edgeSigmas = 4

// DropEdges returns d without the pixels around depth discontinuities: those
// where the largest depth (for estimated depth, of local means) within a window exceeds the smallest by
// more than cfg.EdgeSpread, unless the surface is a plane seen at a grazing angle. The window is square,
// cfg.EdgeWindow pixels at a focal length of 528 pixels and of the same angle for others. Unknown pixels
// take no part. Depth whose edges were dropped before keeps the rest. Unusable depth (NaN, infinite, negative) becomes unknown as
// well.
func DropEdges(d slam.DepthMap, cfg Config) slam.DepthMap {
	out := d
	out.Depth = cleaned(d.Depth)
	if cfg.EdgeSpread <= 0 || d.Empty() || d.NoEdges {
		return out
	}
	out.NoEdges = true
	scale := min(d.Camera.Focal()/edgeFocal, 4)
	f := rangeFilter{w: d.W, h: d.H, r: max(int(math.Round(float64(cfg.EdgeWindow-1)/2*scale)), 1), workers: cfg.resolved(1, 1).Workers}
	in := out.Depth
	if d.ScaleSigma > 0 {
		in = boxMean(in, d.W, d.H, int(math.Round(edgeMean*scale)), f.workers)
	}
	lo, hi := f.run(in)
	bent := f.bends(in)
	for i, z := range out.Depth {
		spread := float32(cfg.EdgeSpread)
		if d.LogStd != nil && d.ScaleSigma == 0 {
			spread = max(spread, edgeSigmas*d.LogStd[i])
		}
		if z > 0 && math.Float32frombits(hi[i]) > (1+spread)*math.Float32frombits(lo[i]) && bent[i] > spread*planeShare {
			out.Depth[i] = 0
		}
	}
	return out
}

// planeShare is the share of EdgeSpread that second differences reach nowhere near a
// pixel of a plane. A step shows in them with all of its height, noise with less
// than a quarter of planeShare.
const planeShare = .5

// bends returns how far depth is from a plane near every pixel: inverse depth is
// linear in the image on any plane, so that its second differences vanish. The
// largest within twice the window counts: a network draws a step as a ramp, which is
// a plane but for its ends.
func (f rangeFilter) bends(depth []float32) []float32 {
	second := make([]float32, len(depth))
	parallelFor(f.h, f.workers, 16, func(y int) {
		for x := range f.w {
			second[y*f.w+x] = f.secondDifference(depth, x, y)
		}
	})
	wide := f
	wide.r *= 2
	_, most := wide.run(second)
	for i, b := range most {
		second[i] = math.Float32frombits(b)
	}
	return second
}

// secondDifference is the largest in four directions, relative to inverse depth; 0
// where depth is unknown.
func (f rangeFilter) secondDifference(depth []float32, x, y int) (most float32) {
	z := depth[y*f.w+x]
	if z <= 0 {
		return 0
	}
	for _, dir := range [4][2]int{{1, 0}, {0, 1}, {1, 1}, {1, -1}} {
		dx, dy := f.r*dir[0], f.r*dir[1]
		if x < dx || x+dx >= f.w || min(y-dy, y+dy) < 0 || max(y-dy, y+dy) >= f.h {
			continue
		}
		a, b := depth[(y-dy)*f.w+x-dx], depth[(y+dy)*f.w+x+dx]
		if a > 0 && b > 0 {
			s := z/a + z/b - 2
			most = max(most, s, -s)
		}
	}
	return most
}

// cleaned copies depth with everything that is not a positive number as 0.
func cleaned(depth []float32) []float32 {
	out := make([]float32, len(depth))
	for i, z := range depth {
		if z > 0 && z <= math.MaxFloat32 {
			out[i] = z
		}
	}
	return out
}

// rangeFilter finds the smallest and largest positive value in a square window
// of 2 r + 1 pixels around every pixel. It is separable, and each direction
// doubles the window until two overlapping ones cover it: 3 comparisons a pixel
// for 7. Positive floats compare like their bit patterns.
type rangeFilter struct{ w, h, r, workers int }

// unknownLo takes no part in a minimum (the bits of +Inf); 0 takes none in a
// maximum.
const unknownLo = 0x7f800000

func (f rangeFilter) run(depth []float32) (lo, hi []uint32) {
	padded := f.w * (f.h + 2*f.r)
	lo, hi = make([]uint32, padded), make([]uint32, padded)
	for i := range f.w * f.r {
		lo[i], lo[padded-1-i] = unknownLo, unknownLo
	}
	parallelFor(f.h, f.workers, 32, func(y int) {
		o := (y + f.r) * f.w
		f.row(depth[y*f.w:(y+1)*f.w], lo[o:o+f.w], hi[o:o+f.w])
	})
	const strip = 64 // columns: the rows of a strip stay in the cache
	parallelFor((f.w+strip-1)/strip, f.workers, 1, func(i int) {
		f.columns(lo, hi, i*strip, min(f.w, (i+1)*strip))
	})
	return lo[:f.w*f.h], hi[:f.w*f.h]
}

// power returns the largest power of two within the window.
func (f rangeFilter) power() int {
	p := 1
	for 2*p <= 2*f.r+1 {
		p *= 2
	}
	return p
}

// row filters one row along x.
func (f rangeFilter) row(depth []float32, lo, hi []uint32) {
	n := len(depth) + 2*f.r
	buf := make([]uint32, 2*n)
	l, h := buf[:n], buf[n:]
	for i := range l {
		l[i] = unknownLo
	}
	for i, z := range depth {
		if b := math.Float32bits(z); b != 0 {
			l[f.r+i], h[f.r+i] = b, b
		}
	}
	p := f.power()
	for s := 1; s < p; s *= 2 {
		widen(l[:n-s], l[s:], h[:n-s], h[s:])
	}
	d := 2*f.r + 1 - p
	for i := range lo {
		lo[i], hi[i] = min(l[i], l[i+d]), max(h[i], h[i+d])
	}
}

// columns filters columns x0 to x1 along y, in place; row y of the result is
// row y of the padded arrays.
func (f rangeFilter) columns(lo, hi []uint32, x0, x1 int) {
	p, rows := f.power(), f.h+2*f.r
	step := func(rows, s int) {
		for y := range rows {
			a, b := y*f.w, (y+s)*f.w
			widen(lo[a+x0:a+x1], lo[b+x0:b+x1], hi[a+x0:a+x1], hi[b+x0:b+x1])
		}
	}
	for s := 1; s < p; s *= 2 {
		step(rows-s, s)
	}
	step(f.h, 2*f.r+1-p)
}

// widen takes b into a.
func widen(aLo, bLo, aHi, bHi []uint32) {
	bLo, aHi, bHi = bLo[:len(aLo)], aHi[:len(aLo)], bHi[:len(aLo)]
	for i := range aLo {
		aLo[i] = min(aLo[i], bLo[i])
		aHi[i] = max(aHi[i], bHi[i])
	}
}
