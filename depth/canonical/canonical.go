// Package canonical is the geometry between an image and the input of a depth
// network, and the canonical camera of Metric3D (Yin et al., ICCV 2023): a
// network can know metres only of one focal length f_c, so that either
//
//   - the depth is scaled (CSTM_label): the network sees the image as it is and
//     tells D_c = D f_c / f, so D = D_c f / f_c; or
//   - the image is resized by f_c / f (CSTM_image) and the depth is true.
//
// Neither the sensor's size nor that of its pixels matters (the paper's
// observation O1), only the focal length in pixels does (O2).
package canonical

import (
	"fmt"
	"math"

	"github.com/metricslam/metricslam/depth/contract"
	"github.com/metricslam/metricslam/geom"
)

// ToMetres returns metres of a canonical depth: pred f / fc, f the focal length
// in pixels of the image as the network saw it.
func ToMetres(pred, f, fc float64) float64 { return pred * f / fc }

// Plan says where the pixels of an image go in a network's input: resized to
// ResizedW x ResizedH, then placed with its top left corner at (Left, Top) of
// NetW x NetH pixels. Left and Top are negative where the image is cut.
type Plan struct {
	SrcW, SrcH         int
	ResizedW, ResizedH int
	NetW, NetH         int
	Left, Top          int

	// Camera is that of the resized image, and so of the depth map: the
	// margins cut off, pixel centres at integers.
	Camera geom.Camera
	// FocalPx is the focal length of the resized image as the networks'
	// authors take it: that of square pixels times the nominal scale, before
	// sides are rounded to whole pixels.
	FocalPx float64
}

// squareTolerance is how far fx and fy may differ before the image is resized
// to square pixels.
const squareTolerance = .01

// maxSide bounds a free input, against a mistaken focal length.
const maxSide = 8192

// New plans the way of an image of camera cam into the network of c.
func New(cam geom.Camera, c *contract.Contract) (Plan, error) {
	if err := check(cam); err != nil {
		return Plan{}, err
	}
	p := Plan{SrcW: cam.W, SrcH: cam.H}
	w, h, f := square(cam)
	switch c.Resize.Rule {
	case contract.FitAndPad:
		p.fitAndPad(w, h, f, c)
	case contract.Stretch:
		p.stretch(cam, c)
	case contract.ShortestSide, contract.LongestSide:
		p.oneSide(w, h, f, c.Resize)
	case contract.CanonicalFocal:
		p.canonicalFocal(w, h, f, c)
	default:
		return Plan{}, fmt.Errorf("unknown resize rule %q", c.Resize.Rule)
	}
	if p.ResizedW < 1 || p.ResizedH < 1 || p.ResizedW > maxSide || p.ResizedH > maxSide {
		return Plan{}, fmt.Errorf("an image of %dx%d pixels and focal length %.4g would be resized to %dx%d for network %s; is the focal length right?",
			cam.W, cam.H, cam.Focal(), p.ResizedW, p.ResizedH, c.Name)
	}
	p.Camera = cam.Resized(p.ResizedW, p.ResizedH)
	return p, nil
}

func check(cam geom.Camera) error {
	if cam.W < 1 || cam.H < 1 {
		return fmt.Errorf("image of %dx%d pixels", cam.W, cam.H)
	}
	for _, f := range [2]float64{cam.Fx, cam.Fy} {
		if !(f > 0) || math.IsInf(f, 0) {
			return fmt.Errorf("focal length fx %v, fy %v: both must be positive", cam.Fx, cam.Fy)
		}
	}
	return nil
}

// square returns the size and the focal length of the image with square
// pixels: its own where fx and fy agree, else widened or narrowed to fy.
func square(cam geom.Camera) (w, h, f float64) {
	if math.Abs(cam.Fx/cam.Fy-1) < squareTolerance {
		return float64(cam.W), float64(cam.H), cam.Focal()
	}
	return float64(cam.W) * cam.Fy / cam.Fx, float64(cam.H), cam.Fy
}

// truncate is int(x), safe against a product that falls just below a whole
// number.
func truncate(x float64) int { return max(1, int(math.Floor(x+1e-9))) }

// fitAndPad: s = min(H/h, W/w), sides truncated, the rest padded.
func (p *Plan) fitAndPad(w, h, f float64, c *contract.Contract) {
	p.NetW, p.NetH = box(c, h > w)
	s := min(float64(p.NetH)/h, float64(p.NetW)/w)
	p.ResizedW, p.ResizedH = truncate(w*s), truncate(h*s)
	p.FocalPx = f * s
	p.place(c.Resize.Pad)
}

func (p *Plan) stretch(cam geom.Camera, c *contract.Contract) {
	p.NetW, p.NetH = box(c, cam.H > cam.W)
	p.ResizedW, p.ResizedH = p.NetW, p.NetH
	p.FocalPx = cam.Resized(p.NetW, p.NetH).Focal()
}

// oneSide brings the shorter side to at least Size (the longer one to at most)
// and rounds both to the nearest multiple that keeps that.
func (p *Plan) oneSide(w, h, f float64, r contract.Resize) {
	size := float64(r.Size)
	s := size / min(w, h)
	round := func(x float64) int {
		n := int(math.Round(x/float64(r.Multiple))) * r.Multiple
		if n < r.Size {
			n = int(math.Ceil(x/float64(r.Multiple)-1e-9)) * r.Multiple
		}
		return n
	}
	if r.Rule == contract.LongestSide {
		s = size / max(w, h)
		round = func(x float64) int {
			n := int(math.Round(x/float64(r.Multiple))) * r.Multiple
			if n > r.Size {
				n = int(math.Floor(x/float64(r.Multiple)+1e-9)) * r.Multiple
			}
			return max(n, r.Multiple)
		}
	}
	p.ResizedW, p.ResizedH = round(w*s), round(h*s)
	p.NetW, p.NetH = p.ResizedW, p.ResizedH
	p.FocalPx = f * (float64(p.ResizedW)/w + float64(p.ResizedH)/h) / 2
}

// canonicalFocal resizes by Focal/f and pads or cuts to the input, or pads a
// free one to the multiple.
func (p *Plan) canonicalFocal(w, h, f float64, c *contract.Contract) {
	s := c.Resize.Focal / f
	p.ResizedW, p.ResizedH = int(math.Round(w*s)), int(math.Round(h*s))
	p.FocalPx = c.Resize.Focal
	p.NetW, p.NetH = c.Input.Width(), c.Input.Height()
	if p.NetW == 0 {
		p.NetW = ceilTo(p.ResizedW, c.Resize.Multiple)
	}
	if p.NetH == 0 {
		p.NetH = ceilTo(p.ResizedH, c.Resize.Multiple)
	}
	p.place(c.Resize.Pad)
}

func ceilTo(n, multiple int) int { return (n + multiple - 1) / multiple * multiple }

// box is the input's size: fixed by the network, or by the contract where free;
// upright says that the image is higher than wide.
func box(c *contract.Contract, upright bool) (w, h int) {
	w, h = c.Input.Width(), c.Input.Height()
	if w == 0 {
		w = c.Resize.Box[1]
	}
	if h == 0 {
		h = c.Resize.Box[0]
	}
	if upright && c.Resize.TurnBox {
		w, h = h, w
	}
	return w, h
}

// place puts the resized image into the input.
func (p *Plan) place(pad contract.Pad) {
	if pad == contract.Corner {
		return
	}
	p.Left, p.Top = half(p.NetW-p.ResizedW), half(p.NetH-p.ResizedH)
}

// half rounds down, also below zero, so that padding and cutting are alike.
func half(n int) int { return int(math.Floor(float64(n) / 2)) }

// NetCamera returns the camera of the network's input.
func (p Plan) NetCamera() geom.Camera {
	c := p.Camera
	c.W, c.H = p.NetW, p.NetH
	c.Cx += float64(p.Left)
	c.Cy += float64(p.Top)
	return c
}
