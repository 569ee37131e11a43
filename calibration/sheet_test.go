package calibration

import (
	"bytes"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/metricslam/metricslam/geom"
)

// The black that is printed is that of the board, and the sheet is a PDF whose
// bytes repeat.
func TestSheet(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	for _, b := range []Board{DefaultBoard(Tags), DefaultBoard(Chessboard), {Kind: Tags, Cols: 2, Rows: 3, Family: "aruco4x4", First: 7, Gap: .5}} {
		rects := b.darkRectangles()
		size := b.Size()
		var low geom.Vec2
		if b.Kind == Chessboard {
			low = geom.Vec2{X: -1, Y: -1}
		}
		wrong := 0
		for range 4000 {
			p := geom.Vec2{X: size.X * r.Float64(), Y: size.Y * r.Float64()}
			printed := false
			for _, q := range rects {
				d := p.Sub(q.low)
				printed = printed || d.X >= 0 && d.Y >= 0 && d.X < q.size.X && d.Y < q.size.Y
			}
			if printed != b.Dark(p.Add(low)) {
				wrong++
			}
		}
		if wrong > 4 { // where rows overlap by a hair
			t.Errorf("%s: %d of 4000 places have the wrong colour", b.Kind, wrong)
		}
		s, err := NewSheet(b, "A4")
		if err != nil {
			t.Fatal(err)
		}
		if w := size.X * s.EdgeMM; w > s.w-2*marginMM || s.EdgeMM < 10 {
			t.Errorf("%s: %.1f mm wide, edges of %.1f mm", b.Kind, w, s.EdgeMM)
		}
		var first, second bytes.Buffer
		if err := s.Write(&first); err != nil {
			t.Fatal(err)
		}
		if err := s.Write(&second); err != nil || !bytes.HasPrefix(first.Bytes(), []byte("%PDF-")) || !bytes.Equal(first.Bytes(), second.Bytes()) {
			t.Errorf("%v, %d and %d bytes", err, first.Len(), second.Len())
		}
	}
}

func TestBoardsRefused(t *testing.T) {
	good := DefaultBoard(Tags)
	change := func(f func(*Board)) Board { b := good; f(&b); return b }
	for _, tt := range []struct {
		board Board
		paper string
		want  string
	}{
		{Board{Kind: "circles"}, "a4", "--board"},
		{Board{Kind: Chessboard, Cols: 2, Rows: 6}, "a4", "--cols 2"},
		{change(func(b *Board) { b.Gap = .01 }), "a4", "--gap"},
		{change(func(b *Board) { b.Family = "aprilcube" }), "a4", "--family"},
		{change(func(b *Board) { b.First = 580 }), "a4", "587 tags"},
		{change(func(b *Board) { b.Cols = 0 }), "a4", "--cols 0"},
		{change(func(b *Board) { b.Family, b.Gap, b.Cols, b.Rows = "aruco4x4_1000", 1, 50, 20 }), "a4", "larger --paper"},
		{good, "a9", "--paper a9"},
	} {
		if _, err := NewSheet(tt.board, tt.paper); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%+v on %s: error %v, want one of %q", tt.board, tt.paper, err, tt.want)
		}
	}
}
