package synthetic

import (
	"math"
	"sync"

	"github.com/metricslam/metricslam/geom"
)

// traffic is cars that drive straight along the streets of the grid in both
// directions, at a steady speed, as far as they never come near the camera's
// car.
type traffic struct {
	plan cityPlan
	seed uint64
	ego  []geom.Vec3 // position at multiples of egoStepS

	mu   sync.Mutex
	free map[carKey]bool
}

const (
	egoStepS     = .2
	carEveryM    = 130 // mean distance of cars in a lane
	carRangeM    = 160
	carClearM    = 6.5
	otherCarSide = laneM
)

// carKey is car n of a lane: along row or column line, in direction dir.
type carKey struct {
	column bool
	line   int
	dir    int
	n      int
}

func newTraffic(p cityPlan, path *streetPath, seed uint64) *traffic {
	tr := &traffic{plan: p, seed: seed, free: map[carKey]bool{}}
	for t := 0.; t < path.durationS()+egoStepS; t += egoStepS {
		tr.ego = append(tr.ego, path.pose(t).T)
	}
	return tr
}

// lane returns the speed of a lane's cars and the place of car 0 at time 0.
func (tr *traffic) lane(k carKey) (speed, offset float64) {
	column := int64(0)
	if k.column {
		column = 1
	}
	r := stream(tr.seed, 10, column, int64(k.line), int64(k.dir))
	return uniform(r, 7, 12), uniform(r, 0, carEveryM)
}

// place returns the frame of a car at time t.
func (tr *traffic) place(k carKey, t float64) axes {
	speed, offset := tr.lane(k)
	jitter := uniform(stream(tr.seed, 11, int64(k.line), int64(k.dir), int64(k.n)), -.3, .3) * carEveryM
	s := float64(k.dir) * (offset + jitter + float64(k.n)*carEveryM + speed*t)
	side := float64(k.dir) * otherCarSide
	line := float64(k.line) * tr.plan.pitchM
	yaw := 0.
	if k.dir < 0 {
		yaw = math.Pi
	}
	if k.column {
		return at(line+side, s, 0, yaw+math.Pi/2)
	}
	return at(s, line-side, 0, yaw)
}

// clear reports whether a car keeps its distance from the camera's car during
// the whole drive.
func (tr *traffic) clear(k carKey) bool {
	tr.mu.Lock()
	defer tr.mu.Unlock()
	if ok, known := tr.free[k]; known {
		return ok
	}
	// One look at its straight motion; place would draw random numbers each time.
	a, b := tr.place(k, 0).o, tr.place(k, 1).o
	v := b.Sub(a)
	ok := true
	for i, e := range tr.ego {
		if q := a.Add(v.Scale(float64(i) * egoStepS)).Sub(e); math.Hypot(q.X, q.Y) < carClearM && !tr.passes(k, q) {
			ok = false
			break
		}
	}
	tr.free[k] = ok
	return ok
}

// passes reports whether a car at offset q from the camera is in the lane
// beside it, which is near but safe.
func (tr *traffic) passes(k carKey, q geom.Vec3) bool {
	across := math.Abs(q.Y)
	if k.column {
		across = math.Abs(q.X)
	}
	return across > 2*laneM-.3
}

// groups appends the cars in range at time t.
func (tr *traffic) groups(s *cityScene, p geom.Vec3, t float64, dst []*group) []*group {
	here := tr.plan.near(p)
	for _, column := range []bool{false, true} {
		line, along := here.j, p.X
		if column {
			line, along = here.i, p.Y
		}
		for l := line - 1; l <= line+1; l++ {
			for _, dir := range []int{-1, 1} {
				speed, offset := tr.lane(carKey{column: column, line: l, dir: dir})
				first := (float64(dir)*along - offset - speed*t) / carEveryM
				for n := int(math.Floor(first)) - 2; n <= int(math.Ceil(first))+2; n++ {
					k := carKey{column, l, dir, n}
					a := tr.place(k, t)
					if a.o.Sub(p).Norm() < carRangeM && tr.clear(k) {
						dst = append(dst, tr.car(s, k, a))
					}
				}
			}
		}
	}
	return dst
}

// car builds the car at its place; it looks the same at all times.
func (tr *traffic) car(s *cityScene, k carKey, a axes) *group {
	g := &group{}
	m := &mason{shell: g, detail: g, tex: s.tex, light: &s.light, r: stream(tr.seed, 12, int64(k.line), int64(k.dir), int64(k.n))}
	m.car(a)
	for i := range g.surfaces {
		f := &g.surfaces[i]
		f.flat = s.light.open(f.n)
	}
	g.bound()
	return g
}
