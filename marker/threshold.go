package marker

import "github.com/metricslam/metricslam/slam"

const (
	tilePx      = 4  // side of the tiles whose extremes make the threshold
	minContrast = 20 // grey levels between the darkest and the brightest around a pixel, below which it is plain
)

// binary is an image of what is dark, 1, with a margin of one pixel that is
// not.
type binary struct {
	w, h int // with the margin
	dark []uint8
}

// binarise calls a pixel dark below the middle of the extremes of the 3x3 tiles
// around it (Wang and Olson 2016).
func (d *Detector) binarise(g slam.Gray) binary {
	tw, th := (g.W+tilePx-1)/tilePx, (g.H+tilePx-1)/tilePx
	d.low, d.high = resized(d.low, tw*th), resized(d.high, tw*th)
	for ty := range th {
		for tx := range tw {
			d.low[ty*tw+tx], d.high[ty*tw+tx] = extremes(g, tx*tilePx, ty*tilePx)
		}
	}
	b := binary{w: g.W + 2, h: g.H + 2}
	d.dark = resized(d.dark, b.w*b.h)
	clear(d.dark)
	b.dark = d.dark
	for ty := range th {
		for tx := range tw {
			low, high := uint8(255), uint8(0)
			for y := max(ty-1, 0); y <= min(ty+1, th-1); y++ {
				for x := max(tx-1, 0); x <= min(tx+1, tw-1); x++ {
					low, high = min(low, d.low[y*tw+x]), max(high, d.high[y*tw+x])
				}
			}
			if high-low >= minContrast {
				b.fill(g, tx*tilePx, ty*tilePx, low+(high-low)/2)
			}
		}
	}
	return b
}

func extremes(g slam.Gray, x0, y0 int) (low, high uint8) {
	low = 255
	x1, y1 := min(x0+tilePx, g.W), min(y0+tilePx, g.H)
	if x1-x0 == tilePx {
		for y := y0; y < y1; y++ {
			r := (*[tilePx]uint8)(g.Pix[y*g.W+x0:])
			low, high = min(low, r[0], r[1], r[2], r[3]), max(high, r[0], r[1], r[2], r[3])
		}
		return low, high
	}
	for y := y0; y < y1; y++ {
		for _, v := range g.Pix[y*g.W+x0 : y*g.W+x1] {
			low, high = min(low, v), max(high, v)
		}
	}
	return low, high
}

// fill marks the dark pixels of a tile.
func (b *binary) fill(g slam.Gray, x0, y0 int, threshold uint8) {
	n := min(tilePx, g.W-x0)
	for y := y0; y < min(y0+tilePx, g.H); y++ {
		from := y*g.W + x0
		to := (y+1)*b.w + x0 + 1
		row := b.dark[to : to+n]
		for i, v := range g.Pix[from : from+n] {
			row[i] = uint8((int(v) - int(threshold)) >> 8 & 1) // 1 where v < threshold
		}
	}
}

// resized returns a slice of n elements, in the memory of s where it fits.
func resized[T any](s []T, n int) []T {
	if cap(s) < n {
		return make([]T, n)
	}
	return s[:n]
}
