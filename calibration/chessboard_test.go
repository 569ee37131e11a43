//go:build cgo

package calibration_test

import (
	"testing"

	"github.com/metricslam/metricslam/calibration"
	"github.com/metricslam/metricslam/chessboard"
	"github.com/metricslam/metricslam/slam"
)

func TestCalibrateChessboard(t *testing.T) {
	b := calibration.DefaultBoard(calibration.Chessboard)
	f := chessboard.New(b)
	c := calibration.Phone
	views := calibration.NewStudio(c, b).Film(f, calibration.Tour(c, b, 12, .7, .2, 1), calibration.Shot{Noise: 4})
	r, err := calibration.Calibrate(t.Context(), views, b, c.W, c.H, calibration.RadTan)
	if err != nil {
		t.Fatal(err)
	}
	calibration.CheckCamera(t, r, c, .002)
	if len(r.Views) < 8 {
		t.Errorf("%d views", len(r.Views))
	}
	for _, g := range []slam.Gray{{}, slam.NewGray(8, 8), slam.NewGray(640, 480), {W: 640, H: 480, Pix: make([]uint8, 5)}} {
		if got := f.Find(g); got != nil {
			t.Errorf("%d corners in a blank image", len(got))
		}
	}
}
