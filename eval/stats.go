package eval

import (
	"fmt"
	"math"
	"slices"

	"github.com/metricslam/metricslam/internal/stats"
)

// Stats summarises errors.
type Stats struct {
	N      int     `json:"n"`
	RMSE   float64 `json:"rmse"`
	Mean   float64 `json:"mean"`
	Median float64 `json:"median"`
	Std    float64 `json:"std"` // of the population
	Min    float64 `json:"min"`
	Max    float64 `json:"max"`
}

// NewStats returns the statistics of errors, and zeros where there are none.
func NewStats(errors []float64) Stats {
	n := float64(len(errors))
	if n == 0 {
		return Stats{}
	}
	var sum, sum2 float64
	for _, e := range errors {
		sum += e
		sum2 += e * e
	}
	mean := sum / n
	var dev2 float64
	for _, e := range errors {
		dev2 += (e - mean) * (e - mean)
	}
	return Stats{
		N: len(errors), RMSE: math.Sqrt(sum2 / n), Mean: mean, Median: stats.Median(slices.Clone(errors)),
		Std: math.Sqrt(dev2 / n), Min: slices.Min(errors), Max: slices.Max(errors),
	}
}

// String returns the figures in one line.
func (s Stats) String() string {
	return fmt.Sprintf("rmse %.6f  mean %.6f  median %.6f  std %.6f  min %.6f  max %.6f  n %d",
		s.RMSE, s.Mean, s.Median, s.Std, s.Min, s.Max, s.N)
}
