package bench

import (
	"bytes"
	_ "embed"
	"html/template"
	"image/color"
	"io"
	"math"
	"strings"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgsvg"
)

//go:embed page.html
var pageText string

var page = template.Must(template.New("bench").Parse(pageText))

// plotted are the figures that the page draws, every run a dot.
var plotted = []string{"ate_se3_m", "ate_sim3_m", "scale_deviations", "mesh_f_score"}

// WriteHTML writes the table and its plots as one page without external parts;
// changes may be nil.
func (s Summary) WriteHTML(out io.Writer, changes []Change) error {
	type cell struct{ Text, Class string }
	type row struct {
		Name, Runs string
		Cells      []cell
	}
	view := struct {
		Version  string
		Heads    []string
		Rows     []row
		Scale    ScaleShare
		Failures []string
		Changes  string
		Plots    []template.HTML
	}{Version: s.Version, Scale: s.Scale}
	judged := make(map[string]string)
	for _, c := range changes {
		judged[c.Row+"\x00"+c.Figure.Key] = map[bool]string{true: "worse", false: "better"}[c.Worse]
	}
	columns := s.columns()
	for _, f := range columns {
		view.Heads = append(view.Heads, f.heading())
	}
	for _, r := range s.Rows {
		line := row{Name: r.Name, Runs: r.runs()}
		for _, f := range columns {
			line.Cells = append(line.Cells, cell{r.cell(f), judged[r.Name+"\x00"+f.Key]})
		}
		view.Rows = append(view.Rows, line)
		if r.Failure != "" {
			view.Failures = append(view.Failures, r.Name+": "+r.Failure)
		}
	}
	if changes != nil {
		var text bytes.Buffer
		WriteChanges(&text, changes)
		view.Changes = text.String()
	}
	for _, f := range columns {
		for _, key := range plotted {
			if f.Key != key {
				continue
			}
			svg, err := s.plot(f)
			if err != nil {
				return err
			}
			view.Plots = append(view.Plots, svg)
		}
	}
	return page.Execute(out, view)
}

// plot draws a figure of all runs, a row of the table each, as an SVG.
func (s Summary) plot(f Figure) (template.HTML, error) {
	p := plot.New()
	p.X.Label.Text = f.heading()
	var names []string
	var dots, medians plotter.XYs
	for i := len(s.Rows) - 1; i >= 0; i-- {
		r := s.Rows[i]
		y := float64(len(names))
		names = append(names, r.Name)
		for _, o := range s.Outcomes {
			if v, ok := o.Figures[f.Key]; ok && o.Row == r.Name {
				dots = append(dots, plotter.XY{X: f.shown(v), Y: y})
			}
		}
		if v, ok := r.Figures[f.Key]; ok && !math.IsInf(float64(v.Median), 0) {
			medians = append(medians, plotter.XY{X: f.shown(float64(v.Median)), Y: y})
		}
	}
	for _, layer := range []struct {
		at    plotter.XYs
		shape draw.GlyphDrawer
		color color.Color
		size  vg.Length
	}{{dots, draw.CircleGlyph{}, color.RGBA{70, 120, 190, 255}, 2.5}, {medians, draw.PlusGlyph{}, color.RGBA{200, 60, 30, 255}, 5}} {
		if len(layer.at) == 0 {
			continue
		}
		scatter, err := plotter.NewScatter(layer.at)
		if err != nil {
			return "", err
		}
		scatter.GlyphStyle = draw.GlyphStyle{Shape: layer.shape, Color: layer.color, Radius: layer.size}
		p.Add(scatter)
	}
	p.Add(plotter.NewGrid())
	p.NominalY(names...)
	p.Y.Min, p.Y.Max = -.5, float64(len(names))-.5
	if f.Better != 0 {
		p.X.Min = 0
	}
	canvas := vgsvg.New(18*vg.Centimeter, vg.Length(1.6+.55*float64(len(names)))*vg.Centimeter)
	p.Draw(draw.New(canvas))
	var svg bytes.Buffer
	if _, err := canvas.WriteTo(&svg); err != nil {
		return "", err
	}
	text := svg.String()
	return template.HTML(text[max(strings.Index(text, "<svg"), 0):]), nil // without the XML declaration
}
