package fleet

import (
	_ "embed"
	"fmt"
	"html/template"
	"io"
	"math"
	"path/filepath"
	"strings"

	"github.com/metricslam/metricslam/internal/atomicfile"
	"github.com/metricslam/metricslam/join"
)

//go:embed page.html
var pageText string

var page = template.Must(template.New("fleet").Parse(pageText))

// viewed is a recording in the drawing of the joint map.
type viewed struct {
	Name   string
	Points string // of an SVG polyline
	Hue    int
}

// writePage writes report.html.
func (f *Fleet) writePage(r *Report, j *join.Joined) error {
	view := struct {
		*Report
		Steps []string // kinds, in their order
		Drawn []viewed
		Box   string
		Width float64
		Scale string
		Rows  []pageRow
		Files []string // of the dense map
	}{Report: r}
	for _, kind := range stages {
		if _, ok := r.Cost[kind]; ok {
			view.Steps = append(view.Steps, kind)
		}
	}
	view.Drawn, view.Box, view.Width, view.Scale = draw(j)
	maps := make(map[string]*join.JoinedMap)
	for i := range j.Maps {
		maps[j.Maps[i].Name] = &j.Maps[i]
	}
	for i := range r.Recordings {
		row := pageRow{Recorded: &r.Recordings[i], Map: maps[r.Recordings[i].Name]}
		if row.Map != nil {
			row.Report = "recordings/" + row.Name + "/report.html"
		}
		view.Rows = append(view.Rows, row)
	}
	for _, m := range r.Mesh {
		if rel, err := filepath.Rel(f.Out, m); err == nil {
			view.Files = append(view.Files, filepath.ToSlash(rel))
		}
	}
	return atomicfile.Write(f.path("report.html"), func(w io.Writer) error { return page.Execute(w, view) })
}

// pageRow is a recording in the table.
type pageRow struct {
	*Recorded
	Map    *join.JoinedMap // nil where it has none
	Report string
}

// drawnPx is the longer side of the drawing.
const drawnPx = 900.

// draw draws the keyframes of the largest component from above: along the two axes that
// they spread most along.
func draw(j *join.Joined) (all []viewed, box string, widthPx float64, scale string) {
	lo, hi := [3]float64{math.Inf(1), math.Inf(1), math.Inf(1)}, [3]float64{math.Inf(-1), math.Inf(-1), math.Inf(-1)}
	for _, m := range j.Maps {
		for _, k := range m.Keyframes {
			for a := range 3 {
				if m.Component == 0 {
					lo[a], hi[a] = min(lo[a], k.T[a]), max(hi[a], k.T[a])
				}
			}
		}
	}
	least := 1
	for a := range 3 {
		if hi[a]-lo[a] < hi[least]-lo[least] {
			least = a
		}
	}
	x, y := [3]int{1, 0, 0}[least], [3]int{2, 2, 1}[least]
	extent := max(hi[x]-lo[x], hi[y]-lo[y], 1e-3)
	if math.IsInf(extent, 0) {
		return nil, "", 0, ""
	}
	px := drawnPx / extent
	for i, m := range j.Maps {
		if m.Component != 0 {
			continue
		}
		var points strings.Builder
		for _, k := range m.Keyframes {
			fmt.Fprintf(&points, "%.1f,%.1f ", (k.T[x]-lo[x])*px, (hi[y]-k.T[y])*px)
		}
		all = append(all, viewed{m.Name, points.String(), i * 360 / len(j.Maps)})
	}
	const margin = 10
	w, h := (hi[x]-lo[x])*px+2*margin, (hi[y]-lo[y])*px+2*margin
	return all, fmt.Sprintf("%d %d %.0f %.0f", -margin, -margin, w, h), w, fmt.Sprintf("%.3g x %.3g m", hi[x]-lo[x], hi[y]-lo[y])
}
