package report

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// chart is a drawing with axes, in the pixels of its SVG view box.
type chart struct {
	ID             string
	W, H           float64
	X0, X1, Y0, Y1 float64 // the box of the data; Y0 is its lower edge
	XLabel, YLabel string
	XTicks, YTicks []tick
	Bands          []band // shaded ranges of x
	Area           string // path of a filled area
	Lines          []line
	Dots           []dot
	Rule           *tick // dashed horizontal line
	x, y           span
}

type (
	tick struct{ Pos, Label string }
	band struct{ X, W, Title string }
	line struct {
		D, Class string
		Color    string // empty: that of the class
	}
	dot struct{ X, Y, Class, Title string }
)

// point is a place in data coordinates; a break begins a new line there.
type point struct {
	x, y  float64
	isGap bool
}

// newChart returns an empty chart of w x h pixels over two ranges.
func newChart(id string, w, h float64, x, y span, xLabel, yLabel string) *chart {
	c := &chart{ID: id, W: w, H: h, X0: 64, X1: w - 12, Y0: h - 40, Y1: 10, XLabel: xLabel, YLabel: yLabel, x: x, y: y}
	for _, v := range niceTicks(x, int(w/110)) {
		c.XTicks = append(c.XTicks, tick{px(c.px(v)), formatTick(v)})
	}
	for _, v := range niceTicks(y, int(h/45)) {
		c.YTicks = append(c.YTicks, tick{px(c.py(v)), formatTick(v)})
	}
	return c
}

func (c *chart) px(x float64) float64 { return c.X0 + (x-c.x.lo)/(c.x.hi-c.x.lo)*(c.X1-c.X0) }
func (c *chart) py(y float64) float64 { return c.Y0 + (y-c.y.lo)/(c.y.hi-c.y.lo)*(c.Y1-c.Y0) }

// px formats a pixel coordinate: a tenth of one is enough.
func px(v float64) string { return strconv.FormatFloat(math.Round(v*10)/10, 'f', -1, 64) }

// path returns the SVG path through points, broken before gaps.
func (c *chart) path(points []point) string {
	var b strings.Builder
	for i, p := range points {
		verb := "L"
		if i == 0 || p.isGap {
			verb = "M"
		}
		fmt.Fprintf(&b, "%s%s %s", verb, px(c.px(p.x)), px(c.py(p.y)))
	}
	return b.String()
}

// addLine draws points in the colour of a class.
func (c *chart) addLine(points []point, class string) {
	c.Lines = append(c.Lines, line{D: c.path(points), Class: class})
}

// addBand shades a range of x, at least as wide as can be seen.
func (c *chart) addBand(from, to float64, title string) {
	a, b := c.px(max(from, c.x.lo)), c.px(min(to, c.x.hi))
	if b < a {
		return
	}
	c.Bands = append(c.Bands, band{px(a), px(max(b-a, 2)), title})
}

// addDot marks a place.
func (c *chart) addDot(x, y float64, class, title string) {
	c.Dots = append(c.Dots, dot{px(c.px(x)), px(c.py(y)), class, title})
}

// addRule draws a dashed horizontal line with a label.
func (c *chart) addRule(y float64, label string) {
	c.Rule = &tick{px(c.py(y)), label}
}

// niceTicks returns about n round numbers within s: steps of 1, 2 or 5 times a
// power of ten.
func niceTicks(s span, n int) []float64 {
	size := s.hi - s.lo
	if !(size > 0) || math.IsInf(size, 0) {
		return nil
	}
	raw := size / float64(max(n, 1))
	step := math.Pow(10, math.Floor(math.Log10(raw)))
	switch m := raw / step; { // the nearest of 1, 2, 5 and 10, by ratio
	case m > math.Sqrt(50):
		step *= 10
	case m > math.Sqrt(10):
		step *= 5
	case m > math.Sqrt(2):
		step *= 2
	}
	var ticks []float64
	for k := math.Ceil(s.lo/step - 1e-9); k*step <= s.hi+1e-9*step; k++ {
		ticks = append(ticks, k*step)
	}
	return ticks
}

// formatTick writes a tick without the noise of its rounding.
func formatTick(v float64) string {
	return strconv.FormatFloat(roundTo(v, 6), 'g', -1, 64)
}

// roundTo rounds v to so many significant digits.
func roundTo(v float64, digits int) float64 {
	r, err := strconv.ParseFloat(strconv.FormatFloat(v, 'g', digits, 64), 64)
	if err != nil || math.Abs(r) < 1e-12 {
		return 0
	}
	return r
}

// Places of the labels, for the page.

// TickY is the base line of the labels of the horizontal axis.
func (c *chart) TickY() float64 { return c.Y0 + 17 }

// TickX is where the labels of the vertical axis end.
func (c *chart) TickX() float64 { return c.X0 - 7 }

// LabelY is the base line of the horizontal axis' name.
func (c *chart) LabelY() float64 { return c.H - 5 }

// MiddleY is the middle of the vertical axis.
func (c *chart) MiddleY() float64 { return (c.Y0 + c.Y1) / 2 }

// BoxHeight is the height of the box of the data.
func (c *chart) BoxHeight() float64 { return c.Y0 - c.Y1 }
