package images

// differences are the codes as the difference from the pixel before (above, at
// the left margin), low bytes first, and the deviations likewise.
func (d *Depth) differences() []byte {
	n := len(d.code)
	out := make([]byte, 2*n+len(d.std))
	for i, c := range d.code {
		v := c - before(d.code, i, d.W)
		v = v<<1 ^ -(v >> 15) // small differences of either sign become small numbers
		out[i], out[n+i] = byte(v), byte(v>>8)
	}
	for i, s := range d.std {
		out[2*n+i] = s - before(d.std, i, d.W)
	}
	return out
}

// fromDifferences is the inverse for a map of w x h.
func fromDifferences(diff []byte, w, h int) (code []uint16, std []uint8) {
	n := w * h
	code = make([]uint16, n)
	low, high := diff[:n], diff[n:2*n]
	for y := range h {
		var last uint16
		if y > 0 {
			last = code[(y-1)*w]
		}
		for i := y * w; i < (y+1)*w; i++ {
			z := uint16(low[i]) | uint16(high[i])<<8
			last += z>>1 ^ -(z & 1)
			code[i] = last
		}
	}
	if len(diff) < 3*n {
		return code, nil
	}
	std = make([]uint8, n)
	for i, s := range diff[2*n : 3*n] {
		std[i] = s + before(std, i, w)
	}
	return code, std
}

// before is the value at the left of element i, or above it at the left margin.
func before[T uint8 | uint16](v []T, i, w int) T {
	switch {
	case i%w > 0:
		return v[i-1]
	case i > 0:
		return v[i-w]
	default:
		return 0
	}
}
