package tracking

import (
	"math"
	"slices"

	"github.com/metricslam/metricslam/geom"
	"github.com/metricslam/metricslam/slam"
)

// Direct alignment: the pose of a picture from all its pixels and the depth of
// another one, coarse to fine, with gain and offset of the light solved along
// (Kerl, Sturm, Cremers 2013). It sees through motion blur, in the dark and on
// bare floors, where corners are lost; where corners are good they are more exact.

// Pyramid is a picture at 1/4, 1/2 and all of about 160 pixels width.
type Pyramid struct{ levels []level }

// level is one size of a picture, grey levels as floats.
type level struct {
	cam geom.Camera
	pix []float32
}

const (
	directWidth  = 160 // of the finest level
	directLevels = 3
	directMinPx  = 12 // the shorter side of the coarsest level
)

// NewPyramid averages a picture down.
func NewPyramid(g slam.Gray, cam geom.Camera) Pyramid {
	var p Pyramid
	k := max(1, g.W/directWidth)
	fine := averaged(cam, k, func(i int) float32 { return float32(g.Pix[i]) })
	p.levels = []level{fine}
	for len(p.levels) < directLevels && min(fine.cam.W, fine.cam.H) >= 2*directMinPx {
		pix := fine.pix
		fine = averaged(fine.cam, 2, func(i int) float32 { return pix[i] })
		p.levels = append(p.levels, fine)
	}
	return p
}

// averaged shrinks a picture by a factor, with the mean of each block.
func averaged(cam geom.Camera, k int, at func(i int) float32) level {
	w, h := cam.W/k, cam.H/k
	cut := cam
	cut.W, cut.H = w*k, h*k
	l := level{cam: cut.Resized(w, h), pix: make([]float32, w*h)}
	norm := 1 / float32(k*k)
	for y := range h {
		for x := range w {
			var sum float32
			for dy := range k {
				for dx := range k {
					sum += at((y*k+dy)*cam.W + x*k + dx)
				}
			}
			l.pix[y*w+x] = sum * norm
		}
	}
	return l
}

// Reference is a picture whose depth is known: what others are aligned to.
type Reference struct {
	Pose   geom.SE3 // T_wc
	DepthM float64  // median depth of its pixels
	levels []referenceLevel
}

type referenceLevel struct {
	points []geom.Vec3 // in its camera, metres
	pix    []float32   // grey levels there
	total  int         // pixels of the level
}

// directEdge is the jump of log depth between neighbours across which a pixel
// belongs to no surface.
const directEdge = .1

// NewReference takes the pixels of p whose depth is known; depth may have
// another size. scale multiplies it.
func NewReference(p Pyramid, pose geom.SE3, depth slam.DepthMap, scale float64) *Reference {
	r := &Reference{Pose: pose}
	for _, l := range p.levels {
		r.levels = append(r.levels, l.with(depth, scale))
	}
	if coarse := r.levels[len(r.levels)-1].points; len(coarse) > 0 {
		z := make([]float64, len(coarse))
		for i, p := range coarse {
			z[i] = p.Z
		}
		slices.Sort(z)
		r.DepthM = z[len(z)/2]
	}
	return r
}

func (l level) with(depth slam.DepthMap, scale float64) referenceLevel {
	out := referenceLevel{total: len(l.pix)}
	fx, fy := float64(depth.W)/float64(l.cam.W), float64(depth.H)/float64(l.cam.H)
	at := func(x, y int) float64 {
		z, _, ok := depth.At(geom.Vec2{X: (float64(x)+.5)*fx - .5, Y: (float64(y)+.5)*fy - .5})
		if !ok {
			return 0
		}
		return z * scale
	}
	for y := range l.cam.H {
		for x := range l.cam.W {
			z := at(x, y)
			if z <= 0 || jumps(z, at(x+1, y)) || jumps(z, at(x-1, y)) || jumps(z, at(x, y+1)) || jumps(z, at(x, y-1)) {
				continue
			}
			out.points = append(out.points, l.cam.Unproject(geom.Vec2{X: float64(x), Y: float64(y)}, z))
			out.pix = append(out.pix, l.pix[y*l.cam.W+x])
		}
	}
	return out
}

func jumps(a, b float64) bool { return b > 0 && math.Abs(math.Log(a/b)) > directEdge }

// Alignment is the result of AlignDirect.
type Alignment struct {
	Pose    geom.SE3  // T_wc of the picture
	Info    geom.Mat6 // information on the right increment of T_reference_picture
	NCC     float64   // correlation of the two pictures where both see
	Overlap float64   // share of the reference's pixels that take part
	InSight float64   // of those with a depth, the share that is still in the picture
}

const (
	directMinPoints  = 100
	directMinNCC     = .9
	directMinOverlap = .25 // of the pixels with a depth
	directMinSeen    = .10 // of all pixels: in the dark and at edges most have no depth
	directIterations = 12
	directHuber      = 8     // grey levels
	directShared     = .0015 // of a pixel's information is its own: errors are four times what independent ones would be
	directMaxStd     = .05   // of the position by the pixels alone, in median depths
)

// AlignDirect moves the pose of picture cur from guess until the pixels of ref
// look alike in it. The guess's position counts too, with a deviation of
// shiftStdM metres: bare ceilings do not tell a turn from a shift. ok is false
// where the pictures share too little, do not correlate, or do not hold the
// position.
func AlignDirect(ref *Reference, cur Pyramid, guess geom.SE3, shiftStdM float64) (a Alignment, ok bool) {
	t := guess.Inverse().Mul(ref.Pose) // T_cr
	prior := shiftPrior{t.T, 1 / (shiftStdM * shiftStdM)}
	for i := min(len(ref.levels), len(cur.levels)) - 1; i >= 0; i-- {
		r, c := &ref.levels[i], &cur.levels[i]
		if len(r.points) < directMinPoints {
			return a, false
		}
		if t, a, ok = r.align(c, t, prior); !ok {
			return a, false
		}
	}
	a.Pose = ref.Pose.Mul(t.Inverse())
	held := a.shiftStdM() < directMaxStd*ref.DepthM
	for i := range 3 {
		a.Info[i][i] += prior.info
	}
	return a, held && a.NCC >= directMinNCC && a.Overlap >= directMinSeen && a.Pose.IsFinite()
}

// shiftPrior holds the translation of T_cr near that of the guess.
type shiftPrior struct {
	at   geom.Vec3
	info float64 // 1/m^2
}

// shiftStdM is the largest deviation of the position along an axis, infinite
// where the pixels do not hold it.
func (a *Alignment) shiftStdM() float64 {
	var worst float64
	for i := range 3 {
		var e geom.Tangent6
		e[i] = 1
		x, ok := geom.Solve6(&a.Info, &e)
		if !ok {
			return math.Inf(1)
		}
		worst = max(worst, x[i])
	}
	return math.Sqrt(worst)
}

// align runs Gauss-Newton on one level.
func (r *referenceLevel) align(c *level, t geom.SE3, prior shiftPrior) (geom.SE3, Alignment, bool) {
	var a Alignment
	best, bestCost := t, math.Inf(1)
	for range directIterations {
		n := r.normal(c, t)
		if n.count < directMinPoints || float64(n.count) < directMinOverlap*float64(len(r.points)) {
			break
		}
		off, weight := t.T.Sub(prior.at), prior.info/n.weight()
		n.cost += weight * off.Norm2() / float64(n.count)
		if n.cost >= bestCost {
			break
		}
		a.NCC, a.Overlap, a.InSight = n.ncc, float64(n.count)/float64(r.total), float64(n.count)/float64(len(r.points))
		a.Info = n.info()
		improved := 1 - n.cost/bestCost
		best, bestCost = t, n.cost
		damped := n.h
		for i := range 6 {
			damped[i][i] *= 1.001
		}
		for i, d := range [3]float64{off.X, off.Y, off.Z} {
			damped[i][i] += weight
			n.g[i] -= weight * d
		}
		step, ok := geom.Solve6(&damped, &n.g)
		if !ok {
			return t, a, false
		}
		// The left increment of T_cr is the negative right one of T_rc.
		t = geom.ExpSE3(step).Mul(t)
		if improved < 1e-4 {
			break
		}
	}
	return best, a, !math.IsInf(bestCost, 1)
}

// normalEquations are those of a left increment of T_cr, translation first.
type normalEquations struct {
	h     geom.Mat6
	g     geom.Tangent6
	cost  float64 // mean robust squared residual
	ncc   float64
	count int
}

// weight turns a squared residual into information: residuals have the deviation
// that is seen, and neighbours share theirs.
func (n *normalEquations) weight() float64 { return directShared / math.Max(n.cost, 1) }

func (n *normalEquations) info() geom.Mat6 {
	out := n.h
	w := n.weight()
	for i := range out {
		for j := range out[i] {
			out[i][j] *= w
		}
	}
	return out
}

// normal linearises the residuals I_c(proj(T p)) - (gain I_r + offset).
func (r *referenceLevel) normal(c *level, t geom.SE3) (n normalEquations) {
	gain, offset, ncc, count := r.light(c, t)
	n.ncc = ncc
	if count < directMinPoints {
		return n
	}
	w := c.cam.W
	for i, p := range r.points {
		q := t.Apply(p)
		if q.Z < .05 {
			continue
		}
		iz := 1 / q.Z
		ux, uy := c.cam.Fx*q.X*iz+c.cam.Cx, c.cam.Fy*q.Y*iz+c.cam.Cy
		if !(ux >= 0 && uy >= 0 && ux < float64(w-1) && uy < float64(c.cam.H-1)) {
			continue
		}
		v, gx, gy := c.sample(ux, uy)
		res := v - gain*float64(r.pix[i]) - offset
		// d res/d q, then d q/d xi = [I, -[q]x].
		dx, dy := gx*c.cam.Fx*iz, gy*c.cam.Fy*iz
		dz := -(dx*q.X + dy*q.Y) * iz
		j := [6]float64{dx, dy, dz, q.Y*dz - q.Z*dy, q.Z*dx - q.X*dz, q.X*dy - q.Y*dx}
		wt := 1.0
		if a := math.Abs(res); a > directHuber {
			wt = directHuber / a
		}
		for a := range 6 {
			ja := wt * j[a]
			n.g[a] -= ja * res
			for b := a; b < 6; b++ {
				n.h[a][b] += ja * j[b]
			}
		}
		n.cost += wt * res * res
		n.count++
	}
	for a := range 6 {
		for b := range a {
			n.h[a][b] = n.h[b][a]
		}
	}
	n.cost /= math.Max(float64(n.count), 1)
	return n
}

// light fits I_c = gain I_r + offset where both see, and returns the correlation.
func (r *referenceLevel) light(c *level, t geom.SE3) (gain, offset, ncc float64, n int) {
	var sa, sb, saa, sbb, sab float64
	for i, p := range r.points {
		q := t.Apply(p)
		if q.Z < .05 {
			continue
		}
		iz := 1 / q.Z
		x, y := int(c.cam.Fx*q.X*iz+c.cam.Cx+.5), int(c.cam.Fy*q.Y*iz+c.cam.Cy+.5)
		if x < 0 || y < 0 || x >= c.cam.W || y >= c.cam.H {
			continue
		}
		a, b := float64(r.pix[i]), float64(c.pix[y*c.cam.W+x])
		sa, sb, saa, sbb, sab, n = sa+a, sb+b, saa+a*a, sbb+b*b, sab+a*b, n+1
	}
	f := float64(max(n, 1))
	cov, va, vb := sab-sa*sb/f, saa-sa*sa/f, sbb-sb*sb/f
	if va < f || vb < f { // less than one grey level of contrast
		return 1, (sb - sa) / f, 0, n
	}
	gain = min(max(cov/va, .2), 5)
	return gain, (sb - gain*sa) / f, cov / math.Sqrt(va*vb), n
}

// sample interpolates a level and its gradient; the place lies inside.
func (l *level) sample(ux, uy float64) (v, gx, gy float64) {
	x, y := int(ux), int(uy)
	fx, fy := ux-float64(x), uy-float64(y)
	i := y*l.cam.W + x
	p00, p10 := float64(l.pix[i]), float64(l.pix[i+1])
	p01, p11 := float64(l.pix[i+l.cam.W]), float64(l.pix[i+l.cam.W+1])
	v = (1-fy)*((1-fx)*p00+fx*p10) + fy*((1-fx)*p01+fx*p11)
	return v, (1-fy)*(p10-p00) + fy*(p11-p01), (1-fx)*(p01-p00) + fx*(p11-p10)
}
