package stats

import (
	"slices"
	"testing"
)

func TestMedianAndQuantile(t *testing.T) {
	for _, c := range []struct {
		v            []float64
		median, nine float64
	}{
		{nil, 0, 0},
		{[]float64{3}, 3, 3},
		{[]float64{4, 1}, 2.5, 4},
		{[]float64{5, 1, 3}, 3, 5},
		{[]float64{10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0}, 5, 9},
	} {
		if got := Median(slices.Clone(c.v)); got != c.median {
			t.Errorf("median of %v: got %v, want %v", c.v, got, c.median)
		}
		if got := Quantile(slices.Clone(c.v), .9); got != c.nine {
			t.Errorf("nine tenths of %v: got %v, want %v", c.v, got, c.nine)
		}
	}
}
