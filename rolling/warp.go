package rolling

import (
	"math"

	"github.com/metricslam/metricslam/geom"
	"github.com/metricslam/metricslam/slam"
)

// Motion is how a camera moves, per second and in its own axes.
type Motion struct {
	V geom.Vec3 // in the unit of the depths
	W geom.Vec3 // radians
}

// Warp says for every pixel of the wanted image where it lies in the one that was
// read.
type Warp struct {
	cam      geom.Camera
	readoutS float64
	motion   Motion
	cols     int
	nodes    []geom.Vec2 // offsets at a grid of places
}

// cell is the distance of the places for which the motion is computed, in pixels;
// between them the offset is interpolated.
const cell = 8

// New returns the warp of images of a camera whose rows are read within readoutS
// seconds; inverse gives the inverse depth at a pixel, 0 where nothing is known.
func New(cam geom.Camera, readoutS float64, m Motion, inverse func(geom.Vec2) float64) *Warp {
	w := &Warp{cam: cam, readoutS: readoutS, motion: m, cols: (cam.W+cell-1)/cell + 1}
	rows := (cam.H+cell-1)/cell + 1
	w.nodes = make([]geom.Vec2, w.cols*rows)
	for i := range w.nodes {
		u := geom.Vec2{X: float64(i % w.cols * cell), Y: float64(i / w.cols * cell)}
		w.nodes[i] = w.offset(u, inverse(u))
	}
	return w
}

// tau is when a row is exposed, against the middle of the image.
func (w *Warp) tau(row float64) float64 { return ((row+.5)/float64(w.cam.H) - .5) * w.readoutS }

// offset returns how far from u its ray was read: at the row where it was at the
// moment when that row was exposed.
func (w *Warp) offset(u geom.Vec2, inverse float64) geom.Vec2 {
	const rounds = 3 // each leaves a hundredth of the error: rows move slowly
	ray := w.cam.Ray(u)
	at := u
	for range rounds {
		tau := w.tau(at.Y)
		p := geom.ExpSO3(w.motion.W.Scale(-tau)).MulVec(ray.Sub(w.motion.V.Scale(tau * inverse)))
		if p.Z < .1 {
			return geom.Vec2{}
		}
		at = w.cam.Project(p)
	}
	return at.Sub(u)
}

// from returns where pixel (x, y) lies in the image that was read, within it.
func (w *Warp) from(x, y int) (float64, float64) {
	i := y/cell*w.cols + x/cell
	fx, fy := float64(x%cell)/cell, float64(y%cell)/cell
	a, b, c, d := w.nodes[i], w.nodes[i+1], w.nodes[i+w.cols], w.nodes[i+w.cols+1]
	dx := (1-fy)*((1-fx)*a.X+fx*b.X) + fy*((1-fx)*c.X+fx*d.X)
	dy := (1-fy)*((1-fx)*a.Y+fx*b.Y) + fy*((1-fx)*c.Y+fx*d.Y)
	return min(max(float64(x)+dx, 0), float64(w.cam.W-1)), min(max(float64(y)+dy, 0), float64(w.cam.H-1))
}

// fixed is the number of steps between two pixels in interpolation.
const fixed = 256

// Gray returns the image at one moment.
func (w *Warp) Gray(g slam.Gray) slam.Gray {
	out := slam.NewGray(g.W, g.H)
	w.sample(g.Pix, out.Pix, 1)
	return out
}

// RGB returns the image at one moment.
func (w *Warp) RGB(c slam.RGB) slam.RGB {
	out := slam.NewRGB(c.W, c.H)
	w.sample(c.Pix, out.Pix, 3)
	return out
}

// sample interpolates images of n channels.
func (w *Warp) sample(in, out []uint8, n int) {
	width, height := w.cam.W, w.cam.H
	for y := range height {
		for x := range width {
			sx, sy := w.from(x, y)
			x0, y0 := min(int(sx), width-2), min(int(sy), height-2)
			x0, y0 = max(x0, 0), max(y0, 0)
			fx, fy := int((sx-float64(x0))*fixed), int((sy-float64(y0))*fixed)
			i := (y0*width + x0) * n
			right, down := n, width*n
			if width == 1 {
				right = 0
			}
			if height == 1 {
				down = 0
			}
			for k := range n {
				top := int(in[i+k])*(fixed-fx) + int(in[i+k+right])*fx
				low := int(in[i+k+down])*(fixed-fx) + int(in[i+k+down+right])*fx
				out[(y*width+x)*n+k] = uint8((top*(fixed-fy) + low*fy + fixed*fixed/2) / (fixed * fixed))
			}
		}
	}
}

// Depth returns a depth map, registered to the image and read like it, at one
// moment. Depth is not interpolated: between two surfaces there is nothing.
func (w *Warp) Depth(d slam.DepthMap) slam.DepthMap {
	out := d
	out.Depth = make([]float32, len(d.Depth))
	sx, sy := float64(w.cam.W)/float64(d.W), float64(w.cam.H)/float64(d.H)
	for y := range d.H {
		for x := range d.W {
			px := min(int((float64(x)+.5)*sx), w.cam.W-1)
			py := min(int((float64(y)+.5)*sy), w.cam.H-1)
			ux, uy := w.from(px, py)
			qx := min(max(int(math.Round(float64(x)+(ux-float64(px))/sx)), 0), d.W-1)
			qy := min(max(int(math.Round(float64(y)+(uy-float64(py))/sy)), 0), d.H-1)
			z := float64(d.Depth[qy*d.W+qx])
			if z <= 0 {
				continue
			}
			tau := w.tau(uy)
			p := d.Camera.Ray(geom.Vec2{X: float64(qx), Y: float64(qy)}).Scale(z)
			p = geom.ExpSO3(w.motion.W.Scale(tau)).MulVec(p).Add(w.motion.V.Scale(tau))
			out.Depth[y*d.W+x] = float32(max(p.Z, 0))
		}
	}
	return out
}
