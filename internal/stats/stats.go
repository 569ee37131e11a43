// Package stats holds the order statistics that the project measures by.
package stats

import "slices"

// Median sorts v and returns its middle value, the mean of the two middle ones of
// an even number, and 0 of none.
func Median[F ~float32 | ~float64](v []F) F {
	if len(v) == 0 {
		return 0
	}
	slices.Sort(v)
	return (v[(len(v)-1)/2] + v[len(v)/2]) / 2
}

// Quantile sorts v and returns the value that a share q of it lies below, the
// nearest of its values, and 0 of none.
func Quantile[F ~float32 | ~float64](v []F, q float64) F {
	if len(v) == 0 {
		return 0
	}
	slices.Sort(v)
	return v[int(q*float64(len(v)-1)+.5)]
}

// MADToStd turns the median absolute deviation of a normal distribution into its
// standard deviation: 1 over the 3/4 quantile.
const MADToStd = 1.4826
