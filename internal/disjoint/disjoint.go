// Package disjoint keeps disjoint sets of numbers (union-find, Tarjan 1975).
package disjoint

// Sets are disjoint sets of the numbers below their length, each named by its lowest
// member. The number i leads to Sets[i], up to the name.
type Sets[I ~int | ~int32 | ~uint32] []I

// New returns n sets of one number each.
func New[I ~int | ~int32 | ~uint32](n int) Sets[I] {
	s := make(Sets[I], n)
	for i := range s {
		s[i] = I(i)
	}
	return s
}

// Add takes in the next number, a set of its own.
func (s *Sets[I]) Add() { *s = append(*s, I(len(*s))) }

// Find returns the name of the set of i.
func (s Sets[I]) Find(i I) I {
	for s[i] != i {
		s[i] = s[s[i]] // halves the path
		i = s[i]
	}
	return i
}

// Join makes the sets of a and b one, and reports whether they were two.
func (s Sets[I]) Join(a, b I) bool {
	a, b = s.Find(a), s.Find(b)
	s[max(a, b)] = min(a, b)
	return a != b
}
