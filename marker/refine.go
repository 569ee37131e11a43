package marker

import (
	"math"

	"github.com/metricslam/metricslam/geom"
	"github.com/metricslam/metricslam/slam"
)

const (
	sideSamples = 48  // at most, along a side
	searchPx    = 3.0 // across it, to both sides
	searchStep  = .5
	outlierPx   = 1.0 // from the line, of a sample that is left out
	minSamples  = 5   // that a side must keep
)

// line is {p : n p = d} with a unit normal n.
type line struct {
	n geom.Vec2
	d float64
}

// refine moves the sides of a quad to where the grey levels change most and
// intersects them. ok is false where a side shows no step from dark inside to
// bright outside.
func refine(g slam.Gray, q [4]geom.Vec2) (out [4]geom.Vec2, ok bool) {
	var sides [4]line
	for i := range 4 {
		if sides[i], ok = refineSide(g, q[i], q[(i+1)%4]); !ok {
			return q, false
		}
	}
	for i := range 4 {
		c, ok := sides[(i+3)%4].meet(sides[i])
		if !ok || c.Sub(q[i]).Norm() > 2*searchPx {
			return q, false
		}
		out[i] = c
	}
	return out, convex(out)
}

// refineSide fits a line to the steps found across the side from a to b. The
// inside lies to the right.
func refineSide(g slam.Gray, a, b geom.Vec2) (line, bool) {
	along := b.Sub(a)
	length := along.Norm()
	out := geom.Vec2{X: along.Y / length, Y: -along.X / length}
	reach := math.Min(searchPx, math.Max(1, length/8))
	n := min(sideSamples, int(.8*length))
	var points [sideSamples]geom.Vec2
	var weights [sideSamples]float64
	found := 0
	for i := range n {
		c := a.Add(along.Scale(.1 + .8*(float64(i)+.5)/float64(n)))
		if at, w, ok := stepAcross(g, c, out, reach); ok {
			points[found], weights[found] = c.Add(out.Scale(at)), w
			found++
		}
	}
	if found < max(minSamples, n/2) {
		return line{}, false
	}
	return fitLine(points[:found], weights[:found], out)
}

// stepAcross returns where along a normal the image turns from dark to bright:
// the mean of the places weighted with the squares of the gradient there.
func stepAcross(g slam.Gray, c, out geom.Vec2, reach float64) (at, weight float64, ok bool) {
	const h = .75 // half the base of the difference, pixels
	var sum float64
	for s := -reach; s <= reach; s += searchStep {
		hi, okHi := bilinear(g, c.Add(out.Scale(s+h)))
		lo, okLo := bilinear(g, c.Add(out.Scale(s-h)))
		if !okHi || !okLo {
			return 0, 0, false
		}
		if d := hi - lo; d > 0 {
			sum += d * d
			at += d * d * s
		}
	}
	if sum < minContrast*minContrast/4 {
		return 0, 0, false
	}
	return at / sum, sum, true
}

// fitLine is the line of least weighted squared distances, fitted once more
// without the points that lie off it: part of a side may be hidden.
func fitLine(p []geom.Vec2, w []float64, out geom.Vec2) (line, bool) {
	l := leastSquaresLine(p, w, out)
	for range 2 {
		kept, most := 0, 0.0
		for i := range p {
			e := math.Abs(l.n.Dot(p[i]) - l.d)
			most = math.Max(most, e)
			if e <= outlierPx {
				p[kept], w[kept] = p[i], w[i]
				kept++
			}
		}
		if kept < max(minSamples, len(p)*6/10) {
			return l, false
		}
		if most <= outlierPx {
			break
		}
		p, w = p[:kept], w[:kept]
		l = leastSquaresLine(p, w, out)
	}
	return l, true
}

func leastSquaresLine(p []geom.Vec2, w []float64, out geom.Vec2) line {
	var c geom.Vec2
	var sum float64
	for i := range p {
		c, sum = c.Add(p[i].Scale(w[i])), sum+w[i]
	}
	c = c.Scale(1 / sum)
	var xx, xy, yy float64
	for i := range p {
		d := p[i].Sub(c)
		xx, xy, yy = xx+w[i]*d.X*d.X, xy+w[i]*d.X*d.Y, yy+w[i]*d.Y*d.Y
	}
	angle := .5*math.Atan2(2*xy, xx-yy) + math.Pi/2 // of the direction of least scatter
	n := geom.Vec2{X: math.Cos(angle), Y: math.Sin(angle)}
	if n.Dot(out) < 0 {
		n = n.Scale(-1)
	}
	return line{n, n.Dot(c)}
}

// meet returns the point of two lines.
func (l line) meet(m line) (geom.Vec2, bool) {
	det := l.n.X*m.n.Y - l.n.Y*m.n.X
	if math.Abs(det) < .05 {
		return geom.Vec2{}, false
	}
	return geom.Vec2{X: (l.d*m.n.Y - m.d*l.n.Y) / det, Y: (m.d*l.n.X - l.d*m.n.X) / det}, true
}

// bilinear interpolates between pixel centres; ok is false outside.
func bilinear(g slam.Gray, u geom.Vec2) (float64, bool) {
	if !(u.X >= 0 && u.Y >= 0 && u.X < float64(g.W-1) && u.Y < float64(g.H-1)) {
		return 0, false
	}
	x, y := int(u.X), int(u.Y)
	fx, fy := u.X-float64(x), u.Y-float64(y)
	i := y*g.W + x
	top := float64(g.Pix[i])*(1-fx) + float64(g.Pix[i+1])*fx
	low := float64(g.Pix[i+g.W])*(1-fx) + float64(g.Pix[i+g.W+1])*fx
	return top*(1-fy) + low*fy, true
}
