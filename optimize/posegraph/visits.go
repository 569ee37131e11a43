package posegraph

// Images of one visit to a place err together, so that their links count as few: of the
// links that lie within VisitReach nodes of each other at both ends, VisitLinks take part.
const (
	VisitReach = 10
	VisitLinks = 3
)

// SameVisit reports whether two nodes of a sequence lie so near that a place is seen in
// one visit.
func SameVisit(a, b int) bool { return max(a-b, b-a) <= VisitReach }

// Visits tells which links between two sequences, or within one, take part in a graph.
// They are offered best first.
type Visits struct{ taken [][2]int }

// Take reports whether the link from a to b takes part.
func (v *Visits) Take(a, b int) bool {
	same := 0
	for _, o := range v.taken {
		if SameVisit(o[0], a) && SameVisit(o[1], b) {
			same++
		}
	}
	if same >= VisitLinks {
		return false
	}
	v.taken = append(v.taken, [2]int{a, b})
	return true
}
