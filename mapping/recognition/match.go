package recognition

import (
	"encoding/binary"
	"math/bits"
)

// Match pairs the keypoints of two images by index: each other's nearest, within
// maxHamming and clearly nearer than the second (Lowe's ratio test).
func Match(a, b []Keypoint) [][2]int {
	wa, wb := wordsOf(a), wordsOf(b)
	bestB := make([]int, len(b)) // index in a of the nearest, and its distance
	distB := make([]int, len(b))
	for j := range distB {
		distB[j] = farHamming
	}
	type nearest struct{ j, d, second int }
	near := make([]nearest, len(a))
	for i := range wa {
		n := nearest{-1, farHamming, farHamming}
		x := wa[i]
		for j := range wb {
			y := &wb[j]
			d := bits.OnesCount64(x[0]^y[0]) + bits.OnesCount64(x[1]^y[1])
			if d >= farHamming {
				continue
			}
			d += bits.OnesCount64(x[2]^y[2]) + bits.OnesCount64(x[3]^y[3])
			if d < n.d {
				n.j, n.d, n.second = j, d, n.d
			} else if d < n.second {
				n.second = d
			}
			if d < distB[j] {
				distB[j], bestB[j] = d, i
			}
		}
		near[i] = n
	}
	var out [][2]int
	for i, n := range near {
		if n.j >= 0 && n.d <= maxHamming && float64(n.d) < ratio*float64(n.second) && bestB[n.j] == i {
			out = append(out, [2]int{i, n.j})
		}
	}
	return out
}

// wordsOf are the descriptors' bits in a form that is compared fast.
func wordsOf(f []Keypoint) [][4]uint64 {
	out := make([][4]uint64, len(f))
	for i := range f {
		for k := range out[i] {
			out[i][k] = binary.LittleEndian.Uint64(f[i].Desc[8*k:])
		}
	}
	return out
}
