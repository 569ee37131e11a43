package datasets

import (
	"math"
	"slices"
)

// stampUnit is a unit in which stamps are written where seconds are meant.
type stampUnit struct {
	seconds float64
	name    string
}

// unitOf tells the unit of stamps by their size and step; seconds where nothing
// speaks against them. Seconds since 1970 have ten digits before the point (until
// 2286), and cameras that map take between one and a thousand pictures a second.
func unitOf(stamps []float64) stampUnit {
	seconds := stampUnit{1, "seconds"}
	milli, micro, nano := stampUnit{1e-3, "milliseconds"}, stampUnit{1e-6, "microseconds"}, stampUnit{1e-9, "nanoseconds"}
	if len(stamps) == 0 {
		return seconds
	}
	whole, largest := true, 0.
	for _, t := range stamps {
		whole = whole && t == math.Trunc(t)
		largest = max(largest, math.Abs(t))
	}
	step := medianStep(stamps)
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
		return stampUnit{1. / defaultRate, "frame numbers, of 30 a second"}
	case step > 1e6:
		return nano
	case step > 1e3:
		return micro
	case step > 10:
		return milli
	}
	return seconds
}

// medianStep is the median of the steps that go forward, 0 without one.
func medianStep(stamps []float64) float64 {
	var steps []float64
	for i := 1; i < len(stamps); i++ {
		if d := stamps[i] - stamps[i-1]; d > 0 {
			steps = append(steps, d)
		}
	}
	if len(steps) == 0 {
		return 0
	}
	slices.Sort(steps)
	return steps[len(steps)/2]
}

// toSeconds brings stamps to seconds in place, with a warning where they were not.
func (l *listing) toSeconds(stamps []*float64, file string) {
	values := make([]float64, len(stamps))
	for i, t := range stamps {
		values[i] = *t
	}
	unit := unitOf(values)
	if unit.seconds == 1 {
		return
	}
	l.warn("%s: its stamps are read as %s, not seconds", file, unit.name)
	for _, t := range stamps {
		*t *= unit.seconds
	}
}
