package images

import (
	"math"
	"slices"

	"github.com/metricslam/metricslam/geom"
	"github.com/metricslam/metricslam/slam"
)

// DepthInfo describes a depth map.
type DepthInfo struct {
	W, H       int
	Camera     geom.Camera
	Sigma      float64 // deviation of log depth where a pixel has none of its own
	ScaleSigma float64 // deviation of the shared log-scale; 0 for a sensor
	PlaceSigma float64 // of the log-scale that the place and the camera share
	Source     string
}

// Empty reports whether there is no depth map.
func (d *DepthInfo) Empty() bool { return d.W == 0 || d.H == 0 }

// Depth is a depth map in a quarter of the memory or less: depth as the logarithm
// in steps of 1/8000 from 5 cm to 180 m, deviations in steps of 1/256 of it.
type Depth struct {
	DepthInfo
	code []uint16 // 0 = unknown
	std  []uint8  // nil: Sigma
}

// NewDepth packs a depth map, taking every second pixel of every second row as
// often as it is too wide. Pixels are taken, not averaged: a mean across an
// outline is a depth where there is nothing.
func NewDepth(d slam.DepthMap) Depth { return packed(d, subsampling(d.W)) }

// WholeDepth packs a depth map, every pixel of it.
func WholeDepth(d slam.DepthMap) Depth { return packed(d, 1) }

// packed packs every k-th pixel of every k-th row.
func packed(d slam.DepthMap, k int) Depth {
	if d.Empty() {
		return Depth{}
	}
	w, h := d.W/k, d.H/k
	p := Depth{
		DepthInfo: DepthInfo{W: w, H: h, Camera: subsampled(d.Camera, k, w, h), Sigma: d.Sigma, ScaleSigma: d.ScaleSigma, PlaceSigma: d.PlaceSigma, Source: d.Source},
		code:      make([]uint16, w*h),
	}
	if d.LogStd != nil {
		p.std = make([]uint8, w*h)
	}
	for y := range h {
		for x := range w {
			i, j := y*w+x, y*k*d.W+x*k
			z := float64(d.Depth[j])
			if !(z > minDepthM) {
				continue
			}
			c := math.Round(math.Log(z/minDepthM)*logSteps) + 1
			if c > math.MaxUint16 {
				continue
			}
			p.code[i] = uint16(c)
			if p.std != nil {
				p.std[i] = packStd(float64(d.LogStd[j]))
			}
		}
	}
	return p
}

// packStd keeps a deviation; one that is no number says that nothing is known.
func packStd(s float64) uint8 {
	if math.IsNaN(s) {
		return math.MaxUint8
	}
	return uint8(min(max(math.Round(s*stdSteps), 1), math.MaxUint8))
}

// subsampling is the factor that brings a width to maxWidth or below.
func subsampling(w int) int {
	k := 1
	for w/k > maxWidth {
		k *= 2
	}
	return k
}

// subsampled is the camera of every k-th pixel.
func subsampled(c geom.Camera, k, w, h int) geom.Camera {
	f := float64(k)
	return geom.Camera{W: w, H: h, Fx: c.Fx / f, Fy: c.Fy / f, Cx: c.Cx / f, Cy: c.Cy / f}
}

// logAt returns log depth and its deviation at a pixel.
func (d *Depth) logAt(x, y int) (logM, logStd float64, ok bool) {
	i := y*d.W + x
	if d.code[i] == 0 {
		return 0, 0, false
	}
	logStd = d.Sigma
	if d.std != nil {
		logStd = float64(d.std[i]) / stdSteps
	}
	return float64(d.code[i]-1)/logSteps + math.Log(minDepthM), logStd, true
}

// WithCamera returns the depth map after its image's camera was adjusted from was
// to now, and the logarithm of the factor on its depths. A network sees images, not
// cameras: what it says of an image is metric by the focal length that it was told
// (d = d_c f / f_c, Yin et al., Metric3D, 2023), so that its depth goes along with
// the focal length, to the nearest step.
func (d Depth) WithCamera(was, now geom.Camera) (out Depth, logGain float64) {
	if d.Empty() {
		return d, 0
	}
	c := &d.Camera
	c.Cx, c.Cy = c.Cx+c.Fx*(now.Cx-was.Cx)/was.Fx, c.Cy+c.Fy*(now.Cy-was.Cy)/was.Fy
	c.Fx, c.Fy = c.Fx*now.Fx/was.Fx, c.Fy*now.Fy/was.Fy
	c.U1, c.U2 = now.U1, now.U2
	if d.ScaleSigma == 0 {
		return d, 0
	}
	steps := int(math.Round(math.Log(now.Focal()/was.Focal()) * logSteps))
	code := make([]uint16, len(d.code))
	for i, c := range d.code {
		if c != 0 {
			code[i] = uint16(min(max(int(c)+steps, 1), math.MaxUint16))
		}
	}
	d.code = code
	return d, float64(steps) / logSteps
}

// KnownShare is the share of pixels that have a depth.
func (d *Depth) KnownShare() float64 {
	var n int
	for _, c := range d.code {
		if c != 0 {
			n++
		}
	}
	return float64(n) / math.Max(float64(len(d.code)), 1)
}

// Unpack returns the depth map, at the size it was kept.
func (d *Depth) Unpack() slam.DepthMap {
	out := slam.DepthMap{
		W: d.W, H: d.H, Camera: d.Camera, Sigma: d.Sigma, ScaleSigma: d.ScaleSigma, PlaceSigma: d.PlaceSigma, Source: d.Source,
		Depth: make([]float32, len(d.code)),
	}
	if d.std != nil {
		out.LogStd = make([]float32, len(d.code))
	}
	for i, c := range d.code {
		if c == 0 {
			continue
		}
		out.Depth[i] = float32(minDepthM * math.Exp(float64(c-1)/logSteps))
		if d.std != nil {
			out.LogStd[i] = float32(d.std[i]) / stdSteps
		}
	}
	return out
}

// At returns the depth source's reading at pixel u of the image of a camera. Networks
// blur depth across outlines, where corners are most frequent; there the nearer
// side is taken, since an outline moves with the foreground, and hardly trusted.
func (d *Depth) At(cam geom.Camera, u geom.Vec2) (depthM, logStd float64, ok bool) {
	if d.Empty() {
		return 0, 0, false
	}
	f := float64(d.W) / float64(cam.W)
	x, y := int(u.X*f+.5), int(u.Y*float64(d.H)/float64(cam.H)+.5)
	if x < 0 || y < 0 || x >= d.W || y >= d.H {
		return 0, 0, false
	}
	logM, logStd, ok := d.logAt(x, y)
	sides, n := d.sides(x, y)
	if n == 0 {
		return math.Exp(logM), max(logStd, EdgeLogStd), ok
	}
	near, far := slices.Min(sides[:n]), slices.Max(sides[:n])
	if !ok || far-near > edgeLogStep {
		return math.Exp(near), max(logStd, d.Sigma, EdgeLogStd), true
	}
	return math.Exp(logM), logStd, true
}

// sides returns the mean log depth of the left, right, upper and lower
// margin of a pixel's surroundings, of those that are known. Means over a margin
// tell an edge from noise.
func (d *Depth) sides(cx, cy int) (sides [4]float64, n int) {
	const r = edgeRadius
	for _, m := range [4][4]int{{-r, -1, -r, r}, {1, r, -r, r}, {-r, r, -r, -1}, {-r, r, 1, r}} {
		var sum, count float64
		for y := max(cy+m[2], 0); y <= min(cy+m[3], d.H-1); y++ {
			for x := max(cx+m[0], 0); x <= min(cx+m[1], d.W-1); x++ {
				if z, _, ok := d.logAt(x, y); ok {
					sum += z
					count++
				}
			}
		}
		if count >= 4 {
			sides[n] = sum / count
			n++
		}
	}
	return sides, n
}
