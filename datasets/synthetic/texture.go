package synthetic

import "math"

// texture is a tileable colour picture with its mip-map pyramid. Texels are
// packed 0x00BBGGRR in the gamma space of a display; sides are powers of two.
type texture struct {
	w, h   int
	levels []mipLevel
	mean   [3]float64 // mean linear albedo, for bounced light
}

type mipLevel struct {
	pix          []uint32
	maskX, maskY int64
	shiftY       uint
}

// maxLOD is the coarsest pyramid level a texture can have.
const maxLOD = 12

// newTexture builds the pyramid by averaging 2x2 texels.
func newTexture(c *canvas) *texture {
	t := &texture{w: c.w, h: c.h}
	pix := make([]uint32, c.w*c.h)
	for i := range pix {
		var rgb [3]uint32
		for k := range 3 {
			v := min(max(c.pix[3*i+k], 0), 1)
			rgb[k] = uint32(v*255 + .5)
			t.mean[k] += float64(linearLight[rgb[k]])
		}
		pix[i] = rgb[0] | rgb[1]<<8 | rgb[2]<<16
	}
	for k := range 3 {
		t.mean[k] /= float64(len(pix))
	}
	for w, h := c.w, c.h; ; w, h = max(w/2, 1), max(h/2, 1) {
		t.levels = append(t.levels, mipLevel{pix: pix, maskX: int64(w - 1), maskY: int64(h - 1), shiftY: log2(w)})
		if w == 1 && h == 1 || len(t.levels) > maxLOD {
			return t
		}
		pix = halve(pix, w, h)
	}
}

func log2(n int) (s uint) {
	for ; n > 1; n >>= 1 {
		s++
	}
	return s
}

func halve(pix []uint32, w, h int) []uint32 {
	nw, nh := max(w/2, 1), max(h/2, 1)
	out := make([]uint32, nw*nh)
	for y := range nh {
		for x := range nw {
			x0, y0 := 2*x%w, 2*y%h
			x1, y1 := (2*x+1)%w, (2*y+1)%h
			sum := spread(pix[y0*w+x0]) + spread(pix[y0*w+x1]) + spread(pix[y1*w+x0]) + spread(pix[y1*w+x1])
			out[y*nw+x] = gather((sum + 0x0002_0002_0002) >> 2 & laneMask)
		}
	}
	return out
}

// Three colours travel in one word, in lanes of 16 bits (red lowest, then blue,
// then green), so that one multiplication filters all of them.
const laneMask = 0x00ff_00ff_00ff

func spread(p uint32) uint64 { return uint64(p&0xff00ff) | uint64(p&0xff00)<<24 }

func gather(l uint64) uint32 { return uint32(l&0xff) | uint32(l>>16&0xff)<<16 | uint32(l>>32&0xff)<<8 }

// bilinear samples the level at (u, v), in 1/256 texels of level 0, and returns
// lanes of 8 bits. u and v must not be negative.
func (m *mipLevel) bilinear(level uint, u, v int64) uint64 {
	u, v = u>>level-128, v>>level-128
	fx, fy := uint64(u&255), uint64(v&255)
	x0, y0 := u>>8&m.maskX, (v>>8&m.maskY)<<m.shiftY
	x1, y1 := (u>>8+1)&m.maskX, ((v>>8+1)&m.maskY)<<m.shiftY
	a, b := spread(m.pix[y0+x0]), spread(m.pix[y0+x1])
	c, d := spread(m.pix[y1+x0]), spread(m.pix[y1+x1])
	const half = 0x0080_0080_0080
	top := (a*(256-fx) + b*fx + half) >> 8 & laneMask
	bottom := (c*(256-fx) + d*fx + half) >> 8 & laneMask
	return (top*(256-fy) + bottom*fy + half) >> 8 & laneMask
}

// trilinear blends two levels; frac is in 1/256.
func (t *texture) trilinear(level int, frac uint64, u, v int64) uint64 {
	a := t.levels[level].bilinear(uint(level), u, v)
	if frac == 0 || level+1 >= len(t.levels) {
		return a
	}
	b := t.levels[level+1].bilinear(uint(level+1), u, v)
	return (a*(256-frac) + b*frac + 0x0080_0080_0080) >> 8 & laneMask
}

// decodeGamma turns a display value in [0, 1] into linear light (a power of
// 2.2, the usual stand-in for the sRGB curve).
func decodeGamma(v float64) float64 { return math.Pow(v, 2.2) }

// linearLight maps an 8-bit display value to linear light of full scale 1.
var linearLight = func() (t [256]float32) {
	for i := range t {
		t[i] = float32(decodeGamma(float64(i) / 255))
	}
	return t
}()
