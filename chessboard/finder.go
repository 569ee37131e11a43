// Package chessboard finds the inner corners of a chessboard by OpenCV: the
// sector-based detector of Duda and Frese (2018), which is exact to some hundredths
// of a pixel and needs the whole board in the image.
package chessboard

import (
	"image"

	"gocv.io/x/gocv"

	"github.com/metricslam/metricslam/calibration"
	"github.com/metricslam/metricslam/geom"
	"github.com/metricslam/metricslam/slam"
)

// Finder finds one board.
type Finder struct{ board calibration.Board }

// New returns a finder of a valid chessboard.
func New(b calibration.Board) *Finder { return &Finder{b} }

var _ calibration.Finder = (*Finder)(nil)

const (
	minSide = 32  // of an image that OpenCV is handed, pixels
	detect  = 960 // width at which the board is looked for; corners are refined at full size
)

// Find returns the corners by rows. Which of its two ends a board begins at does
// not matter to a calibration.
func (f *Finder) Find(g slam.Gray) []calibration.Corner {
	if g.W < minSide || g.H < minSide || len(g.Pix) != g.W*g.H {
		return nil
	}
	m, err := gocv.NewMatFromBytes(g.H, g.W, gocv.MatTypeCV8UC1, g.Pix)
	if err != nil {
		return nil
	}
	defer m.Close()
	found := gocv.NewMat()
	defer found.Close()
	shrink := (g.W + detect - 1) / detect
	if !f.look(m, shrink, &found) {
		return nil
	}
	xy, err := found.DataPtrFloat32()
	n := f.board.Corners()
	if err != nil || len(xy) != 2*n {
		return nil
	}
	if shrink > 1 {
		for i := range xy { // pixel centres at integers
			xy[i] = (xy[i]+.5)*float32(shrink) - .5
		}
		gocv.CornerSubPix(m, &found, image.Pt(2*shrink+1, 2*shrink+1), image.Pt(-1, -1), gocv.NewTermCriteria(gocv.Count|gocv.EPS, 30, .005))
	}
	out := make([]calibration.Corner, n)
	for i := range out {
		out[i] = calibration.Corner{ID: i, Pixel: geom.Vec2{X: float64(xy[2*i]), Y: float64(xy[2*i+1])}}
	}
	return out
}

// look finds the board in an image shrunk by a whole factor.
func (f *Finder) look(m gocv.Mat, shrink int, found *gocv.Mat) bool {
	size := image.Pt(f.board.Cols, f.board.Rows)
	if shrink == 1 {
		return gocv.FindChessboardCornersSB(m, size, found, gocv.CalibCBNormalizeImage)
	}
	small := gocv.NewMat()
	defer small.Close()
	gocv.Resize(m, &small, image.Pt(m.Cols()/shrink, m.Rows()/shrink), 0, 0, gocv.InterpolationArea)
	return gocv.FindChessboardCornersSB(small, size, found, gocv.CalibCBNormalizeImage)
}
