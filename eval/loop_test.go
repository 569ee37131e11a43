package eval_test

import (
	"math"
	"testing"

	"github.com/metricslam/metricslam/eval"
	"github.com/metricslam/metricslam/geom"
)

func TestLoopError(t *testing.T) {
	near, far := geom.SE3{R: geom.Identity3(), T: geom.Vec3{X: 1}}, geom.SE3{R: geom.Identity3(), T: geom.Vec3{Z: 10}}
	for _, c := range []struct {
		name            string
		truth           geom.SE3
		shiftM, turnRad float64
		wrong           bool
	}{
		{"exact", near, 0, 0, false},
		{"near, .29 m", near, .29, 0, false},
		{"near, .31 m", near, .31, 0, true},
		{"far, .9 m of 10", far, .9, 0, false},
		{"far, 1.1 m of 10", far, 1.1, 0, true},
		{"9 degrees", near, 0, 9 * math.Pi / 180, false},
		{"11 degrees", near, 0, 11 * math.Pi / 180, true},
	} {
		estimate := geom.SE3{R: c.truth.R.Mul(geom.ExpSO3(geom.Vec3{Y: c.turnRad})), T: c.truth.T.Add(geom.Vec3{Y: c.shiftM})}
		m, rad, wrong := eval.LoopError(c.truth, estimate)
		if math.Abs(m-c.shiftM) > 1e-9 || math.Abs(rad-c.turnRad) > 1e-9 || wrong != c.wrong {
			t.Errorf("%s: %v m, %v rad, false: %v", c.name, m, rad, wrong)
		}
	}
}
