package images

import "github.com/metricslam/metricslam/slam"

// predict predicts a pixel from those at its left, above and above left: the
// median edge detector of LOCO-I (Weinberger et al. 1996).
func predict(pix []uint8, i, x, y, w int) uint8 {
	switch {
	case x == 0 && y == 0:
		return 0
	case y == 0:
		return pix[i-1]
	case x == 0:
		return pix[i-w]
	}
	a, b, c := pix[i-1], pix[i-w], pix[i-w-1]
	switch {
	case c >= max(a, b):
		return min(a, b)
	case c <= min(a, b):
		return max(a, b)
	default:
		return a + b - c
	}
}

// residuals returns what the prediction leaves of each pixel.
func residuals(g slam.Gray) []byte {
	out := make([]byte, len(g.Pix))
	for y := range g.H {
		for x := range g.W {
			i := y*g.W + x
			out[i] = g.Pix[i] - predict(g.Pix, i, x, y, g.W)
		}
	}
	return out
}

// fromResiduals is the inverse; without residuals it is empty.
func fromResiduals(w, h int, residuals []byte) slam.Gray {
	if len(residuals) != w*h {
		return slam.Gray{}
	}
	g := slam.NewGray(w, h)
	for y := range h {
		row, r := g.Pix[y*w:(y+1)*w], residuals[y*w:(y+1)*w]
		row[0] = r[0] + predict(g.Pix, y*w, 0, y, w)
		if y == 0 {
			for x := 1; x < w; x++ {
				row[x] = r[x] + row[x-1]
			}
			continue
		}
		above := g.Pix[(y-1)*w : y*w]
		left, corner := row[0], above[0]
		for x := 1; x < w; x++ { // predict, written out: this is done for every image that is decoded
			up := above[x]
			low, high, guess := min(left, up), max(left, up), left+up-corner
			if corner >= high {
				guess = low
			} else if corner <= low {
				guess = high
			}
			left, corner = r[x]+guess, up
			row[x] = left
		}
	}
	return g
}
