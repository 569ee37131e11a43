package kernel

// Warp fetches the grey levels of a neighbour at the depths of a keyframe's pixels:
// a pixel (x, y) at depth z falls on the homogeneous pixel z (M (x, y, 1)) + T.
type Warp struct {
	m, t, r    [3]lanes // r: of the row
	maxX, maxY lanes
	pix        []uint8
	w, h       int32
	full       [3][3]float32
}

// NewWarp returns the warp into an image of w x h pixels, at least 2 x 2.
func NewWarp(m [3][3]float32, t [3]float32, pix []uint8, w, h int) *Warp {
	k := &Warp{pix: pix[:w*h], w: int32(w), h: int32(h), full: m, maxX: all(float32(w - 1)), maxY: all(float32(h - 1))}
	for i := range 3 {
		k.m[i], k.t[i] = all(m[i][0]), all(t[i])
	}
	return k
}

// nearest is the least homogeneous depth that is before the neighbour.
const nearest = 1e-9

// Row writes 16 times the grey level, bilinear, that of the border outside the image,
// and inside -1 where the image shows the pixel and 0 elsewhere. Depth 0 is unknown:
// its level is 0.
func (k *Warp) Row(y int, depth []float32, row, inside []int32) {
	fy := float32(y)
	for i := range 3 {
		k.r[i] = all(k.full[i][1]*fy + k.full[i][2])
	}
	row, inside = row[:len(depth)], inside[:len(depth)]
	if haveAVX2 {
		warpRow(k, &depth[0], &row[0], &inside[0], len(depth))
		return
	}
	k.row(depth, row, inside)
}

func (k *Warp) row(depth []float32, row, inside []int32) {
	r0, r1, r2 := k.r[0][0], k.r[1][0], k.r[2][0]
	m0, m1, m2 := k.m[0][0], k.m[1][0], k.m[2][0]
	t0, t1, t2 := k.t[0][0], k.t[1][0], k.t[2][0]
	maxX, maxY := k.maxX[0], k.maxY[0]
	for x, z := range depth {
		fx := float32(x)
		q := z*(r2+m2*fx) + t2
		row[x], inside[x] = 0, 0
		if !(q > nearest) || z == 0 {
			continue
		}
		inv := 1 / q
		a, b := (z*(r0+m0*fx)+t0)*inv, (z*(r1+m1*fx)+t1)*inv
		x0, gx, inX := split(a, maxX)
		y0, gy, inY := split(b, maxY)
		if inX && inY {
			inside[x] = -1
		} else { // only patches that reach beyond the image see it: the nearest pixel will do
			x0, gx = whole(a, maxX)
			y0, gy = whole(b, maxY)
		}
		i := y0*k.w + x0
		up, low := k.pix[i:i+2:i+2], k.pix[i+k.w:i+k.w+2:i+k.w+2]
		p, l := int32(up[0]), int32(low[0])
		top, bottom := p<<6+(int32(up[1])-p)*gx, l<<6+(int32(low[1])-l)*gx
		row[x] = (top<<6 + (bottom-top)*gy) >> 8
	}
}

// split returns the pixel at or before a, the rest in 1/64, and whether a lies in the
// image.
func split(a, most float32) (at, rest int32, ok bool) {
	if !(a >= 0 && a < most) {
		return 0, 0, false
	}
	at = int32(a)
	return at, int32((a - float32(at)) * 64), true
}

// whole is split for the pixel at or before a, that of the border outside.
func whole(a, most float32) (at, rest int32) {
	near := int32(0)
	if a > 0 {
		near = int32(min(a, most))
	}
	at = min(near, int32(most)-1)
	return at, (near - at) * 64
}
