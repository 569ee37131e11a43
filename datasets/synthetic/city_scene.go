package synthetic

import (
	"math"
	"slices"
	"sync"

	"github.com/metricslam/metricslam/geom"
)

// cityScene is an endless city. Its streets and crossings are built from the
// seed and their place when they first come near, and dropped when they are
// far, so that a drive of any length needs little memory and a street is the
// same whenever it is driven.
type cityScene struct {
	plan    cityPlan
	seed    uint64
	tex     []*texture
	light   lighting
	around  surroundings
	traffic *traffic

	mu     sync.Mutex
	here   crossing // that the camera was nearest to
	blocks map[blockKey]*block
}

// blockKey names a street from a crossing to the east (0) or north (1), or the
// crossing itself (2).
type blockKey struct {
	at   crossing
	kind int
}

// block is a built street or crossing: shell is seen from afar, all includes
// small things and has its light baked.
type block struct {
	shell, all []*group
}

// Distances in metres at which streets are drawn, and how much farther they are
// forgotten.
const (
	shellRangeM  = 300
	detailRangeM = 190
	crossRangeM  = 90
	forgetM      = 40
)

// newCityScene prepares a city with the outdoor textures tex.
func newCityScene(p cityPlan, path *streetPath, tex []*texture, seed uint64) *cityScene {
	r := stream(seed, 7)
	azimuth := uniform(r, 0, 2*math.Pi)
	elevation := uniform(r, .6, .95)
	sun := geom.Vec3{X: math.Cos(azimuth) * math.Cos(elevation), Y: math.Sin(azimuth) * math.Cos(elevation), Z: math.Sin(elevation)}
	haze := [3]float64{.62, .66, .72}
	s := &cityScene{
		plan: p, seed: seed, tex: tex, blocks: map[blockKey]*block{},
		light: lighting{sun: sun, sunlight: [3]float64{1.25, 1.15, 1}, ambient: [3]float64{.52, .58, .68}, leak: .12, bounce: .3,
			cellM: 1.7, rays: 7, shadow: 2},
	}
	s.around = surroundings{hazePerM: 1. / 700, haze: haze, sky: s.tex[texClouds], zenith: [3]float64{1, 1.02, 1.05},
		lamps: []lamp{{pos: sun, far: true, radiance: [3]float64{9, 8.5, 8}, sharp: 220}}}
	s.traffic = newTraffic(p, path, seed)
	return s
}

func (s *cityScene) surroundings() *surroundings { return &s.around }

// groups returns the streets in range and the cars that move on them.
func (s *cityScene) groups(pose geom.SE3, t float64, dst []*group) []*group {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := pose.T
	here := s.plan.near(p)
	if here != s.here {
		s.here = here
		s.forget(p)
	}
	reach := int(shellRangeM/s.plan.pitchM) + 1
	for i := here.i - reach; i <= here.i+reach; i++ {
		for j := here.j - reach; j <= here.j+reach; j++ {
			for kind := range 3 {
				k := blockKey{crossing{i, j}, kind}
				d := s.distance(k, p)
				switch {
				case d > shellRangeM || s.behind(k, pose):
				case d < s.detailRange(k, p):
					dst = appendNear(dst, s.block(k, true).all, p)
				default:
					dst = append(dst, s.block(k, false).shell...)
				}
			}
		}
	}
	return s.traffic.groups(s, p, t, dst)
}

// appendNear appends the groups within their range of p.
func appendNear(dst, groups []*group, p geom.Vec3) []*group {
	for _, g := range groups {
		if g.rangeM == 0 || g.centre.Sub(p).Norm() < g.rangeM {
			dst = append(dst, g)
		}
	}
	return dst
}

// behind reports whether a block lies outside the camera's field of view, seen
// from above and with a margin for the width of the street and its houses.
func (s *cityScene) behind(k blockKey, pose geom.SE3) bool {
	const slope = .95 // tangent of half the field of view, with a margin
	a, b := k.ends()
	c := s.plan.at(a).Add(s.plan.at(b)).Scale(.5)
	radius := s.plan.pitchM/2 + facadeM + houseDeepM
	c.Z = pose.T.Z
	q := pose.ApplyInverse(c)
	return q.Z < -radius || (math.Abs(q.X)-slope*q.Z)/math.Hypot(1, slope) > radius
}

// ends returns the two crossings of a block.
func (k blockKey) ends() (a, b crossing) {
	a, b = k.at, k.at
	switch k.kind {
	case 0:
		b.i++
	case 1:
		b.j++
	}
	return a, b
}

// distance returns how far the block's middle line is from p.
func (s *cityScene) distance(k blockKey, p geom.Vec3) float64 {
	a, b := k.ends()
	lo, hi := s.plan.at(a), s.plan.at(b)
	dx := p.X - min(max(p.X, lo.X), hi.X)
	dy := p.Y - min(max(p.Y, lo.Y), hi.Y)
	return math.Hypot(dx, dy)
}

// detailRange returns from how near small things of a block are drawn: far
// along the street on which p stands, less for the streets that cross it, and
// never for those behind houses.
func (s *cityScene) detailRange(k blockKey, p geom.Vec3) float64 {
	const beside = facadeM + 6
	here := s.plan.near(p)
	mid := s.plan.at(here)
	a, b := k.ends()
	reach := 0.
	if math.Abs(p.Y-mid.Y) < beside {
		reach = max(reach, reachOf(a.j == here.j, b.j == here.j))
	}
	if math.Abs(p.X-mid.X) < beside {
		reach = max(reach, reachOf(a.i == here.i, b.i == here.i))
	}
	return reach
}

// reachOf takes which of a block's ends lie on the street of the camera.
func reachOf(a, b bool) float64 {
	switch {
	case a && b:
		return detailRangeM
	case a || b:
		return crossRangeM
	default:
		return 0
	}
}

// forget drops what is out of reach of p: nearly all of a block's memory is its
// small things.
func (s *cityScene) forget(p geom.Vec3) {
	for k, b := range s.blocks {
		switch d := s.distance(k, p); {
		case d > shellRangeM+forgetM:
			delete(s.blocks, k)
		case d > detailRangeM+forgetM && b.all != nil:
			s.blocks[k] = &block{shell: b.shell} // the old one may be in use by another goroutine
		}
	}
}

// block returns a block, building it if need be; all of it is lit on demand.
func (s *cityScene) block(k blockKey, lit bool) *block {
	b := s.blocks[k]
	if b == nil {
		b = s.build(k, false)
		s.blocks[k] = b
	}
	if lit && b.all == nil {
		// A second, lit copy: the first may be in use by another goroutine.
		b = &block{shell: b.shell, all: s.build(k, true).all}
		s.blocks[k] = b
	}
	return b
}

// build makes the groups of a block from the seed and the place.
func (s *cityScene) build(k blockKey, lit bool) *block {
	m := &mason{shell: &group{}, tex: s.tex, light: &s.light, r: stream(s.seed, 8, int64(k.at.i), int64(k.at.j), int64(k.kind))}
	o := s.plan.at(k.at)
	switch k.kind {
	case 0:
		m.street(at(o.X, o.Y, 0, 0), s.plan.pitchM, facadeM)
	case 1:
		m.street(at(o.X, o.Y, 0, math.Pi/2), s.plan.pitchM, facadeM+houseDeepM+1)
	default:
		m.crossing(at(o.X, o.Y, 0, 0))
	}
	b := &block{}
	seed := hash(s.seed, 9, int64(k.at.i), int64(k.at.j), int64(k.kind))
	if lit {
		b.all = append([]*group{m.shell}, m.things...)
		bake(b.all, s.light, seed)
	} else {
		coarse := s.light
		coarse.cellM, coarse.rays, coarse.shadow = 4, min(s.light.rays, 5), 1
		b.shell = []*group{m.shell}
		bake(b.shell, coarse, seed)
	}
	for _, g := range append(m.things, m.shell) {
		g.surfaces = slices.Clone(g.surfaces) // it grew by doubling
		g.bound()
	}
	return b
}
