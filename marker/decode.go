package marker

import (
	"math"

	"github.com/metricslam/metricslam/geom"
	"github.com/metricslam/metricslam/slam"
)

const (
	ringWrong  = .12 // share of the cells of the border, or around it, that may be of the wrong colour
	minMargin  = .25 // mean distance of a cell from the threshold, in contrasts; .5 is ideal
	ringOffset = .5  // cells outside the border at which white is expected
)

// reading is what the cells of a quad say.
type reading struct {
	code   uint64
	margin float64
}

// read samples the cells of a quad. ok is false where its border is not black,
// its surroundings are not white, or its cells are neither.
func (f *Family) read(g slam.Gray, q [4]geom.Vec2) (r reading, ok bool) {
	n := float64(f.Cells())
	toImage, ok := geom.Homography([]geom.Vec2{{}, {X: n}, {X: n, Y: n}, {Y: n}}, q[:])
	if !ok {
		return r, false
	}
	at := func(x, y float64) (float64, bool) {
		return bilinear(g, toImage.MulVec(geom.Vec3{X: x, Y: y, Z: 1}).XY())
	}
	white, okWhite := f.ring(at, -ringOffset)
	black, okBlack := f.ring(at, .5)
	if !okWhite || !okBlack {
		return r, false
	}
	level, contrast, ok := between(white, black, n)
	if !ok {
		return r, false
	}
	for row := range f.cells {
		for col := range f.cells {
			x, y := float64(col)+1.5, float64(row)+1.5
			v, ok := cellMean(at, x, y)
			if !ok {
				return r, false
			}
			v -= level.at(x, y)
			r.code <<= 1
			if v > 0 {
				r.code |= 1
			}
			r.margin += math.Min(math.Abs(v)/contrast, .5)
		}
	}
	r.margin /= float64(f.cells * f.cells)
	return r, r.margin > minMargin
}

// sample is a grey level at a place in cells.
type sample struct{ x, y, v float64 }

// ring samples a square around the marker's middle, inset cells within its edge,
// once a cell. What lies outside the image is left out; ok is false where
// that is more than a third.
func (f *Family) ring(at func(x, y float64) (float64, bool), inset float64) ([]sample, bool) {
	n := float64(f.Cells())
	out := make([]sample, 0, 4*f.Cells())
	for i := range f.Cells() {
		c := float64(i) + .5
		for _, p := range [4][2]float64{{c, inset}, {c, n - inset}, {inset, c}, {n - inset, c}} {
			if v, ok := at(p[0], p[1]); ok {
				out = append(out, sample{p[0], p[1], v})
			}
		}
	}
	return out, 3*len(out) >= 8*f.Cells()
}

// slope is a grey level that varies over a marker as light does.
type slope struct{ c, x, y float64 }

func (s slope) at(x, y float64) float64 { return s.c + s.x*x + s.y*y }

// between returns the level halfway between white and black and how far they are
// apart; ok is false where they do not hold apart.
func between(white, black []sample, n float64) (level slope, contrast float64, ok bool) {
	w, b := fitSlope(white, n), fitSlope(black, n)
	level = slope{(w.c + b.c) / 2, (w.x + b.x) / 2, (w.y + b.y) / 2}
	contrast = w.at(n/2, n/2) - b.at(n/2, n/2)
	if contrast < minContrast {
		return level, contrast, false
	}
	var wrong int
	for _, s := range white {
		if s.v < level.at(s.x, s.y) {
			wrong++
		}
	}
	for _, s := range black {
		if s.v > level.at(s.x, s.y) {
			wrong++
		}
	}
	return level, contrast, float64(wrong) <= ringWrong*float64(len(white)+len(black))
}

// fitSlope fits a plane to grey levels by least squares. About a ring the
// coordinates are not correlated.
func fitSlope(s []sample, n float64) slope {
	var mean, vx, vy, xx, yy float64
	mid := n / 2
	for _, p := range s {
		mean += p.v / float64(len(s))
	}
	for _, p := range s {
		vx, xx = vx+(p.x-mid)*(p.v-mean), xx+(p.x-mid)*(p.x-mid)
		vy, yy = vy+(p.y-mid)*(p.v-mean), yy+(p.y-mid)*(p.y-mid)
	}
	f := slope{x: vx / xx, y: vy / yy}
	f.c = mean - f.x*mid - f.y*mid
	return f
}

// cellMean averages five places of a cell.
func cellMean(at func(x, y float64) (float64, bool), x, y float64) (float64, bool) {
	const r = .2
	var sum float64
	for _, o := range [5][2]float64{{0, 0}, {-r, -r}, {r, -r}, {-r, r}, {r, r}} {
		v, ok := at(x+o[0], y+o[1])
		if !ok {
			return 0, false
		}
		sum += v
	}
	return sum / 5, true
}
