package geom

import "math"

// Sim3 is a similarity p -> S R p + T.
type Sim3 struct {
	R Mat3
	T Vec3
	S float64
}

// Tangent7 is a tangent vector of Sim(3): translation rho, rotation phi, log-scale sigma.
type Tangent7 [7]float64

// IdentitySim3 returns the similarity that moves nothing.
func IdentitySim3() Sim3 { return Sim3{R: Identity3(), S: 1} }

// Sim3FromSE3 returns the similarity of scale s with the rotation and
// translation of a.
func Sim3FromSE3(a SE3, s float64) Sim3 { return Sim3{R: a.R, T: a.T, S: s} }

// SE3 drops the scale: a pose whose frame is s times larger.
func (a Sim3) SE3() SE3 { return SE3{R: a.R, T: a.T} }

// Mul returns the composition a b: first b, then a.
func (a Sim3) Mul(b Sim3) Sim3 {
	return Sim3{R: a.R.Mul(b.R), T: a.R.MulVec(b.T).Scale(a.S).Add(a.T), S: a.S * b.S}
}

// Inverse returns the inverse similarity.
func (a Sim3) Inverse() Sim3 {
	return Sim3{R: a.R.T(), T: a.R.TMulVec(a.T).Scale(-1 / a.S), S: 1 / a.S}
}

// Apply returns S R p + T.
func (a Sim3) Apply(p Vec3) Vec3 { return a.R.MulVec(p).Scale(a.S).Add(a.T) }

// ApplyPose maps a camera-to-world pose into the similarity's target frame; the
// scale moves the centre and leaves the rotation a rotation.
func (a Sim3) ApplyPose(b SE3) SE3 { return SE3{R: a.R.Mul(b.R), T: a.Apply(b.T)} }

// ExpSim3 returns the exponential map of (rho, phi, sigma) (Strasdat 2012, A.3).
func ExpSim3(xi Tangent7) Sim3 {
	rho, phi := Vec3{xi[0], xi[1], xi[2]}, Vec3{xi[3], xi[4], xi[5]}
	return Sim3{R: ExpSO3(phi), T: vSim3(phi, xi[6]).MulVec(rho), S: math.Exp(xi[6])}
}

// LogSim3 returns the tangent vector with ExpSim3(xi) = a.
func LogSim3(a Sim3) Tangent7 {
	phi, sigma := LogSO3(a.R), math.Log(a.S)
	inv, _ := vSim3(phi, sigma).Inverse()
	rho := inv.MulVec(a.T)
	return Tangent7{rho.X, rho.Y, rho.Z, phi.X, phi.Y, phi.Z, sigma}
}

// Retract returns a Exp(xi), with the rotation kept orthonormal.
func (a Sim3) Retract(xi Tangent7) Sim3 {
	b := a.Mul(ExpSim3(xi))
	b.R = Orthonormalize(b.R)
	return b
}

// vSim3 is the matrix W of the exponential map: the integral over t in [0, 1]
// of exp(sigma t) Exp(t phi) = c0 I + c1 [phi]x + c2 [phi]x^2.
func vSim3(phi Vec3, sigma float64) Mat3 {
	theta := phi.Norm()
	var c0, c1, c2 float64
	if math.Abs(sigma) < 1e-3 || theta < 1e-3 {
		c0, c1, c2 = vSim3Quadrature(theta, sigma)
	} else {
		es := math.Exp(sigma)
		s, c := math.Sincos(theta)
		d := sigma*sigma + theta*theta
		c0 = math.Expm1(sigma) / sigma
		// Integrals of exp(sigma t) sin(theta t) and exp(sigma t) cos(theta t).
		is := (es*(sigma*s-theta*c) + theta) / d
		ic := (es*(sigma*c+theta*s) - sigma) / d
		c1 = is / theta
		c2 = (c0 - ic) / (theta * theta)
	}
	k := Skew(phi)
	return Identity3().Scale(c0).Add(k.Scale(c1)).Add(k.Mul(k).Scale(c2))
}

// vSim3Quadrature takes the same integrals where the closed forms lose digits,
// by 12-point Gauss-Legendre quadrature, exact to rounding for |sigma| < 3 and
// theta <= pi.
func vSim3Quadrature(theta, sigma float64) (c0, c1, c2 float64) {
	for i, x := range gaussX {
		for _, t := range [2]float64{(1 + x) / 2, (1 - x) / 2} {
			w := gaussW[i] / 2 * math.Exp(sigma*t)
			a, b := sincCosc(theta * theta * t * t)
			c0 += w
			c1 += w * t * a
			c2 += w * t * t * b
		}
	}
	return c0, c1, c2
}

// Nodes and weights of 12-point Gauss-Legendre quadrature on [-1, 1].
var (
	gaussX = [6]float64{.1252334085114689, .3678314989981802, .5873179542866175, .7699026741943047, .9041172563704749, .9815606342467192}
	gaussW = [6]float64{.2491470458134028, .2334925365383548, .2031674267230659, .1600783285433462, .1069393259953184, .0471753363865118}
)
