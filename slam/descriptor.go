package slam

import (
	"encoding/binary"
	"math/bits"
)

// Descriptor is a 256-bit binary descriptor (ORB).
type Descriptor [32]byte

// Hamming returns the number of bits in which two descriptors differ.
func (d *Descriptor) Hamming(e *Descriptor) int {
	var n int
	for i := 0; i < len(d); i += 8 {
		n += bits.OnesCount64(binary.LittleEndian.Uint64(d[i:]) ^ binary.LittleEndian.Uint64(e[i:]))
	}
	return n
}
