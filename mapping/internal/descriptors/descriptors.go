// Package descriptors makes binary descriptors for tests.
package descriptors

import (
	"math/rand/v2"

	"github.com/metricslam/metricslam/slam"
)

// Random returns a descriptor of random bits.
func Random(r *rand.Rand) (d slam.Descriptor) {
	for i := range d {
		d[i] = byte(r.Uint32())
	}
	return d
}

// Flip returns d with each bit turned over with the given probability.
func Flip(r *rand.Rand, d slam.Descriptor, probability float64) slam.Descriptor {
	for bit := range 256 {
		if r.Float64() < probability {
			d[bit/8] ^= 1 << (bit % 8)
		}
	}
	return d
}
