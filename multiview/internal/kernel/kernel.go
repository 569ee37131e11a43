// Package kernel has the inner loops of the refinement: each in Go, and for AVX2 in
// assembler. Both give the same results to the bit, so that a recorded run repeats on
// every machine of an architecture.
//
// All rows have Lanes*n elements; what is beyond the image is padding, which is
// computed and not used.
package kernel

// Lanes is what the length of every row is a multiple of.
const Lanes = 8

// Padded returns the length of rows that hold n pixels.
func Padded(n int) int { return (n + Lanes - 1) &^ (Lanes - 1) }

// lanes is a number in all lanes, as the assembler reads it.
type lanes [Lanes]float32

func all(x float32) (l lanes) {
	for i := range l {
		l[i] = x
	}
	return l
}
