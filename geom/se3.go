package geom

// SE3 is a rigid transform p -> R p + T.
type SE3 struct {
	R Mat3
	T Vec3
}

// Tangent6 is a tangent vector of SE(3): translation rho, then rotation phi.
type Tangent6 [6]float64

// IdentitySE3 returns the transform that moves nothing.
func IdentitySE3() SE3 { return SE3{R: Identity3()} }

// Mul returns the composition a b: first b, then a.
func (a SE3) Mul(b SE3) SE3 {
	return SE3{R: a.R.Mul(b.R), T: a.R.MulVec(b.T).Add(a.T)}
}

// Inverse returns the inverse transform.
func (a SE3) Inverse() SE3 {
	return SE3{R: a.R.T(), T: a.R.TMulVec(a.T).Scale(-1)}
}

// Apply returns R p + T.
func (a SE3) Apply(p Vec3) Vec3 { return a.R.MulVec(p).Add(a.T) }

// ApplyInverse returns R^T (p - T), without forming the inverse.
func (a SE3) ApplyInverse(p Vec3) Vec3 { return a.R.TMulVec(p.Sub(a.T)) }

// Between returns a^-1 b, the pose of b seen from a.
func (a SE3) Between(b SE3) SE3 {
	return SE3{R: a.R.T().Mul(b.R), T: a.R.TMulVec(b.T.Sub(a.T))}
}

// ExpSE3 returns the exponential map of (rho, phi).
func ExpSE3(xi Tangent6) SE3 {
	rho, phi := xi.split()
	return SE3{R: ExpSO3(phi), T: LeftJacobianSO3(phi).MulVec(rho)}
}

// LogSE3 returns the tangent vector (rho, phi) with ExpSE3(xi) = a.
func LogSE3(a SE3) Tangent6 {
	phi := LogSO3(a.R)
	rho := LeftJacobianInvSO3(phi).MulVec(a.T)
	return Tangent6{rho.X, rho.Y, rho.Z, phi.X, phi.Y, phi.Z}
}

func (xi Tangent6) split() (rho, phi Vec3) {
	return Vec3{xi[0], xi[1], xi[2]}, Vec3{xi[3], xi[4], xi[5]}
}

// Retract returns a Exp(xi), with the rotation kept orthonormal.
func (a SE3) Retract(xi Tangent6) SE3 {
	b := a.Mul(ExpSE3(xi))
	b.R = Orthonormalize(b.R)
	return b
}

// InterpolateSE3 returns the pose at fraction t of the way from a to b along
// the geodesic of SE(3); t may lie outside [0, 1].
func InterpolateSE3(a, b SE3, t float64) SE3 {
	xi := LogSE3(a.Between(b))
	for i := range xi {
		xi[i] *= t
	}
	return a.Retract(xi)
}

// FromQuat returns the pose of a unit quaternion and a translation, the form of
// TUM trajectories.
func FromQuat(q Quat, t Vec3) SE3 { return SE3{R: q.Unit().Mat3(), T: t} }

// IsFinite reports whether no entry is NaN or infinite.
func (a SE3) IsFinite() bool {
	return a.T.IsFinite() && a.R.Row(0).IsFinite() && a.R.Row(1).IsFinite() && a.R.Row(2).IsFinite()
}
