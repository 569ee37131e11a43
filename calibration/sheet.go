package calibration

import (
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
	"time"

	"codeberg.org/go-pdf/fpdf"

	"github.com/metricslam/metricslam/geom"
)

// papers are sheets by name: the longer side and the shorter one in millimetres.
var papers = map[string][2]float64{"a4": {297, 210}, "a3": {420, 297}, "a2": {594, 420}, "a1": {841, 594}, "letter": {279.4, 215.9}, "tabloid": {431.8, 279.4}}

// Papers lists the names of the sheets.
func Papers() []string {
	var names []string
	for n := range papers {
		names = append(names, n)
	}
	slices.Sort(names)
	return names
}

const (
	marginMM = 8  // that no printer reaches
	textMM   = 14 // below the board, for the description and the ruler
	stepMM   = .5 // edges are whole multiples, so that a ruler can check them
	minMM    = 4  // smaller edges are not found at arm's length
	rulerMM  = 100
)

// Sheet is a board on paper.
type Sheet struct {
	Board  Board
	Paper  string
	EdgeMM float64 // of a tag or a square
	w, h   float64 // of the paper
}

// NewSheet makes the board as large as the paper holds.
func NewSheet(b Board, paper string) (Sheet, error) {
	if err := b.Validate(); err != nil {
		return Sheet{}, err
	}
	sides, ok := papers[strings.ToLower(paper)]
	if !ok {
		return Sheet{}, fmt.Errorf("--paper %s: there are %s", paper, strings.Join(Papers(), ", "))
	}
	s := Sheet{Board: b, Paper: strings.ToLower(paper), w: sides[0], h: sides[1]}
	size := b.Size()
	if size.Y > size.X {
		s.w, s.h = s.h, s.w
	}
	edge := min((s.w-2*marginMM)/size.X, (s.h-2*marginMM-textMM)/size.Y)
	s.EdgeMM = math.Floor(edge/stepMM) * stepMM
	if s.EdgeMM < minMM {
		return s, fmt.Errorf("--cols %d --rows %d: an edge would be %.1f mm on %s, less than %d mm: take fewer, or a larger --paper", b.Cols, b.Rows, edge, s.Paper, minMM)
	}
	return s, nil
}

// Write writes the sheet as a PDF of true size.
func (s Sheet) Write(w io.Writer) error {
	b := s.Board
	pdf := fpdf.NewCustom(&fpdf.InitType{UnitStr: "mm", Size: fpdf.SizeType{Wd: s.w, Ht: s.h}})
	pdf.SetCatalogSort(true)
	pdf.SetCreationDate(time.Unix(0, 0).UTC()) // the same board gives the same bytes
	pdf.SetModificationDate(time.Unix(0, 0).UTC())
	pdf.SetTitle("Calibration target", true)
	pdf.SetAutoPageBreak(false, 0)
	pdf.SetMargins(0, 0, 0)
	pdf.AddPage()
	size := b.Size()
	low := geom.Vec2{X: (s.w - size.X*s.EdgeMM) / 2, Y: (s.h - textMM - size.Y*s.EdgeMM) / 2}
	pdf.SetFillColor(0, 0, 0)
	for _, r := range b.darkRectangles() {
		pdf.Rect(low.X+r.low.X*s.EdgeMM, low.Y+r.low.Y*s.EdgeMM, r.size.X*s.EdgeMM, r.size.Y*s.EdgeMM, "F")
	}
	s.describe(pdf, low.X)
	return pdf.Output(w)
}

// describe writes what the board is, and a ruler.
func (s Sheet) describe(pdf *fpdf.Fpdf, x float64) {
	b := s.Board
	y := s.h - marginMM
	what := fmt.Sprintf("chessboard, %d x %d inner corners, squares of %.1f mm: --board chessboard --cols %d --rows %d", b.Cols, b.Rows, s.EdgeMM, b.Cols, b.Rows)
	if b.Kind == Tags {
		what = fmt.Sprintf("%s, %d x %d tags of %.1f mm, gaps of %.2f mm: --cols %d --rows %d --gap %g --family %s --first %d", b.Family, b.Cols, b.Rows, s.EdgeMM, s.EdgeMM*b.Gap, b.Cols, b.Rows, b.Gap, b.Family, b.First)
	}
	pdf.SetFont("Helvetica", "", 7)
	pdf.SetTextColor(0, 0, 0)
	pdf.Text(x, y, "metricslam calibrate: "+what)
	pdf.Text(x+rulerMM+3, y-4, "100 mm. Print at 100 %, without fitting to the page; check the ruler; glue to something flat.")
	pdf.SetLineWidth(.2)
	pdf.Line(x, y-5, x+rulerMM, y-5)
	for i := 0; i <= 10; i++ {
		at := x + float64(i)*rulerMM/10
		pdf.Line(at, y-5, at, y-6.5)
	}
}

// rectangle is an upright one, in edges from the printed board's upper left.
type rectangle struct{ low, size geom.Vec2 }

// darkRectangles covers the black of the board: runs of cells by rows, each
// reaching a hair into the black below, so that no seam shows between rows.
func (b Board) darkRectangles() (out []rectangle) {
	const hair = .002 // edges
	if b.Kind == Chessboard {
		for row := range b.Rows + 1 {
			for col := row % 2; col <= b.Cols; col += 2 {
				out = append(out, rectangle{geom.Vec2{X: float64(col), Y: float64(row)}, geom.Vec2{X: 1, Y: 1}})
			}
		}
		return out
	}
	n := b.cells()
	cell := 1 / float64(n)
	for tag := range b.Cols * b.Rows {
		at := b.Corner(4 * tag)
		dark := func(row, col int) bool {
			return row < n && b.Dark(at.Add(geom.Vec2{X: (float64(col) + .5) * cell, Y: (float64(row) + .5) * cell}))
		}
		for row := range n {
			for col := 0; col < n; col++ {
				if !dark(row, col) {
					continue
				}
				end := col
				for end < n && dark(row, end) && dark(row+1, end) == dark(row+1, col) {
					end++
				}
				r := rectangle{at.Add(geom.Vec2{X: float64(col) * cell, Y: float64(row) * cell}), geom.Vec2{X: float64(end-col) * cell, Y: cell}}
				if dark(row+1, col) {
					r.size.Y += hair
				}
				if end < n && dark(row, end) {
					r.size.X += hair
				}
				out = append(out, r)
				col = end - 1
			}
		}
	}
	return out
}
