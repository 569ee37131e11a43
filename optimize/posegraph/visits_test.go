package posegraph

import "testing"

// Three links of a visit take part, however many there are, and others from elsewhere at
// either end.
func TestVisits(t *testing.T) {
	var v Visits
	taken := 0
	for i := range 10 {
		if v.Take(100+i, 5+i) {
			taken++
		}
	}
	if taken != VisitLinks {
		t.Errorf("%d links of one visit take part, want %d", taken, VisitLinks)
	}
	for _, l := range [][2]int{{102 + VisitReach + 1, 5}, {100, 7 + VisitReach + 1}} {
		if !v.Take(l[0], l[1]) {
			t.Errorf("link %v is of another visit", l)
		}
	}
}
