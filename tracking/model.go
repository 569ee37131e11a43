package tracking

import (
	"math"

	"github.com/metricslam/metricslam/geom"
	"github.com/metricslam/metricslam/internal/stats"
)

// Model is the geometry that a pose rests on.
type Model int

const (
	// Structure: landmarks at their depths, as uncertain as they say (PnP).
	Structure Model = iota
	// Epipolar: the rays of the landmarks from their hosts, with little or no say
	// of their depths. Several hosts of known pose give the length of the motion,
	// one gives its direction.
	Epipolar
)

func (m Model) String() string { return [...]string{"structure", "epipolar"}[m] }

// The costs of Torr's geometric robust information criterion (IJCV 2002), in
// variances of a coordinate: a free depth costs freeDepth, and an outlier the same
// by both models.
const (
	freeDepth     = 2
	outlierFree   = gate / 2 // one coordinate counts
	outlierKnown  = outlierFree + freeDepth
	weakPx        = 4   // deviation along the epipolar line, in those across, of a weak depth
	freeLogStd    = 1   // deviation of log depth that counts as any depth
	freeMinInlier = .5  // of the tracks, below which rays alone cannot vouch for a pose
	medianChi2    = .45 // of one degree of freedom
)

// weigh sets the information of the rays. Where depths are good, what they leave
// open lowers the weight of a ray in every direction: across the epipolar line it
// changes nothing, but there corners slide along edges, and a landmark that is
// badly known should not pull at all. Where most depths are weak or far the
// epipolar lines are all there is, and rays count in full across them.
func (t *Tracker) weigh() {
	wide := 0
	for _, w := range t.widths {
		if w*w*t.pixel > weakPx*weakPx {
			wide++
		}
	}
	t.weak = 2*wide > len(t.widths)
	t.info = t.info[:0]
	for i, w := range t.widths {
		if t.weak {
			t.info = append(t.info, t.rayInfo(i, t.logStd[i]))
		} else {
			t.info = append(t.info, geom.IsotropicInfo(1/(1/t.pixel+w*w)))
		}
	}
}

// rayInfo is the information of ray i where the log depth of its landmark is known
// to logStd.
func (t *Tracker) rayInfo(i int, logStd float64) geom.Info2 {
	return geom.IsotropicInfo(t.pixel).Widened(t.along[i].Scale(logStd))
}

// freeDepths decides between the model by structure, with the pose cw, and the
// epipolar one. ok is true where the latter explains the tracks better, although
// every depth that it leaves open counts against it: the depths are wrong by more
// than they say. guess is the prediction, world to camera.
func (t *Tracker) freeDepths(cw, guess geom.SE3) (free geom.SE3, inliers []int, ok bool) {
	// An epipolar cost is at least freeDepth a track: structure that costs less has
	// won without a comparison.
	if t.cost(cw, t.info, outlierKnown, 1) <= freeDepth*float64(len(t.ids)) {
		return cw, nil, false
	}
	info := make([]geom.Info2, len(t.ids))
	for i := range info {
		info[i] = t.rayInfo(i, freeLogStd)
	}
	start := cw
	if !cw.IsFinite() || t.cost(guess, info, outlierFree, 1) < t.cost(cw, info, outlierFree, 1) {
		start = guess
	}
	free, _ = geom.RefinePnP(start, t.rays, t.points, info, poseKernel, 10)
	if !free.IsFinite() {
		return cw, nil, false
	}
	noise := t.noise(free, info) // which blur raises
	rays := t.cost(free, info, outlierFree, noise) + freeDepth*float64(len(t.ids))
	if rays >= t.cost(cw, t.info, outlierKnown, noise) {
		return cw, nil, false
	}
	for i := range t.ids {
		if info[i].Quad(t.residual(free, i)) < outlierFree*noise {
			inliers = append(inliers, i)
		}
	}
	return free, inliers, float64(len(inliers)) > freeMinInlier*float64(len(t.ids))
}

// cost sums the whitened squared errors over the variance noise, none above most.
func (t *Tracker) cost(cw geom.SE3, info []geom.Info2, most, noise float64) (sum float64) {
	for i := range t.ids {
		sum += math.Min(info[i].Quad(t.residual(cw, i))/noise, most)
	}
	return sum
}

// noise is the variance of a coordinate by the median of the epipolar errors, in
// those that were assumed; at least 1.
func (t *Tracker) noise(cw geom.SE3, info []geom.Info2) float64 {
	e := make([]float64, len(t.ids))
	for i := range e {
		e[i] = info[i].Quad(t.residual(cw, i))
	}
	return math.Max(1, stats.Median(e)/medianChi2)
}
