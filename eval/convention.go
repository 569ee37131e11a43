package eval

import (
	"fmt"
	"math"

	"github.com/metricslam/metricslam/geom"
	"github.com/metricslam/metricslam/internal/stats"
	"github.com/metricslam/metricslam/slam"
)

// Convention is a way in which the poses of a file may be meant, other than camera to
// world with the quaternion's w last.
type Convention struct {
	Name string
	read func(geom.SE3) geom.SE3
}

// The conventions that are in use, and are read without an error.
var (
	wFirst       = Convention{"quaternions with w first (qw qx qy qz)", readWFirst}
	inverse      = Convention{"poses of the world in the camera (world to camera)", geom.SE3.Inverse}
	wFirstInside = Convention{"poses of the world in the camera, with w first in their quaternions", func(p geom.SE3) geom.SE3 { return readWFirst(p).Inverse() }}
)

// readWFirst is the pose of a row whose quaternion was read as if w came last.
func readWFirst(p geom.SE3) geom.SE3 {
	q := geom.QuatFromMat3(p.R)
	return geom.FromQuat(geom.Quat{X: q.Y, Y: q.Z, Z: q.W, W: q.X}, p.T)
}

// Apply returns the trajectory as the convention means it.
func (c Convention) Apply(t slam.Trajectory) slam.Trajectory {
	out := make(slam.Trajectory, len(t))
	for i, p := range t {
		out[i] = slam.StampedPose{Time: p.Time, Pose: c.read(p.Pose)}
	}
	return out
}

const (
	turnStep  = .1 // radians from one turn that is compared to the next: far above the noise of poses
	turnLeast = 12 // turns, about all axes
	// What is left of the turns of one trajectory once those of the other are fitted to
	// them, as a share of their size: at most turnsFit where both mean the same, and
	// mirrored ones leave turnsOff and turnsRatio times as much. Measured on runs over
	// desk, redkitchen and office: .13 to .38 as they are and 2.4 to 6 times as much
	// mirrored, but for three rough runs (.30 to .62, 1.2 to 1.9 times), which are left as
	// they are.
	turnsFit   = .4
	turnsOff   = .4
	turnsRatio = 2
	// centersRatio is how many times as well camera centres must fit for poses to be
	// taken for their inverse, with and without turns that say so too.
	centersRatio, centersAlone = 2, 5
)

// OtherConvention tells whether two trajectories agree only where one of them is meant
// otherwise than it was read: which one, and how. Rotations that are inverted, and
// quaternions of another order, mirror the turns between poses, which no other frame
// (a body's instead of a camera's) does; that the two are the same for turns but for a
// frame is why camera centres then say which it is. ok is false where nothing speaks
// for another convention, or there is too little turning about all axes to tell.
func OtherConvention(pairs []Pair) (c Convention, ofTruth, ok bool) {
	mirrored := mirroredTurns(pairs)
	centers := centersApart(pairs)
	switch {
	case math.IsNaN(centers):
		return c, false, false
	case mirrored:
		for _, truth := range []bool{true, false} {
			if centersApart(reread(pairs, inverse, truth)) < centers/centersRatio {
				return inverse, truth, true
			}
		}
		return wFirst, turnError(reread(pairs, wFirst, true)) <= turnError(reread(pairs, wFirst, false)), true
	}
	for _, truth := range []bool{true, false} {
		if centersApart(reread(pairs, wFirstInside, truth)) < centers/centersAlone {
			return wFirstInside, truth, true
		}
	}
	return c, false, false
}

// reread returns the pairs with the true or the estimated poses meant otherwise.
func reread(pairs []Pair, c Convention, truth bool) []Pair {
	out := make([]Pair, len(pairs))
	for i, p := range pairs {
		if truth {
			p.Truth.Pose = c.read(p.Truth.Pose)
		} else {
			p.Estimate.Pose = c.read(p.Estimate.Pose)
		}
		out[i] = p
	}
	return out
}

// centersApart is the error of the camera centres after alignment, as a share of the
// extent of the true ones; NaN where they cannot be aligned.
func centersApart(pairs []Pair) float64 {
	t, err := Align(pairs, AlignSim3)
	if err != nil {
		return math.NaN()
	}
	var mean geom.Vec3
	for _, p := range pairs {
		mean = mean.Add(p.Truth.Pose.T.Scale(1 / float64(len(pairs))))
	}
	var extent float64
	for _, p := range pairs {
		extent += p.Truth.Pose.T.Sub(mean).Norm2()
	}
	return NewStats(ATE(Apply(pairs, t))).RMSE / math.Sqrt(extent/float64(len(pairs)))
}

// mirroredTurns reports whether the turns of the trajectories fit only once those of
// one are mirrored.
func mirroredTurns(pairs []Pair) bool {
	spans := turnSpans(pairs)
	if len(spans) < turnLeast {
		return false
	}
	var src, dst []geom.Vec3 // with their opposites: their mean is 0
	for _, s := range spans {
		u, v := turn(pairs[s.From].Estimate, pairs[s.To].Estimate), turn(pairs[s.From].Truth, pairs[s.To].Truth)
		src, dst = append(src, u, u.Scale(-1)), append(dst, v, v.Scale(-1))
	}
	plain := turnsApart(src, dst)
	for i, s := range spans { // the opposite turn, seen from the other end
		a, b := pairs[s.From].Truth.Pose, pairs[s.To].Truth.Pose
		v := geom.LogSO3(a.Inverse().Between(b.Inverse()).R)
		dst[2*i], dst[2*i+1] = v, v.Scale(-1)
	}
	other := turnsApart(src, dst)
	return plain >= turnsOff && other <= turnsFit && plain >= turnsRatio*other
}

func turn(a, b slam.StampedPose) geom.Vec3 { return geom.LogSO3(a.Pose.Between(b.Pose).R) }

// turnSpans cuts the pairs where the estimate has turned by turnStep.
func turnSpans(pairs []Pair) (spans []Span) {
	from := 0
	for i := range pairs {
		if turn(pairs[from].Estimate, pairs[i].Estimate).Norm() >= turnStep {
			spans = append(spans, Span{from, i})
			from = i
		}
	}
	return spans
}

// turnsApart is what is left of dst once src is rotated to it, as a share; NaN where
// that cannot be told.
func turnsApart(src, dst []geom.Vec3) float64 {
	t, err := geom.Umeyama(src, dst, false)
	if err != nil {
		return math.NaN()
	}
	var left, all float64
	for i := range src {
		left += dst[i].Sub(t.Apply(src[i])).Norm2()
		all += dst[i].Norm2()
	}
	return math.Sqrt(left / all)
}

// turnError is the median error of the turns, in radians.
func turnError(pairs []Pair) float64 {
	_, rot := RPE(pairs, turnSpans(pairs))
	return stats.Median(rot)
}

// conventionWarning says what OtherConvention found, "" for nothing.
func conventionWarning(pairs []Pair) string {
	c, ofTruth, ok := OtherConvention(pairs)
	if !ok {
		return ""
	}
	which := "estimate"
	if ofTruth {
		which = "truth"
	}
	return fmt.Sprintf("the trajectories agree only where the poses of the %s are %s: the errors are not to be trusted", which, c.Name)
}
