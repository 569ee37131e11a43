package datasets

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"github.com/metricslam/metricslam/geom"
	"github.com/metricslam/metricslam/internal/stamps"
	"github.com/metricslam/metricslam/slam"
)

// entry is one frame of a listing. Paths are ready to open; depth is empty where
// the frame has none.
type entry struct {
	time  float64
	name  string
	image string
	depth string
	truth *geom.SE3
	err   error // why the frame cannot be read, found while listing
}

// listing is a recorded sequence of images: what the reader of one layout
// makes of a folder.
type listing struct {
	entries    []entry
	truth      slam.Trajectory
	own        *lens   // the data's own calibration, nil where it has none
	defaults   *lens   // what such data usually are taken with, nil where unknown
	fps        float64 // nominal
	depthScale float64 // units per metre of its depth images
	warnings   []string
}

func (l *listing) warn(format string, args ...any) {
	l.warnings = append(l.warnings, fmt.Sprintf(format, args...))
}

// stampByRate gives the entries the times of a constant frame rate.
func (l *listing) stampByRate(fps float64) {
	for i := range l.entries {
		l.entries[i].time = float64(i) / fps
	}
}

// medianRate returns the frames per second of stamped entries, by the median
// step, 0 where there are fewer than two.
func medianRate(entries []entry) float64 {
	times := make([]float64, len(entries))
	for i, e := range entries {
		times[i] = e.time
	}
	if step := stamps.MedianStep(times); step > 0 {
		return 1 / step
	}
	return 0
}

// sortEntries orders entries by time, drops images that are listed twice and
// spreads different ones of one stamp up to the next, with a warning for each
// repair.
func (l *listing) sortEntries(file string) {
	byTime := func(a, b entry) int { return cmp.Compare(a.time, b.time) }
	if !slices.IsSortedFunc(l.entries, byTime) {
		l.warn("%s: the time stamps are not in order; frames were sorted by time", file)
		slices.SortStableFunc(l.entries, byTime)
	}
	n := len(l.entries)
	l.entries = slices.CompactFunc(l.entries, func(a, b entry) bool { return a.time == b.time && a.image == b.image })
	if d := n - len(l.entries); d > 0 {
		l.warn("%s: %d lines repeat another and were left out", file, d)
	}
	if d := l.spreadEqual(); d > 0 {
		l.warn("%s: %d frames have the time stamp of another; they keep their place and were spread up to the next stamp", file, d)
	}
}

// spreadEqual spreads runs of one stamp evenly up to the next stamp, the last run
// over a usual step, and returns how many entries were moved.
func (l *listing) spreadEqual() (moved int) {
	usual := 1. / defaultRate
	if r := medianRate(l.entries); r > 0 {
		usual = 1 / r
	}
	for i := 0; i < len(l.entries); {
		j, t := i+1, l.entries[i].time
		for j < len(l.entries) && l.entries[j].time == t {
			j++
		}
		room := usual
		if j < len(l.entries) {
			room = min(room, l.entries[j].time-t)
		}
		for k := i + 1; k < j; k++ {
			l.entries[k].time = t + room*float64(k-i)/float64(j-i)
			moved++
		}
		i = j
	}
	return moved
}

// nearest returns the index of the time nearest to t in sorted times, and how
// far it is; -1 where there are none.
func nearest(times []float64, t float64) (index int, gap float64) {
	i, _ := slices.BinarySearch(times, t)
	index, gap = -1, math.Inf(1)
	for _, j := range [2]int{i - 1, i} {
		if j >= 0 && j < len(times) && math.Abs(times[j]-t) < gap {
			index, gap = j, math.Abs(times[j]-t)
		}
	}
	return index, gap
}

// maxTruthGap is the longest time between two true poses that is bridged by
// interpolation.
const maxTruthGap = .25

// poseAt returns the pose of a trajectory at time t, interpolated between its
// neighbours; nil outside, and in gaps of more than maxTruthGap.
func poseAt(traj slam.Trajectory, t float64) *geom.SE3 {
	i, found := slices.BinarySearchFunc(traj, t, func(p slam.StampedPose, t float64) int { return cmp.Compare(p.Time, t) })
	if found {
		return &traj[i].Pose
	}
	const rounding = 1e-4 // stamps of one instant written with different digits
	for _, j := range [2]int{i - 1, i} {
		if j >= 0 && j < len(traj) && math.Abs(traj[j].Time-t) < rounding {
			return &traj[j].Pose
		}
	}
	if i == 0 || i == len(traj) || traj[i].Time-traj[i-1].Time > maxTruthGap {
		return nil
	}
	a, b := traj[i-1], traj[i]
	pose := geom.InterpolateSE3(a.Pose, b.Pose, (t-a.Time)/(b.Time-a.Time))
	return &pose
}
