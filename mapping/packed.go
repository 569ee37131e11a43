package mapping

import (
	"math"

	"github.com/metricslam/metricslam/geom"
	"github.com/metricslam/metricslam/slam"
)

// packedWidth is the width above which the depth and the colour of a keyframe
// are kept at a half, a quarter, ... of their size: fusion needs no more, and a
// long run keeps thousands.
const packedWidth = 400

// PackedDepth is a keyframe's depth map in a quarter of the memory or less: depth
// as the logarithm in steps of 1/8000 from 5 cm to 180 m, deviations in steps of
// 1/256 of it.
type PackedDepth struct {
	W, H       int
	Camera     geom.Camera
	Sigma      float64 // deviation of log depth where a pixel has none of its own
	ScaleSigma float64 // deviation of the shared log-scale; 0 for a sensor
	PlaceSigma float64 // of the log-scale that the place and the camera share
	Source     string
	code       []uint16 // 0 = unknown
	std        []uint8  // nil: Sigma
}

const (
	packedStep    = 8000
	packedNearM   = .05
	packedStdStep = 256
)

// packDepth packs a depth map, taking every second pixel of every second row as
// often as it is too wide. Pixels are taken, not averaged: a mean across an
// outline is a depth where there is nothing.
func packDepth(d slam.DepthMap) PackedDepth {
	if d.Empty() {
		return PackedDepth{}
	}
	k := shrink(d.W)
	w, h := d.W/k, d.H/k
	p := PackedDepth{
		W: w, H: h, Camera: subsampled(d.Camera, k, w, h), Sigma: d.Sigma, ScaleSigma: d.ScaleSigma, PlaceSigma: d.PlaceSigma, Source: d.Source,
		code: make([]uint16, w*h),
	}
	if d.LogStd != nil {
		p.std = make([]uint8, w*h)
	}
	for y := range h {
		for x := range w {
			i, j := y*w+x, y*k*d.W+x*k
			z := float64(d.Depth[j])
			if !(z > packedNearM) {
				continue
			}
			c := math.Round(math.Log(z/packedNearM)*packedStep) + 1
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
	return uint8(min(max(math.Round(s*packedStdStep), 1), math.MaxUint8))
}

// shrink is the factor that brings a width to packedWidth or below.
func shrink(w int) int {
	k := 1
	for w/k > packedWidth {
		k *= 2
	}
	return k
}

// subsampled is the camera of every k-th pixel.
func subsampled(c geom.Camera, k, w, h int) geom.Camera {
	f := float64(k)
	return geom.Camera{W: w, H: h, Fx: c.Fx / f, Fy: c.Fy / f, Cx: c.Cx / f, Cy: c.Cy / f}
}

// Empty reports whether there is no depth map.
func (p *PackedDepth) Empty() bool { return p.W == 0 || p.H == 0 }

// logAt returns log depth and its deviation at a pixel.
func (p *PackedDepth) logAt(x, y int) (logM, logStd float64, ok bool) {
	i := y*p.W + x
	if p.code[i] == 0 {
		return 0, 0, false
	}
	logStd = p.Sigma
	if p.std != nil {
		logStd = float64(p.std[i]) / packedStdStep
	}
	return float64(p.code[i]-1)/packedStep + math.Log(packedNearM), logStd, true
}

// stretch multiplies all depths by exp(g), g to the nearest step; it returns that.
func (p *PackedDepth) stretch(g float64) float64 {
	steps := int(math.Round(g * packedStep))
	code := make([]uint16, len(p.code)) // a copy of the map that is being saved has the old ones
	for i, c := range p.code {
		if c != 0 {
			code[i] = uint16(min(max(int(c)+steps, 1), math.MaxUint16))
		}
	}
	p.code = code
	return float64(steps) / packedStep
}

// KnownShare is the share of pixels that have a depth.
func (p *PackedDepth) KnownShare() float64 {
	var n int
	for _, c := range p.code {
		if c != 0 {
			n++
		}
	}
	return float64(n) / math.Max(float64(len(p.code)), 1)
}

// Unpack returns the depth map, at the size it was kept.
func (p *PackedDepth) Unpack() slam.DepthMap {
	d := slam.DepthMap{
		W: p.W, H: p.H, Camera: p.Camera, Sigma: p.Sigma, ScaleSigma: p.ScaleSigma, PlaceSigma: p.PlaceSigma, Source: p.Source,
		Depth: make([]float32, len(p.code)),
	}
	if p.std != nil {
		d.LogStd = make([]float32, len(p.code))
	}
	for i, c := range p.code {
		if c == 0 {
			continue
		}
		d.Depth[i] = float32(packedNearM * math.Exp(float64(c-1)/packedStep))
		if p.std != nil {
			d.LogStd[i] = float32(p.std[i]) / packedStdStep
		}
	}
	return d
}

// shrinkColor averages a colour picture down as packDepth does with depth.
func shrinkColor(c slam.RGB) slam.RGB {
	if c.Empty() {
		return c
	}
	k := shrink(c.W)
	out := slam.NewRGB(c.W/k, c.H/k)
	for y := range out.H {
		for x := range out.W {
			for ch := range 3 {
				var sum int
				for dy := range k {
					for dx := range k {
						sum += int(c.Pix[3*((y*k+dy)*c.W+x*k+dx)+ch])
					}
				}
				out.Pix[3*(y*out.W+x)+ch] = uint8(sum / (k * k))
			}
		}
	}
	return out
}
