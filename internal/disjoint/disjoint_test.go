package disjoint

import (
	"math/rand/v2"
	"testing"
)

// Sets are as plain labels say, whatever the order in which they are joined.
func TestSets(t *testing.T) {
	const n = 200
	r := rand.New(rand.NewPCG(1, 2))
	s := New[uint32](n - 1)
	s.Add()
	label := make([]uint32, n)
	for i := range label {
		label[i] = uint32(i)
	}
	for range 150 {
		a, b := r.Uint32N(n), r.Uint32N(n)
		if two := label[a] != label[b]; s.Join(a, b) != two {
			t.Fatalf("%d and %d were two sets: %v", a, b, two)
		}
		low, high := min(label[a], label[b]), max(label[a], label[b])
		for i := range label {
			if label[i] == high {
				label[i] = low
			}
		}
	}
	for i, want := range label {
		if got := s.Find(uint32(i)); got != want {
			t.Errorf("the set of %d is named %d, want %d", i, got, want)
		}
	}
}
