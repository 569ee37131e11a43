package datasets

import (
	"fmt"
	"image/color"
	"math"
	"sync"

	"github.com/metricslam/metricslam/geom"
	"gocv.io/x/gocv"
)

// rectifier turns images of a lens into those of a pinhole camera of the same
// size. Without distortion it only checks their size.
type rectifier struct {
	lens   lens
	dist   geom.Distorter // nil without distortion
	camera geom.Camera    // of the images after it

	xy, frac gocv.Mat // the maps of cv::remap in fixed point

	depthOnce sync.Mutex
	depthMaps map[[2]int][]int32 // by size of the depth image, see depthIndex
}

// newRectifier makes the maps; close it.
func newRectifier(l lens) *rectifier {
	r := &rectifier{lens: l, dist: l.distorter(), camera: l.cam}
	if r.dist != nil {
		r.camera = pinholeFor(l.cam, r.dist)
		r.makeMaps()
	}
	return r
}

func (r *rectifier) close() {
	if r.dist != nil {
		r.xy.Close()
		r.frac.Close()
	}
}

// apply replaces an image by its undistorted version, in place.
func (r *rectifier) apply(m *gocv.Mat) error {
	if c := r.camera; m.Cols() != c.W || m.Rows() != c.H {
		return fmt.Errorf("the image has %dx%d pixels, those before it %dx%d", m.Cols(), m.Rows(), c.W, c.H)
	}
	if r.dist == nil {
		return nil
	}
	out := gocv.NewMat()
	gocv.Remap(*m, &out, &r.xy, &r.frac, gocv.InterpolationLinear, gocv.BorderConstant, color.RGBA{})
	m.Close()
	*m = out
	return nil
}

// source returns where the ideal pixel u of the new camera lies in the images
// of the lens; NaN where no light falls.
func (r *rectifier) source(to, from geom.Camera, u geom.Vec2) geom.Vec2 {
	d := r.dist.Distort(geom.Vec2{X: (u.X - to.Cx) / to.Fx, Y: (u.Y - to.Cy) / to.Fy})
	return geom.Vec2{X: d.X*from.Fx + from.Cx, Y: d.Y*from.Fy + from.Cy}
}

// makeMaps fills the maps of cv::remap: whole pixels in xy, and in frac the
// index 32*fy + fx of the fraction in 1/32 pixel.
func (r *rectifier) makeMaps() {
	w, h := r.camera.W, r.camera.H
	r.xy = gocv.NewMatWithSize(h, w, gocv.MatTypeCV16SC2)
	r.frac = gocv.NewMatWithSize(h, w, gocv.MatTypeCV16UC1)
	xy, _ := r.xy.DataPtrInt16()
	frac, _ := r.frac.DataPtrUint16()
	for y := range h {
		for x := range w {
			i := y*w + x
			p := r.source(r.camera, r.lens.cam, geom.Vec2{X: float64(x), Y: float64(y)})
			if !p.IsFinite() || math.Abs(p.X) > 32000 || math.Abs(p.Y) > 32000 {
				xy[2*i], xy[2*i+1] = -2, -2 // outside: black
				continue
			}
			fx, fy := int(math.Round(p.X*32)), int(math.Round(p.Y*32))
			xy[2*i], xy[2*i+1] = int16(fx>>5), int16(fy>>5)
			frac[i] = uint16(fy&31<<5 | fx&31)
		}
	}
}

// Bounds of the focal length of the undistorted images over the lens's own: a
// wide lens shown whole by a pinhole camera has an image of smeared borders
// around a tiny centre.
const (
	minZoom = .5
	maxZoom = 2
	zoomBy  = .995
)

// pinholeFor returns the camera of the undistorted images: same size and
// principal point, the focal lengths scaled by one factor, the smallest within
// the bounds for which every pixel sees light, so that no border is black.
func pinholeFor(c geom.Camera, d geom.Distorter) geom.Camera {
	r := rectifier{dist: d}
	best := c
	best.Fx, best.Fy = c.Fx*maxZoom, c.Fy*maxZoom
	for zoom := float64(maxZoom); zoom >= minZoom; zoom *= zoomBy {
		try := c
		try.Fx, try.Fy = c.Fx*zoom, c.Fy*zoom
		if !r.borderLit(try, c) {
			break
		}
		best = try
	}
	return best
}

// borderLit reports whether the border of the images of camera to lies within
// those of the lens.
func (r *rectifier) borderLit(to, from geom.Camera) bool {
	const steps = 64
	w, h := float64(to.W-1), float64(to.H-1)
	lit := func(x, y float64) bool {
		p := r.source(to, from, geom.Vec2{X: x, Y: y})
		return p.X >= 0 && p.Y >= 0 && p.X <= w && p.Y <= h // false for NaN
	}
	for i := 0; i <= steps; i++ {
		f := float64(i) / steps
		if !lit(f*w, 0) || !lit(f*w, h) || !lit(0, f*h) || !lit(w, f*h) {
			return false
		}
	}
	return true
}

// depthIndex returns, for every pixel of the undistorted depth image of w x h,
// the pixel of the stored one that it takes, -1 for none. Depth is not
// interpolated: between two surfaces there is nothing.
func (r *rectifier) depthIndex(w, h int) []int32 {
	r.depthOnce.Lock()
	defer r.depthOnce.Unlock()
	if m, ok := r.depthMaps[[2]int{w, h}]; ok {
		return m
	}
	to, from := r.camera.Resized(w, h), r.lens.cam.Resized(w, h)
	m := make([]int32, w*h)
	for i := range m {
		p := r.source(to, from, geom.Vec2{X: float64(i % w), Y: float64(i / w)})
		x, y := math.Round(p.X), math.Round(p.Y)
		if x >= 0 && y >= 0 && x < float64(w) && y < float64(h) {
			m[i] = int32(y)*int32(w) + int32(x)
		} else {
			m[i] = -1
		}
	}
	if r.depthMaps == nil {
		r.depthMaps = map[[2]int][]int32{}
	}
	r.depthMaps[[2]int{w, h}] = m
	return m
}
