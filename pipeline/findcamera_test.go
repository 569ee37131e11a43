package pipeline

import (
	"math"
	"testing"

	"github.com/metricslam/metricslam/datasets"
	"github.com/metricslam/metricslam/internal/realdata"
)

// The focal length of a road whose calibration is withheld is found; its images
// are 3.3 times as wide as high.
func TestFindCamera(t *testing.T) {
	dir := realdata.Path(t, "kitti_small/sequences/00")
	opt := datasets.Options{MaxFrames: 250}
	known, err := datasets.Open(t.Context(), dir, opt)
	if err != nil {
		t.Fatal(err)
	}
	defer known.Close()
	opt.Raw = true
	src, err := datasets.Open(t.Context(), dir, opt)
	if err != nil {
		t.Fatal(err)
	}
	defer src.Close()
	if src.Info().Camera.Fx == known.Info().Camera.Fx {
		t.Fatal("the calibration is not withheld")
	}
	found, err := FindCamera(t.Context(), src, Default())
	if err != nil {
		t.Fatal(err)
	}
	d := math.Log(found.Camera.Fx / known.Info().Camera.Fx)
	if !found.Told || math.Abs(d) > .05 || math.Abs(d) > 3*found.FocalSigma {
		t.Errorf("off by %.3f: %+v", d, found)
	}
}
