package mapping

import (
	"math"

	"github.com/metricslam/metricslam/geom"
	"github.com/metricslam/metricslam/slam"
)

// A feature that is followed from picture to picture wanders: every step adds
// its error to the one before. register finds it again in a keyframe by the
// patch around its first observation, warped as the landmark's depth and the
// two poses say, so that its error no longer grows with its age. (Lucas and
// Kanade 1981 in the inverse compositional form of Baker and Matthews 2004, as
// the feature alignment of Forster, SVO 2014.)

const (
	registerRadius = 5   // of the patch, pixels: 11x11
	registerMinNCC = .85 // correlation of the warped patch with the picture
	registerMaxPx  = 3   // farthest that a patch is moved
	registerRise   = .35 // of the correlation, on the way
	registerSteps  = 10
	registerEnough = .01 // pixels: a step that ends the search
	registerZoom   = 3   // largest change of size that a warp can bridge
	registerPlenty = 100 // found features that hold a keyframe by themselves
)

// wanderTrust is the weight that is left to the other features there. They slide
// along outlines and occlusions, all to the same side of the motion, so that more
// of them do not help. They hold what nothing else does.
const wanderTrust = .03

// patch is a window of a picture seen through a warp, with the derivatives that
// its alignment needs.
type patch struct {
	value  [registerSide * registerSide]float64
	gx, gy [registerSide * registerSide]float64
	mean   float64
	norm   float64 // root of the sum of squares around the mean
	h      [3]float64
}

const registerSide = 2*registerRadius + 1

// warp is the affine map from pixels around what pixel u of camera from shows to
// pixels around u, where rel = T_to_from. The patch is taken to face from.
func warp(from, to geom.Camera, rel geom.SE3, u geom.Vec2, invDepth float64) (inv [2][2]float64, ok bool) {
	at := func(d geom.Vec2) (geom.Vec2, bool) {
		r := from.Ray(u.Add(d))
		p := rel.R.MulVec(r).Add(rel.T.Scale(invDepth)) // times the depth
		return to.Project(p), p.Z > 1e-3
	}
	const step = registerRadius
	c, ok0 := at(geom.Vec2{})
	x, ok1 := at(geom.Vec2{X: step})
	y, ok2 := at(geom.Vec2{Y: step})
	if !ok0 || !ok1 || !ok2 {
		return inv, false
	}
	a := [2][2]float64{{(x.X - c.X) / step, (y.X - c.X) / step}, {(x.Y - c.Y) / step, (y.Y - c.Y) / step}}
	det := a[0][0]*a[1][1] - a[0][1]*a[1][0]
	if det < 1/(registerZoom*registerZoom) || det > registerZoom*registerZoom {
		return inv, false
	}
	return [2][2]float64{{a[1][1] / det, -a[0][1] / det}, {-a[1][0] / det, a[0][0] / det}}, true
}

// newPatch reads the patch around u in g through the map inv from patch to
// picture. ok is false at the border and where there is nothing to hold on to.
func newPatch(g slam.Gray, u geom.Vec2, inv [2][2]float64) (p patch, ok bool) {
	const n = registerSide + 2
	var v [n * n]float64
	for y := range n {
		for x := range n {
			dx, dy := float64(x-registerRadius-1), float64(y-registerRadius-1)
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
	area := float64(registerSide * registerSide)
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
	var v [registerSide * registerSide]float64
	start := u
	det := p.h[0]*p.h[2] - p.h[1]*p.h[1]
	for range registerSteps {
		ncc, gain, ok := p.compare(g, u, &v)
		if !ok || ncc < minNCC-registerRise {
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
		if d.Norm() < registerEnough {
			break
		}
	}
	ncc, _, ok := p.compare(g, u, &v)
	return u, ok && ncc > minNCC
}

// compare reads the window at u, its mean removed, into v.
func (p *patch) compare(g slam.Gray, u geom.Vec2, v *[registerSide * registerSide]float64) (ncc, gain float64, ok bool) {
	x0, y0 := int(math.Floor(u.X))-registerRadius, int(math.Floor(u.Y))-registerRadius
	if x0 < 0 || y0 < 0 || x0+registerSide >= g.W || y0+registerSide >= g.H {
		return 0, 1, false
	}
	fx, fy := u.X-math.Floor(u.X), u.Y-math.Floor(u.Y)
	a, b, c, d := (1-fx)*(1-fy), fx*(1-fy), (1-fx)*fy, fx*fy
	var mean float64
	i := 0
	for y := range registerSide {
		top := g.Pix[(y0+y)*g.W+x0:]
		low := g.Pix[(y0+y+1)*g.W+x0:]
		for x := range registerSide {
			v[i] = a*float64(top[x]) + b*float64(top[x+1]) + c*float64(low[x]) + d*float64(low[x+1])
			mean += v[i]
			i++
		}
	}
	mean /= registerSide * registerSide
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

// register moves the features of keyframe k to where the first observations of
// their landmarks say or, where these look too different, the nearest keyframe
// whose own feature was found. It notes those that it finds.
func (m *Map) register(k *Keyframe) {
	m.Open(k)
	if !k.pictured() {
		return
	}
	for i := range k.Features {
		l, ok := m.landmarks[k.Features[i].Landmark]
		if !ok || !l.Known() || l.Host == k.ID {
			continue
		}
		at, ok := m.registerFrom(l, l.Obs[0], k, i)
		if !ok {
			ref, near := m.nearestFound(l, k.ID)
			if !near {
				continue
			}
			if at, ok = m.registerFrom(l, ref, k, i); !ok {
				continue
			}
		}
		k.Features[i].Pixel, k.Features[i].found = at, 1
	}
}

// nearestFound returns the observation of l that was found in the keyframe next to kf.
func (m *Map) nearestFound(l *Landmark, kf int) (best Observation, ok bool) {
	gap := math.MaxInt
	for _, o := range l.Obs {
		d := max(o.KF-kf, kf-o.KF)
		if o.KF != kf && d < gap && m.Keyframes[o.KF].Features[o.Index].found == 1 {
			best, gap, ok = o, d, true
		}
	}
	return best, ok
}

// registerFrom finds what observation ref of a landmark shows near feature i of
// keyframe k.
func (m *Map) registerFrom(l *Landmark, ref Observation, k *Keyframe, i int) (at geom.Vec2, ok bool) {
	from := m.Keyframes[ref.KF]
	m.Open(from)
	z := from.Pose.ApplyInverse(m.Position(l)).Z
	if !from.pictured() || z < minDepthM {
		return at, false
	}
	u := from.Features[ref.Index].Pixel
	inv, ok := warp(from.Camera, k.Camera, k.Pose.Inverse().Mul(from.Pose), u, 1/z)
	if !ok {
		return at, false
	}
	p, ok := newPatch(from.Gray, u, inv)
	if !ok {
		return at, false
	}
	return p.align(k.Gray, k.Features[i].Pixel, registerMaxPx, registerMinNCC)
}

// registerAll registers the features of all keyframes of a part anew.
func (m *Map) registerAll(part int) {
	for _, k := range m.Keyframes {
		if k.Part != part {
			continue
		}
		for i := range k.Features {
			k.Features[i].found = 0
		}
	}
	for _, k := range m.Keyframes {
		if k.Part == part && !k.Culled() {
			m.register(k)
		}
	}
}

// registered reports whether the features that were found hold the keyframe by themselves.
func (k *Keyframe) registered() bool {
	n := 0
	for _, f := range k.Features {
		n += f.found
	}
	return n >= registerPlenty
}

// pictured reports whether the keyframe's picture is there in full size.
func (k *Keyframe) pictured() bool { return k.Gray.W == k.Camera.W && k.Gray.H == k.Camera.H }
