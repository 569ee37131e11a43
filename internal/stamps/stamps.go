// Package stamps tells in which unit time stamps are written.
package stamps

import (
	"math"

	"github.com/metricslam/metricslam/internal/stats"
)

// Unit is a unit of time.
type Unit struct {
	Seconds float64
	Name    string
}

// FrameRate is how many frames a second are taken where stamps are the numbers of
// frames, the usual rate of cameras.
const FrameRate = 30

// UnitOf tells the unit of stamps by their size and step; seconds where nothing
// speaks against them. Seconds since 1970 have ten digits before the point (until
// 2286), and cameras that map take between one and a thousand images a second.
func UnitOf(stamps []float64) Unit {
	seconds := Unit{1, "seconds"}
	milli, micro, nano := Unit{1e-3, "milliseconds"}, Unit{1e-6, "microseconds"}, Unit{1e-9, "nanoseconds"}
	if len(stamps) == 0 {
		return seconds
	}
	whole, largest := true, 0.
	for _, t := range stamps {
		whole = whole && t == math.Trunc(t)
		largest = max(largest, math.Abs(t))
	}
	step := MedianStep(stamps)
	switch {
	case largest > 1e17:
		return nano
	case largest > 1e14:
		return micro
	case largest > 1e11:
		return milli
	case !whole || len(stamps) < 3:
		return seconds
	case step == 1:
		return Unit{1. / FrameRate, "frame numbers, of 30 a second"}
	case step > 1e6:
		return nano
	case step > 1e3:
		return micro
	case step > 10:
		return milli
	}
	return seconds
}

// MedianStep is the median of the steps that go forward, 0 without one.
func MedianStep(stamps []float64) float64 {
	var steps []float64
	for i := 1; i < len(stamps); i++ {
		if d := stamps[i] - stamps[i-1]; d > 0 {
			steps = append(steps, d)
		}
	}
	return stats.Median(steps)
}
