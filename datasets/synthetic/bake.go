package synthetic

import (
	"math"
	"math/rand/v2"
	"runtime"
	"sync"
	"sync/atomic"

	"github.com/metricslam/metricslam/geom"
)

// areaLight is a rectangle that shines to its front.
type areaLight struct {
	centre, n, e1, e2 geom.Vec3 // e1, e2: half edges
	radiance          [3]float64
}

// lighting is what lights a scene and how finely that is computed.
type lighting struct {
	areas    []areaLight
	sun      geom.Vec3  // unit vector to the sun
	sunlight [3]float64 // of a white surface that faces it; zero indoors
	ambient  [3]float64 // radiance of the sky, or of the far side of a room
	leak     float64    // share of ambient light that is left behind an obstacle far off
	bounce   float64    // radiance of a white obstacle
	cellM    float64    // distance of the nodes of light maps
	rays     int        // over the half space, for each node; 0: leave all dark
	shadow   int        // rays to every lamp and the sun
}

// open returns the light on an unshaded surface of normal n under the sky.
func (l *lighting) open(n geom.Vec3) (out [3]float64) {
	sun := max(n.Dot(l.sun), 0)
	for k := range 3 {
		out[k] = l.ambient[k]*(.6+.4*n.Z) + sun*l.sunlight[k]
	}
	return out
}

// bake gives every surface of the groups a light map: direct light with soft
// shadows, and light of the surroundings and of one bounce, less where corners
// are narrow. Surfaces that have a flat light keep it.
func bake(groups []*group, l lighting, seed uint64) {
	if l.rays == 0 {
		return
	}
	var all []*surface
	for _, g := range groups {
		for i := range g.surfaces {
			all = append(all, &g.surfaces[i])
		}
	}
	b := &baker{lighting: l, tree: newTracer(all)}
	var next atomic.Int64
	var wg sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		wg.Add(1)
		go func() {
			defer wg.Done()
			for {
				i := int(next.Add(1)) - 1
				if i >= len(all) {
					return
				}
				if all[i].emit == 0 && all[i].flat == ([3]float64{}) {
					b.surface(all[i], stream(seed, int64(i)))
				}
			}
		}()
	}
	wg.Wait()
}

type baker struct {
	lighting
	tree *tracer
}

// surface lays a grid over s and lights its nodes.
func (b *baker) surface(s *surface, r *rand.Rand) {
	e1 := s.uA.Unit()
	e2 := s.n.Cross(e1)
	lo1, hi1, lo2, hi2 := math.Inf(1), math.Inf(-1), math.Inf(1), math.Inf(-1)
	for _, p := range s.verts {
		lo1, hi1 = min(lo1, e1.Dot(p)), max(hi1, e1.Dot(p))
		lo2, hi2 = min(lo2, e2.Dot(p)), max(hi2, e2.Dot(p))
	}
	w, d1 := gridOver(hi1-lo1, b.cellM)
	h, d2 := gridOver(hi2-lo2, b.cellM)
	l := &lightmap{w: w, h: h, pix: make([][3]float32, w*h),
		uA: e1.Scale(1 / d1), vA: e2.Scale(1 / d2), u0: -lo1 / d1, v0: -lo2 / d2}
	light := *b
	if w*h == 1 { // too small for noise to show as a pattern
		light.rays, light.shadow = max(b.rays/2, 1), max(b.shadow/2, 1)
	}
	origin := s.n.Scale(s.d)
	for j := range h {
		for i := range w {
			// A little inside the border, which often touches a neighbour.
			a := lo1 + d1*inset(i, w)
			c := lo2 + d2*inset(j, h)
			p := origin.Add(e1.Scale(a)).Add(e2.Scale(c)).Add(s.n.Scale(2e-3))
			l.pix[j*w+i] = light.node(p, s.n, r)
		}
	}
	l.smooth()
	s.light = l
}

// smooth averages neighbouring nodes with weights 1, 2, 1 in both directions:
// few rays a node leave noise, which is no texture of the wall.
func (l *lightmap) smooth() {
	pass := func(n, step, lines, lineStep int) {
		if n < 3 {
			return
		}
		line := make([][3]float32, n)
		for j := range lines {
			for i := range line {
				line[i] = l.pix[j*lineStep+i*step]
			}
			for i := range line {
				a, b, c := line[max(i-1, 0)], line[i], line[min(i+1, n-1)]
				for k := range 3 {
					l.pix[j*lineStep+i*step][k] = (a[k] + 2*b[k] + c[k]) / 4
				}
			}
		}
	}
	pass(l.w, 1, l.h, l.w)
	pass(l.h, l.w, l.w, 1)
}

// gridOver returns the nodes and their distance over an extent. What is smaller
// than a cell has one node, in its middle.
func gridOver(extentM, cellM float64) (n int, stepM float64) {
	if extentM < cellM {
		return 1, max(extentM, 1e-6)
	}
	n = min(int(extentM/cellM+.5), 64)
	return n + 1, extentM / float64(n)
}

// inset returns where node i of n lies, in steps.
func inset(i, n int) float64 {
	if n == 1 {
		return .5
	}
	return min(max(float64(i), .12), float64(n-1)-.12)
}

// node returns the light at a point with normal n.
func (b *baker) node(p, n geom.Vec3, r *rand.Rand) (out [3]float32) {
	sum := b.gathered(p, n, r)
	for i := range b.areas {
		l := &b.areas[i]
		share := b.fromArea(l, p, n, r)
		for k := range 3 {
			sum[k] += share * l.radiance[k]
		}
	}
	if b.sunlight[0] > 0 {
		share := b.fromSun(p, n, r)
		for k := range 3 {
			sum[k] += share * b.sunlight[k]
		}
	}
	for k := range 3 {
		out[k] = float32(sum[k])
	}
	return out
}

// fromArea returns the form factor of the visible part of a lamp.
func (b *baker) fromArea(l *areaLight, p, n geom.Vec3, r *rand.Rand) (share float64) {
	area := 4 * l.e1.Cross(l.e2).Norm()
	for range b.shadow {
		q := l.centre.Add(l.e1.Scale(uniform(r, -1, 1))).Add(l.e2.Scale(uniform(r, -1, 1)))
		to := q.Sub(p)
		d2 := to.Norm2()
		dir := to.Unit()
		cos, cosL := dir.Dot(n), -dir.Dot(l.n)
		if cos <= 0 || cosL <= 0 || b.tree.blocked(p, dir, math.Sqrt(d2)-.03) {
			continue
		}
		share += cos * cosL * area / (math.Pi * (d2 + .02)) / float64(b.shadow)
	}
	return share
}

// fromSun returns the cosine of the sun, less where it is hidden; the sun is
// given a generous size, as behind thin cloud.
func (b *baker) fromSun(p, n geom.Vec3, r *rand.Rand) (share float64) {
	for range b.shadow {
		dir := b.sun.Add(geom.Vec3{X: r.NormFloat64(), Y: r.NormFloat64(), Z: r.NormFloat64()}.Scale(.03)).Unit()
		if cos := dir.Dot(n); cos > 0 && !b.tree.blocked(p, dir, 200) {
			share += cos / float64(b.shadow)
		}
	}
	return share
}

// gathered returns the mean light over the half space: the ambient light where
// a ray goes far, the colour of what it meets, dimmer the nearer that is.
func (b *baker) gathered(p, n geom.Vec3, r *rand.Rand) (sum [3]float64) {
	const farM = 1.2
	for range b.rays {
		// Cosine-weighted direction: the normal plus a point on the sphere.
		dir := n.Add(geom.Vec3{X: r.NormFloat64(), Y: r.NormFloat64(), Z: r.NormFloat64()}.Unit()).Unit()
		hit, t := b.tree.nearest(p, dir)
		if hit == nil {
			for k := range 3 {
				sum[k] += b.ambient[k] * min(1+dir.Z, 1)
			}
			continue
		}
		open := min(t/farM, 1)
		for k := range 3 {
			c := (b.bounce*hit.tint[k]*(.25+.75*open) + hit.emit*.2) * hit.tex.mean[k]
			sum[k] += c + b.ambient[k]*open*b.leak
		}
	}
	for k := range 3 {
		sum[k] /= float64(b.rays)
	}
	return sum
}
