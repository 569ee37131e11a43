package eval

import (
	"errors"
	"fmt"
	"math"

	"github.com/metricslam/metricslam/internal/stats"
	"github.com/metricslam/metricslam/slam"
)

// ErrNoOverlap says that no pixel has both a true depth in range and an
// estimate.
var ErrNoOverlap = errors.New("no pixel has both a true depth in range and an estimate")

// DepthErrors are the errors of one depth map against the truth (Eigen et al.
// 2014), over the pixels that have both. With r = estimate / truth:
type DepthErrors struct {
	Pixels   int     `json:"pixels"`   // with truth in range and an estimate
	Coverage float64 `json:"coverage"` // Pixels over those with truth in range
	AbsRel   float64 `json:"abs_rel"`  // mean |r - 1|
	RMSE     float64 `json:"rmse_m"`   // root mean (estimate - truth)^2, metres
	RMSELog  float64 `json:"rmse_log"` // root mean (ln r)^2
	D1       float64 `json:"d1"`       // share with max(r, 1/r) < 1.25
	D2       float64 `json:"d2"`       // ... < 1.25^2
	D3       float64 `json:"d3"`       // ... < 1.25^3
	LogRatio float64 `json:"log_ratio"`
	// LogRatio is the median of ln r: 0 for depth of the right scale, +.1 for
	// depth about 10 % too far.
}

// DepthRange are the true depths in metres that count, both ends included. The
// zero value takes all. Estimates are not clipped to it.
type DepthRange struct{ MinM, MaxM float64 }

// Validate refuses ranges that hold nothing.
func (r DepthRange) Validate() error {
	if !(r.MinM >= 0) || !(r.MaxM >= 0) || math.IsInf(r.MinM, 0) {
		return fmt.Errorf("depth range %g to %g m, want numbers of at least 0", r.MinM, r.MaxM)
	}
	if r.MaxM > 0 && r.MinM >= r.MaxM {
		return fmt.Errorf("depth range %g to %g m is empty", r.MinM, r.MaxM)
	}
	return nil
}

func (r DepthRange) contains(depthM float64) bool {
	return depthM > 0 && depthM >= r.MinM && (r.MaxM <= 0 || depthM <= r.MaxM)
}

// Depth compares an estimated depth map with the true one, pixel by pixel of
// the truth; of an estimate of another size the nearest pixel counts. Shapes
// whose sides differ in ratio by more than 2 % are refused, and maps that share
// no pixel give ErrNoOverlap.
func Depth(truth, estimate slam.DepthMap, within DepthRange) (DepthErrors, error) {
	if err := checkDepthMaps(truth, estimate); err != nil {
		return DepthErrors{}, err
	}
	var s depthSums
	columns := nearestIndex(truth.W, estimate.W)
	rows := nearestIndex(truth.H, estimate.H)
	for y := range truth.H {
		row := estimate.Depth[rows[y]*estimate.W:]
		for x, t := range truth.Depth[y*truth.W : (y+1)*truth.W] {
			if within.contains(float64(t)) {
				s.add(float64(t), float64(row[columns[x]]))
			}
		}
	}
	return s.errors()
}

func checkDepthMaps(truth, estimate slam.DepthMap) error {
	for _, d := range []slam.DepthMap{truth, estimate} {
		if d.W <= 0 || d.H <= 0 || len(d.Depth) != d.W*d.H {
			return fmt.Errorf("depth map of %dx%d pixels with %d values", d.W, d.H, len(d.Depth))
		}
	}
	rx, ry := float64(estimate.W)/float64(truth.W), float64(estimate.H)/float64(truth.H)
	if math.Abs(rx/ry-1) > .02 {
		return fmt.Errorf("an estimate of %dx%d pixels does not cover the view of the truth's %dx%d", estimate.W, estimate.H, truth.W, truth.H)
	}
	return nil
}

// nearestIndex returns, for each of n pixels of a side, the nearest of m over
// the same side.
func nearestIndex(n, m int) []int {
	index := make([]int, n)
	for i := range index {
		index[i] = min(int((float64(i)+.5)*float64(m)/float64(n)), m-1)
	}
	return index
}

// depthSums gathers the sums behind DepthErrors.
type depthSums struct {
	truths         int // pixels with truth in range
	abs, sq, sqLog float64
	within         [3]int
	logRatios      []float64
}

func (s *depthSums) add(truthM, estimateM float64) {
	s.truths++
	if !(estimateM > 0) || math.IsInf(estimateM, 0) {
		return
	}
	r := estimateM / truthM
	l := math.Log(r)
	s.abs += math.Abs(r - 1)
	s.sq += (estimateM - truthM) * (estimateM - truthM)
	s.sqLog += l * l
	for k, far := 0, max(r, 1/r); k < 3; k++ {
		if far < [3]float64{1.25, 1.25 * 1.25, 1.25 * 1.25 * 1.25}[k] {
			s.within[k]++
		}
	}
	s.logRatios = append(s.logRatios, l)
}

func (s *depthSums) errors() (DepthErrors, error) {
	if len(s.logRatios) == 0 {
		return DepthErrors{}, ErrNoOverlap
	}
	n := float64(len(s.logRatios))
	return DepthErrors{
		Pixels: len(s.logRatios), Coverage: n / float64(s.truths),
		AbsRel: s.abs / n, RMSE: math.Sqrt(s.sq / n), RMSELog: math.Sqrt(s.sqLog / n),
		D1: float64(s.within[0]) / n, D2: float64(s.within[1]) / n, D3: float64(s.within[2]) / n,
		LogRatio: stats.Median(s.logRatios),
	}, nil
}
