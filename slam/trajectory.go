package slam

import "github.com/metricslam/metricslam/geom"

// StampedPose is a camera-to-world pose at a time in seconds.
type StampedPose struct {
	Time float64
	Pose geom.SE3 // T_wc
}

// Trajectory is a list of poses, times strictly increasing.
type Trajectory []StampedPose

// Length returns the length of the path in metres.
func (t Trajectory) Length() float64 {
	var sum float64
	for i := 1; i < len(t); i++ {
		sum += t[i].Pose.T.Sub(t[i-1].Pose.T).Norm()
	}
	return sum
}
