package mapping

import (
	"math"
	"testing"

	"github.com/metricslam/metricslam/optimize"
)

func TestStepLengthJacobian(t *testing.T) {
	a, b := &poseVar{pose: walk(1)}, &poseVar{pose: walk(4)}
	checkJacobians(t, &stepLength{a, b, math.Log(.4), 20}, []optimize.Variable{a, b})
	if (&stepLength{a, a, 0, 1}).Linearize(make([]float64, 1), nil) {
		t.Error("a step of no length has a logarithm")
	}
}
