package export

import (
	"bytes"
	"fmt"
	"math"

	"github.com/metricslam/metricslam/geom"
	"github.com/metricslam/metricslam/internal/atomicfile"
	"github.com/metricslam/metricslam/slam"
)

// WriteEuRoC writes a trajectory as CSV in the columns of EuRoC's ground truth, up
// to the orientation: nanoseconds, position, quaternion with its real part first.
// The poses are the camera's, where EuRoC's are those of the inertial sensor.
func WriteEuRoC(path string, traj slam.Trajectory) error {
	var b bytes.Buffer
	b.WriteString("#timestamp [ns], p_x [m], p_y [m], p_z [m], q_w [], q_x [], q_y [], q_z []\n")
	for i, p := range traj {
		if !p.Pose.IsFinite() || math.IsNaN(p.Time) || math.IsInf(p.Time, 0) {
			return fmt.Errorf("write trajectory %s: pose %d is not finite", path, i)
		}
		// Seconds in two parts: a float64 holds no nanoseconds of today's stamps.
		s := math.Floor(p.Time)
		q := geom.QuatFromMat3(p.Pose.R)
		fmt.Fprintf(&b, "%d%09d,%.9f,%.9f,%.9f,%.9f,%.9f,%.9f,%.9f\n", int64(s), int64((p.Time-s)*1e9),
			p.Pose.T.X, p.Pose.T.Y, p.Pose.T.Z, q.W, q.X, q.Y, q.Z)
	}
	return atomicfile.WriteBytes(path, b.Bytes())
}
