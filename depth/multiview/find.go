package multiview

import (
	"math"

	"github.com/metricslam/metricslam/geom"
)

const (
	sameSurface = .1    // of log depth, by which points of one patch differ at most
	minSamples  = 70    // of the 121 of a patch
	patchRadius = 5     // samples to either side of the point
	patchStep   = .0035 // between samples, of the image's longer side: 36 px across of 1024
	searchStds  = 3.    // of the network's depth at the point and its scale, to either side of it
	searchSteps = 96    // over both: a pixel or less at usual baselines
	minAlike    = .80   // of the normalised correlation; white walls stay below, the same corner lies above .9
	minAhead    = .05   // by which it must exceed that of any other depth that is not next to it
	clickStd    = .001  // of the image's longer side, how well a person points
	findStd     = 1.    // pixels of the working size, how well a patch is found
)

// find makes a landmark of a pixel of the first photograph: it is looked for in
// the others along its ray, at depths about the network's, by how alike the
// surroundings are.
func (p *Place) find(u geom.Vec2) (*landmark, error) {
	first := p.views[0]
	z, std, err := first.photo.DepthAt(first.original(u))
	if err != nil {
		return nil, err
	}
	z *= math.Exp(first.logScale)
	side := float64(max(first.gray.W, first.gray.H))
	l := &landmark{
		point: first.pose.Apply(first.cam.Unproject(u, z)),
		seen:  []observation{{first, u, math.Max(clickStd*side, .5)}},
	}
	surface := p.surface(first, u, z)
	spread := searchStds * math.Hypot(std, first.photo.Depth.ScaleSigma)
	for _, v := range p.views[1:] {
		if at, ok := v.search(first, surface, spread); ok {
			l.seen = append(l.seen, observation{v, at, findStd})
		}
	}
	if len(l.seen) > 1 {
		l.retriangulate()
		for i := len(l.seen) - 1; i > 0; i-- { // a patch that was found at the wrong place
			if !fits(l.point, l.seen[i]) {
				l.seen = append(l.seen[:i], l.seen[i+1:]...)
			}
		}
		l.retriangulate()
	}
	return l, nil
}

// surface is the patch about a pixel as points of the first camera, the pixel's
// own first and at depth z, by the shape of its depth map. What lies in front of
// it or behind it is left out: an edge there would be found at its own depth.
func (p *Place) surface(v *view, u geom.Vec2, z float64) []geom.Vec3 {
	step := patchStep * float64(max(v.gray.W, v.gray.H))
	middle, _, _ := v.photo.DepthAt(v.original(u))
	points := []geom.Vec3{v.cam.Unproject(u, z)}
	for y := -patchRadius; y <= patchRadius; y++ {
		for x := -patchRadius; x <= patchRadius; x++ {
			w := u.Add(geom.Vec2{X: float64(x) * step, Y: float64(y) * step})
			if near, _, err := v.photo.DepthAt(v.original(w)); err == nil && math.Abs(math.Log(near/middle)) < sameSurface {
				points = append(points, v.cam.Unproject(w, z*near/middle))
			}
		}
	}
	return points
}

// search finds where the patch of the first photograph is seen in this one.
// It may be nearer or farther than the depth map says by spread in log depth.
func (v *view) search(first *view, surface []geom.Vec3, spread float64) (geom.Vec2, bool) {
	want, ok := first.sample(geom.IdentitySE3(), surface, 1)
	if !ok || len(surface) < minSamples {
		return geom.Vec2{}, false
	}
	to := v.pose.Inverse().Mul(first.pose)
	centre := surface[0]
	scores, pixels := make([]float64, searchSteps+1), make([]geom.Vec2, searchSteps+1)
	best := 0
	for i := range scores {
		grow := math.Exp(spread * (2*float64(i)/searchSteps - 1))
		scores[i] = -1
		pixels[i] = v.cam.Project(to.Apply(centre.Scale(grow)))
		if got, ok := v.sample(to, surface, grow); ok {
			scores[i] = correlation(want, got)
		}
		if scores[i] > scores[best] {
			best = i
		}
	}
	if scores[best] < minAlike || best == 0 || best == searchSteps {
		return geom.Vec2{}, false
	}
	width := patchRadius * patchStep * float64(max(v.gray.W, v.gray.H))
	for i, s := range scores { // as alike somewhere else: a repeated pattern
		if pixels[i].Sub(pixels[best]).Norm() > width && s > scores[best]-minAhead {
			return geom.Vec2{}, false
		}
	}
	// The top of the parabola through the best and its neighbours.
	a, b, c := scores[best-1], scores[best], scores[best+1]
	shift := 0.
	if d := a - 2*b + c; d < 0 {
		shift = .5 * (a - c) / d
	}
	grow := math.Exp(spread * (2*(float64(best)+shift)/searchSteps - 1))
	return v.cam.Project(to.Apply(centre.Scale(grow))), true
}

// sample reads the brightness of points, given in another camera and moved away
// by a factor; false where one lies outside.
func (v *view) sample(to geom.SE3, points []geom.Vec3, grow float64) ([]float64, bool) {
	out := make([]float64, len(points))
	for i, q := range points {
		pc := to.Apply(q.Scale(grow))
		if pc.Z < minDepthM {
			return nil, false
		}
		u := v.cam.Project(pc)
		if !v.cam.Contains(u, 1) {
			return nil, false
		}
		x, y := int(u.X), int(u.Y)
		fx, fy := u.X-float64(x), u.Y-float64(y)
		at := func(dx, dy int) float64 { return float64(v.gray.At(x+dx, y+dy)) }
		out[i] = (at(0, 0)*(1-fx)+at(1, 0)*fx)*(1-fy) + (at(0, 1)*(1-fx)+at(1, 1)*fx)*fy
	}
	return out, true
}

// minContrast is the deviation of brightness below which a patch shows nothing.
const minContrast = 3.

// correlation is the normalised cross-correlation of two patches, 0 where one of
// them is bare.
func correlation(a, b []float64) float64 {
	n := float64(len(a))
	var sa, sb, saa, sbb, sab float64
	for i := range a {
		sa, sb = sa+a[i], sb+b[i]
		saa, sbb, sab = saa+a[i]*a[i], sbb+b[i]*b[i], sab+a[i]*b[i]
	}
	va, vb := saa-sa*sa/n, sbb-sb*sb/n
	if va < n*minContrast*minContrast || vb < n*minContrast*minContrast {
		return 0
	}
	return (sab - sa*sb/n) / math.Sqrt(va*vb)
}
