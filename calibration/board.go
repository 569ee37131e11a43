package calibration

import (
	"fmt"

	"github.com/metricslam/metricslam/geom"
	"github.com/metricslam/metricslam/marker"
)

// Kind tells the boards apart.
type Kind string

// The kinds of boards.
const (
	Tags       Kind = "tags"       // a grid of markers
	Chessboard Kind = "chessboard" // squares in turn
)

// Board is a target. A grid of tags has cols x rows markers of an edge of 1 with
// white gaps, numbered by rows from First; a chessboard has cols x rows inner
// corners, 1 apart.
type Board struct {
	Kind       Kind
	Cols, Rows int
	Family     string  // of the tags, as marker.ByName takes it
	First      int     // id of the upper left tag
	Gap        float64 // white between two tags, in edges
}

// DefaultBoard is the board of each kind that fills a sheet in landscape.
func DefaultBoard(kind Kind) Board {
	if kind == Chessboard {
		return Board{Kind: Chessboard, Cols: 9, Rows: 6}
	}
	return Board{Kind: Tags, Cols: 7, Rows: 5, Family: "apriltag36h11", Gap: .25}
}

// minGap is one cell of a marker: its white border.
const minGap = .125

// Validate names what no board has.
func (b Board) Validate() error {
	switch {
	case b.Kind != Tags && b.Kind != Chessboard:
		return fmt.Errorf("--board %s: there are tags and chessboard", b.Kind)
	case b.Kind == Chessboard && (b.Cols < 3 || b.Rows < 3 || b.Cols > 50 || b.Rows > 50):
		return fmt.Errorf("--cols %d --rows %d: a chessboard has 3 to 50 inner corners a side", b.Cols, b.Rows)
	case b.Kind == Chessboard:
		return nil
	case b.Cols < 1 || b.Rows < 1 || b.Cols*b.Rows > 1000:
		return fmt.Errorf("--cols %d --rows %d: a grid has 1 to 1000 tags", b.Cols, b.Rows)
	case !(b.Gap >= minGap && b.Gap <= 5):
		return fmt.Errorf("--gap %g: tags are %g to 5 edges apart; less leaves them no white border", b.Gap, minGap)
	}
	f, err := marker.ByName(b.Family)
	if err != nil {
		return fmt.Errorf("--family: %w", err)
	}
	if b.First < 0 || b.First+b.Cols*b.Rows > f.Count() {
		return fmt.Errorf("--first %d --cols %d --rows %d: %s has %d tags", b.First, b.Cols, b.Rows, f.Name, f.Count())
	}
	return nil
}

// Corners is how many corners the board has; their numbers lie below it.
func (b Board) Corners() int {
	if b.Kind == Chessboard {
		return b.Cols * b.Rows
	}
	return 4 * b.Cols * b.Rows
}

// Corner returns where a corner lies: of a chessboard by rows, of tags four by
// four, clockwise from each tag's upper left.
func (b Board) Corner(i int) geom.Vec2 {
	if b.Kind == Chessboard {
		return geom.Vec2{X: float64(i % b.Cols), Y: float64(i / b.Cols)}
	}
	tag := i / 4
	p := geom.Vec2{X: float64(tag % b.Cols), Y: float64(tag / b.Cols)}.Scale(1 + b.Gap)
	return p.Add([4]geom.Vec2{{}, {X: 1}, {X: 1, Y: 1}, {Y: 1}}[i%4])
}

// Size is the printed extent in edges: with a chessboard's outer squares.
func (b Board) Size() geom.Vec2 {
	if b.Kind == Chessboard {
		return geom.Vec2{X: float64(b.Cols + 1), Y: float64(b.Rows + 1)}
	}
	return geom.Vec2{X: float64(b.Cols) + float64(b.Cols-1)*b.Gap, Y: float64(b.Rows) + float64(b.Rows-1)*b.Gap}
}

// Dark reports whether the board is black at a place in its own frame.
func (b Board) Dark(p geom.Vec2) bool {
	if b.Kind == Chessboard {
		p = p.Add(geom.Vec2{X: 1, Y: 1}) // the outer squares begin there
		s := b.Size()
		return p.X >= 0 && p.Y >= 0 && p.X < s.X && p.Y < s.Y && (int(p.X)+int(p.Y))%2 == 0
	}
	f, err := marker.ByName(b.Family)
	if err != nil || p.X < 0 || p.Y < 0 {
		return false // Validate has told of the family
	}
	pitch := 1 + b.Gap
	col, row := int(p.X/pitch), int(p.Y/pitch)
	x, y := p.X-float64(col)*pitch, p.Y-float64(row)*pitch
	if col >= b.Cols || row >= b.Rows || x >= 1 || y >= 1 {
		return false
	}
	n := float64(f.Cells())
	return !f.White(b.First+row*b.Cols+col, int(y*n), int(x*n))
}

// cells of an edge of a tag, its black border included.
func (b Board) cells() int {
	f, err := marker.ByName(b.Family)
	if err != nil {
		return 0
	}
	return f.Cells()
}
