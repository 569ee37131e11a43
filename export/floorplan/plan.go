package floorplan

import (
	"bytes"
	"fmt"
	"image/color"
	"io"
	"math"
	"path/filepath"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgimg"
	"gonum.org/v1/plot/vg/vgsvg"

	"github.com/metricslam/metricslam/internal/atomicfile"
)

// Sizes of a plan in points of 1/72 inch.
const (
	planSide   = 800.0 // the longer side of what is drawn
	planMargin = 40.0
	planFoot   = 46.0 // below, for the scale bar
	planDPI    = 144
	planFont   = 11
)

var (
	wallColor  = color.NRGBA{38, 42, 48, 255}
	floorColor = color.NRGBA{236, 240, 245, 255}
	lineColor  = color.NRGBA{205, 211, 220, 255}
	pathColor  = color.NRGBA{214, 104, 24, 255}
)

// Plan is a grid as it is drawn.
type Plan struct {
	*Grid
	Title string
	// LogStd is the deviation of the logarithm of its lengths, infinite where
	// nothing tells metres.
	LogStd float64

	xMin, xMax, yMin, yMax int     // cells with something in them
	scale                  float64 // points a metre
}

// Write writes floorplan.svg and floorplan.png into a folder.
func (p Plan) Write(dir string) error {
	p.crop()
	w, h := vg.Length(p.width()*p.scale+2*planMargin), vg.Length(p.height()*p.scale+2*planMargin+planFoot)
	svg := vgsvg.New(w, h)
	p.draw(draw.New(svg))
	img := vgimg.NewWith(vgimg.UseWH(w, h), vgimg.UseDPI(planDPI), vgimg.UseBackgroundColor(color.White))
	p.draw(draw.New(img))
	for _, f := range []struct {
		name string
		from io.WriterTo
	}{{"floorplan.svg", svg}, {"floorplan.png", vgimg.PngCanvas{Canvas: img}}} {
		var b bytes.Buffer
		if _, err := f.from.WriteTo(&b); err != nil {
			return fmt.Errorf("%s: %w", f.name, err)
		}
		if err := atomicfile.WriteBytes(filepath.Join(dir, f.name), b.Bytes()); err != nil {
			return err
		}
	}
	return nil
}

// crop finds the cells that are drawn, the path's included, and the scale.
func (p *Plan) crop() {
	p.xMin, p.yMin, p.xMax, p.yMax = p.W, p.H, 0, 0
	add := func(x, y int) {
		p.xMin, p.yMin, p.xMax, p.yMax = min(p.xMin, x), min(p.yMin, y), max(p.xMax, x+1), max(p.yMax, y+1)
	}
	for i, c := range p.Cells {
		if c != Unknown {
			add(i%p.W, i/p.W)
		}
	}
	for _, c := range p.Path {
		add(int((c.X-p.X0)/p.CellM), int((c.Y-p.Y0)/p.CellM))
	}
	p.scale = planSide / max(p.width(), p.height())
}

func (p Plan) width() float64  { return float64(p.xMax-p.xMin) * p.CellM }
func (p Plan) height() float64 { return float64(p.yMax-p.yMin) * p.CellM }

// at places a point of the world on the sheet.
func (p Plan) at(x, y float64) vg.Point {
	return vg.Point{
		X: vg.Length(planMargin + (x-p.X0-float64(p.xMin)*p.CellM)*p.scale),
		Y: vg.Length(planMargin + planFoot + (y-p.Y0-float64(p.yMin)*p.CellM)*p.scale),
	}
}

func (p Plan) draw(c draw.Canvas) {
	p.areas(c, Free, floorColor)
	p.metreLines(c)
	p.areas(c, Occupied, wallColor)
	var way vg.Path
	for i, q := range p.Path {
		if i == 0 {
			way.Move(p.at(q.X, q.Y))
		} else {
			way.Line(p.at(q.X, q.Y))
		}
	}
	c.SetLineStyle(draw.LineStyle{Color: pathColor, Width: 1.5})
	c.Stroke(way)
	p.foot(c)
}

// areas fills the cells of a kind, in rectangles as large as they come.
func (p Plan) areas(c draw.Canvas, kind Cell, fill color.Color) {
	c.SetColor(fill)
	type run struct{ from, to int }
	open := map[run]int{} // rectangles that grow upwards, by their first row
	var order []run
	closeRun := func(r run, y int) {
		lo := p.at(p.X0+float64(r.from)*p.CellM, p.Y0+float64(open[r])*p.CellM)
		hi := p.at(p.X0+float64(r.to)*p.CellM, p.Y0+float64(y)*p.CellM)
		c.Fill(vg.Rectangle{Min: lo, Max: hi}.Path())
		delete(open, r)
	}
	for y := p.yMin; y <= p.yMax; y++ {
		now := map[run]bool{}
		var found []run
		for x := p.xMin; y < p.yMax && x < p.xMax; x++ {
			from := x
			for x < p.xMax && p.Cells[y*p.W+x] == kind {
				x++
			}
			if x > from {
				now[run{from, x}] = true
				found = append(found, run{from, x})
			}
		}
		for _, r := range order {
			if !now[r] {
				closeRun(r, y)
			}
		}
		for _, r := range found {
			if _, ok := open[r]; !ok {
				open[r] = y
			}
		}
		order = found
	}
}

// metreLines draws lines at round metres.
func (p Plan) metreLines(c draw.Canvas) {
	step := roundLength(max(p.width(), p.height()) / 12)
	c.SetLineStyle(draw.LineStyle{Color: lineColor, Width: .5})
	x0, y0 := p.X0+float64(p.xMin)*p.CellM, p.Y0+float64(p.yMin)*p.CellM
	line := func(x1, y1, x2, y2 float64) {
		var l vg.Path
		l.Move(p.at(x1, y1))
		l.Line(p.at(x2, y2))
		c.Stroke(l)
	}
	for x := math.Ceil(x0/step) * step; x <= x0+p.width(); x += step {
		line(x, y0, x, y0+p.height())
	}
	for y := math.Ceil(y0/step) * step; y <= y0+p.height(); y += step {
		line(x0, y, x0+p.width(), y)
	}
}

// foot draws title and scale bar.
func (p Plan) foot(c draw.Canvas) {
	style := draw.TextStyle{Color: wallColor, Font: font.Font{Typeface: "Liberation", Variant: "Sans", Size: planFont}, Handler: plot.DefaultTextHandler}
	length := roundLength(max(p.width(), p.height()) / 4)
	label := fmt.Sprintf("%g m", length)
	switch {
	case math.IsInf(p.LogStd, 1):
		label = fmt.Sprintf("%g units: nothing tells metres", length)
	case p.LogStd > 0:
		label += fmt.Sprintf(" (+- %.2g %%)", 100*p.LogStd)
	}
	y := vg.Length(planMargin - 4)
	c.SetColor(wallColor)
	bar := vg.Rectangle{Min: vg.Point{X: planMargin, Y: y}, Max: vg.Point{X: planMargin + vg.Length(length*p.scale), Y: y + 4}}
	c.Fill(bar.Path())
	for _, x := range []vg.Length{bar.Min.X, bar.Max.X - 1} {
		c.Fill(vg.Rectangle{Min: vg.Point{X: x, Y: y}, Max: vg.Point{X: x + 1, Y: y + 9}}.Path())
	}
	c.FillText(style, vg.Point{X: planMargin, Y: y + 13}, label)
	text := fmt.Sprintf("%s: %.2f x %.2f m, obstacles from %g to %g m over the floor", p.Title, p.width(), p.height(), p.LowM, p.HighM)
	c.FillText(style, vg.Point{X: planMargin, Y: y - 18}, text)
}

// roundLength returns the largest of 1, 2, 5 times a power of ten below m.
func roundLength(m float64) float64 {
	e := math.Pow(10, math.Floor(math.Log10(m)))
	switch f := m / e; {
	case f >= 5:
		return 5 * e
	case f >= 2:
		return 2 * e
	}
	return e
}
