package eval

import (
	"fmt"
	"math"
	"sort"

	"github.com/metricslam/metricslam/geom"
	"github.com/metricslam/metricslam/slam"
)

// MaxTimeDiff is the largest distance in seconds between the stamps of a true
// pose and the estimate associated with it.
const MaxTimeDiff = .02

// Pair is a true pose and the estimate that belongs to it.
type Pair struct {
	Truth    slam.StampedPose
	Estimate slam.StampedPose
	// PathM is the length of the true path from its first pose to this one,
	// poses without an estimate included.
	PathM float64
}

// Associate pairs the poses of two trajectories by nearest time, at most
// maxDiffS seconds apart, by the rules of the evo package: every pose of the
// trajectory with fewer poses (the estimate, where both have as many) takes the
// nearest of the other, the earlier one of two equally near. Pairs come in the
// order of time. No pair at all is an error.
func Associate(truth, estimate slam.Trajectory, maxDiffS float64) ([]Pair, error) {
	for _, t := range []struct {
		name string
		traj slam.Trajectory
	}{{"true", truth}, {"estimated", estimate}} {
		if err := checkTrajectory(t.traj); err != nil {
			return nil, fmt.Errorf("associate: the %s trajectory %w", t.name, err)
		}
	}
	path := pathLengths(truth)
	var pairs []Pair
	add := func(i, j int) {
		pairs = append(pairs, Pair{Truth: truth[i], Estimate: estimate[j], PathM: path[i]})
	}
	if len(estimate) > len(truth) {
		matchNearest(truth, estimate, maxDiffS, add)
	} else {
		matchNearest(estimate, truth, maxDiffS, func(j, i int) { add(i, j) })
	}
	if len(pairs) == 0 {
		return nil, fmt.Errorf("associate: no two stamps are within %g s: truth covers %.3f to %.3f s, the estimate %.3f to %.3f s",
			maxDiffS, truth[0].Time, truth[len(truth)-1].Time, estimate[0].Time, estimate[len(estimate)-1].Time)
	}
	return pairs, nil
}

// checkTrajectory returns an error unless there are poses, all finite, times
// strictly increasing.
func checkTrajectory(t slam.Trajectory) error {
	if len(t) == 0 {
		return fmt.Errorf("is empty")
	}
	for i, p := range t {
		if !p.Pose.IsFinite() || math.IsNaN(p.Time) || math.IsInf(p.Time, 0) {
			return fmt.Errorf("has a pose %d that is not finite", i)
		}
		if i > 0 && p.Time <= t[i-1].Time {
			return fmt.Errorf("has a pose %d whose time %.6f does not come after %.6f", i, p.Time, t[i-1].Time)
		}
	}
	return nil
}

// matchNearest calls add for every pose of a with the index of the pose of b
// that is nearest in time, where that is within maxDiffS.
func matchNearest(a, b slam.Trajectory, maxDiffS float64, add func(i, j int)) {
	for i, p := range a {
		after := sort.Search(len(b), func(k int) bool { return b[k].Time > p.Time })
		best := after - 1
		if best < 0 || (after < len(b) && b[after].Time-p.Time < p.Time-b[best].Time) {
			best = after
		}
		if math.Abs(b[best].Time-p.Time) <= maxDiffS {
			add(i, best)
		}
	}
}

// AssociateRows pairs pose i with pose i, as KITTI's trajectories without
// stamps have it; the times are the row numbers. Trajectories of different
// length are an error.
func AssociateRows(truth, estimate []geom.SE3) ([]Pair, error) {
	if len(truth) != len(estimate) {
		return nil, fmt.Errorf("associate: truth has %d poses, the estimate %d; rows belong together by their number, so cut the longer file to the same frames",
			len(truth), len(estimate))
	}
	t, e := numbered(truth), numbered(estimate)
	return Associate(t, e, 0)
}

func numbered(poses []geom.SE3) slam.Trajectory {
	t := make(slam.Trajectory, len(poses))
	for i, p := range poses {
		t[i] = slam.StampedPose{Time: float64(i), Pose: p}
	}
	return t
}

// pathLengths returns the length of the path from the first pose to each.
func pathLengths(t slam.Trajectory) []float64 {
	sum := make([]float64, len(t))
	for i := 1; i < len(t); i++ {
		sum[i] = sum[i-1] + t[i].Pose.T.Sub(t[i-1].Pose.T).Norm()
	}
	return sum
}
