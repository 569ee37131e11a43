package eval

import (
	"fmt"
	"math"
	"sort"

	"github.com/metricslam/metricslam/geom"
)

// KITTILengths are the lengths of sub-paths in metres of KITTI's odometry
// benchmark.
func KITTILengths() []float64 { return []float64{100, 200, 300, 400, 500, 600, 700, 800} }

// kittiStep: every tenth frame starts a segment.
const kittiStep = 10

// KITTIDrift is the mean drift over segments.
type KITTIDrift struct {
	LengthM  float64 `json:"length_m"` // 0 for all lengths together
	Segments int     `json:"segments"`
	TRel     float64 `json:"t_rel_percent"`
	RRel     float64 `json:"r_rel_deg_per_100m"`
}

// KITTI returns the drift of KITTI's odometry devkit: of every tenth pair, and
// every length, the segment up to the first pair further than that along the
// true path; the error of its motion, unaligned, divided by the length; the
// mean over all segments, and that of each length. Lengths no segment has come
// back with 0 segments. No segment at all, and lengths that are not positive,
// are errors.
func KITTI(pairs []Pair, lengthsM []float64) (all KITTIDrift, byLength []KITTIDrift, err error) {
	var sum drift
	for _, length := range lengthsM {
		if !(length > 0) || math.IsInf(length, 0) {
			return all, nil, fmt.Errorf("KITTI drift: length %g m, want a positive one", length)
		}
		d := segmentDrift(pairs, length)
		byLength = append(byLength, d.mean(length))
		sum = drift{sum.n + d.n, sum.trans + d.trans, sum.rot + d.rot}
	}
	if sum.n == 0 {
		var path float64
		if len(pairs) > 0 {
			path = pairs[len(pairs)-1].PathM - pairs[0].PathM
		}
		return all, byLength, fmt.Errorf("KITTI drift: the true path of %.1f m holds no segment of %v m; give shorter lengths", path, lengthsM)
	}
	return sum.mean(0), byLength, nil
}

// drift sums errors per metre over n segments.
type drift struct {
	n          int
	trans, rot float64 // metres and radians per metre
}

func (d drift) mean(lengthM float64) KITTIDrift {
	k := KITTIDrift{LengthM: lengthM, Segments: d.n}
	if d.n > 0 {
		k.TRel = d.trans / float64(d.n) * 100
		k.RRel = d.rot / float64(d.n) * 180 / math.Pi * 100
	}
	return k
}

func segmentDrift(pairs []Pair, length float64) (d drift) {
	for first := 0; first < len(pairs); first += kittiStep {
		end := pairs[first].PathM + length
		n := sort.Search(len(pairs)-first, func(k int) bool { return pairs[first+k].PathM > end })
		if first+n == len(pairs) {
			break // later starts have even less of the path before them
		}
		e := motionError(pairs[first], pairs[first+n])
		d.n++
		d.trans += e.T.Norm() / length
		d.rot += geom.RotationAngle(e.R) / length
	}
	return d
}
