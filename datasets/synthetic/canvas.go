package synthetic

import (
	"math"
	"math/rand/v2"
)

// rgb is a colour in display values from 0 to 1.
type rgb [3]float32

// mul returns the colour scaled by f.
func (c rgb) mul(f float32) rgb { return rgb{c[0] * f, c[1] * f, c[2] * f} }

// canvas is a tileable picture being painted, in display values; it may leave
// [0, 1], newTexture clamps.
type canvas struct {
	w, h int
	pix  []float32 // 3 a pixel
}

func newCanvas(w, h int, fill rgb) *canvas {
	c := &canvas{w: w, h: h, pix: make([]float32, 3*w*h)}
	c.rect(0, 0, w, h, fill)
	return c
}

// rect fills [x0, x1) x [y0, y1), cut off at the border.
func (c *canvas) rect(x0, y0, x1, y1 int, col rgb) {
	for y := max(y0, 0); y < min(y1, c.h); y++ {
		row := c.pix[3*y*c.w:][:3*c.w]
		for x := max(x0, 0); x < min(x1, c.w); x++ {
			row[3*x], row[3*x+1], row[3*x+2] = col[0], col[1], col[2]
		}
	}
}

// frame draws the outline of a rectangle, thick pixels wide, inside it.
func (c *canvas) frame(x0, y0, x1, y1, thick int, col rgb) {
	c.rect(x0, y0, x1, y0+thick, col)
	c.rect(x0, y1-thick, x1, y1, col)
	c.rect(x0, y0, x0+thick, y1, col)
	c.rect(x1-thick, y0, x1, y1, col)
}

// disc fills a circle with a soft edge of one pixel.
func (c *canvas) disc(cx, cy, radius float64, col rgb) {
	for y := max(int(cy-radius-1), 0); y <= min(int(cy+radius+1), c.h-1); y++ {
		for x := max(int(cx-radius-1), 0); x <= min(int(cx+radius+1), c.w-1); x++ {
			a := float32(min(max(radius+.5-math.Hypot(float64(x)-cx, float64(y)-cy), 0), 1))
			c.blend(x, y, col, a)
		}
	}
}

// triangle fills the triangle of three corners.
func (c *canvas) triangle(ax, ay, bx, by, cx, cy float64, col rgb) {
	edge := func(x0, y0, x1, y1, x, y float64) float64 { return (x1-x0)*(y-y0) - (y1-y0)*(x-x0) }
	x0, x1 := int(min(ax, bx, cx)), int(max(ax, bx, cx))
	y0, y1 := int(min(ay, by, cy)), int(max(ay, by, cy))
	for y := max(y0, 0); y <= min(y1, c.h-1); y++ {
		for x := max(x0, 0); x <= min(x1, c.w-1); x++ {
			fx, fy := float64(x), float64(y)
			e0, e1, e2 := edge(ax, ay, bx, by, fx, fy), edge(bx, by, cx, cy, fx, fy), edge(cx, cy, ax, ay, fx, fy)
			if e0 >= 0 && e1 >= 0 && e2 >= 0 || e0 <= 0 && e1 <= 0 && e2 <= 0 {
				c.blend(x, y, col, 1)
			}
		}
	}
}

func (c *canvas) blend(x, y int, col rgb, alpha float32) {
	p := c.pix[3*(y*c.w+x):][:3]
	for k := range 3 {
		p[k] += alpha * (col[k] - p[k])
	}
}

// grain multiplies every pixel by 1 + amp n with white noise n, one n for all
// three colours.
func (c *canvas) grain(amp float32, r *rand.Rand) {
	for i := 0; i < len(c.pix); i += 3 {
		f := 1 + amp*float32(r.NormFloat64())
		c.pix[i] *= f
		c.pix[i+1] *= f
		c.pix[i+2] *= f
	}
}

// mottle multiplies by 1 + amp f with a fractal field f of the given first cell
// and slope.
func (c *canvas) mottle(cell int, slope float64, amp float32, r *rand.Rand) {
	c.mottleRect(0, 0, c.w, c.h, cell, slope, amp, r)
}

// mottleRect is mottle inside a rectangle.
func (c *canvas) mottleRect(x0, y0, x1, y1, cell int, slope float64, amp float32, r *rand.Rand) {
	f := newField(min(x1-x0, c.w), min(y1-y0, c.h), cell, slope, r)
	for y := max(y0, 0); y < min(y1, c.h); y++ {
		for x := max(x0, 0); x < min(x1, c.w); x++ {
			s := max(1+amp*f.at(x-x0, y-y0), 0)
			p := c.pix[3*(y*c.w+x):][:3]
			p[0] *= s
			p[1] *= s
			p[2] *= s
		}
	}
}

// field is a fractal that covers a rectangle of any size: sides are rounded up
// to multiples of its first cell.
type field struct {
	w   int
	val []float32
}

func newField(w, h, cell int, slope float64, r *rand.Rand) field {
	w, h = (w+cell-1)/cell*cell, (h+cell-1)/cell*cell
	return field{w, fractal(w, h, cell, slope, r)}
}

func (f *field) at(x, y int) float32 { return f.val[y*f.w+x] }

// blobs blends col in where a fractal field exceeds the level (in deviations),
// softly: stains, clouds, patches.
func (c *canvas) blobs(cell int, slope, level float64, softness float32, col rgb, alpha float32, r *rand.Rand) {
	f := fractal(c.w, c.h, cell, slope, r)
	for i, v := range f {
		a := alpha * min(max((v-float32(level))/softness, 0), 1)
		c.blend(i%c.w, i/c.w, col, a)
	}
}

// print fills a rectangle with lines of text-like marks: words of uneven length
// made of strokes; size is the height of a line in pixels.
func (c *canvas) print(x0, y0, x1, y1, size int, ink rgb, r *rand.Rand) {
	for y := y0; y+size <= y1; y += size + size/2 + 1 {
		end := x1
		if r.IntN(5) == 0 {
			end = x0 + (x1-x0)*(3+r.IntN(6))/10 // the last line of a paragraph
		}
		for x := x0; x < end; {
			for n := 2 + r.IntN(8); n > 0 && x < end; n-- {
				c.glyph(x, y, size, ink, r)
				x += size*2/3 + 1
			}
			x += size/2 + 1
		}
	}
}

// glyph draws one letter-like mark of two to four strokes in a cell of size/2+1
// x size pixels.
func (c *canvas) glyph(x, y, size int, ink rgb, r *rand.Rand) {
	w, t := size/2+1, max(size/6, 1)
	top := y
	if r.IntN(3) > 0 {
		top = y + size/3 // lower case
	}
	strokes := 2 + r.IntN(3)
	for range strokes {
		switch r.IntN(5) {
		case 0:
			c.rect(x, top, x+t, y+size, ink)
		case 1:
			c.rect(x+w-t, top, x+w, y+size, ink)
		case 2:
			c.rect(x, top, x+w, top+t, ink)
		case 3:
			c.rect(x, y+size-t, x+w, y+size, ink)
		default:
			m := (top + y + size) / 2
			c.rect(x, m, x+w, m+t, ink)
		}
	}
}

// photo paints a rectangle with a picture-like fractal: a slow field chooses
// between two colours, finer ones give detail in brightness and hue.
func (c *canvas) photo(x0, y0, x1, y1 int, a, b rgb, r *rand.Rand) {
	w, h := x1-x0, y1-y0
	slow, detail, hue := newField(w, h, 64, 1.3, r), newField(w, h, 32, .9, r), newField(w, h, 32, 1.1, r)
	for y := max(y0, 0); y < min(y1, c.h); y++ {
		for x := max(x0, 0); x < min(x1, c.w); x++ {
			i := y*c.w + x
			m := min(max(.5+slow.at(x-x0, y-y0), 0), 1)
			l := 1 + .3*detail.at(x-x0, y-y0)
			p := c.pix[3*i:][:3]
			for k := range 3 {
				p[k] = (a[k] + m*(b[k]-a[k])) * l
			}
			t := .12 * hue.at(x-x0, y-y0)
			p[0] *= 1 + t
			p[2] *= 1 - t
		}
	}
}

// randomColor returns a colour of the given mean brightness and saturation. As
// in most things people make, warm and blue hues are common, green and magenta
// rare.
func randomColor(r *rand.Rand, bright, saturation float64) rgb {
	hue := .5 + .45*r.NormFloat64() // orange
	if r.IntN(3) == 0 {
		hue += math.Pi // blue
	}
	if r.IntN(8) == 0 {
		hue = uniform(r, 0, 2*math.Pi)
	}
	var c rgb
	for k := range 3 {
		c[k] = float32(bright * (1 + saturation*math.Cos(hue-float64(k)*2*math.Pi/3)))
	}
	return c
}
