package marker

import (
	"math"

	"github.com/metricslam/metricslam/geom"
)

const (
	minSides    = 48  // of pixels, around a marker
	minRoundish = 120 // least area: (sides of pixels)^2 over this; a square seen at 75 degrees has 50
	bendShare   = .05 // of the square root of the area, that a side may bend
	minBendPx   = 1.3
	maxCorners  = 5 // at which an outline is given up
)

// quad returns the four corners of an outline of four straight sides, in pixels,
// clockwise.
func (d *Detector) quad(outline []lattice) (q [4]geom.Vec2, ok bool) {
	if d.sides < minSides || len(outline) < 4 {
		return q, false
	}
	area := shoelace(outline)
	if area*minRoundish < float64(d.sides)*float64(d.sides) {
		return q, false
	}
	corners := d.simplify(outline, math.Max(minBendPx, bendShare*math.Sqrt(area)))
	if len(corners) != 4 {
		return q, false
	}
	for i, c := range corners { // the margin is one pixel, and centres lie at integers
		q[i] = geom.Vec2{X: float64(outline[c].x) - 1.5, Y: float64(outline[c].y) - 1.5}
	}
	return q, convex(q)
}

func shoelace(p []lattice) float64 {
	var sum int
	last := p[len(p)-1]
	for _, c := range p {
		sum += int(last.x)*int(c.y) - int(c.x)*int(last.y)
		last = c
	}
	return math.Abs(float64(sum)) / 2
}

// simplify returns the indices of the corners of a closed outline so that no
// point is farther than bend from the sides (Douglas and Peucker 1973); it gives
// up beyond maxCorners.
func (d *Detector) simplify(p []lattice, bend float64) []int {
	a := farthest(p, p[0])
	b := farthest(p, p[a])
	if a > b {
		a, b = b, a
	}
	corners := d.split(p, a, b, bend, append(d.corners[:0], a))
	corners = d.split(p, b, a+len(p), bend, append(corners, b))
	d.corners = corners
	return corners
}

// split appends the corners between from and to, both left out.
func (d *Detector) split(p []lattice, from, to int, bend float64, out []int) []int {
	if len(out) >= maxCorners {
		return out
	}
	n := len(p)
	a, b := p[from%n], p[to%n]
	dx, dy := int(b.x-a.x), int(b.y-a.y)
	most, at := 0, -1
	for i := from + 1; i < to; i++ {
		c := p[i%n]
		if e := int(c.x-a.x)*dy - int(c.y-a.y)*dx; max(e, -e) > most {
			most, at = max(e, -e), i
		}
	}
	if at < 0 || float64(most) <= bend*math.Hypot(float64(dx), float64(dy)) {
		return out
	}
	out = d.split(p, from, at, bend, out)
	if len(out) < maxCorners {
		out = append(out, at%n)
	}
	return d.split(p, at, to, bend, out)
}

func farthest(p []lattice, from lattice) int {
	most, at := int32(-1), 0
	for i, c := range p {
		if dx, dy := c.x-from.x, c.y-from.y; dx*dx+dy*dy > most {
			most, at = dx*dx+dy*dy, i
		}
	}
	return at
}

// convex reports whether the corners run clockwise and turn at each by more than
// a few degrees.
func convex(q [4]geom.Vec2) bool {
	for i := range 4 {
		a, b := q[(i+1)%4].Sub(q[i]), q[(i+2)%4].Sub(q[(i+1)%4])
		if !(a.X*b.Y-a.Y*b.X > .1*a.Norm()*b.Norm()) {
			return false
		}
	}
	return true
}
