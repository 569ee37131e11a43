package ground

import (
	"math"

	"github.com/metricslam/metricslam/geom"
	"github.com/metricslam/metricslam/slam"
)

// View is a grey image with its camera and the pose T_wc it was taken from.
type View struct {
	Gray   slam.Gray
	Camera geom.Camera
	Pose   geom.SE3
}

// plane is an estimate of q with the deviation of log h.
type plane struct {
	q      geom.Vec3
	logStd float64
	ncc    float64 // correlation of the two images on the road
}

// align refines q from q0 between two views; normal is the
// expected direction, known to tiltStd radians. ok is false where the road shows too little.
func align(a, b View, q0, normal geom.Vec3, tiltStd float64) (g plane, ok bool) {
	rel := a.Pose.Between(b.Pose) // T_ab
	g.q = q0
	px := roadPixels(b.Camera)
	for _, radius := range []int{2, 1} { // coarse to fine: the radius of the box sets the support of the gradient
		ia, ib := newSmoothed(a.Gray, radius), newSmoothed(b.Gray, radius)
		for range maxSteps {
			step, info, ncc, n := gaussNewtonStep(ia, ib, a.Camera, b.Camera, rel, g.q, tiltPrior{normal, tiltStd}, px)
			if n < len(px)/2 {
				return g, false
			}
			g.q, g.ncc = g.q.Add(step), ncc
			g.logStd = math.Hypot(1/math.Sqrt(math.Max(info, 1e-12)), floorLogStd)
			if step.Norm() < convergedShare*g.q.Norm() {
				break
			}
		}
	}
	cos := g.q.Unit().Dot(normal)
	return g, g.ncc >= minNCC && cos > math.Cos(tiltSigmas*tiltStd) && g.q.IsFinite()
}

// search tries heights from near to far and returns the best correlation:
// the start of align where nothing is known. baseline is |t_ab|.
func search(a, b View, normal geom.Vec3) (q geom.Vec3, ncc float64) {
	rel := a.Pose.Between(b.Pose)
	px := roadPixels(b.Camera)
	ia, ib := newSmoothed(a.Gray, 2), newSmoothed(b.Gray, 2)
	ncc = -1
	base := rel.T.Norm()
	for ratio := searchNear; ratio < searchFar; ratio *= searchStep { // height in baselines
		cand := normal.Scale(1 / (ratio * base))
		if _, _, c, n := gaussNewtonStep(ia, ib, a.Camera, b.Camera, rel, cand, tiltPrior{normal, TiltStd}, px); n >= len(px)/2 && c > ncc {
			q, ncc = cand, c
		}
	}
	return q, ncc
}

// roadPixels samples the trapezium in front of a camera that looks ahead: from a
// little below the horizon to the lower edge, wider below.
func roadPixels(cam geom.Camera) []geom.Vec2 {
	top := cam.Cy + roadTopTan*cam.Fy
	bottom := float64(cam.H - borderPx)
	if top >= bottom {
		return nil
	}
	var area float64
	half := func(y float64) float64 { return roadHalfWidth * (y - cam.Cy) * cam.Fx / cam.Fy }
	for y := top; y <= bottom; y++ {
		area += 2 * half(y)
	}
	step := math.Max(1, math.Sqrt(area/samples))
	var px []geom.Vec2
	for y := top; y <= bottom; y += step {
		for x := cam.Cx - half(y); x <= cam.Cx+half(y); x += step {
			u := geom.Vec2{X: math.Round(x), Y: math.Round(y)}
			if cam.Contains(u, borderPx) {
				px = append(px, u)
			}
		}
	}
	return px
}

// gaussNewtonStep returns the Gauss-Newton step of q, the information on log h, the
// correlation at q and the number of pixels seen by both.
func gaussNewtonStep(ia, ib smoothed, ca, cb geom.Camera, rel geom.SE3, q geom.Vec3, tilt tiltPrior, px []geom.Vec2) (step geom.Vec3, info, ncc float64, n int) {
	gain, offset, ncc, n := fitExposure(ia, ib, ca, cb, rel, q, px)
	if n == 0 {
		return geom.Vec3{}, 0, 0, 0
	}
	var h geom.Mat3
	var g geom.Vec3
	var sum2 float64
	for _, u := range px {
		ray := cb.Ray(u)
		p := rel.R.MulVec(ray).Add(rel.T.Scale(q.Dot(ray)))
		if p.Z < nearestM {
			continue
		}
		v := ca.Project(p)
		if !ca.Contains(v, borderPx) {
			continue
		}
		va, gx, gy := ia.at(v)
		r := gain*va + offset - ib.value(u)
		d := ca.ProjectJacobian(p)
		along := gain * (gx*(d[0][0]*rel.T.X+d[0][1]*rel.T.Y+d[0][2]*rel.T.Z) + gy*(d[1][0]*rel.T.X+d[1][1]*rel.T.Y+d[1][2]*rel.T.Z))
		j := ray.Scale(along)
		w := 1.0
		if math.Abs(r) > huberGrey {
			w = huberGrey / math.Abs(r)
		}
		h = h.Add(geom.Outer(j, j).Scale(w))
		g = g.Add(j.Scale(w * r))
		sum2 += w * r * r
	}
	noise := math.Max(sum2/float64(n), 1)
	h, g = h.Scale(independentShare/noise), g.Scale(independentShare/noise)
	info = q.Dot(h.MulVec(q)) // d log h = - d q . q / |q|^2 along q
	tilt.add(&h, &g, q)
	inv, ok := h.Inverse()
	if !ok {
		return geom.Vec3{}, 0, ncc, 0
	}
	return inv.MulVec(g).Scale(-1), info, ncc, n
}

// tiltPrior holds the direction of q near the expected normal.
type tiltPrior struct {
	normal geom.Vec3
	std    float64 // radians
}

func (t tiltPrior) add(h *geom.Mat3, g *geom.Vec3, q geom.Vec3) {
	l := q.Norm()
	across := geom.Identity3().Add(geom.Outer(t.normal, t.normal).Scale(-1)) // projector onto the plane
	w := 1 / (t.std * t.std * l * l)
	*h = h.Add(across.Scale(w))
	*g = g.Add(across.MulVec(q).Scale(w))
}

// fitExposure fits I_b = gain I_a + offset over the road and returns the
// correlation.
func fitExposure(ia, ib smoothed, ca, cb geom.Camera, rel geom.SE3, q geom.Vec3, px []geom.Vec2) (gain, offset, ncc float64, n int) {
	var sa, sb, saa, sbb, sab float64
	for _, u := range px {
		ray := cb.Ray(u)
		p := rel.R.MulVec(ray).Add(rel.T.Scale(q.Dot(ray)))
		if p.Z < nearestM {
			continue
		}
		v := ca.Project(p)
		if !ca.Contains(v, borderPx) {
			continue
		}
		va, _, _ := ia.at(v)
		vb := ib.value(u)
		sa, sb, saa, sbb, sab = sa+va, sb+vb, saa+va*va, sbb+vb*vb, sab+va*vb
		n++
	}
	if n < minSeen {
		return 1, 0, 0, 0
	}
	fn := float64(n)
	cov, vara, varb := sab-sa*sb/fn, saa-sa*sa/fn, sbb-sb*sb/fn
	if vara < fn || varb < fn { // less than one grey level of contrast
		return 1, (sb - sa) / fn, 0, n
	}
	gain = math.Min(math.Max(cov/vara, .5), 2)
	return gain, (sb - gain*sa) / fn, cov / math.Sqrt(vara*varb), n
}

// smoothed is an image smoothed by a box, as floats.
type smoothed struct {
	w, h int
	pix  []float32
}

// newSmoothed averages over boxes of 2 radius + 1 pixels.
func newSmoothed(g slam.Gray, radius int) smoothed {
	p := smoothed{g.W, g.H, make([]float32, g.W*g.H)}
	tmp := make([]float32, g.W*g.H)
	norm := 1 / float32(2*radius+1)
	for y := range g.H {
		for x := range g.W {
			var s float32
			for d := -radius; d <= radius; d++ {
				s += float32(g.Pix[y*g.W+min(max(x+d, 0), g.W-1)])
			}
			tmp[y*g.W+x] = s * norm
		}
	}
	for y := range g.H {
		for x := range g.W {
			var s float32
			for d := -radius; d <= radius; d++ {
				s += tmp[min(max(y+d, 0), g.H-1)*g.W+x]
			}
			p.pix[y*g.W+x] = s * norm
		}
	}
	return p
}

func (p smoothed) value(u geom.Vec2) float64 { return float64(p.pix[int(u.Y)*p.w+int(u.X)]) }

// at interpolates the value and its gradient bilinearly; u lies inside.
func (p smoothed) at(u geom.Vec2) (v, gx, gy float64) {
	x, y := int(u.X), int(u.Y)
	fx, fy := u.X-float64(x), u.Y-float64(y)
	i := y*p.w + x
	p00, p10 := float64(p.pix[i]), float64(p.pix[i+1])
	p01, p11 := float64(p.pix[i+p.w]), float64(p.pix[i+p.w+1])
	v = (1-fy)*((1-fx)*p00+fx*p10) + fy*((1-fx)*p01+fx*p11)
	return v, (1-fy)*(p10-p00) + fy*(p11-p01), (1-fx)*(p01-p00) + fx*(p11-p10)
}
