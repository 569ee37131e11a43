package patch

import (
	"math"

	"github.com/metricslam/metricslam/geom"
	"github.com/metricslam/metricslam/slam"
)

// patch is a window of an image seen through a warp, with its derivatives.
type patch struct {
	value  [area]float64
	gx, gy [area]float64 // less their mean, slope
	slope  geom.Vec2
	norm   float64 // root of the sum of squares around the mean
}

// warp is how the pixels of a plane, seen around pixel u of camera from, lie around
// where camera to sees that: to second order, since a road's near side is drawn out
// more than its far side is pressed together.
type warp struct {
	x, y, xx, xy, yy geom.Vec2 // of the pixel in from, by that in to
	closer           geom.Vec2 // how the pixel in to moves per unit of log inverse depth
}

// newWarp returns the warp around pixel u in images of size times the side of the
// cameras', where rel = T_to_from and plane is that of the patch: the inverse depth
// of ray r of from is plane.r.
func newWarp(from, to geom.Camera, rel geom.SE3, u geom.Vec2, plane geom.Vec3, size float64) (w warp, ok bool) {
	ray := from.Ray(u)
	centre := rel.R.MulVec(ray).Add(rel.T.Scale(plane.Dot(ray)))
	turned := rel.R.MulVec(plane)
	facing := 1 + turned.Dot(rel.T)
	if centre.Z < minDepth || facing < minDepth {
		return w, false
	}
	turned = turned.Scale(1 / facing) // the plane as to sees it
	c := to.Project(centre)
	ok = true
	const step = Radius + 1
	at := func(x, y float64) geom.Vec2 {
		r := to.Ray(c.Add(geom.Vec2{X: x, Y: y}.Scale(step / size)))
		p := rel.R.TMulVec(r.Sub(rel.T.Scale(turned.Dot(r))))
		ok = ok && p.Z > minDepth
		return from.Project(p).Sub(u).Scale(size)
	}
	l, r, t, b := at(-1, 0), at(1, 0), at(0, -1), at(0, 1)
	w.x, w.y = r.Sub(l).Scale(.5/step), b.Sub(t).Scale(.5/step)
	w.xx, w.yy = r.Add(l).Scale(.5/(step*step)), b.Add(t).Scale(.5/(step*step))
	w.xy = at(1, 1).Add(at(-1, -1)).Sub(at(1, -1)).Sub(at(-1, 1)).Scale(.25 / (step * step))
	const little = 1e-3
	w.closer = to.Project(centre.Add(rel.T.Scale(plane.Dot(ray) * little))).Sub(c).Scale(1 / little)
	area := w.x.X*w.y.Y - w.y.X*w.x.Y
	return w, ok && area > 1/(maxZoom*maxZoom) && area < maxZoom*maxZoom
}

// zoom is how much longer lengths are in to.
func (w *warp) zoom() float64 { return 1 / math.Sqrt(w.x.X*w.y.Y-w.y.X*w.x.Y) }

// source is the pixel of from that (x, y) of to shows, both from the centres.
func (w *warp) source(x, y float64) geom.Vec2 {
	return geom.Vec2{
		X: x*(w.x.X+x*w.xx.X+y*w.xy.X) + y*(w.y.X+y*w.yy.X),
		Y: x*(w.x.Y+x*w.xx.Y+y*w.xy.Y) + y*(w.y.Y+y*w.yy.Y),
	}
}

// gradient is that of f in from, where q is that in to.
func (w *warp) gradient(q geom.Vec2) geom.Vec2 {
	det := w.x.X*w.y.Y - w.y.X*w.x.Y
	return geom.Vec2{X: (w.y.Y*q.X - w.x.Y*q.Y) / det, Y: (w.x.X*q.Y - w.y.X*q.X) / det}
}

// newPatch reads the patch around u in g through a warp. ok is false at the border
// and where there is nothing to hold on to.
func newPatch(g slam.Gray, u geom.Vec2, w *warp) (p *patch, ok bool) {
	p = new(patch)
	const n = side + 2
	var v [n * n]float64
	for y := range n {
		for x := range n {
			d := w.source(float64(x-Radius-1), float64(y-Radius-1))
			grey, inside := grayAt(g, u.X+d.X, u.Y+d.Y)
			if !inside {
				return p, false
			}
			v[y*n+x] = grey
		}
	}
	i := 0
	var mean, mx, my float64
	for y := 1; y < n-1; y++ {
		for x := 1; x < n-1; x++ {
			at := y*n + x
			p.value[i] = v[at]
			p.gx[i], p.gy[i] = (v[at+1]-v[at-1])/2, (v[at+n]-v[at-n])/2
			mean += v[at]
			mx, my = mx+p.gx[i], my+p.gy[i]
			i++
		}
	}
	mean, mx, my = mean/area, mx/area, my/area
	var sum float64
	var h sym2
	for i := range p.value {
		p.value[i] -= mean
		p.gx[i], p.gy[i] = p.gx[i]-mx, p.gy[i]-my // light is taken out
		sum += p.value[i] * p.value[i]
		h.add(p.gx[i], p.gy[i])
	}
	p.norm, p.slope = math.Sqrt(sum), geom.Vec2{X: mx, Y: my}
	return p, h.least() > minGradient*minGradient*area && sum > minContrast*minContrast*area
}

func grayAt(g slam.Gray, x, y float64) (float64, bool) {
	ix, iy := int(math.Floor(x)), int(math.Floor(y))
	if ix < 0 || iy < 0 || ix+1 >= g.W || iy+1 >= g.H {
		return 0, false
	}
	fx, fy := x-float64(ix), y-float64(iy)
	i := iy*g.W + ix
	return (1-fy)*((1-fx)*float64(g.Pix[i])+fx*float64(g.Pix[i+1])) + fy*((1-fx)*float64(g.Pix[i+g.W])+fx*float64(g.Pix[i+g.W+1])), true
}
