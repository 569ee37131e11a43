package report

import (
	"math"

	"github.com/metricslam/metricslam/eval"
	"github.com/metricslam/metricslam/geom"
	"github.com/metricslam/metricslam/slam"
)

// Loop is a place seen twice: two keyframes, and the pose of the later one seen
// from the earlier one as it was measured from their images alone.
type Loop struct {
	FrameA  int     `json:"frame_a"`
	FrameB  int     `json:"frame_b"`
	TimeA   float64 `json:"time_a"`
	TimeB   float64 `json:"time_b"`
	Inliers int     `json:"inliers"` // keypoints that vouch for it

	Relative    geom.SE3   `json:"-"`               // T_a_b
	Translation [3]float64 `json:"translation_m"`   // of Relative
	Quaternion  [4]float64 `json:"quaternion_xyzw"` // of Relative

	ErrorM   *float64 `json:"error_m"`   // of the measured pose, in true metres; null without truth
	ErrorDeg *float64 `json:"error_deg"` // null without truth
}

// judgeLoops writes the loops' poses out and compares them with the truth, in
// true metres: a map that is 10 % too large as a whole has its loops right.
func (r *Report) judgeLoops() {
	known, wrong := false, 0
	scale := 1.0 // truth = scale x estimate
	if r.Accuracy != nil && r.Accuracy.Scale > 0 {
		scale = r.Accuracy.Scale
	}
	for i := range r.Loops {
		l := &r.Loops[i]
		if l.Relative == (geom.SE3{}) {
			l.Relative = geom.IdentitySE3()
		}
		q := geom.QuatFromMat3(l.Relative.R)
		l.Translation = [3]float64{l.Relative.T.X, l.Relative.T.Y, l.Relative.T.Z}
		l.Quaternion = [4]float64{q.X, q.Y, q.Z, q.W}
		a, okA := truthAt(r.Truth, l.TimeA)
		b, okB := truthAt(r.Truth, l.TimeB)
		if !okA || !okB {
			continue
		}
		known = true
		measured := l.Relative
		measured.T = measured.T.Scale(scale)
		m, rad, isFalse := eval.LoopError(a.Between(b), measured)
		deg := rad * 180 / math.Pi
		l.ErrorM, l.ErrorDeg = &m, &deg
		if isFalse {
			wrong++
		}
	}
	if known || len(r.Truth) > 0 {
		r.FalseLoops = &wrong
	}
}

// truthAt returns the true pose nearest to a time; false where none is near.
func truthAt(truth slam.Trajectory, time float64) (geom.SE3, bool) {
	if len(truth) == 0 {
		return geom.SE3{}, false
	}
	p := truth[nearestPose(truth, time)]
	return p.Pose, math.Abs(p.Time-time) <= eval.MaxTimeDiff
}
