package eval

import (
	"math"

	"github.com/metricslam/metricslam/geom"
)

// A loop, or a link between two recordings, is false if its pose is farther off the truth
// than this: in metres, or, where the two are far apart, in shares of their distance. It is
// what a place that only looks alike gives; noise and drift stay far below indoors.
const (
	FalseLoopM     = .3
	FalseLoopShare = .1
	FalseLoopRad   = 10 * math.Pi / 180
)

// LoopError compares the relative pose of two keyframes, T_a_b in true metres, with the
// truth: its errors in metres and radians, and whether the loop is false.
func LoopError(truth, estimate geom.SE3) (errorM, errorRad float64, isFalse bool) {
	e := estimate.Between(truth)
	errorM, errorRad = e.T.Norm(), geom.RotationAngle(e.R)
	return errorM, errorRad, errorM > max(FalseLoopM, FalseLoopShare*truth.T.Norm()) || errorRad > FalseLoopRad
}
