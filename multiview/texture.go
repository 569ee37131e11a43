package multiview

// tensor sums the products of grey gradients over a patch.
type tensor struct{ xx, xy, yy float32 }

// along is the sum of the squares of what a move by (u, v) changes the patch by.
func (t tensor) along(u, v float32) float32 {
	return max(u*u*t.xx+2*u*v*t.xy+v*v*t.yy, 0)
}

// newTensors returns the tensors of patches of 2r+1 pixels.
func newTensors(im *image, r int) []tensor {
	w, h := im.Camera.W, im.Camera.H
	rows := make([]tensor, w*h) // sums along rows
	at := func(i int) float32 { return float32(im.Pix[i]) }
	line := make([]tensor, w)
	for y := range h {
		up, down := max(y-1, 0)*w, min(y+1, h-1)*w
		for x := range w {
			gx := (at(y*w+min(x+1, w-1)) - at(y*w+max(x-1, 0))) / 2
			gy := (at(down+x) - at(up+x)) / 2
			line[x] = tensor{gx * gx, gx * gy, gy * gy}
		}
		for x := range w {
			sum := &rows[y*w+x]
			for _, t := range line[max(x-r, 0):min(x+r+1, w)] {
				sum.add(t)
			}
		}
	}
	out := make([]tensor, w*h)
	for y := range h {
		for j := max(y-r, 0); j < min(y+r+1, h); j++ {
			for x := range w {
				out[y*w+x].add(rows[j*w+x])
			}
		}
	}
	for i, t := range out {
		out[i] = t.less((2*r + 1) * (2*r + 1))
	}
	return out
}

// greyNoise is the variance of a pixel that is not texture: noise of the sensor and
// what compression makes of it.
const greyNoise = 2.25

// less takes the noise of n pixels away.
func (t tensor) less(n int) tensor {
	noise := float32(n) * greyNoise / 2 // of half the difference of two pixels
	a, b := max(t.xx-noise, 0), max(t.yy-noise, 0)
	lim := sqrt32(a * b)
	return tensor{a, min(max(t.xy, -lim), lim), b}
}

func (t *tensor) add(o tensor) { t.xx, t.xy, t.yy = t.xx+o.xx, t.xy+o.xy, t.yy+o.yy }
