package network

import (
	"math"

	"github.com/metricslam/metricslam/geom"
	"github.com/metricslam/metricslam/slam"
)

// quarters is the number of right angles that an image can be turned by.
const quarters = 4

// sureTurn is the probability from which on an image is believed to lie turned,
// and beyond which the image turned back must be upright. Reading an upright
// image turned costs more than the other way round, since nearly all images are
// upright (training/README.md: how often that happens).
const sureTurn = .9

// mostLikelyTurn returns the turn that the logits are sure of, else 0, and whether
// they are sure that there is none.
func mostLikelyTurn(logits []float32) (turn int, upright bool) {
	best, sum := 0, 0.
	for k, v := range logits {
		if v > logits[best] {
			best = k
		}
	}
	for _, v := range logits {
		sum += math.Exp(float64(v - logits[best]))
	}
	if 1/sum < sureTurn || sum-sum != 0 {
		return 0, false
	}
	return best, best == 0
}

// surer reports whether the deviation that the network states of p is no larger,
// over the image, than that of q; true where it states none.
func (p Prediction) surer(q Prediction) bool {
	if p.Depth.LogStd == nil || q.Depth.LogStd == nil {
		return true
	}
	return meanLogStd(p.Depth) <= meanLogStd(q.Depth)
}

func meanLogStd(d slam.DepthMap) float64 {
	var sum, n float64
	for i, z := range d.Depth {
		if z > 0 {
			sum, n = sum+float64(d.LogStd[i]), n+1
		}
	}
	return sum / max(n, 1)
}

// turnedSize is the size of an image of w x h pixels after n right angles.
func turnedSize(w, h, n int) (int, int) {
	if n%2 == 1 {
		return h, w
	}
	return w, h
}

// turnedIndex returns for each pixel of the turned image, row by row, the
// index of its pixel in the one of w x h that was turned clockwise n times.
func turnedIndex(w, h, n int, visit func(to, from int)) {
	tw, th := turnedSize(w, h, n)
	for y := range th {
		for x := range tw {
			u, v := x, y
			switch n % quarters {
			case 1:
				u, v = y, h-1-x
			case 2:
				u, v = w-1-x, h-1-y
			case 3:
				u, v = w-1-y, x
			}
			visit(y*tw+x, v*w+u)
		}
	}
}

// turnRGB returns the image turned clockwise by n right angles.
func turnRGB(p slam.RGB, n int) slam.RGB {
	if len(p.Pix) != 3*p.W*p.H {
		return p
	}
	out := slam.NewRGB(turnedSize(p.W, p.H, n))
	turnedIndex(p.W, p.H, n, func(to, from int) { copy(out.Pix[3*to:3*to+3], p.Pix[3*from:3*from+3]) })
	return out
}

// turnGray is turnRGB of a grey image.
func turnGray(p slam.Gray, n int) slam.Gray {
	if len(p.Pix) != p.W*p.H {
		return p
	}
	out := slam.NewGray(turnedSize(p.W, p.H, n))
	turnedIndex(p.W, p.H, n, func(to, from int) { out.Pix[to] = p.Pix[from] })
	return out
}

// turnCamera returns the camera of an image turned clockwise by n right angles.
func turnCamera(c geom.Camera, n int) geom.Camera {
	for range n % quarters {
		c.W, c.H, c.Fx, c.Fy, c.Cx, c.Cy = c.H, c.W, c.Fy, c.Fx, float64(c.H-1)-c.Cy, c.Cx
	}
	return c
}

// turnDepth is turnRGB of a depth map with its deviation and camera. The depth
// itself, being along the optical axis, stays.
func turnDepth(d slam.DepthMap, n int) slam.DepthMap {
	turn := func(v []float32) []float32 {
		if len(v) != d.W*d.H {
			return v
		}
		out := make([]float32, len(v))
		turnedIndex(d.W, d.H, n, func(to, from int) { out[to] = v[from] })
		return out
	}
	out := d
	out.Depth, out.LogStd = turn(d.Depth), turn(d.LogStd)
	out.W, out.H = turnedSize(d.W, d.H, n)
	out.Camera = turnCamera(d.Camera, n)
	return out
}
