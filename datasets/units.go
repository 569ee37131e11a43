package datasets

import "github.com/metricslam/metricslam/internal/stamps"

// toSeconds brings stamps to seconds in place, with a warning where they were not.
func (l *listing) toSeconds(times []*float64, file string) {
	values := make([]float64, len(times))
	for i, t := range times {
		values[i] = *t
	}
	unit := stamps.UnitOf(values)
	if unit.Seconds == 1 {
		return
	}
	l.warn("%s: its stamps are read as %s, not seconds", file, unit.Name)
	for _, t := range times {
		*t *= unit.Seconds
	}
}
