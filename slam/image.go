package slam

// Gray is an 8-bit intensity image, rows without padding.
type Gray struct {
	W, H int
	Pix  []uint8 // len W*H
}

// NewGray returns a black image.
func NewGray(w, h int) Gray { return Gray{W: w, H: h, Pix: make([]uint8, w*h)} }

// At returns the intensity at column x, row y.
func (g Gray) At(x, y int) uint8 { return g.Pix[y*g.W+x] }

// Empty reports whether the image holds no pixels.
func (g Gray) Empty() bool { return len(g.Pix) == 0 }

// RGB returns a grey image as one of colours.
func (g Gray) RGB() RGB {
	out := NewRGB(g.W, g.H)
	for i, v := range g.Pix {
		out.Pix[3*i], out.Pix[3*i+1], out.Pix[3*i+2] = v, v, v
	}
	return out
}

// RGB is an 8-bit colour image, rows without padding, red first.
type RGB struct {
	W, H int
	Pix  []uint8 // len 3*W*H
}

// NewRGB returns a black image.
func NewRGB(w, h int) RGB { return RGB{W: w, H: h, Pix: make([]uint8, 3*w*h)} }

// At returns the colour at column x, row y.
func (c RGB) At(x, y int) (r, g, b uint8) {
	i := 3 * (y*c.W + x)
	return c.Pix[i], c.Pix[i+1], c.Pix[i+2]
}

// Empty reports whether the image holds no pixels.
func (c RGB) Empty() bool { return len(c.Pix) == 0 }
