package mapping

import (
	"fmt"
	"math"

	"github.com/metricslam/metricslam/geom"
	"github.com/metricslam/metricslam/slam"
)

// Photo is a keyframe's image at full size as a pinhole camera takes it.
type Photo struct {
	Camera geom.Camera
	Gray   slam.Gray // of a grey camera; else empty
	Color  slam.RGB
}

// Photo returns the image of a keyframe that was not culled, for export. A map
// keeps brightness at full size without loss, and colour in a smaller image; they
// are put together as a JPEG does it, which keeps the colour coarser, too.
func (m *Map) Photo(k *Keyframe) (Photo, error) {
	im, err := m.Images(k)
	if err != nil {
		return Photo{}, err
	}
	small, err := im.Color.RGB()
	if err != nil {
		return Photo{}, fmt.Errorf("images of keyframe %d: %w", k.ID, err)
	}
	p := Photo{Camera: pinhole(k.Camera)}
	at := m.undistortions.sampling(k.Camera)
	gray := slam.NewGray(k.Camera.W, k.Camera.H)
	for i, u := range at {
		gray.Pix[i] = uint8(bilinearAt(u, im.Gray.W, im.Gray.H).of(im.Gray.Pix, 1, 0) + .5)
	}
	if small.Empty() {
		p.Gray = gray
	} else {
		p.Color = colorize(gray, small, at)
	}
	return p, nil
}

// PhotoCamera is the camera of a keyframe's Photo.
func PhotoCamera(k *Keyframe) geom.Camera { return pinhole(k.Camera) }

// sampling returns where each pixel of a camera's pinhole lies in its image.
func sampling(c geom.Camera) []geom.Vec2 {
	straight := pinhole(c)
	at := make([]geom.Vec2, c.W*c.H)
	for i := range at {
		at[i] = geom.Vec2{X: float64(i % c.W), Y: float64(i / c.W)}
		if c.Distorted() {
			at[i] = c.Project(straight.Ray(at[i]))
		}
	}
	return at
}

// bilinear interpolates between four pixels.
type bilinear struct {
	p00, p10, p01, p11 int // indices of the pixels
	fx, fy             float64
}

// bilinearAt is the place u in an image of w x h pixels; beyond its edge the edge holds.
func bilinearAt(u geom.Vec2, w, h int) bilinear {
	x, y := min(max(u.X, 0), float64(w-1)), min(max(u.Y, 0), float64(h-1))
	x0, y0 := int(x), int(y)
	x1, y1 := min(x0+1, w-1), min(y0+1, h-1)
	return bilinear{y0*w + x0, y0*w + x1, y1*w + x0, y1*w + x1, x - float64(x0), y - float64(y0)}
}

// of returns channel c of n there.
func (b bilinear) of(pix []uint8, n, c int) float64 {
	v := func(i int) float64 { return float64(pix[n*i+c]) }
	return (v(b.p00)*(1-b.fx)+v(b.p10)*b.fx)*(1-b.fy) + (v(b.p01)*(1-b.fx)+v(b.p11)*b.fx)*b.fy
}

// The share of each colour in brightness (ITU-R BT.601), by which colour images
// were made grey.
var lumaOf = [3]float64{.299, .587, .114}

// colorize gives brightness the colours of a smaller image; at are the places of
// its pixels in the image that the smaller one was made of.
func colorize(gray slam.Gray, small slam.RGB, at []geom.Vec2) slam.RGB {
	out := slam.NewRGB(gray.W, gray.H)
	shrunk := float64(small.W) / float64(gray.W)
	for i, u := range at {
		var rgb [3]float64
		var luma float64
		b := bilinearAt(geom.ResizePixel(u, shrunk), small.W, small.H)
		for c := range rgb {
			rgb[c] = b.of(small.Pix, 3, c)
			luma += lumaOf[c] * rgb[c]
		}
		for c, v := range rgb {
			out.Pix[3*i+c] = uint8(min(max(v+float64(gray.Pix[i])-luma, 0), 255) + .5)
		}
	}
	return out
}

// PhotoDepth returns the metres along the optical axis at the pixels of a
// keyframe's Photo, 0 where they are not known; nil without depth. It is the depth
// of the nearest pixel, for between two surfaces there is nothing.
func (m *Map) PhotoDepth(k *Keyframe) ([]float32, error) {
	if k.Depth.Empty() {
		return nil, nil
	}
	im, err := m.Images(k)
	if err != nil {
		return nil, err
	}
	c := pinhole(k.Camera)
	d := im.Depth.Unpack()
	scale := float32(math.Exp(k.LogScale))
	out := make([]float32, c.W*c.H)
	for i := range out {
		u := d.Camera.Project(c.Ray(geom.Vec2{X: float64(i % c.W), Y: float64(i / c.W)}))
		if z, _, ok := d.At(u); ok {
			out[i] = float32(z) * scale
		}
	}
	return out, nil
}

// StraightPixel returns where the pinhole camera of a keyframe's Photo sees the
// feature at pixel u.
func (k *Keyframe) StraightPixel(u geom.Vec2) geom.Vec2 {
	if !k.Camera.Distorted() {
		return u
	}
	return pinhole(k.Camera).Project(k.Camera.Ray(u))
}
