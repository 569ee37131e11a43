package mapping

import (
	"math"

	"github.com/metricslam/metricslam/geom"
	"github.com/metricslam/metricslam/slam"
)

// A patch is found in another picture by aligning the two. (Lucas and Kanade 1981
// in the inverse compositional form of Baker and Matthews 2004, as the feature
// alignment of Forster, SVO 2014.)

const (
	patchRadius   = 5 // pixels
	patchSide     = 2*patchRadius + 1
	patchZoom     = 3   // largest change of size that a warp can bridge
	alignRise     = .35 // of the correlation, on the way
	alignSteps    = 10
	alignEnoughPx = .01 // a step that ends the search
)

// patch is a window of a picture seen through a warp, with the derivatives that
// its alignment needs.
type patch struct {
	value  [patchSide * patchSide]float64
	gx, gy [patchSide * patchSide]float64
	mean   float64
	norm   float64 // root of the sum of squares around the mean
	h      [3]float64
}

// warp is the affine map from pixels around what pixel u of camera from shows to
// pixels around u, where rel = T_to_from. The patch is taken to face from.
func warp(from, to geom.Camera, rel geom.SE3, u geom.Vec2, invDepth float64) (inv [2][2]float64, ok bool) {
	at := func(d geom.Vec2) (geom.Vec2, bool) {
		r := from.Ray(u.Add(d))
		p := rel.R.MulVec(r).Add(rel.T.Scale(invDepth)) // times the depth
		return to.Project(p), p.Z > 1e-3
	}
	const step = patchRadius
	c, ok0 := at(geom.Vec2{})
	x, ok1 := at(geom.Vec2{X: step})
	y, ok2 := at(geom.Vec2{Y: step})
	if !ok0 || !ok1 || !ok2 {
		return inv, false
	}
	a := [2][2]float64{{(x.X - c.X) / step, (y.X - c.X) / step}, {(x.Y - c.Y) / step, (y.Y - c.Y) / step}}
	det := a[0][0]*a[1][1] - a[0][1]*a[1][0]
	if det < 1/(patchZoom*patchZoom) || det > patchZoom*patchZoom {
		return inv, false
	}
	return [2][2]float64{{a[1][1] / det, -a[0][1] / det}, {-a[1][0] / det, a[0][0] / det}}, true
}

// newPatch reads the patch around u in g through the map inv from patch to
// picture. ok is false at the border and where there is nothing to hold on to.
func newPatch(g slam.Gray, u geom.Vec2, inv [2][2]float64) (p patch, ok bool) {
	const n = patchSide + 2
	var v [n * n]float64
	for y := range n {
		for x := range n {
			dx, dy := float64(x-patchRadius-1), float64(y-patchRadius-1)
			w, inside := grayAt(g, u.X+inv[0][0]*dx+inv[0][1]*dy, u.Y+inv[1][0]*dx+inv[1][1]*dy)
			if !inside {
				return p, false
			}
			v[y*n+x] = w
		}
	}
	i := 0
	var mx, my float64
	for y := 1; y < n-1; y++ {
		for x := 1; x < n-1; x++ {
			at := y*n + x
			p.value[i] = v[at]
			p.gx[i], p.gy[i] = (v[at+1]-v[at-1])/2, (v[at+n]-v[at-n])/2
			p.mean += v[at]
			mx, my = mx+p.gx[i], my+p.gy[i]
			i++
		}
	}
	area := float64(patchSide * patchSide)
	p.mean, mx, my = p.mean/area, mx/area, my/area
	var sum float64
	for i := range p.value {
		p.value[i] -= p.mean
		p.gx[i], p.gy[i] = p.gx[i]-mx, p.gy[i]-my // light is taken out
		sum += p.value[i] * p.value[i]
		p.h[0] += p.gx[i] * p.gx[i]
		p.h[1] += p.gx[i] * p.gy[i]
		p.h[2] += p.gy[i] * p.gy[i]
	}
	p.norm = math.Sqrt(sum)
	tr, det := p.h[0]+p.h[2], p.h[0]*p.h[2]-p.h[1]*p.h[1]
	least := (tr - math.Sqrt(math.Max(tr*tr-4*det, 0))) / 2
	return p, least > area && sum > 9*area // a gradient of one, a contrast of three grey levels
}

// align moves u to where g looks like the patch. The gain of the light is taken
// from the two contrasts.
func (p *patch) align(g slam.Gray, u geom.Vec2, maxPx, minNCC float64) (geom.Vec2, bool) {
	var v [patchSide * patchSide]float64
	start := u
	det := p.h[0]*p.h[2] - p.h[1]*p.h[1]
	for range alignSteps {
		ncc, gain, ok := p.compare(g, u, &v)
		if !ok || ncc < minNCC-alignRise {
			return start, false
		}
		var bx, by float64
		for i := range v {
			r := v[i]/gain - p.value[i]
			bx, by = bx+r*p.gx[i], by+r*p.gy[i]
		}
		d := geom.Vec2{X: (p.h[2]*bx - p.h[1]*by) / det, Y: (p.h[0]*by - p.h[1]*bx) / det}
		u = u.Sub(d)
		if u.Sub(start).Norm() > maxPx {
			return start, false
		}
		if d.Norm() < alignEnoughPx {
			break
		}
	}
	ncc, _, ok := p.compare(g, u, &v)
	return u, ok && ncc > minNCC
}

// compare reads the window at u, its mean removed, into v.
func (p *patch) compare(g slam.Gray, u geom.Vec2, v *[patchSide * patchSide]float64) (ncc, gain float64, ok bool) {
	x0, y0 := int(math.Floor(u.X))-patchRadius, int(math.Floor(u.Y))-patchRadius
	if x0 < 0 || y0 < 0 || x0+patchSide >= g.W || y0+patchSide >= g.H {
		return 0, 1, false
	}
	fx, fy := u.X-math.Floor(u.X), u.Y-math.Floor(u.Y)
	a, b, c, d := (1-fx)*(1-fy), fx*(1-fy), (1-fx)*fy, fx*fy
	var mean float64
	i := 0
	for y := range patchSide {
		top := g.Pix[(y0+y)*g.W+x0:]
		low := g.Pix[(y0+y+1)*g.W+x0:]
		for x := range patchSide {
			v[i] = a*float64(top[x]) + b*float64(top[x+1]) + c*float64(low[x]) + d*float64(low[x+1])
			mean += v[i]
			i++
		}
	}
	mean /= patchSide * patchSide
	var cross, sum float64
	for i := range v {
		v[i] -= mean
		cross += v[i] * p.value[i]
		sum += v[i] * v[i]
	}
	if sum == 0 {
		return 0, 1, false
	}
	norm := math.Sqrt(sum)
	return cross / (norm * p.norm), norm / p.norm, true
}

func grayAt(g slam.Gray, x, y float64) (float64, bool) {
	ix, iy := int(math.Floor(x)), int(math.Floor(y))
	if ix < 0 || iy < 0 || ix+1 >= g.W || iy+1 >= g.H {
		return 0, false
	}
	fx, fy := x-float64(ix), y-float64(iy)
	i := iy*g.W + ix
	return (1-fy)*((1-fx)*float64(g.Pix[i])+fx*float64(g.Pix[i+1])) + fy*((1-fx)*float64(g.Pix[i+g.W])+fx*float64(g.Pix[i+g.W+1])), true
}
