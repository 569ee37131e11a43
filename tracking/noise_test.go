package tracking

import (
	"math"
	"testing"

	"github.com/metricslam/metricslam/geom"
)

// The noise of the pixels is found whatever else is followed, and the gate opens
// with it: a blurred image loses no tracks.
func TestNoise(t *testing.T) {
	pose := motion(.1, -.02, .05, .01, .03, 0)
	for _, tt := range []struct {
		name    string
		noisePx float64
		wrong   float64
		want    float64
	}{
		{"sharp", .3, 0, 1},
		{"blurred", 2.5, 0, 2.5},
		{"blurred, a fifth wrong", 2.5, .2, 2.5},
		{"beyond all", 9, 0, noiseMost},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(worldSpec{n: 300, pose: pose, noisePx: tt.noisePx, wrong: tt.wrong})
			tr := New(Default(), 1)
			first := tr.Locate(1, testCamera, pose, w.tracks, w.point)
			if got := tr.NoisePx(); math.Abs(got/tt.want-1) > .3 {
				t.Errorf("noise %.2f px, want %.2f", got, tt.want)
			}
			if tt.noisePx != 2.5 {
				return
			}
			right := len(w.tracks) - len(w.wrong)
			second := tr.Locate(2, testCamera, pose, w.tracks, w.point)
			if n := len(second.Inliers); n < right*85/100 || n <= len(first.Inliers) {
				t.Errorf("%d inliers, before the noise was known %d, of %d right tracks", n, len(first.Inliers), right)
			}
			tr.Reset(3, geom.IdentitySE3())
			if tr.NoisePx() != Default().PixelSigma {
				t.Error("the noise outlives a reset")
			}
		})
	}
}
