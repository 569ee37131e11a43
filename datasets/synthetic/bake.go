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

// bakeSamples are the rays a node of a light map shoots: to every lamp, and
// over the half space above it.
const (
	lampSamples = 4
	skySamples  = 14
)

// bake gives every surface of the groups a light map with nodes about cellM
// apart: direct light of the lamps with soft shadows, and light of the
// surroundings and of one bounce, less where corners are narrow.
func bake(groups []*group, lights []areaLight, ambient [3]float64, cellM float64, seed uint64) {
	var all []*surface
	for _, g := range groups {
		for i := range g.surfaces {
			all = append(all, &g.surfaces[i])
		}
	}
	b := &baker{tree: newTracer(all), lights: lights, ambient: ambient, cellM: cellM}
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
				if all[i].emit == 0 {
					b.surface(all[i], stream(seed, int64(i)))
				}
			}
		}()
	}
	wg.Wait()
}

type baker struct {
	tree    *tracer
	lights  []areaLight
	ambient [3]float64
	cellM   float64
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
	origin := s.n.Scale(s.d)
	for j := range h {
		for i := range w {
			// A little inside the border, which often touches a neighbour.
			a := lo1 + d1*inset(i, w)
			c := lo2 + d2*inset(j, h)
			p := origin.Add(e1.Scale(a)).Add(e2.Scale(c)).Add(s.n.Scale(2e-3))
			l.pix[j*w+i] = b.node(p, s.n, r)
		}
	}
	s.light = l
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
	var sum [3]float64
	for i := range b.lights {
		l := &b.lights[i]
		area := 4 * l.e1.Cross(l.e2).Norm()
		share := 0.0
		for range lampSamples {
			q := l.centre.Add(l.e1.Scale(uniform(r, -1, 1))).Add(l.e2.Scale(uniform(r, -1, 1)))
			to := q.Sub(p)
			d2 := to.Norm2()
			dir := to.Unit()
			cos, cosL := dir.Dot(n), -dir.Dot(l.n)
			if cos <= 0 || cosL <= 0 || b.tree.blocked(p, dir, math.Sqrt(d2)-.03) {
				continue
			}
			share += cos * cosL * area / (math.Pi * (d2 + .02)) / lampSamples
		}
		for k := range 3 {
			sum[k] += share * l.radiance[k]
		}
	}
	around := b.gathered(p, n, r)
	for k := range 3 {
		out[k] = float32(sum[k] + around[k])
	}
	return out
}

// gathered returns the mean light over the half space: the ambient light where
// a ray goes far, the colour of what it meets, dimmer the nearer that is.
func (b *baker) gathered(p, n geom.Vec3, r *rand.Rand) (sum [3]float64) {
	const farM, bounce = 1.2, .3
	for range skySamples {
		// Cosine-weighted direction: the normal plus a point on the sphere.
		dir := n.Add(geom.Vec3{X: r.NormFloat64(), Y: r.NormFloat64(), Z: r.NormFloat64()}.Unit()).Unit()
		hit, t := b.tree.nearest(p, dir)
		if hit == nil {
			for k := range 3 {
				sum[k] += b.ambient[k] / skySamples
			}
			continue
		}
		open := min(t/farM, 1)
		for k := range 3 {
			c := bounce * hit.tex.mean[k] * hit.tint[k] * (.25 + .75*open)
			sum[k] += (c + hit.emit*hit.tex.mean[k]*.2 + b.ambient[k]*open) / skySamples
		}
	}
	return sum
}
