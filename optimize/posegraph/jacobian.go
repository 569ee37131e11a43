package posegraph

import (
	"math"

	"github.com/metricslam/metricslam/geom"
)

// rightJacobianInvSE3 writes J_r^-1(xi), 6x6 row-major: Log(Exp(xi) Exp(d)) =
// xi + J_r^-1 d. With the blocks of (rho, phi) it is [[A, -A Q A], [0, A]], A the
// inverse right Jacobian of SO(3) (Barfoot 2017, 7.95).
func rightJacobianInvSE3(out *[49]float64, xi *geom.Tangent6) {
	rho, phi := geom.Vec3{X: xi[0], Y: xi[1], Z: xi[2]}, geom.Vec3{X: xi[3], Y: xi[4], Z: xi[5]}
	a := geom.RightJacobianInvSO3(phi)
	b := a.Mul(qMatrix(rho.Scale(-1), phi.Scale(-1))).Mul(a)
	for i := range 3 {
		for j := range 3 {
			out[6*i+j], out[6*(i+3)+j+3] = a[i][j], a[i][j]
			out[6*i+j+3], out[6*(i+3)+j] = -b[i][j], 0
		}
	}
}

// qMatrix is Q of the left Jacobian of SE(3) (Barfoot 2017, 7.86).
func qMatrix(rho, phi geom.Vec3) geom.Mat3 {
	t2 := phi.Norm2()
	// (t - sin t)/t^3, (t^2 + 2 cos t - 2)/(2 t^4), (2t - 3 sin t + t cos t)/(2 t^5)
	c1, c2, c3 := 1.0/6-t2/120, 1.0/24-t2/720, 1.0/120-t2/2520
	if t2 > 1e-2 {
		t := math.Sqrt(t2)
		s, c := math.Sincos(t)
		c1 = (t - s) / (t2 * t)
		c2 = (t2 + 2*c - 2) / (2 * t2 * t2)
		c3 = (2*t - 3*s + t*c) / (2 * t2 * t2 * t)
	} else {
		c1 += t2 * t2 / 5040 * (1 - t2/72)
		c2 += t2 * t2 / 40320 * (1 - t2/90)
		c3 += t2 * t2 / 120960 * (1 - t2/82.5)
	}
	p, r := geom.Skew(phi), geom.Skew(rho)
	pr, rp := p.Mul(r), r.Mul(p)
	prp := pr.Mul(p)
	q := r.Scale(.5)
	q = q.Add(pr.Add(rp).Add(prp).Scale(c1))
	ppr, rpp := p.Mul(pr), rp.Mul(p)
	q = q.Add(ppr.Add(rpp).Add(prp.Scale(-3)).Scale(c2))
	return q.Add(prp.Mul(p).Add(p.Mul(prp)).Scale(c3))
}

// mulAdjointSE3 writes jr Ad(a), 6x6, for jr of the form of rightJacobianInvSE3;
// Ad = [[R, [t]x R], [0, R]].
func mulAdjointSE3(out, jr *[49]float64, a geom.SE3) {
	tr := geom.Skew(a.T).Mul(a.R)
	for i := range 6 {
		row := jr[6*i : 6*i+6]
		for j := range 3 {
			out[6*i+j] = row[0]*a.R[0][j] + row[1]*a.R[1][j] + row[2]*a.R[2][j]
			out[6*i+j+3] = row[0]*tr[0][j] + row[1]*tr[1][j] + row[2]*tr[2][j] +
				row[3]*a.R[0][j] + row[4]*a.R[1][j] + row[5]*a.R[2][j]
		}
	}
}

// adjointSim3 writes Ad(a), 7x7: [[s R, [t]x R, -t], [0, R, 0], [0, 0, 1]].
func adjointSim3(out *[49]float64, a geom.Sim3) {
	tr := geom.Skew(a.T).Mul(a.R)
	*out = [49]float64{6*7 + 6: 1}
	for i, t := range [3]float64{a.T.X, a.T.Y, a.T.Z} {
		for j := range 3 {
			out[7*i+j] = a.S * a.R[i][j]
			out[7*i+j+3] = tr[i][j]
			out[7*(i+3)+j+3] = a.R[i][j]
		}
		out[7*i+6] = -t
	}
}

func mul7(out, a, b *[49]float64) {
	for i := range 7 {
		row := (*[7]float64)(out[7*i:])
		*row = [7]float64{}
		for k := range 7 {
			c := a[7*i+k]
			src := (*[7]float64)(b[7*k:])
			for j := range row {
				row[j] += c * src[j]
			}
		}
	}
}

// Nodes and weights of Gauss-Legendre quadrature on [0, 1]: 5 points are exact
// to rounding for tangents below quadratureNorm, 12 for all that Log returns.
var (
	gauss5  = quadrature([]float64{0, .5384693101056831, .9061798459386640}, []float64{.5688888888888889, .4786286704993665, .2369268850561891})
	gauss12 = quadrature(
		[]float64{.1252334085114689, .3678314989981802, .5873179542866175, .7699026741943047, .9041172563704749, .9815606342467192},
		[]float64{.2491470458134028, .2334925365383548, .2031674267230659, .1600783285433462, .1069393259953184, .0471753363865118})
)

const quadratureNorm = .5

// quadrature mirrors the nodes of [-1, 1] and maps them to [0, 1].
func quadrature(x, w []float64) (rule [][2]float64) {
	for i := range x {
		rule = append(rule, [2]float64{(1 + x[i]) / 2, w[i] / 2})
		if x[i] != 0 {
			rule = append(rule, [2]float64{(1 - x[i]) / 2, w[i] / 2})
		}
	}
	return rule
}

// rightJacobianInvSim3 writes J_r^-1(xi), 7x7. J_r is the integral of
// Ad(Exp(-t xi)) over t in [0, 1]: [[A, B, c], [0, D, 0], [0, 0, 1]], inverted by
// blocks.
func rightJacobianInvSim3(out *[49]float64, xi *geom.Tangent7) {
	rule := gauss5
	var norm float64
	for _, x := range xi {
		norm += x * x
	}
	if norm > quadratureNorm*quadratureNorm {
		rule = gauss12
	}
	var j, ad [49]float64
	for _, node := range rule {
		var step geom.Tangent7
		for k, x := range xi {
			step[k] = -node[0] * x
		}
		adjointSim3(&ad, geom.ExpSim3(step))
		for k, x := range ad {
			j[k] += node[1] * x
		}
	}
	var a, b geom.Mat3
	for r := range 3 {
		for c := range 3 {
			a[r][c], b[r][c] = j[7*r+c], j[7*r+c+3]
		}
	}
	c := geom.Vec3{X: j[6], Y: j[13], Z: j[20]}
	ai, _ := a.Inverse()
	di := geom.RightJacobianInvSO3(geom.Vec3{X: xi[3], Y: xi[4], Z: xi[5]})
	bi := ai.Mul(b).Mul(di)
	ci := ai.MulVec(c)
	*out = [49]float64{6*7 + 6: 1}
	for r, x := range [3]float64{ci.X, ci.Y, ci.Z} {
		for k := range 3 {
			out[7*r+k], out[7*r+k+3], out[7*(r+3)+k+3] = ai[r][k], -bi[r][k], di[r][k]
		}
		out[7*r+6] = -x
	}
}
