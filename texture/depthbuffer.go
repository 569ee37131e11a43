package texture

import (
	"math"

	"github.com/metricslam/metricslam/geom"
)

const (
	// depthWidthPx is how wide a depth buffer is at most: silhouettes to half a pixel
	// of a usual keyframe.
	depthWidthPx = 640
	// marginPx is how far from a silhouette, in pixels of the depth buffer, an image
	// is not trusted: fusion rounds the edges of a surface by about a voxel, 2 cm at
	// 2.5 m.
	marginPx = 4
	// sameShare of its distance is what a surface may lie in front of another and
	// still be the same: bumps of the mesh do not hide it.
	sameShare = .02
)

// depthBuffer holds the inverse distance of the nearest surface along each pixel's
// ray, in 1/m; 0 where there is none.
type depthBuffer struct {
	w, h    int
	sx, sy  float64   // its pixels a pixel of the image
	inverse []float32 // of the surface
	near    []float32 // the largest within marginPx
}

// newDepthBuffer draws the triangles of a view.
func newDepthBuffer(s *surface, v View, faces []uint32) *depthBuffer {
	d := &depthBuffer{w: v.Camera.W, h: v.Camera.H}
	if d.w > depthWidthPx {
		d.w, d.h = depthWidthPx, max(1, v.Camera.H*depthWidthPx/v.Camera.W)
	}
	d.sx, d.sy = float64(d.w)/float64(v.Camera.W), float64(d.h)/float64(v.Camera.H)
	d.inverse = make([]float32, d.w*d.h)
	for _, f := range faces {
		if t, ok := d.triangle(s, &v, f); ok {
			t.fill(d.w, d.h, func(i int, l [3]float32) {
				d.inverse[i] = max(d.inverse[i], t.inverse(l))
			})
		}
	}
	d.near = widest(d.inverse, d.w, d.h, marginPx)
	return d
}

// at returns the pixel of the buffer where an image's pixel lies.
func (d *depthBuffer) at(u pixel) pixel {
	return pixel{(u.x+.5)*d.sx - .5, (u.y+.5)*d.sy - .5, u.inv}
}

// flat is a triangle in an image.
type flat [3]pixel

func (t *flat) inverse(l [3]float32) float32 {
	return l[0]*float32(t[0].inv) + l[1]*float32(t[1].inv) + l[2]*float32(t[2].inv)
}

// triangle projects one into the buffer; ok is false where it reaches behind the
// camera.
func (d *depthBuffer) triangle(s *surface, v *View, f uint32) (t flat, ok bool) {
	for k, c := range s.Triangles[f] {
		u, ok := v.see(s.at(c))
		if !ok {
			return t, false
		}
		t[k] = d.at(u)
	}
	return t, true
}

// area is positive where the corners turn clockwise as the image shows them (y
// down): the triangle is seen from its front, counter-clockwise side in space.
func (t *flat) area() float64 {
	return ((t[1].x-t[0].x)*(t[2].y-t[0].y) - (t[1].y-t[0].y)*(t[2].x-t[0].x)) / 2
}

// fill calls f for the pixels whose centre lies in the triangle, with the weights
// of its corners there. Triangles that share an edge share no pixel.
func (t *flat) fill(w, h int, f func(i int, l [3]float32)) {
	a := 2 * t.area()
	if a == 0 {
		return
	}
	x0 := max(int(math.Ceil(min(t[0].x, t[1].x, t[2].x))), 0)
	x1 := min(int(math.Floor(max(t[0].x, t[1].x, t[2].x))), w-1)
	y0 := max(int(math.Ceil(min(t[0].y, t[1].y, t[2].y))), 0)
	y1 := min(int(math.Floor(max(t[0].y, t[1].y, t[2].y))), h-1)
	// The weight of corner k is linear: e[k] + gx[k] x + gy[k] y.
	var gx, gy, e [3]float64
	var closed [3]bool // whether pixels on the edge opposite of the corner belong to it
	for k := range 3 {
		p, q := t[(k+1)%3], t[(k+2)%3]
		gx[k], gy[k] = (p.y-q.y)/a, (q.x-p.x)/a
		e[k] = -gx[k]*p.x - gy[k]*p.y
		closed[k] = gx[k] > 0 || gx[k] == 0 && gy[k] > 0
	}
	for y := y0; y <= y1; y++ {
		from, to := x0, x1
		var row [3]float64
		for k := range row {
			row[k] = e[k] + gy[k]*float64(y)
			switch { // where it is not negative, and a pixel more for rounding
			case gx[k] > 0:
				from = max(from, int(min(math.Ceil(-row[k]/gx[k]), float64(w)))-1)
			case gx[k] < 0:
				to = min(to, int(max(math.Floor(-row[k]/gx[k]), -1))+1)
			}
		}
		for x := from; x <= to; x++ {
			u, v, r := row[0]+gx[0]*float64(x), row[1]+gx[1]*float64(x), row[2]+gx[2]*float64(x)
			if u < 0 || v < 0 || r < 0 || u == 0 && !closed[0] || v == 0 && !closed[1] || r == 0 && !closed[2] {
				continue
			}
			f(y*w+x, [3]float32{float32(u), float32(v), float32(r)})
		}
	}
}

// slope is how much the inverse distance of a triangle changes over marginPx and
// one more pixel.
func (t *flat) slope() float32 {
	a := 2 * t.area()
	if a == 0 {
		return 0
	}
	dx := (t[1].inv-t[0].inv)*(t[2].y-t[0].y) - (t[2].inv-t[0].inv)*(t[1].y-t[0].y)
	dy := (t[2].inv-t[0].inv)*(t[1].x-t[0].x) - (t[1].inv-t[0].inv)*(t[2].x-t[0].x)
	return float32((math.Abs(dx) + math.Abs(dy)) / math.Abs(a) * (marginPx + 1))
}

// sight is what a depth buffer says of a point.
type sight int

const (
	visible  sight = iota
	doubtful       // something nearer is within marginPx
	hidden
)

// ask tells whether a point with an inverse distance is seen at pixel i, slope being
// that of its surface.
func (d *depthBuffer) ask(i int, inverse, slope float32) sight {
	limit := inverse*(1+sameShare) + slope
	switch {
	case d.inverse[i] > limit:
		return hidden
	case d.near[i] > limit:
		return doubtful
	}
	return visible
}

// askPoint is ask at a pixel of the image.
func (d *depthBuffer) askPoint(u pixel, slope float32) sight {
	p := d.at(u)
	x, y := min(max(int(p.x+.5), 0), d.w-1), min(max(int(p.y+.5), 0), d.h-1)
	return d.ask(y*d.w+x, float32(u.inv), slope)
}

// widest returns the maximum within a square of 2 reach + 1 pixels.
func widest(in []float32, w, h, reach int) []float32 {
	rows, out := make([]float32, len(in)), make([]float32, len(in))
	for y := range h {
		row := in[y*w : (y+1)*w]
		for x := range row {
			rows[y*w+x] = maximum(row[max(x-reach, 0):min(x+reach+1, w)])
		}
	}
	for y := range h {
		to := out[y*w : (y+1)*w]
		copy(to, rows[y*w:])
		for j := max(y-reach, 0); j <= min(y+reach, h-1); j++ {
			for x, v := range rows[j*w : (j+1)*w] {
				to[x] = max(to[x], v)
			}
		}
	}
	return out
}

func maximum(v []float32) (m float32) {
	for _, x := range v {
		m = max(m, x)
	}
	return m
}

// facing is the cosine between a triangle's normal and the direction to a camera.
func facing(s *surface, f uint32, eye geom.Vec3) float64 {
	d := eye.Sub(s.at(s.Triangles[f][0]))
	n := d.Norm()
	if n == 0 {
		return 0
	}
	return s.normals[f].Dot(d) / n
}
