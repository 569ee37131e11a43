package patch

import (
	"math"

	"github.com/metricslam/metricslam/geom"
	"github.com/metricslam/metricslam/slam"
)

// A patch is found in another image by aligning the two. (Lucas and Kanade 1981
// in the inverse compositional form of Baker and Matthews 2004, as the feature
// alignment of Forster, SVO 2014.) A road or a wall does not face the camera: the
// near side of a patch moves farther than the far side. Two numbers say how much
// farther, since all of it moves along the same line; they are found with the shift of the whole.

// alignment is how a patch lies in an image: what is at x from the patch's centre is
// at + x + dir (shear.x).
type alignment struct {
	at    geom.Vec2
	dir   geom.Vec2 // of length one: where things move that come nearer
	shear geom.Vec2
}

// aligner holds the normal equations of a patch, which no image changes.
type aligner struct {
	*patch
	jx, jy   [area]float64 // derivatives by the shear
	shift    sym2
	shear    sym2
	cross    [2][2]float64 // shift by shear
	marginal sym2          // of the shear with the shift eliminated, without prior
	prior    float64       // information that holds the shear to 0
}

// sym2 is a symmetric matrix.
type sym2 struct{ xx, xy, yy float64 }

func (s *sym2) add(x, y float64) { s.xx, s.xy, s.yy = s.xx+x*x, s.xy+x*y, s.yy+y*y }

// solve returns s^-1 v.
func (s sym2) solve(v geom.Vec2) geom.Vec2 {
	det := s.xx*s.yy - s.xy*s.xy
	return geom.Vec2{X: (s.yy*v.X - s.xy*v.Y) / det, Y: (s.xx*v.Y - s.xy*v.X) / det}
}

// least is the smaller eigenvalue.
func (s sym2) least() float64 {
	tr, det := s.xx+s.yy, s.xx*s.yy-s.xy*s.xy
	return (tr - math.Sqrt(max(tr*tr-4*det, 0))) / 2
}

func newAligner(p *patch, dir geom.Vec2, prior float64) *aligner {
	a := &aligner{patch: p, prior: prior}
	var mx, my float64
	for i := range area {
		x, y := float64(i%side-Radius), float64(i/side-Radius)
		along := (p.gx[i]+p.slope.X)*dir.X + (p.gy[i]+p.slope.Y)*dir.Y
		a.jx[i], a.jy[i] = along*x, along*y
		mx, my = mx+a.jx[i]/area, my+a.jy[i]/area
	}
	for i := range area {
		a.jx[i], a.jy[i] = a.jx[i]-mx, a.jy[i]-my // the mean is taken out with the exposure
		a.shift.add(p.gx[i], p.gy[i])
		a.shear.add(a.jx[i], a.jy[i])
		a.cross[0][0] += p.gx[i] * a.jx[i]
		a.cross[0][1] += p.gx[i] * a.jy[i]
		a.cross[1][0] += p.gy[i] * a.jx[i]
		a.cross[1][1] += p.gy[i] * a.jy[i]
	}
	x := a.shift.solve(geom.Vec2{X: a.cross[0][0], Y: a.cross[1][0]})
	y := a.shift.solve(geom.Vec2{X: a.cross[0][1], Y: a.cross[1][1]})
	a.marginal = sym2{
		a.shear.xx - a.cross[0][0]*x.X - a.cross[1][0]*x.Y,
		a.shear.xy - a.cross[0][0]*y.X - a.cross[1][0]*y.Y,
		a.shear.yy - a.cross[0][1]*y.X - a.cross[1][1]*y.Y,
	}
	return a
}

// align moves s to where g looks like the patch, at most maxPx. The gain of the
// light is taken from the two contrasts.
func (a *aligner) align(g slam.Gray, s alignment, maxPx, minNCC float64) (alignment, bool) {
	var v [area]float64
	start, near := s.at, false
	marginal := a.marginal
	marginal.xx, marginal.yy = marginal.xx+a.prior, marginal.yy+a.prior
	for range alignSteps {
		ncc, gain, ok := a.compare(g, s, &v)
		if !ok || ncc < minNCC-alignNCCSlack {
			return s, false
		}
		var shift, shear geom.Vec2
		for i := range v {
			r := v[i]/gain - a.value[i]
			shift.X, shift.Y = shift.X+r*a.gx[i], shift.Y+r*a.gy[i]
			shear.X, shear.Y = shear.X+r*a.jx[i], shear.Y+r*a.jy[i]
		}
		if near {
			shear = shear.Add(s.shear.Scale(a.prior))
			x := a.shift.solve(shift)
			shear.X -= a.cross[0][0]*x.X + a.cross[1][0]*x.Y
			shear.Y -= a.cross[0][1]*x.X + a.cross[1][1]*x.Y
			shear = marginal.solve(shear)
			shift.X -= a.cross[0][0]*shear.X + a.cross[0][1]*shear.Y
			shift.Y -= a.cross[1][0]*shear.X + a.cross[1][1]*shear.Y
		} else {
			shear = geom.Vec2{}
		}
		before := s.at
		s = s.minus(a.shift.solve(shift), shear)
		if s.at.Sub(start).Norm() > maxPx || s.shear.Norm() > maxShear {
			return s, false
		}
		step := s.at.Sub(before).Norm()
		if near && step < alignEnoughPx {
			break
		}
		near = near || step < alignNearPx
	}
	ncc, _, ok := a.compare(g, s, &v)
	return s, ok && ncc > minNCC
}

// minus is s after the inverse of a step of the patch: the shift by t, the shear by q.
func (s alignment) minus(t, q geom.Vec2) alignment {
	s.shear = s.shear.Sub(q.Scale((1 + s.shear.Dot(s.dir)) / (1 + q.Dot(s.dir))))
	s.at = s.at.Sub(t).Sub(s.dir.Scale(s.shear.Dot(t)))
	return s
}

// compare reads the window that s says, its mean removed, into v.
func (p *patch) compare(g slam.Gray, s alignment, v *[area]float64) (ncc, gain float64, ok bool) {
	ax, bx := 1+s.dir.X*s.shear.X, s.dir.X*s.shear.Y
	ay, by := s.dir.Y*s.shear.X, 1+s.dir.Y*s.shear.Y
	reachX, reachY := Radius*(math.Abs(ax)+math.Abs(bx)), Radius*(math.Abs(ay)+math.Abs(by))
	if !(s.at.X-reachX >= 0 && s.at.Y-reachY >= 0 && s.at.X+reachX < float64(g.W)-1.001 && s.at.Y+reachY < float64(g.H)-1.001) {
		return 0, 1, false
	}
	var mean float64
	i := 0
	for y := -Radius; y <= Radius; y++ {
		fx, fy := s.at.X-Radius*ax+float64(y)*bx, s.at.Y-Radius*ay+float64(y)*by
		for range side {
			ix, iy := int(fx), int(fy)
			dx, dy := fx-float64(ix), fy-float64(iy)
			top := g.Pix[iy*g.W+ix:]
			low := g.Pix[(iy+1)*g.W+ix:]
			a, b, c, d := float64(top[0]), float64(top[1]), float64(low[0]), float64(low[1])
			v[i] = (1-dy)*(a+dx*(b-a)) + dy*(c+dx*(d-c))
			mean += v[i]
			i++
			fx, fy = fx+ax, fy+ay
		}
	}
	mean /= area
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
