// Package filter cleans a depth map and adds what can be told from it: depth
// edges dropped, a range cap, normals, and a deviation from the agreement of
// several keyframes. Nothing changes its argument.
package filter

import (
	"math"

	"github.com/metricslam/metricslam/geom"
	"github.com/metricslam/metricslam/slam"
)

// Edge is the usual window and spread of DropEdges: a spread over 8 % within
// 7x7 pixels.
const (
	EdgeRadius = 3
	EdgeSpread = .08
)

// DropEdges makes pixels unknown where the known depths within radius px (a
// square) spread by more than the given fraction of the nearest: there a network
// or a camera mixes two surfaces into points in the air.
func DropEdges(d slam.DepthMap, radius int, spread float64) slam.DepthMap {
	lo, hi := extremes(d.Depth, d.W, d.H, radius)
	out := d
	out.Depth = make([]float32, len(d.Depth))
	limit := float32(1 + spread)
	for i, z := range d.Depth {
		if z > 0 && hi[i] <= limit*lo[i] {
			out.Depth[i] = z
		}
	}
	return out
}

// Cap makes pixels farther than maxM metres unknown.
func Cap(d slam.DepthMap, maxM float64) slam.DepthMap {
	out := d
	out.Depth = make([]float32, len(d.Depth))
	for i, z := range d.Depth {
		if z <= float32(maxM) {
			out.Depth[i] = z
		}
	}
	return out
}

// extremes returns the least and the greatest known value within radius px of
// every pixel, along the rows and then down the columns. Unknown ones do not
// count.
func extremes(depth []float32, w, h, radius int) (lo, hi []float32) {
	// With radius neutral rows above and below, and one such line.
	lo, hi = neutral((h+2*radius)*w), make([]float32, (h+2*radius)*w)
	a, b := make([]float32, w+2*radius), make([]float32, w+2*radius)
	inf := float32(math.Inf(1))
	for y := range h {
		for i := range a {
			a[i], b[i] = inf, 0
		}
		for x, z := range depth[y*w : (y+1)*w] {
			if z > 0 {
				a[radius+x], b[radius+x] = z, z
			}
		}
		slide(a, b, 1, 2*radius+1)
		copy(lo[(y+radius)*w:][:w], a)
		copy(hi[(y+radius)*w:][:w], b)
	}
	slide(lo, hi, w, 2*radius+1)
	return lo[:w*h], hi[:w*h]
}

func neutral(n int) []float32 {
	v := make([]float32, n)
	inf := float32(math.Inf(1))
	for i := range v {
		v[i] = inf
	}
	return v
}

// slide leaves in a[i] the least of a[i], a[i+stride], ... over width values and
// in b[i] the greatest likewise: windows of twice the length until two of them
// cover the width.
func slide(a, b []float32, stride, width int) {
	for have := 1; have < width; {
		step := min(have, width-have)
		far := a[min(step*stride, len(a)):]
		for i, v := range far {
			if v < a[i] {
				a[i] = v
			}
		}
		far = b[min(step*stride, len(b)):]
		for i, v := range far {
			if v > b[i] {
				b[i] = v
			}
		}
		have += step
	}
}

// Normals returns the unit normal of the surface at every pixel in camera
// coordinates, facing the camera; the zero vector where a neighbour is unknown
// or across a depth edge. They come from the points left, right, above and
// below.
func Normals(d slam.DepthMap) [][3]float32 {
	n := make([][3]float32, d.W*d.H)
	at := func(x, y int) geom.Vec3 {
		return d.Camera.Unproject(geom.Vec2{X: float64(x), Y: float64(y)}, float64(d.Depth[y*d.W+x]))
	}
	for y := range d.H {
		for x := range d.W {
			i := y*d.W + x
			if d.Depth[i] <= 0 {
				continue
			}
			l, r := max(x-1, 0), min(x+1, d.W-1)
			u, v := max(y-1, 0), min(y+1, d.H-1)
			if !slam.SameSurface(d.Depth[y*d.W+l], d.Depth[y*d.W+r], 2*EdgeSpread) ||
				!slam.SameSurface(d.Depth[u*d.W+x], d.Depth[v*d.W+x], 2*EdgeSpread) {
				continue
			}
			c := at(x, v).Sub(at(x, u)).Cross(at(r, y).Sub(at(l, y))).Unit()
			if c.Dot(at(x, y)) > 0 {
				c = c.Scale(-1)
			}
			n[i] = [3]float32{float32(c.X), float32(c.Y), float32(c.Z)}
		}
	}
	return n
}
