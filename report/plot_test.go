package report_test

import (
	"bytes"
	"image/png"
	"strings"
	"testing"

	"github.com/metricslam/metricslam/eval"
	"github.com/metricslam/metricslam/geom"
	"github.com/metricslam/metricslam/report"
	"github.com/metricslam/metricslam/slam"
)

func TestWritePlot(t *testing.T) {
	truth, estimate := wander(300, 100, 129)
	still := slam.Trajectory{{Time: 0, Pose: geom.IdentitySE3()}, {Time: 1, Pose: geom.IdentitySE3()}}
	tests := []struct {
		name            string
		truth, estimate slam.Trajectory
	}{
		{"a walk with a gap", truth, estimate},
		{"one pose", truth[:1], estimate[:1]},
		{"no motion, no error", still, still},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			pairs, err := eval.Associate(tt.truth, tt.estimate, eval.MaxTimeDiff)
			if err != nil {
				t.Fatal(err)
			}
			var b bytes.Buffer
			if err := report.WritePlot(&b, pairs, tt.name, "time [s]"); err != nil {
				t.Fatal(err)
			}
			img, err := png.Decode(&b)
			if err != nil {
				t.Fatal(err)
			}
			if s := img.Bounds().Size(); s.X != 1440 || s.Y != 1520 {
				t.Errorf("size %v, want 1440x1520", s)
			}
		})
	}
	if err := report.WritePlot(&bytes.Buffer{}, nil, "", ""); err == nil || !strings.Contains(err.Error(), "no pair") {
		t.Errorf("no pairs: error %v", err)
	}
}
