package synthetic

import (
	"math"

	"github.com/metricslam/metricslam/geom"
)

// People and cars that move before the camera. They follow the camera's own way,
// so that they never stand in a wall, and are lit evenly.

// A person passes the camera, stays before it, and walks on, or comes towards it;
// then nobody is near for a while. Times in seconds, distances in metres along
// the way from the camera.
const (
	visitEveryS = 9.0
	behindM     = -1.5 // where somebody who overtakes begins
	overtakenS  = 2.2
	holdM       = 1.0 // distance that is kept: a person fills up to half the image
	holdS       = 3.0
	goneMPS     = 1.7
	visitS      = overtakenS + holdS + 4
	comingM     = 9.0 // where somebody who comes towards the camera begins
	comingMPS   = 1.9
	asideM      = .55 // sideways while passing
)

// visit returns where a person is at time tau of a visit: the distance before
// the camera, and sideways to the left; ok is false while nobody is there.
func visit(tau float64, oncoming bool) (aheadM, leftM float64, ok bool) {
	switch {
	case oncoming:
		aheadM = comingM - comingMPS*tau
		return aheadM, asideM, aheadM > -2
	case tau < overtakenS:
		u := tau / overtakenS
		s := u * u * (3 - 2*u)
		return behindM + (holdM-behindM)*s, -asideM * (1 - s), true
	case tau < overtakenS+holdS:
		return holdM, 0, true
	case tau < visitS:
		u := tau - overtakenS - holdS
		return holdM + goneMPS*u*u/(u+.5), 0, true
	}
	return 0, 0, false
}

// peopled is a scene with persons about.
type peopled struct {
	scene
	path    *walkPath
	persons []*person
}

// person is one of those who visit.
type person struct {
	seed   uint64
	startS float64
	tex    []*texture
}

// withWalkers puts n persons on the way of the camera.
func withWalkers(s scene, path *walkPath, n int, tex []*texture, seed uint64) scene {
	if n == 0 {
		return s
	}
	p := &peopled{scene: s, path: path}
	for i := range n {
		p.persons = append(p.persons, &person{seed: hash(seed, 13, int64(i)), startS: 3 + visitEveryS*float64(i)/float64(n), tex: tex})
	}
	return p
}

func (s *peopled) groups(pose geom.SE3, t float64, dst []*group) []*group {
	dst = s.scene.groups(pose, t, dst)
	for _, p := range s.persons {
		k := math.Floor((t - p.startS) / visitEveryS)
		if k < 0 {
			continue
		}
		tau := t - p.startS - k*visitEveryS
		ahead, left, ok := visit(tau, int(k)%2 == 1)
		if !ok {
			continue
		}
		here, heading, _ := s.path.ground(s.path.tt.distance(t) + ahead)
		yaw := heading
		if int(k)%2 == 1 {
			yaw += math.Pi
		}
		feet := at(here.X, here.Y, here.Z, heading).moved(0, left, 0, yaw-heading)
		dst = append(dst, p.body(feet, t))
	}
	return dst
}

// evenLight is the light on what moves indoors.
var evenLight = [3]float64{.32, .31, .3}

// body builds the person, who looks along the frame's x, at time t of its walk.
func (p *person) body(a axes, t float64) *group {
	g := &group{}
	f := &furnisher{group: g, tex: p.tex, r: stream(p.seed)}
	coat, trousers := f.mat(texFabricPattern, .5), f.mat(texFabric, .4).tinted(.5, .5, .6)
	tall := uniform(f.r, 1.62, 1.85)
	k := tall / 1.75
	swing := .22 * math.Sin(2*math.Pi*.9*t)
	for i, y := range []float64{-.1, .1} {
		s := swing
		if i == 1 {
			s = -swing
		}
		f.box(trousers, a.moved(s, y, 0, 0), -.09, -.08, 0, .09, .08, .82*k)
		f.box(coat, a.moved(-.8*s, 2.55*y, 0, 0), -.06, -.05, .75*k, .06, .05, 1.4*k)
	}
	f.box(coat, a, -.13, -.2, .78*k, .13, .2, 1.44*k)
	skin := f.mat(texPlasterTinted, .5).tinted(.9, .68, .55)
	f.prism(skin, a, 8, .05, 1.44*k, .06, 1.5*k)
	f.prism(skin, a, 10, .085, 1.5*k, .1, 1.66*k)
	f.prism(f.mat(texDarkWood, .3), a, 10, .105, 1.64*k, .07, 1.76*k)
	for i := range g.surfaces {
		s := &g.surfaces[i]
		for c := range 3 {
			s.flat[c] = evenLight[c] * (.75 + .25*s.n.Z)
		}
	}
	g.bound()
	return g
}

// led is a city with a car that drives ahead of the camera's.
type led struct {
	*cityScene
	path *streetPath
}

// leadM is the mean distance of a car that leads, leadSwingM how much it varies.
const (
	leadM      = 9.0
	leadSwingM = 3.0
)

func (s *led) groups(pose geom.SE3, t float64, dst []*group) []*group {
	dst = s.cityScene.groups(pose, t, dst)
	d := s.path.tt.distance(t) + s.path.margin + leadM + leadSwingM*math.Sin(.35*t)
	here := s.path.line.at(d)
	ahead := s.path.line.at(d + .6).Sub(s.path.line.at(d - .6))
	return append(dst, s.traffic.car(s.cityScene, carKey{n: 1 << 20}, at(here.X, here.Y, 0, math.Atan2(ahead.Y, ahead.X))))
}
