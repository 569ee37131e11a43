package geom

import (
	"math"
	"testing"
)

// angles near the places where formulas change or lose digits.
var angles = []float64{0, 1e-12, 1e-8, .99e-4, 1.01e-4, 1e-3, .1, 1, 2, 3, 3.14, math.Pi - 1e-6, math.Pi - 1e-9}

func TestSO3ExpLog(t *testing.T) {
	r := newRand(61)
	for _, a := range angles {
		for range 200 {
			phi := randVec3(r, 1).Unit().Scale(a)
			rot := ExpSO3(phi)
			checkRotation(t, rot)
			if e := LogSO3(rot).Sub(phi).Norm(); e > 1e-9 {
				t.Fatalf("angle %g: log exp off by %g", a, e)
			}
			if e := ExpSO3(LogSO3(rot)).maxDiff(rot); e > 1e-14 {
				t.Fatalf("angle %g: exp log off by %g", a, e)
			}
			if e := math.Abs(RotationAngle(rot) - a); e > 1e-9 {
				t.Fatalf("angle %g off by %g", a, e)
			}
			if e := QuatFromMat3(rot).Mat3().maxDiff(rot); e > 1e-14 {
				t.Fatalf("angle %g: quaternion off by %g", a, e)
			}
		}
	}
	// Exactly half a turn: the axis is known up to its sign.
	for _, axis := range []Vec3{{X: 1}, {Y: 1}, {Z: 1}, Vec3{1, -2, 3}.Unit()} {
		rot := Outer(axis, axis).Scale(2).Add(Identity3().Scale(-1))
		if e := ExpSO3(LogSO3(rot)).maxDiff(rot); e > 1e-14 {
			t.Errorf("half a turn about %v off by %g", axis, e)
		}
	}
}

func TestExpSO3AgainstPowerSeries(t *testing.T) {
	r := newRand(62)
	for _, a := range angles {
		phi := randVec3(r, 1).Unit().Scale(a)
		sum, term := Identity3(), Identity3()
		jac := Identity3() // sum of (-[phi]x)^n / (n+1)!
		for n := 1; n < 40; n++ {
			term = term.Mul(Skew(phi)).Scale(1 / float64(n))
			sum = sum.Add(term)
			jac = jac.Add(term.Scale(math.Pow(-1, float64(n)) / float64(n+1)))
		}
		if e := ExpSO3(phi).maxDiff(sum); e > 1e-13 {
			t.Errorf("angle %g: exp off by %g", a, e)
		}
		if e := RightJacobianSO3(phi).maxDiff(jac); e > 1e-13 {
			t.Errorf("angle %g: Jacobian off by %g", a, e)
		}
		if e := RightJacobianSO3(phi).Mul(RightJacobianInvSO3(phi)).maxDiff(Identity3()); e > 1e-12 {
			t.Errorf("angle %g: inverse Jacobian off by %g", a, e)
		}
	}
}

func TestRightJacobianNumerically(t *testing.T) {
	r := newRand(63)
	for _, a := range []float64{0, 1e-5, .1, 1, 3} {
		phi := randVec3(r, 1).Unit().Scale(a)
		j, l := RightJacobianSO3(phi), LeftJacobianSO3(phi)
		base := ExpSO3(phi)
		for k := range 3 {
			const h = 1e-6
			d := Identity3().Col(k).Scale(h)
			plus, minus := ExpSO3(phi.Add(d)), ExpSO3(phi.Sub(d))
			right := LogSO3(base.T().Mul(plus)).Sub(LogSO3(base.T().Mul(minus))).Scale(1 / (2 * h))
			left := LogSO3(plus.Mul(base.T())).Sub(LogSO3(minus.Mul(base.T()))).Scale(1 / (2 * h))
			if e := right.Sub(j.Col(k)).Norm() + left.Sub(l.Col(k)).Norm(); e > 1e-8 {
				t.Errorf("angle %g, column %d: off by %g", a, k, e)
			}
		}
	}
}

func TestSE3Group(t *testing.T) {
	r := newRand(64)
	for range 500 {
		a, b, c := randPose(r, 3), randPose(r, 3), randPose(r, 3)
		p := randVec3(r, 2)
		near := func(what string, x, y Vec3) {
			t.Helper()
			if e := x.Sub(y).Norm(); e > 1e-12 {
				t.Fatalf("%s off by %g", what, e)
			}
		}
		near("associativity", a.Mul(b).Mul(c).Apply(p), a.Mul(b.Mul(c)).Apply(p))
		near("composition", a.Mul(b).Apply(p), a.Apply(b.Apply(p)))
		near("inverse", a.Inverse().Apply(a.Apply(p)), p)
		near("inverse of the right", a.Apply(a.Inverse().Apply(p)), p)
		near("ApplyInverse", a.ApplyInverse(p), a.Inverse().Apply(p))
		near("Between", a.Between(b).Apply(p), a.Inverse().Mul(b).Apply(p))
		near("identity", IdentitySE3().Mul(a).Apply(p), a.Apply(p))
		near("half and half", InterpolateSE3(a, b, 1).Apply(p), b.Apply(p))
		near("start", InterpolateSE3(a, b, 0).Apply(p), a.Apply(p))
	}
}

func TestSE3ExpLog(t *testing.T) {
	r := newRand(65)
	for _, a := range angles {
		for range 50 {
			phi, rho := randVec3(r, 1).Unit().Scale(a), randVec3(r, 2)
			xi := Tangent6{rho.X, rho.Y, rho.Z, phi.X, phi.Y, phi.Z}
			got := LogSE3(ExpSE3(xi))
			for i := range xi {
				if math.Abs(got[i]-xi[i]) > 1e-8 {
					t.Fatalf("angle %g: component %d off by %g", a, i, got[i]-xi[i])
				}
			}
			// Halves along one geodesic commute: Exp(xi) = Exp(xi/2)^2.
			half := xi
			for i := range half {
				half[i] /= 2
			}
			h := ExpSE3(half)
			if ang, d := poseDiff(h.Mul(h), ExpSE3(xi)); ang+d > 1e-7 {
				t.Fatalf("angle %g: two halves off by %g", a, ang+d)
			}
		}
	}
}

func TestSim3Group(t *testing.T) {
	r := newRand(66)
	random := func() Sim3 { return Sim3FromSE3(randPose(r, 3), math.Exp(.7*r.NormFloat64())) }
	for range 500 {
		a, b, c := random(), random(), random()
		p := randVec3(r, 2)
		near := func(what string, x, y Vec3) {
			t.Helper()
			if e := x.Sub(y).Norm(); e > 1e-11*(1+x.Norm()) {
				t.Fatalf("%s off by %g", what, e)
			}
		}
		near("associativity", a.Mul(b).Mul(c).Apply(p), a.Mul(b.Mul(c)).Apply(p))
		near("composition", a.Mul(b).Apply(p), a.Apply(b.Apply(p)))
		near("inverse", a.Inverse().Apply(a.Apply(p)), p)
		near("identity", IdentitySim3().Mul(a).Apply(p), a.Apply(p))
		pose := randPose(r, 2)
		near("a pose's centre", a.ApplyPose(pose).T, a.Apply(pose.T))
		near("a pose's axis", a.ApplyPose(pose).R.Col(2), a.R.MulVec(pose.R.Col(2)))
	}
}

func TestSim3ExpLog(t *testing.T) {
	r := newRand(67)
	for _, a := range angles {
		for _, sigma := range []float64{0, 1e-9, -1e-5, .99e-3, 1.01e-3, -.1, 1, -2} {
			rho, phi := randVec3(r, 2), randVec3(r, 1).Unit().Scale(a)
			xi := Tangent7{rho.X, rho.Y, rho.Z, phi.X, phi.Y, phi.Z, sigma}
			got := LogSim3(ExpSim3(xi))
			for i := range xi {
				if math.Abs(got[i]-xi[i]) > 1e-8 {
					t.Fatalf("angle %g, sigma %g: component %d off by %g", a, sigma, i, got[i]-xi[i])
				}
			}
		}
	}
}

// W is the integral over t in [0, 1] of exp(sigma t) Exp(t phi); Simpson's rule
// knows nothing of its closed form.
func TestSim3TranslationMatrixAgainstIntegral(t *testing.T) {
	r := newRand(68)
	for _, a := range angles {
		for _, sigma := range []float64{0, 1e-6, .99e-3, 1.01e-3, -.05, .5, -1.5} {
			phi := randVec3(r, 1).Unit().Scale(a)
			const n = 400
			var want Mat3
			for k := range n + 1 {
				w := 2.0 + 2*float64(k%2)
				if k == 0 || k == n {
					w = 1
				}
				s := float64(k) / n
				want = want.Add(ExpSO3(phi.Scale(s)).Scale(w / (3 * n) * math.Exp(sigma*s)))
			}
			if e := vSim3(phi, sigma).maxDiff(want); e > 2e-10 {
				t.Errorf("angle %g, sigma %g: off by %g", a, sigma, e)
			}
		}
	}
}

func TestCamera(t *testing.T) {
	r := newRand(69)
	c := Camera{W: 640, H: 480, Fx: 517.3, Fy: 516.5, Cx: 318.6, Cy: 255.3}
	for range 200 {
		p, _ := randView(r, .5, 10)
		u := c.Project(p)
		if e := c.Unproject(u, p.Z).Sub(p).Norm(); e > 1e-12 {
			t.Fatalf("round trip off by %g", e)
		}
		j := c.ProjectJacobian(p)
		for k := range 3 {
			const h = 1e-6
			d := Identity3().Col(k).Scale(h)
			num := c.Project(p.Add(d)).Sub(c.Project(p.Sub(d))).Scale(1 / (2 * h))
			if e := math.Abs(num.X-j[0][k]) + math.Abs(num.Y-j[1][k]); e > 1e-4 {
				t.Fatalf("derivative off by %g", e)
			}
		}
		// Halving the image averages pixel pairs: pixel 2k+.5 becomes k.
		half := c.Resized(320, 240).Project(p)
		if e := half.Scale(2).Add(Vec2{.5, .5}).Sub(u).Norm(); e > 1e-9 {
			t.Fatalf("resized camera off by %g", e)
		}
	}
	if !c.Contains(Vec2{639, 479}, 0) || c.Contains(Vec2{639.1, 0}, 0) || c.Contains(Vec2{9, 100}, 10) {
		t.Error("Contains")
	}
	f := CameraFromFOV(640, 480, math.Pi/2)
	if math.Abs(f.Focal()-320) > 1e-9 || f.Cx != 319.5 || f.Cy != 239.5 {
		t.Errorf("camera of 90 degrees: %+v", f)
	}
}

func TestKernels(t *testing.T) {
	for _, kind := range []KernelKind{L2, Huber, Cauchy} {
		k := Kernel{kind, 1.3}
		last := -1.0
		for _, s := range []float64{0, .1, 1, 1.69, 1.7, 5, 100, 1e6} {
			rho, w := k.Eval(s)
			if rho < last || w < 0 || w > 1 || rho > s {
				t.Errorf("kernel %d at %g: %g, weight %g", kind, s, rho, w)
			}
			last = rho
			h := 1e-6 * (1 + s)
			lo, _ := k.Eval(math.Max(0, s-h))
			hi, _ := k.Eval(s + h)
			if num := (hi - lo) / (s + h - math.Max(0, s-h)); math.Abs(num-w) > 1e-5 && s != 1.69 {
				t.Errorf("kernel %d at %g: weight %g, numerically %g", kind, s, w, num)
			}
		}
	}
}

func TestVec(t *testing.T) {
	r := newRand(70)
	for range 100 {
		a, b, c := randVec3(r, 1), randVec3(r, 1), randVec3(r, 1)
		if e := a.Cross(b).Sub(Skew(a).MulVec(b)).Norm(); e > 1e-15 {
			t.Fatal("Skew is not the cross product")
		}
		m := FromCols(a, b, c)
		if inv, ok := m.Inverse(); !ok || m.Mul(inv).maxDiff(Identity3()) > 1e-8 {
			t.Fatal("Inverse")
		}
		if e := m.T().MulVec(a).Sub(m.TMulVec(a)).Norm(); e > 1e-15 {
			t.Fatal("TMulVec")
		}
	}
	if _, ok := (Mat3{}).Inverse(); ok {
		t.Error("the zero matrix has an inverse")
	}
	if (Vec3{}).Unit() != (Vec3{}) || (Vec3{X: math.Inf(1)}).IsFinite() || (Vec2{Y: math.NaN()}).IsFinite() {
		t.Error("zero or not finite vectors")
	}
}
