package texture

import (
	"cmp"
	"math"
	"slices"

	"github.com/metricslam/metricslam/internal/disjoint"
)

// padPx is around each chart, filled with its colours: a graphics card mixes
// neighbouring texels, and JPEG keeps colour by two texels and in blocks of eight.
const padPx = 4

// Triangles that no view sees have the colours of their vertices, in squares of
// blankPx texels in one chart: half of the square, with space around it for JPEG.
const blankPx, blankInset = 8, 2

// chart is triangles that hang together and take their colours from one view, as
// its image shows them.
type chart struct {
	view   int32 // -1: none sees them
	faces  []uint32
	x0, y0 float64 // of the image, at the first texel within the padding
	wide   float64 // pixels of the image
	high   float64
	page   int
	x, y   int // of the page, padding included
	w, h   int
}

// charts joins the triangles of one view across their edges.
func (b *builder) charts() []chart {
	sets := disjoint.New[int32](len(b.chosen))
	for f, around := range b.surface.beside {
		for _, n := range around {
			if n >= 0 && b.chosen[f] >= 0 && b.viewOf(uint32(f)) == b.viewOf(uint32(n)) {
				sets.Join(int32(f), n)
			}
		}
	}
	number := make(map[int32]int)
	var out []chart
	for f := range sets {
		r := sets.Find(int32(f))
		if b.chosen[f] < 0 {
			r = -1 // all in one
		}
		i, ok := number[r]
		if !ok {
			i = len(out)
			number[r] = i
			out = append(out, chart{view: b.viewOf(uint32(f))})
		}
		out[i].faces = append(out[i].faces, uint32(f))
	}
	for i := range out {
		b.measure(&out[i])
	}
	return out
}

// viewOf is the view that a triangle was given, -1 without any.
func (b *builder) viewOf(f uint32) int32 {
	if b.chosen[f] < 0 {
		return -1
	}
	return b.candidates[f][b.chosen[f]].view
}

// measure finds the part of the image that a chart takes.
func (b *builder) measure(c *chart) {
	if c.view < 0 {
		row := c.blankRow()
		c.wide, c.high = float64(row*blankPx), float64((len(c.faces)+row-1)/row*blankPx)
		return
	}
	lo, hi := [2]float64{math.Inf(1), math.Inf(1)}, [2]float64{math.Inf(-1), math.Inf(-1)}
	for _, f := range c.faces {
		for _, u := range b.pixels(c.view, f) {
			lo[0], lo[1] = min(lo[0], u.x), min(lo[1], u.y)
			hi[0], hi[1] = max(hi[0], u.x), max(hi[1], u.y)
		}
	}
	c.x0, c.y0 = math.Floor(lo[0]), math.Floor(lo[1])
	c.wide, c.high = math.Ceil(hi[0])-c.x0+1, math.Ceil(hi[1])-c.y0+1
}

// pixels is where a view sees the corners of a triangle that it is a candidate of.
func (b *builder) pixels(view int32, f uint32) flat { return b.pixelsOf(&b.views.Of[view], f) }

func (b *builder) pixelsOf(v *View, f uint32) (t flat) {
	for k, p := range b.surface.Triangles[f] {
		t[k], _ = v.see(b.surface.at(p))
	}
	return t
}

// layOut places the charts on pages: as many texels as the images have pixels, fewer
// where they do not fit. It returns the size of each page, and texels a pixel.
func (b *builder) layOut(charts []chart) (pages [][2]int, scale float64) {
	order := make([]int, len(charts))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(i, j int) int {
		return cmp.Or(cmp.Compare(charts[j].high, charts[i].high), cmp.Compare(charts[j].wide, charts[i].wide))
	})
	size, most := minSizePx, 1
	if size == b.cfg.SizePx {
		most = b.cfg.MaxPages
	}
	for scale = 1.0; ; {
		for i := range charts {
			charts[i].resize(scale)
		}
		if pages = pack(charts, order, size, most); pages != nil {
			return pages, scale
		}
		switch {
		case size < b.cfg.SizePx:
			if size *= 2; size == b.cfg.SizePx {
				most = b.cfg.MaxPages
			}
		case scale > coarsest:
			scale *= .93
		default: // small charts are mostly padding
			most *= 2
		}
	}
}

// coarsest is how many texels a pixel there are at least, whatever the number of pages:
// below it vertex colours do as well.
const coarsest = .25

// resize sets how many texels a chart takes.
func (c *chart) resize(scale float64) {
	if c.view < 0 {
		scale = 1
	}
	c.w, c.h = int(math.Ceil(c.wide*scale))+2*padPx, int(math.Ceil(c.high*scale))+2*padPx
}

// texel is where a pixel of a chart's image lies on its page.
func (c *chart) texel(u pixel, scale float64) (x, y float64) {
	return (u.x-c.x0+.5)*scale - .5 + float64(c.x+padPx), (u.y-c.y0+.5)*scale - .5 + float64(c.y+padPx)
}

// blankRow is how many triangles lie in a row of the chart of those that no view sees.
func (c *chart) blankRow() int { return int(math.Ceil(math.Sqrt(float64(len(c.faces))))) }

// corner is where a corner of a chart's k-th triangle lies on its page.
func (c *chart) corner(b *builder, k, corner int, scale float64) (x, y float64) {
	if c.view < 0 {
		row := c.blankRow()
		x, y = float64(c.x+padPx+k%row*blankPx+blankInset), float64(c.y+padPx+k/row*blankPx+blankInset)
		switch corner {
		case 1:
			x += blankPx - 2*blankInset
		case 2:
			y += blankPx - 2*blankInset
		}
		return x, y
	}
	u, _ := b.views.Of[c.view].see(b.surface.at(b.surface.Triangles[c.faces[k]][corner]))
	return c.texel(u, scale)
}
