package report

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

	"github.com/metricslam/metricslam/eval"
	"github.com/metricslam/metricslam/geom"
)

// Sizes of the image, in points of 1/72 inch, drawn at plotDPI.
const (
	plotWidth, plotHeight = 720, 760
	errorPanel            = 200 // of the height
	plotDPI               = 144
)

var (
	truthGray  = color.NRGBA{110, 118, 130, 255}
	inkColor   = color.NRGBA{33, 37, 43, 255}
	gridColor  = color.NRGBA{226, 229, 234, 255}
	startColor = color.NRGBA{22, 130, 80, 255}
)

// WritePlot draws pairs, which are aligned already, as a PNG: the trajectories
// from above, the estimate coloured by its error, and the error over time below.
// timeLabel names the horizontal axis of that, "time [s]" or "frame".
func WritePlot(w io.Writer, pairs []eval.Pair, title, timeLabel string) error {
	return writePlot(w, pairs, title, timeLabel, plotDPI)
}

func writePlot(w io.Writer, pairs []eval.Pair, title, timeLabel string, dpi int) error {
	if len(pairs) == 0 {
		return fmt.Errorf("plot: no pair of poses")
	}
	errors := eval.ATE(pairs)
	canvas := vgimg.NewWith(vgimg.UseWH(plotWidth, plotHeight), vgimg.UseDPI(dpi), vgimg.UseBackgroundColor(color.White))
	all := draw.New(canvas)
	top := draw.Crop(all, 8, -14, errorPanel+8, -8)
	bottom := draw.Crop(all, 8, -14, 8, -(plotHeight - errorPanel))
	if err := drawTopView(top, pairs, errors, title); err != nil {
		return fmt.Errorf("plot: %w", err)
	}
	if err := drawErrors(bottom, pairs, errors, timeLabel); err != nil {
		return fmt.Errorf("plot: %w", err)
	}
	_, err := vgimg.PngCanvas{Canvas: canvas}.WriteTo(w)
	return err
}

// newPlot returns an empty plot in the style of all of them.
func newPlot(xLabel, yLabel string, yTicks int) *plot.Plot {
	p := plot.New()
	sans := font.Font{Typeface: "Liberation", Variant: "Sans"}
	for _, a := range []*plot.Axis{&p.X, &p.Y} {
		a.Label.TextStyle.Font, a.Tick.Label.Font = sans, sans
		a.Label.TextStyle.Font.Size, a.Tick.Label.Font.Size = 11, 10
		a.Label.TextStyle.Color, a.Tick.Label.Color = inkColor, inkColor
		a.LineStyle.Color, a.Tick.LineStyle.Color = truthGray, truthGray
		a.Padding = 0
	}
	p.Title.TextStyle.Font, p.Legend.TextStyle.Font = sans, sans
	p.Title.TextStyle.Font.Size, p.Legend.TextStyle.Font.Size = 13, 10
	p.Title.TextStyle.Color, p.Legend.TextStyle.Color = inkColor, inkColor
	p.Title.Padding = 8
	p.X.Label.Text, p.Y.Label.Text = xLabel, yLabel
	p.X.Tick.Marker, p.Y.Tick.Marker = plotTicks(7), plotTicks(yTicks)
	grid := plotter.NewGrid()
	grid.Horizontal.Color, grid.Vertical.Color = gridColor, gridColor
	p.Add(grid)
	return p
}

// plotTicks are about so many round numbers on an axis.
type plotTicks int

// Ticks returns them, as plot.Ticker wants.
func (n plotTicks) Ticks(lo, hi float64) []plot.Tick {
	var ticks []plot.Tick
	for _, v := range niceTicks(span{lo, hi}, int(n)) {
		ticks = append(ticks, plot.Tick{Value: v, Label: formatTick(v)})
	}
	return ticks
}

func drawTopView(c draw.Canvas, pairs []eval.Pair, errors []float64, title string) error {
	truth, estimate := make([]geom.Vec3, len(pairs)), make([]geom.Vec3, len(pairs))
	for i, p := range pairs {
		truth[i], estimate[i] = p.Truth.Pose.T, p.Estimate.Pose.T
	}
	plane := topView(truth)
	p := newPlot(axisNames[plane.u]+" [m]", axisNames[plane.v]+" [m]", 7)
	p.Title.Text = title
	t, err := plotter.NewLine(xys(truth, plane))
	if err != nil {
		return err
	}
	t.Color, t.Width, t.Dashes = truthGray, 1.6, []vg.Length{5, 3}
	e := newErrorLine(xys(estimate, plane), pairs, errors)
	start, err := plotter.NewScatter(xys(truth[:1], plane))
	if err != nil {
		return err
	}
	start.GlyphStyle = draw.GlyphStyle{Color: startColor, Radius: 4, Shape: draw.CircleGlyph{}}
	p.Add(t, e, start)
	p.Legend.Add("truth", t)
	p.Legend.Add(fmt.Sprintf("estimate, error 0 to %.3g m", e.max), e)
	p.Legend.Add("start", start)
	p.Legend.Top, p.Legend.Padding, p.Legend.ThumbnailWidth = true, 3, 36
	p.Legend.XOffs, p.Legend.YOffs = -6, -6
	fitEqual(p, c, append(truth, estimate...), plane)
	p.Draw(c)
	return nil
}

// fitEqual sets the ranges of p so that all points are inside and a metre is as
// long on both axes when p is drawn on c, with room for the legend on top.
func fitEqual(p *plot.Plot, c draw.Canvas, points []geom.Vec3, plane view) {
	var us, vs []float64
	for _, q := range points {
		u, v := plane.at(q)
		us, vs = append(us, u), append(vs, v)
	}
	x, y := spanOf(us).padded(.05, .01), spanOf(vs).padded(.05, .01)
	y.hi += .16 * (y.hi - y.lo)
	// The labels' width, and with it the room left, depends on the ranges: the
	// second round is final.
	for range 2 {
		p.X.Min, p.X.Max, p.Y.Min, p.Y.Max = x.lo, x.hi, y.lo, y.hi
		size := p.DataCanvas(c).Size()
		x, y = equalScale(x, y, float64(size.X/size.Y))
	}
	p.X.Min, p.X.Max, p.Y.Min, p.Y.Max = x.lo, x.hi, y.lo, y.hi
}

func drawErrors(c draw.Canvas, pairs []eval.Pair, errors []float64, timeLabel string) error {
	p := newPlot(timeLabel, "error [m]", 3)
	points := make(plotter.XYs, len(pairs))
	for i, q := range pairs {
		points[i] = plotter.XY{X: q.Truth.Time - pairs[0].Truth.Time, Y: errors[i]}
	}
	line := newErrorLine(points, pairs, errors)
	s := eval.NewStats(errors)
	last := points[len(points)-1].X
	rmse, err := plotter.NewLine(plotter.XYs{{X: 0, Y: s.RMSE}, {X: last, Y: s.RMSE}})
	if err != nil {
		return err
	}
	rmse.Color, rmse.Dashes = truthGray, []vg.Length{2, 3}
	p.Add(rmse, line)
	p.Legend.Add(fmt.Sprintf("rmse %.4g m", s.RMSE), rmse)
	p.Legend.Top, p.Legend.XOffs, p.Legend.YOffs = true, -6, -4
	p.X.Min, p.X.Max = 0, max(last, 1e-3)
	p.Y.Min, p.Y.Max = 0, max(1.25*line.max, 1e-6)
	p.Draw(c)
	return nil
}

func xys(points []geom.Vec3, plane view) plotter.XYs {
	out := make(plotter.XYs, len(points))
	for i, q := range points {
		out[i].X, out[i].Y = plane.at(q)
	}
	return out
}

// errorLine is a polyline coloured by the error at its points, broken where
// points are missing in time.
type errorLine struct {
	xys    plotter.XYs
	errors []float64
	max    float64
	gaps   []bool // poses are missing before the point
}

func newErrorLine(points plotter.XYs, pairs []eval.Pair, errors []float64) *errorLine {
	times := make([]float64, len(pairs))
	for i, p := range pairs {
		times[i] = p.Truth.Time
	}
	return &errorLine{points, errors, spanOf(errors).hi, gaps(times)}
}

func (l *errorLine) color(i int) color.Color {
	return errorColor(l.errors[i] / math.Max(l.max, 1e-12))
}

// Plot draws the line, as plot.Plotter wants.
func (l *errorLine) Plot(c draw.Canvas, p *plot.Plot) {
	x, y := p.Transforms(&c)
	at := func(i int) vg.Point { return vg.Point{X: x(l.xys[i].X), Y: y(l.xys[i].Y)} }
	for i := 1; i < len(l.xys); i++ {
		if l.gaps[i] {
			continue
		}
		c.StrokeLines(draw.LineStyle{Color: l.color(i), Width: 1.8}, []vg.Point{at(i - 1), at(i)})
	}
	if len(l.xys) == 1 {
		c.DrawGlyph(draw.GlyphStyle{Color: l.color(0), Radius: 2, Shape: draw.CircleGlyph{}}, at(0))
	}
}

// Thumbnail draws the colours from no error to the largest, as plot.Thumbnailer
// wants.
func (l *errorLine) Thumbnail(c *draw.Canvas) {
	const n = 24
	y, width := c.Center().Y, c.Max.X-c.Min.X
	for i := range n {
		a, b := c.Min.X+width*vg.Length(i)/n, c.Min.X+width*vg.Length(i+1)/n
		style := draw.LineStyle{Color: errorColor((float64(i) + .5) / n), Width: 5}
		c.StrokeLine2(style, a, y, b, y)
	}
}
