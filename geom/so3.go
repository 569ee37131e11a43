package geom

import "math"

// smallAngle is where the series of sin, cos and their quotients replace the
// closed forms; the error of the two terms kept is below 1e-16 there.
const smallAngle = 1e-4

// ExpSO3 returns the rotation by the angle |phi| about phi (Rodrigues).
func ExpSO3(phi Vec3) Mat3 {
	t2 := phi.Norm2()
	a, b := sincCosc(t2)
	k := Skew(phi)
	r := Identity3().Add(k.Scale(a))
	return r.Add(k.Mul(k).Scale(b))
}

// sincCosc returns sin(t)/t and (1-cos(t))/t^2 for t^2.
func sincCosc(t2 float64) (sinc, cosc float64) {
	if t2 < smallAngle*smallAngle {
		return 1 - t2/6, .5 - t2/24
	}
	t := math.Sqrt(t2)
	h := math.Sin(t/2) / (t / 2)
	return math.Sin(t) / t, h * h / 2 // 1 - cos t = 2 sin^2(t/2), without its cancellation
}

// LogSO3 returns the rotation vector of r, of length at most pi.
func LogSO3(r Mat3) Vec3 {
	q := QuatFromMat3(r)
	if q.W < 0 {
		q = Quat{-q.X, -q.Y, -q.Z, -q.W}
	}
	v := Vec3{q.X, q.Y, q.Z}
	n := v.Norm()
	if n < smallAngle {
		return v.Scale(2 / q.W * (1 - n*n/(3*q.W*q.W)))
	}
	return v.Scale(2 * math.Atan2(n, q.W) / n)
}

// RightJacobianSO3 returns J_r with Exp(phi + d) ~ Exp(phi) Exp(J_r d).
func RightJacobianSO3(phi Vec3) Mat3 {
	t2 := phi.Norm2()
	_, b := sincCosc(t2)
	c := 1.0/6 - t2/120
	if t2 >= smallAngle*smallAngle {
		t := math.Sqrt(t2)
		c = (t - math.Sin(t)) / (t2 * t)
	}
	k := Skew(phi)
	return Identity3().Add(k.Scale(-b)).Add(k.Mul(k).Scale(c))
}

// LeftJacobianSO3 returns J_l(phi) = J_r(-phi); it is also the V matrix of SE(3).
func LeftJacobianSO3(phi Vec3) Mat3 { return RightJacobianSO3(phi.Scale(-1)) }

// RightJacobianInvSO3 returns the inverse of RightJacobianSO3.
func RightJacobianInvSO3(phi Vec3) Mat3 {
	t2 := phi.Norm2()
	c := 1.0/12 + t2/720
	if t2 >= smallAngle*smallAngle {
		t := math.Sqrt(t2)
		s, co := math.Sincos(t / 2)
		c = (1 - t/2*co/s) / t2 // (1 + cos t)/sin t = cot(t/2), which half a turn does not upset
	}
	k := Skew(phi)
	return Identity3().Add(k.Scale(.5)).Add(k.Mul(k).Scale(c))
}

// LeftJacobianInvSO3 returns the inverse of LeftJacobianSO3.
func LeftJacobianInvSO3(phi Vec3) Mat3 { return RightJacobianInvSO3(phi.Scale(-1)) }

// Orthonormalize returns the rotation nearest to r in the sense of a quaternion
// round trip: enough to remove the rounding that products of rotations gather.
func Orthonormalize(r Mat3) Mat3 { return QuatFromMat3(r).Mat3() }

// RotationAngle returns the angle of r in [0, pi].
func RotationAngle(r Mat3) float64 { return LogSO3(r).Norm() }

// Quat is a unit quaternion x i + y j + z k + w.
type Quat struct{ X, Y, Z, W float64 }

// Unit returns q scaled to length 1, and the identity for the zero quaternion.
func (q Quat) Unit() Quat {
	n := math.Sqrt(q.X*q.X + q.Y*q.Y + q.Z*q.Z + q.W*q.W)
	if n == 0 {
		return Quat{W: 1}
	}
	return Quat{q.X / n, q.Y / n, q.Z / n, q.W / n}
}

// Mat3 returns the rotation matrix of q.
func (q Quat) Mat3() Mat3 {
	x, y, z, w := q.X, q.Y, q.Z, q.W
	return Mat3{
		{1 - 2*(y*y+z*z), 2 * (x*y - z*w), 2 * (x*z + y*w)},
		{2 * (x*y + z*w), 1 - 2*(x*x+z*z), 2 * (y*z - x*w)},
		{2 * (x*z - y*w), 2 * (y*z + x*w), 1 - 2*(x*x+y*y)},
	}
}

// QuatFromMat3 returns the unit quaternion of rotation r (Shepperd 1978), w or
// the largest component positive.
func QuatFromMat3(r Mat3) Quat {
	tr := r[0][0] + r[1][1] + r[2][2]
	switch {
	case tr > r[0][0] && tr > r[1][1] && tr > r[2][2]:
		w := 1 + tr
		return Quat{r[2][1] - r[1][2], r[0][2] - r[2][0], r[1][0] - r[0][1], w}.Unit()
	case r[0][0] > r[1][1] && r[0][0] > r[2][2]:
		x := 1 + r[0][0] - r[1][1] - r[2][2]
		return Quat{x, r[0][1] + r[1][0], r[0][2] + r[2][0], r[2][1] - r[1][2]}.Unit()
	case r[1][1] > r[2][2]:
		y := 1 - r[0][0] + r[1][1] - r[2][2]
		return Quat{r[0][1] + r[1][0], y, r[1][2] + r[2][1], r[0][2] - r[2][0]}.Unit()
	default:
		z := 1 - r[0][0] - r[1][1] + r[2][2]
		return Quat{r[0][2] + r[2][0], r[1][2] + r[2][1], z, r[1][0] - r[0][1]}.Unit()
	}
}
