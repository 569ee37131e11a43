package multiview

import (
	"math"

	"github.com/metricslam/metricslam/slam"
)

// level is how one size of the image is swept.
type level struct {
	levels int
	step   float32 // of log depth
	radius int     // of patches, pixels
	// The prior term is weight * min((l / sigma)^2, most), in units of ZNCC.
	weight, sigma, most float64
}

var (
	coarse = level{levels: 31, step: 1. / 30, radius: 1, weight: .002, sigma: .08, most: 25}
	fine   = level{levels: 13, step: .01, radius: 2, weight: .005, sigma: .03, most: 9}
)

// priorCost is the prior term of a level.
func (l level) priorCost(k int) uint16 {
	x := float64(k-l.levels/2) * float64(l.step) / l.sigma
	return uint16(math.Round(costUnit * l.weight * min(x*x, l.most)))
}

// Refined is the depth of a keyframe after its own sweep, before other keyframes
// were asked.
type refinedDepth struct {
	w, h   int
	prior  []float32 // 0 unknown
	depth  []float32 // 0 where prior is
	motion []float32 // pixels a unit of log depth, rms over the neighbours
	std    []float32 // deviation of log depth that texture and motion allow; infinite without
}

// workspace is the memory of one goroutine.
type workspace struct{ agg [2]aggregator }

// refine finds the depth of a keyframe's image near prior, which has its size.
func (ws *workspace) refine(ref *image, prior []float32, views []view) refinedDepth {
	w, h := ref.Camera.W, ref.Camera.H
	small := ref.half()
	half := make([]view, len(views))
	for i, v := range views {
		half[i] = v.half()
	}
	lw, lh := small.Camera.W, small.Camera.H
	lowPrior := make([]float32, lw*lh)
	for y := range lh {
		for x := range lw {
			lowPrior[y*lw+x] = prior[2*y*w+2*x]
		}
	}
	if len(views) == 0 {
		return unrefined(prior, w, h)
	}
	first := ws.sweep(0, small, lowPrior, half, coarse, nil)
	second := ws.sweep(1, ref, prior, views, fine, enlarged(first, lw, lh, w, h))
	out := refinedDepth{w, h, prior, make([]float32, w*h), make([]float32, w*h), make([]float32, w*h)}
	texture := newTensors(ref, fine.radius)
	for i, z := range prior {
		if z > 0 {
			out.depth[i] = z * exp32(second[i])
			out.measure(i, texture[i], views)
		}
	}
	return out
}

// unrefined is the depth of a keyframe without neighbours.
func unrefined(prior []float32, w, h int) refinedDepth {
	out := refinedDepth{w, h, prior, prior, make([]float32, w*h), make([]float32, w*h)}
	for i := range out.std {
		out.std[i] = float32(math.Inf(1))
	}
	return out
}

// matchNoise is the deviation, in grey levels, with which two images of a point
// agree: noise, gloss, resampling.
const matchNoise = 4

// measure fills in what the views say of pixel i: how far its projections move, and
// how sharply the patch around it tells.
func (d *refinedDepth) measure(i int, t tensor, views []view) {
	var motion, info, n float32
	for j := range views {
		if u, v, ok := views[j].motion(float32(i%d.w), float32(i/d.w), d.depth[i]); ok {
			motion += u*u + v*v
			info += t.along(u, v)
			n++
		}
	}
	d.motion[i] = sqrt32(motion / max(n, 1))
	d.std[i] = matchNoise / sqrt32(info)
}

// sweep returns the log ratio of every pixel.
func (ws *workspace) sweep(size int, ref *image, prior []float32, views []view, l level, centre []float32) []float32 {
	w, h := ref.Camera.W, ref.Camera.H
	v := newVolume(w, h, l, centre)
	newSweeper(ref, l.radius).fill(v, prior, views, l)
	out := make([]float32, w*h)
	best(ws.agg[size].run(v, ref.Pix), l.levels, v.stride, out)
	for i, k := range out {
		out[i] = v.logAt(i, k)
	}
	return out
}

// half is the view between images of half the size, pixel centres at integers.
func (v view) half() view {
	im := v.im.half()
	// (x, y) of the half is (2x + .5, 2y + .5) of the whole, and back.
	out := view{im: im}
	var m [3][3]float32
	for i := range 3 {
		m[i] = [3]float32{2 * v.m[i][0], 2 * v.m[i][1], v.m[i][2] + .5*(v.m[i][0]+v.m[i][1])}
	}
	for j := range 3 {
		out.m[0][j], out.m[1][j], out.m[2][j] = .5*m[0][j]-.25*m[2][j], .5*m[1][j]-.25*m[2][j], m[2][j]
	}
	out.t = [3]float32{.5*v.t[0] - .25*v.t[2], .5*v.t[1] - .25*v.t[2], v.t[2]}
	return out
}

// enlarged interpolates values of an image of half the size.
func enlarged(in []float32, lw, lh, w, h int) []float32 {
	out := make([]float32, w*h)
	for y := range h {
		fy := min(max((float32(y)-.5)/2, 0), float32(lh-1))
		y0 := min(int(fy), lh-2)
		b := fy - float32(y0)
		for x := range w {
			fx := min(max((float32(x)-.5)/2, 0), float32(lw-1))
			x0 := min(int(fx), lw-2)
			a := fx - float32(x0)
			i := y0*lw + x0
			out[y*w+x] = (1-b)*((1-a)*in[i]+a*in[i+1]) + b*((1-a)*in[i+lw]+a*in[i+lw+1])
		}
	}
	return out
}

// resampled returns depth at the pixels of another pinhole of the same centre; in
// inverse depth, in which planes are linear, but across edges that of the nearest
// pixel.
func resampled(d slam.DepthMap, to *image) []float32 {
	c := to.Camera
	out := make([]float32, c.W*c.H)
	for y := range c.H {
		v := (float64(y)-c.Cy)/c.Fy*d.Camera.Fy + d.Camera.Cy
		for x := range c.W {
			u := (float64(x)-c.Cx)/c.Fx*d.Camera.Fx + d.Camera.Cx
			if u < -1 || v < -1 || u > float64(d.W) || v > float64(d.H) {
				continue
			}
			out[y*c.W+x] = interpolated(d, float32(u), float32(v))
		}
	}
	return out
}

// edgeRatio is the ratio of neighbouring depths from which on they are taken for
// two surfaces.
const edgeRatio = 1.08

func interpolated(d slam.DepthMap, x, y float32) float32 {
	x0, y0 := min(max(int(x), 0), d.W-2), min(max(int(y), 0), d.H-2)
	fx, fy := min(max(x-float32(x0), 0), 1), min(max(y-float32(y0), 0), 1)
	i := y0*d.W + x0
	a, b, c, e := d.Depth[i], d.Depth[i+1], d.Depth[i+d.W], d.Depth[i+d.W+1]
	if lo := min(a, b, c, e); !(lo > 0) || max(a, b, c, e) > edgeRatio*lo {
		if fx > .5 {
			i++
		}
		if fy > .5 {
			i += d.W
		}
		if z := d.Depth[i]; z > 0 {
			return z
		}
		return 0
	}
	return 1 / ((1-fy)*((1-fx)/a+fx/b) + fy*((1-fx)/c+fx/e))
}
