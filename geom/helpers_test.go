package geom

import (
	"math"
	"math/rand/v2"
	"testing"
)

// newRand returns the generator of a test; equal seeds give equal problems.
func newRand(seed uint64) *rand.Rand { return rand.New(rand.NewPCG(seed, 1)) }

func randVec3(r *rand.Rand, scale float64) Vec3 {
	return Vec3{r.NormFloat64(), r.NormFloat64(), r.NormFloat64()}.Scale(scale)
}

// randPose returns a pose with any rotation and a translation of the given scale.
func randPose(r *rand.Rand, scale float64) SE3 {
	return SE3{R: ExpSO3(randVec3(r, 1).Unit().Scale(math.Pi * r.Float64())), T: randVec3(r, scale)}
}

// randView returns a point in front of a camera within a field of view of 90
// degrees, between the two depths, and its image on the z = 1 plane.
func randView(r *rand.Rand, near, far float64) (Vec3, Vec2) {
	x := Vec2{2*r.Float64() - 1, 2*r.Float64() - 1}
	return x.Homogeneous().Scale(near + (far-near)*r.Float64()), x
}

// maxDiff returns the largest difference of an entry.
func (m Mat3) maxDiff(n Mat3) float64 {
	d := 0.0
	for i := range 3 {
		for j := range 3 {
			d = math.Max(d, math.Abs(m[i][j]-n[i][j]))
		}
	}
	return d
}

// poseDiff returns the rotation angle and the distance between two poses.
func poseDiff(a, b SE3) (angleRad, distM float64) {
	return RotationAngle(a.R.T().Mul(b.R)), a.T.Sub(b.T).Norm()
}

func checkRotation(t *testing.T, r Mat3) {
	t.Helper()
	if d := r.Mul(r.T()).maxDiff(Identity3()); !(d < 1e-12) {
		t.Fatalf("R R^T differs from I by %g", d)
	}
	if d := r.Det(); !(math.Abs(d-1) < 1e-12) {
		t.Fatalf("det R = %g", d)
	}
}

// essentialOf returns E = [t]x R of T_21 = (R, t): x2^T E x1 = 0 for the images of
// one point on the z = 1 planes of both cameras.
func essentialOf(t21 SE3) Mat3 { return Skew(t21.T).Mul(t21.R) }
