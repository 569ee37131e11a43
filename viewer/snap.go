package viewer

import (
	"math"
	"math/rand/v2"
	"slices"

	"github.com/metricslam/metricslam/geom"
	"github.com/metricslam/metricslam/slam"
)

// Snapping moves a point that was clicked to the corner, the edge or the plane that it
// was meant for: planes are fitted to the surface around it, and where they meet is
// known better than any single triangle.
const (
	snapReachPx   = 12.  // how far from an edge a click is meant for it: that of the mouse pointer
	snapBallPx    = 40.  // radius of the surface that planes are fitted to: some three times the reach
	snapFlat      = .1   // of that radius: how far a plane's surface may lie from it, noise of the mesh included
	snapShare     = .15  // of the surface that a plane must hold: at the reach, a side behind an edge has .3
	snapExplained = .8   // of the surface that the planes must hold together: a sphere or foliage has none
	snapCurved    = .25  // share of a plane's residual that a bowl explains: noise has 0, a ball .9
	snapBend      = 30.  // degrees between two planes that make an edge: flatter ones have no place where they meet
	snapSamples   = 4000 // of the surface at most: bounds the time of a click
	snapTries     = 200  // of three samples a plane: one that holds .3 is missed by all with a probability of .973^200 = .004
)

// snapNames say what a point was snapped to, by the number of its planes.
var snapNames = [...]string{"", "plane", "edge", "corner"}

// snapPlane is n x = d.
type snapPlane struct {
	n geom.Vec3
	d float64
}

func (p snapPlane) off(x geom.Vec3) float64 { return p.n.Dot(x) - p.d }

// snapSample is a piece of the surface.
type snapSample struct {
	at   geom.Vec3
	area float64
}

// snap returns the corner, edge or plane near a point p of the mesh that is seen at
// pixel u: the point of it that is nearest to p, how many planes meet there (0: p was
// left where it is), and by what its deviation is that of the surface.
func snap(m *slam.Mesh, v View, u geom.Vec2, p geom.Vec3, dpi float64, cull bool, clip *clipBox) (at geom.Vec3, planes int, grows float64) {
	_, depthM := v.Project(p)
	if v.OrthoM > 0 {
		depthM = v.OrthoM
	}
	ball := snapBallPx * dpi * depthM / v.Camera.Fx
	surface := sampleSurface(m, v, p, ball, cull, clip)
	found, share := fitPlanes(surface, snapFlat*ball)
	if share < snapExplained || !settle(surface, found, snapFlat*ball) {
		return p, 0, 1
	}
	for k := len(found); k >= 1; k-- { // a corner before its edges, an edge before its planes
		best := math.Inf(1)
		for _, some := range choose(found, k) {
			x, worse, ok := meet(some, p)
			pixel, z := v.Project(x)
			moved := pixel.Sub(u).Norm()
			if !ok || z <= 0 && v.OrthoM == 0 || moved > snapReachPx*dpi || x.Sub(p).Norm() > ball/2 || moved >= best {
				continue
			}
			if touches(surface, some, x, ball) {
				at, planes, grows, best = x, k, worse, moved
			}
		}
		if planes > 0 {
			return at, planes, grows
		}
	}
	return p, 0, 1
}

// sampleSurface returns the surface within a ball, that which faces the view where cull
// is set. Large triangles are split, so that one counts for the part within.
func sampleSurface(m *slam.Mesh, v View, p geom.Vec3, radius float64, cull bool, clip *clipBox) (out []snapSample) {
	_, dir := v.Ray(geom.Vec2{})
	for _, t := range m.Triangles {
		a, b, c := vec(m.Vertices[t[0]]), vec(m.Vertices[t[1]]), vec(m.Vertices[t[2]])
		size := max(b.Sub(a).Norm(), c.Sub(b).Norm(), a.Sub(c).Norm())
		if a.Sub(p).Norm() > radius+size {
			continue
		}
		if v.OrthoM == 0 {
			dir = a.Sub(v.Pose.T)
		}
		normal := b.Sub(a).Cross(c.Sub(a))
		if cull && normal.Dot(dir) >= 0 {
			continue
		}
		n := max(1, min(64, int(math.Ceil(size/(radius/8)))))
		area := normal.Norm() / 2 / float64(n*n)
		e1, e2 := b.Sub(a).Scale(1/float64(n)), c.Sub(a).Scale(1/float64(n))
		for i := range n {
			for j := range n - i {
				corner := a.Add(e1.Scale(float64(i))).Add(e2.Scale(float64(j)))
				for side := 1.; side <= 2 && (side == 1 || i+j+1 < n); side++ { // its centre, and that of the one beside
					q := corner.Add(e1.Add(e2).Scale(side / 3))
					if q.Sub(p).Norm() <= radius && clip.holds(q) {
						out = append(out, snapSample{q, area})
					}
				}
			}
		}
	}
	if step := (len(out) + snapSamples - 1) / snapSamples; step > 1 {
		kept := out[:0]
		for i := 0; i < len(out); i += step {
			kept = append(kept, out[i])
		}
		out = kept
	}
	return out
}

// fitPlanes returns up to three planes that hold the most of the surface, one after the
// other (RANSAC, Fischler and Bolles 1981, with a fixed seed), and the share they hold.
func fitPlanes(surface []snapSample, tolM float64) (out []snapPlane, share float64) {
	total := 0.
	for _, s := range surface {
		total += s.area
	}
	rng := rand.New(rand.NewPCG(1, 1))
	rest := slices.Clone(surface)
	for len(out) < 3 && len(rest) >= 3 {
		var best snapPlane
		most := 0.
		for range snapTries {
			a, b, c := rest[rng.IntN(len(rest))].at, rest[rng.IntN(len(rest))].at, rest[rng.IntN(len(rest))].at
			n := b.Sub(a).Cross(c.Sub(a))
			if n.Norm() < tolM*tolM { // three samples nearly in a line
				continue
			}
			q := snapPlane{n: n.Unit()}
			q.d = q.n.Dot(a)
			if held := area(rest, q, tolM); held > most {
				best, most = q, held
			}
		}
		held := area(rest, best, tolM)
		if held < snapShare*total || held == 0 {
			break
		}
		out, share = append(out, best), share+held/total
		rest = slices.DeleteFunc(rest, func(s snapSample) bool { return math.Abs(best.off(s.at)) <= tolM })
	}
	return out, share
}

// settle fits all planes together: each to the surface that is nearer to it than to the
// others, as near an edge the one found first took some of the next. It is not ok where
// a plane's surface is curved: its distance from the plane runs with the square of that
// from its middle.
func settle(surface []snapSample, planes []snapPlane, tolM float64) bool {
	for round := range 5 {
		parts := make([][]snapSample, len(planes))
		for _, s := range surface {
			nearest, least := -1, tolM
			for i, q := range planes {
				if d := math.Abs(q.off(s.at)); d <= least {
					nearest, least = i, d
				}
			}
			if nearest >= 0 {
				parts[nearest] = append(parts[nearest], s)
			}
		}
		for i, part := range parts {
			if len(part) < 3 {
				return false
			}
			var middle geom.Vec3
			planes[i], middle = leastSquares(part)
			if round == 4 && curved(part, planes[i], middle, tolM) {
				return false
			}
		}
	}
	return true
}

// curved says whether the square of the distance from the middle explains more of the
// surface's distance from its plane than snapCurved.
func curved(part []snapSample, q snapPlane, middle geom.Vec3, tolM float64) bool {
	var w, x, y, xx, yy, xy float64
	for _, s := range part {
		r, d := s.at.Sub(middle).Norm2(), q.off(s.at)
		w, x, y = w+s.area, x+s.area*r, y+s.area*d
		xx, yy, xy = xx+s.area*r*r, yy+s.area*d*d, xy+s.area*r*d
	}
	vx, vy, c := xx/w-x*x/w/w, yy/w-y*y/w/w, xy/w-x*y/w/w
	return math.Sqrt(max(0, vy)) > .02*tolM && c*c > snapCurved*vx*vy
}

// area is the surface that a plane holds.
func area(surface []snapSample, q snapPlane, tolM float64) (sum float64) {
	for _, s := range surface {
		if math.Abs(q.off(s.at)) <= tolM {
			sum += s.area
		}
	}
	return sum
}

// leastSquares returns the plane of a surface and its middle.
func leastSquares(part []snapSample) (q snapPlane, middle geom.Vec3) {
	var sum float64
	for _, s := range part {
		middle, sum = middle.Add(s.at.Scale(s.area)), sum+s.area
	}
	middle = middle.Scale(1 / sum)
	var spread geom.Mat3
	for _, s := range part {
		r := s.at.Sub(middle)
		spread = spread.Add(geom.Outer(r, r).Scale(s.area / sum))
	}
	_, axes := geom.SymEigen3(spread)
	n := axes.Col(0) // the one of least spread
	return snapPlane{n, n.Dot(middle)}, middle
}

// meet returns the point nearest to p that lies on all planes, and by what factor its
// deviation along the worst axis exceeds that of a plane's offset. It is not ok where
// they are too nearly parallel.
func meet(planes []snapPlane, p geom.Vec3) (x geom.Vec3, worse float64, ok bool) {
	var a geom.Mat3 // normal equations of n x = d
	var b geom.Vec3
	for _, q := range planes {
		a = a.Add(geom.Outer(q.n, q.n))
		b = b.Sub(q.n.Scale(q.off(p)))
	}
	val, axes := geom.SymEigen3(a)
	first := 3 - len(planes)                           // the axes before are free
	if val[first] < 1-math.Cos(snapBend*math.Pi/180) { // for two planes at an angle t it is 1 - |cos t|
		return p, 1, false
	}
	x = p
	for i := first; i < 3; i++ {
		e := axes.Col(i)
		x = x.Add(e.Scale(e.Dot(b) / val[i]))
	}
	return x, math.Max(1, 1/math.Sqrt(val[first])), true
}

// touches says whether there is surface of every plane at x: planes also meet where
// nothing is.
func touches(surface []snapSample, planes []snapPlane, x geom.Vec3, ball float64) bool {
	for _, q := range planes {
		if !slices.ContainsFunc(surface, func(s snapSample) bool {
			return math.Abs(q.off(s.at)) <= snapFlat*ball && s.at.Sub(x).Norm() <= 2*snapFlat*ball
		}) {
			return false
		}
	}
	return true
}

// choose returns all ways to take k of up to three planes.
func choose(planes []snapPlane, k int) (out [][]snapPlane) {
	for bits := 1; bits < 1<<len(planes); bits++ {
		var some []snapPlane
		for i, q := range planes {
			if bits>>i&1 == 1 {
				some = append(some, q)
			}
		}
		if len(some) == k {
			out = append(out, some)
		}
	}
	return out
}
