package calibration

import (
	"fmt"
	"image/color"
	"io"
	"math"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgimg"
)

// Sizes of a plot, in points of 1/72 inch, drawn at plotDPI.
const (
	plotWidth = 640
	plotDPI   = 144
)

var (
	ink    = color.NRGBA{33, 37, 43, 255}
	dots   = color.NRGBA{31, 95, 168, 90}
	arrows = color.NRGBA{200, 60, 40, 255}
)

// WriteCoverage draws as a PNG where in the image corners were seen, with the
// mean residual of each part of it as a line, enlarged.
func (r *Result) WriteCoverage(w io.Writer) error {
	width, height := float64(r.Camera.W), float64(r.Camera.H)
	p := newPlot(fmt.Sprintf("Corners in the image: %.0f %% of it; mean residuals, %d times", 100*r.Coverage, enlarged), "x [px]", "y [px]")
	p.X.Min, p.X.Max, p.Y.Min, p.Y.Max = 0, width, 0, height
	var corners plotter.XYs
	for _, v := range r.Views {
		for _, c := range v.Corners {
			corners = append(corners, plotter.XY{X: c.Pixel.X, Y: height - 1 - c.Pixel.Y})
		}
	}
	if err := addDots(p, corners, 1.2); err != nil {
		return err
	}
	for _, m := range r.means() {
		line, err := plotter.NewLine(plotter.XYs{{X: m.at.X, Y: height - 1 - m.at.Y}, {X: m.at.X + enlarged*m.mean.X, Y: height - 1 - m.at.Y - enlarged*m.mean.Y}})
		if err != nil {
			return err
		}
		line.Color, line.Width = arrows, 2
		p.Add(line)
	}
	p.Y.Tick.Marker = fromTop{height}
	return writePNG(w, p, plotWidth*height/width+40)
}

// enlarged is by how much residuals are drawn larger than they are.
const enlarged = 200

// WriteResiduals draws the residuals of all corners as a PNG.
func (r *Result) WriteResiduals(w io.Writer) error {
	p := newPlot(fmt.Sprintf("Residuals of %d views: %.3f px root mean square, deviation %.3f px", len(r.Views), r.RMSPx, r.SigmaPx), "x [px]", "y [px]")
	reach := 5 * max(r.SigmaPx, r.RMSPx/math.Sqrt2)
	p.X.Min, p.X.Max, p.Y.Min, p.Y.Max = -reach, reach, -reach, reach
	var all plotter.XYs
	for _, v := range r.Views {
		for _, e := range v.Residuals {
			if math.Abs(e.X) < reach && math.Abs(e.Y) < reach {
				all = append(all, plotter.XY{X: e.X, Y: -e.Y})
			}
		}
	}
	if err := addDots(p, all, 1.5); err != nil {
		return err
	}
	return writePNG(w, p, plotWidth)
}

func addDots(p *plot.Plot, at plotter.XYs, radius vg.Length) error {
	s, err := plotter.NewScatter(at)
	if err != nil {
		return err
	}
	s.GlyphStyle = draw.GlyphStyle{Color: dots, Radius: radius, Shape: draw.CircleGlyph{}}
	p.Add(plotter.NewGrid(), s)
	return nil
}

func newPlot(title, x, y string) *plot.Plot {
	p := plot.New()
	sans := font.Font{Typeface: "Liberation", Variant: "Sans", Size: 11}
	p.Title.Text, p.X.Label.Text, p.Y.Label.Text = title, x, y
	p.Title.TextStyle.Font, p.Title.TextStyle.Color, p.Title.Padding = sans, ink, 8
	for _, a := range []*plot.Axis{&p.X, &p.Y} {
		a.Label.TextStyle.Font, a.Tick.Label.Font, a.Padding = sans, sans, 0
	}
	return p
}

// fromTop labels an axis by the distance from its upper end, as pixels count.
type fromTop struct{ height float64 }

// Ticks implements plot.Ticker.
func (f fromTop) Ticks(lo, hi float64) []plot.Tick {
	ticks := plot.DefaultTicks{}.Ticks(f.height-hi, f.height-lo)
	for i := range ticks {
		ticks[i].Value = f.height - ticks[i].Value
	}
	return ticks
}

func writePNG(w io.Writer, p *plot.Plot, height float64) error {
	canvas := vgimg.NewWith(vgimg.UseWH(plotWidth, vg.Length(height)), vgimg.UseDPI(plotDPI), vgimg.UseBackgroundColor(color.White))
	p.Draw(draw.Crop(draw.New(canvas), 8, -14, 8, -8))
	_, err := vgimg.PngCanvas{Canvas: canvas}.WriteTo(w)
	return err
}
