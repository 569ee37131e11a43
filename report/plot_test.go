package report

import (
	"bytes"
	"image/png"
	"math"
	"strings"
	"testing"

	"github.com/metricslam/metricslam/eval"
	"github.com/metricslam/metricslam/geom"
	"github.com/metricslam/metricslam/slam"
)

func TestWritePlot(t *testing.T) {
	var truth, estimate slam.Trajectory
	for i := range 300 {
		x := float64(i) / 30
		p := slam.StampedPose{Time: x, Pose: geom.SE3{R: geom.Identity3(), T: geom.Vec3{X: math.Sin(x), Y: .1 * x, Z: math.Cos(2 * x)}}}
		truth = append(truth, p)
		if p.Pose.T.X += .01 * x; i < 100 || i > 130 {
			estimate = append(estimate, p)
		}
	}
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
			if err := writePlot(&b, pairs, tt.name, "time [s]", 36); err != nil {
				t.Fatal(err)
			}
			img, err := png.Decode(&b)
			if err != nil {
				t.Fatal(err)
			}
			if s := img.Bounds().Size(); s.X != 360 || s.Y != 380 {
				t.Errorf("size %v, want 360x380", s)
			}
		})
	}
	if err := WritePlot(&bytes.Buffer{}, nil, "", ""); err == nil || !strings.Contains(err.Error(), "no pair") {
		t.Errorf("no pairs: error %v", err)
	}
}

func TestTopView(t *testing.T) {
	tests := []struct {
		size geom.Vec3
		want view
	}{{geom.Vec3{X: 3, Y: 1, Z: 2}, view{0, 2}}, {geom.Vec3{X: 3, Y: 2, Z: 1}, view{0, 1}}, {geom.Vec3{X: 1, Y: 2, Z: 3}, view{1, 2}}}
	for _, tt := range tests {
		if got := topView([]geom.Vec3{{}, tt.size}); got != tt.want {
			t.Errorf("extents %v: %v, want %v", tt.size, got, tt.want)
		}
	}
}

func TestNiceTicks(t *testing.T) {
	tests := []struct {
		s    span
		n    int
		want []float64
	}{
		{span{0, 10}, 5, []float64{0, 2, 4, 6, 8, 10}},
		{span{-.31, .32}, 6, []float64{-.3, -.2, -.1, 0, .1, .2, .3}},
		{span{1e5, 1.2e5}, 4, []float64{1e5, 1.05e5, 1.1e5, 1.15e5, 1.2e5}},
		{span{1, 1}, 4, nil},
		{span{math.NaN(), 1}, 4, nil},
	}
	for _, tt := range tests {
		got := niceTicks(tt.s, tt.n)
		same := len(got) == len(tt.want)
		for i := range min(len(got), len(tt.want)) {
			same = same && math.Abs(got[i]-tt.want[i]) < 1e-9*(1+math.Abs(tt.want[i]))
		}
		if !same {
			t.Errorf("%v: %v, want %v", tt.s, got, tt.want)
		}
	}
}

func TestGaps(t *testing.T) {
	got := gaps([]float64{0, 1, 2, 5, 6, 20})
	want := []bool{false, false, false, false, false, true}
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("got %v, want %v", got, want)
			break
		}
	}
	if len(gaps(nil)) != 0 || gaps([]float64{1, 9})[1] {
		t.Error("two times have no median step to compare with")
	}
}
