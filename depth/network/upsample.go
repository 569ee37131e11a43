package network

import (
	"math"

	"github.com/metricslam/metricslam/slam"
)

// Upsample resizes a depth map to w x h pixels. Between neighbours that differ
// by less than spread (a fraction of the nearer one) it is bilinear; across a
// depth edge, where the mean of two surfaces would be a point in the air, and
// beside unknown pixels it takes the nearest pixel. spread 0 is bilinear
// everywhere that all neighbours are known.
func Upsample(d slam.DepthMap, w, h int, spread float64) slam.DepthMap {
	if d.Empty() || w == d.W && h == d.H {
		return d
	}
	out := d
	out.W, out.H, out.Camera = w, h, d.Camera.Resized(w, h)
	out.Depth = make([]float32, w*h)
	if d.LogStd != nil {
		out.LogStd = make([]float32, w*h)
	}
	for y := range h {
		y0, y1, fy := between(y, h, d.H)
		for x := range w {
			x0, x1, fx := between(x, w, d.W)
			q := [4]int{y0*d.W + x0, y0*d.W + x1, y1*d.W + x0, y1*d.W + x1}
			wt := [4]float32{(1 - fx) * (1 - fy), fx * (1 - fy), (1 - fx) * fy, fx * fy}
			lo, hi := d.Depth[q[0]], d.Depth[q[0]]
			for _, i := range q[1:] {
				lo, hi = min(lo, d.Depth[i]), max(hi, d.Depth[i])
			}
			o := y*w + x
			if lo > 0 && spread == 0 || slam.SameSurface(lo, hi, float32(spread)) {
				out.Depth[o] = blend(d.Depth, q, wt)
				if d.LogStd != nil {
					out.LogStd[o] = blend(d.LogStd, q, wt)
				}
				continue
			}
			best := 0
			for k := range wt {
				if wt[k] > wt[best] {
					best = k
				}
			}
			out.Depth[o] = d.Depth[q[best]]
			if d.LogStd != nil {
				out.LogStd[o] = d.LogStd[q[best]]
			}
		}
	}
	return out
}

func blend(v []float32, q [4]int, w [4]float32) float32 {
	return w[0]*v[q[0]] + w[1]*v[q[1]] + w[2]*v[q[2]] + w[3]*v[q[3]]
}

// between returns the two neighbours among m pixels of pixel x of n, and the
// weight of the second.
func between(x, n, m int) (i, j int, f float32) {
	u := (float64(x)+.5)*float64(m)/float64(n) - .5
	fl := math.Floor(u)
	return min(max(int(fl), 0), m-1), min(max(int(fl)+1, 0), m-1), float32(u - fl)
}
