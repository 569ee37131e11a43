package texture

import (
	"math"

	"github.com/metricslam/metricslam/geom"
	"github.com/metricslam/metricslam/slam"
)

// View is where an image was taken from, by a pinhole camera without distortion.
type View struct {
	Pose   geom.SE3 // T_wc
	Camera geom.Camera
}

// Views are the images that a surface takes its colours from. Image is asked by
// one goroutine at a time, for each image more than once.
type Views struct {
	Of    []View
	Image func(i int) (slam.RGB, error)
}

// pixel is where a view sees a point, with the inverse of its distance along the
// optical axis.
type pixel struct{ x, y, inv float64 }

// nearM is how close to a camera a point may be.
const nearM = 1e-3

// see projects a point; ok is false behind the camera.
func (v *View) see(p geom.Vec3) (u pixel, ok bool) {
	c := v.Pose.ApplyInverse(p)
	if c.Z < nearM {
		return u, false
	}
	inv := 1 / c.Z
	return pixel{v.Camera.Fx*c.X*inv + v.Camera.Cx, v.Camera.Fy*c.Y*inv + v.Camera.Cy, inv}, true
}

// inside reports whether a pixel has neighbours in the image to interpolate with.
func (v *View) inside(u pixel) bool {
	return u.x >= 1 && u.y >= 1 && u.x <= float64(v.Camera.W-2) && u.y <= float64(v.Camera.H-2)
}

// rgb is a colour in levels of 0 to 255.
type rgb [3]float32

func (c rgb) add(d rgb) rgb       { return rgb{c[0] + d[0], c[1] + d[1], c[2] + d[2]} }
func (c rgb) scale(s float32) rgb { return rgb{c[0] * s, c[1] * s, c[2] * s} }
func (c rgb) times(d rgb) rgb     { return rgb{c[0] * d[0], c[1] * d[1], c[2] * d[2]} }

// cubic samples an image at a pixel by Catmull-Rom's cubics, which keep edges as
// sharp as they are; outside the image its edge holds.
func cubic(img slam.RGB, x, y float64) (out rgb) {
	x0, y0 := int(math.Floor(x)), int(math.Floor(y))
	wx, wy := catmullRom(float32(x-float64(x0))), catmullRom(float32(y-float64(y0)))
	for j := range 4 {
		row := min(max(y0-1+j, 0), img.H-1) * img.W
		var sum rgb
		for i := range 4 {
			p := 3 * (row + min(max(x0-1+i, 0), img.W-1))
			for k := range sum {
				sum[k] += wx[i] * float32(img.Pix[p+k])
			}
		}
		out = out.add(sum.scale(wy[j]))
	}
	for k, v := range out {
		out[k] = min(max(v, 0), 255)
	}
	return out
}

func catmullRom(t float32) [4]float32 {
	t2, t3 := t*t, t*t*t
	return [4]float32{-.5*t3 + t2 - .5*t, 1.5*t3 - 2.5*t2 + 1, -1.5*t3 + 2*t2 + .5*t, .5*t3 - .5*t2}
}

// mean is the colour around a pixel, of a square of 2 reach + 1 pixels.
func mean(img slam.RGB, x, y, reach int) (out rgb) {
	var sum [3]int
	n := 0
	for j := max(y-reach, 0); j <= min(y+reach, img.H-1); j++ {
		for i := max(x-reach, 0); i <= min(x+reach, img.W-1); i++ {
			p := 3 * (j*img.W + i)
			for k := range sum {
				sum[k] += int(img.Pix[p+k])
			}
			n++
		}
	}
	for k := range out {
		out[k] = float32(sum[k]) / float32(max(n, 1))
	}
	return out
}

// contrast is the mean squared gradient of the green channel around a pixel, in
// levels^2 a pixel^2.
func contrast(img slam.RGB, x, y, reach int) float64 {
	sum, n := 0, 0
	for j := max(y-reach, 0); j <= min(y+reach, img.H-2); j++ {
		for i := max(x-reach, 0); i <= min(x+reach, img.W-2); i++ {
			p := 3*(j*img.W+i) + 1
			v := int(img.Pix[p])
			dx, dy := int(img.Pix[p+3])-v, int(img.Pix[p+3*img.W])-v
			sum += dx*dx + dy*dy
			n++
		}
	}
	return float64(sum) / float64(max(n, 1))
}
