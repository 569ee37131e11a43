package eval_test

import (
	"fmt"
	"math"

	"github.com/metricslam/metricslam/eval"
	"github.com/metricslam/metricslam/geom"
	"github.com/metricslam/metricslam/slam"
)

// An estimate that is the truth at 80 % of its size: SE3 leaves the error of
// scale, Sim3 finds it.
func ExampleTrajectory() {
	var truth, estimate slam.Trajectory
	for i := range 100 {
		a := float64(i) / 10
		centre := geom.Vec3{X: math.Cos(a), Y: .1 * a, Z: math.Sin(a)}
		truth = append(truth, slam.StampedPose{Time: a, Pose: geom.SE3{R: geom.Identity3(), T: centre}})
		estimate = append(estimate, slam.StampedPose{Time: a, Pose: geom.SE3{R: geom.Identity3(), T: centre.Scale(.8)}})
	}
	pairs, err := eval.Associate(truth, estimate, eval.MaxTimeDiff)
	if err != nil {
		fmt.Println(err)
		return
	}
	r, err := eval.Trajectory(pairs, len(truth), len(estimate), eval.TrajectoryOptions{})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("SE3 %.3f m, Sim3 %.3f m, scale %.2f\n", r.ATESE3.RMSE, r.ATESim3.RMSE, r.Scale)
	// Output: SE3 0.205 m, Sim3 0.000 m, scale 1.25
}
