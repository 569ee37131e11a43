package geom

import (
	"math"
	"slices"
)

// Mat6 is a 6x6 matrix over the tangent space of SE(3), row by row.
type Mat6 [6][6]float64

// PnPOptions steer PnP. The zero value takes every default, with the image
// points' standard deviation Sigma still to be given.
type PnPOptions struct {
	RANSACOptions
	Sigma float64 // standard deviation of x on the z = 1 plane: pixels / focal length
	Info  []Info2 // per-point information on the z = 1 plane, in place of Sigma; may be nil
}

// behindCost is the squared whitened residual of a point behind the camera: as
// bad as any error, yet finite so that costs can be compared.
const behindCost = 1e8

// The final refinement of PnP.
const (
	refineHuber = 1.5 // standard deviations beyond which a point counts less: 13 % of good ones
	refineSteps = 10  // Gauss-Newton converges in 3 to 5
)

// minDepth keeps the projection's derivatives finite.
const minDepth = 1e-6

// PnP returns the pose T_cw (world to camera: p_c = T_cw p_w) of world points X
// from their images x on the z = 1 plane, some of them wrong: P3P in RANSAC,
// then RefinePnP on the inliers. inliers holds their indices, ascending. ok is
// false where no pose has opt.MinInliers (4 unless set).
func PnP(x []Vec2, X []Vec3, opt PnPOptions) (pose SE3, inliers []int, ok bool) {
	w := opt.info(len(x))
	if len(x) != len(X) || len(w) != len(x) {
		return IdentitySE3(), nil, false
	}
	sub := subset{x: x, X: X, w: w}
	p := Problem[SE3]{
		N: len(x), SampleSize: 3,
		Fit: func(idx []int, out []SE3) []SE3 {
			sols, n := P3P([3]Vec2{x[idx[0]], x[idx[1]], x[idx[2]]}, [3]Vec3{X[idx[0]], X[idx[1]], X[idx[2]]})
			return append(out, sols[:n]...)
		},
		Residual: func(t *SE3, i int) float64 {
			pc := t.Apply(X[i])
			if !(pc.Z > minDepth) {
				return math.Inf(1)
			}
			return w[i].Quad(pc.XY().Sub(x[i]))
		},
		Refine: func(t SE3, in []int) (SE3, bool) {
			sub.take(in)
			refined, _ := RefinePnP(t, sub.sx, sub.sX, sub.sw, Kernel{}, 3)
			return refined, refined.IsFinite()
		},
	}
	res, ok := RANSAC(p, opt.RANSACOptions)
	if !ok {
		return IdentitySE3(), nil, false
	}
	sub.take(res.Inliers)
	pose, _ = RefinePnP(res.Model, sub.sx, sub.sX, sub.sw, Kernel{Kind: Huber, Delta: refineHuber}, refineSteps)
	if !pose.IsFinite() {
		pose = res.Model
	}
	return pose, res.Inliers, true
}

// info returns the information of n points.
func (o PnPOptions) info(n int) []Info2 {
	if o.Info != nil {
		return o.Info
	}
	return slices.Repeat([]Info2{IsotropicInfo(inverseVariance(o.Sigma))}, n)
}

// inverseVariance is that of a standard deviation; 1 where none is given.
func inverseVariance(sigma float64) float64 {
	if sigma > 0 {
		return 1 / (sigma * sigma)
	}
	return 1
}

// subset gathers the measurements of a list of inliers.
type subset struct {
	x, sx []Vec2
	X, sX []Vec3
	w, sw []Info2
}

func (s *subset) take(idx []int) {
	s.sx, s.sX, s.sw = s.sx[:0], s.sX[:0], s.sw[:0]
	for _, i := range idx {
		s.sx, s.sX, s.sw = append(s.sx, s.x[i]), append(s.sX, s.X[i]), append(s.sw, s.w[i])
	}
}

// RefinePnP minimises sum rho(r_i^T W_i r_i), r_i = x_i - proj(T_cw X_i), by
// Levenberg-Marquardt from the pose T_cw, world to camera. x are image points
// on the z = 1 plane, w their information (nil: 1). It returns the pose
// and the information matrix there (the robustly weighted J^T W J, the inverse
// of the covariance) of the tangent (rho, phi) that moves the camera in its own
// frame: T_wc Exp(xi), which is Exp(-xi) T_cw. It does not allocate.
func RefinePnP(t SE3, x []Vec2, X []Vec3, w []Info2, kernel Kernel, iterations int) (SE3, Mat6) {
	h, g, cost := pnpNormal(&t, x, X, w, kernel)
	lambda := 1e-4
	for range iterations {
		damped := h
		for i := range 6 {
			damped[i][i] += lambda*h[i][i] + 1e-12
		}
		step, ok := Solve6(&damped, &g)
		if !ok {
			lambda *= 10
			continue
		}
		next := ExpSE3(step.neg()).Mul(t) // the step solves for xi; T_cw moves by Exp(-xi)
		next.R = Orthonormalize(next.R)
		nh, ng, ncost := pnpNormal(&next, x, X, w, kernel)
		if !(ncost <= cost) {
			lambda *= 10
			continue
		}
		done := cost-ncost <= 1e-9*cost || step.norm2() < 1e-24
		t, h, g, cost = next, nh, ng, ncost
		lambda = math.Max(lambda/10, 1e-12)
		if done {
			break
		}
	}
	return t, h
}

// pnpNormal returns the normal equations H xi = g and the cost at pose t.
func pnpNormal(t *SE3, x []Vec2, X []Vec3, w []Info2, kernel Kernel) (h Mat6, g Tangent6, cost float64) {
	r, o := &t.R, t.T
	for i := range X {
		p := &X[i]
		z := r[2][0]*p.X + r[2][1]*p.Y + r[2][2]*p.Z + o.Z
		if !(z > minDepth) {
			rho, _ := kernel.Eval(behindCost)
			cost += rho
			continue
		}
		iz := 1 / z
		a := (r[0][0]*p.X + r[0][1]*p.Y + r[0][2]*p.Z + o.X) * iz
		b := (r[1][0]*p.X + r[1][1]*p.Y + r[1][2]*p.Z + o.Y) * iz
		wi := Info2{1, 0, 1}
		if w != nil {
			wi = w[i]
		}
		ra, rb := x[i].X-a, x[i].Y-b
		rho, k := kernel.Eval(wi.Quad(Vec2{ra, rb}))
		cost += rho
		if wi.XY == 0 && wi.XX == wi.YY {
			accumulate(&h, &g, a, b, iz, ra, rb, wi.XX*k)
		} else {
			accumulateInfo(&h, &g, a, b, iz, Vec2{ra, rb}, wi.Scale(k))
		}
	}
	for i := range 6 {
		for j := range i {
			h[i][j] = h[j][i]
		}
	}
	return h, g, cost
}

// accumulate adds one point, of image (a, b), residual (ra, rb) and weight w, to
// g and to the upper triangle of h. The rows
//
//	d a / d xi = (-1/z, 0, a/z, ab, -(1 + a^2), b)
//	d b / d xi = (0, -1/z, b/z, 1 + b^2, -ab, -a)
//
// are multiplied out: two products vanish, others fold.
func accumulate(h *Mat6, g *Tangent6, a, b, iz, ra, rb, w float64) {
	aa, ab, bb := a*a, a*b, b*b
	wz := w * iz
	wzz := wz * iz
	h[0][0] += wzz
	h[1][1] += wzz
	h[0][2] -= wzz * a
	h[0][3] -= wz * ab
	h[0][4] += wz * (1 + aa)
	h[0][5] -= wz * b
	h[1][2] -= wzz * b
	h[1][3] -= wz * (1 + bb)
	h[1][4] += wz * ab
	h[1][5] += wz * a
	h[2][2] += wzz * (aa + bb)
	h[2][3] += wz * b * (1 + aa + bb)
	h[2][4] -= wz * a * (1 + aa + bb)
	h[3][3] += w * (aa*bb + (1+bb)*(1+bb))
	h[3][4] -= w * ab * (2 + aa + bb)
	h[3][5] -= w * a
	h[4][4] += w * (aa*bb + (1+aa)*(1+aa))
	h[4][5] -= w * b
	h[5][5] += w * (aa + bb)
	wa, wb := w*ra, w*rb
	g[0] -= wa * iz
	g[1] -= wb * iz
	g[2] += (wa*a + wb*b) * iz
	g[3] += wa*ab + wb*(1+bb)
	g[4] -= wa*(1+aa) + wb*ab
	g[5] += wa*b - wb*a
}

// accumulateInfo is accumulate for a weight that depends on the direction.
func accumulateInfo(h *Mat6, g *Tangent6, a, b, iz float64, r Vec2, w Info2) {
	ja := Tangent6{-iz, 0, a * iz, a * b, -(1 + a*a), b}
	jb := Tangent6{0, -iz, b * iz, 1 + b*b, -a * b, -a}
	wr := w.Mul(r)
	for i := range 6 {
		p, q := w.XX*ja[i]+w.XY*jb[i], w.XY*ja[i]+w.YY*jb[i]
		for j := i; j < 6; j++ {
			h[i][j] += p*ja[j] + q*jb[j]
		}
		g[i] += ja[i]*wr.X + jb[i]*wr.Y
	}
}

func (xi Tangent6) neg() Tangent6 {
	for i := range xi {
		xi[i] = -xi[i]
	}
	return xi
}

func (xi Tangent6) norm2() (s float64) {
	for _, v := range xi {
		s += v * v
	}
	return s
}
