package geom

import (
	"math"
	"math/rand/v2"
	"testing"
)

// twoViews returns a relative pose T_21 and pairs of images of points in front
// of both cameras.
func twoViews(r *rand.Rand, n int) (t21 SE3, x1, x2 []Vec2, p []Vec3) {
	t21 = SE3{R: ExpSO3(randVec3(r, .1)), T: randVec3(r, 1).Unit()}
	for len(x1) < n {
		p1, u := randView(r, 2, 8)
		p2 := t21.Apply(p1)
		if p2.Z < .5 {
			continue
		}
		x1, x2, p = append(x1, u), append(x2, p2.XY()), append(p, p1)
	}
	return t21, x1, x2, p
}

// essentialDiff compares essential matrices up to scale and sign.
func essentialDiff(a, b Mat3) float64 {
	a, b = a.Scale(1/math.Sqrt(frobenius2(&a))), b.Scale(1/math.Sqrt(frobenius2(&b)))
	return math.Min(a.maxDiff(b), a.maxDiff(b.Scale(-1)))
}

func TestFivePointFindsTheTrueMatrix(t *testing.T) {
	r := newRand(21)
	const problems = 5000
	missed, worst := 0, 0.0
	for range problems {
		t21, x1, x2, _ := twoViews(r, 5)
		truth := essentialOf(t21)
		es, n := FivePoint([5]Vec2(x1), [5]Vec2(x2))
		best := math.Inf(1)
		for _, e := range es[:n] {
			for i := range 5 {
				if s := SampsonError(&e, x1[i], x2[i]); s > 1e-20 {
					t.Fatalf("a solution misses pair %d by %g", i, math.Sqrt(s))
				}
			}
			if d := math.Abs(e.Det()); d > 1e-9 {
				t.Fatalf("det E = %g", d)
			}
			best = math.Min(best, essentialDiff(e, truth))
		}
		if best > 1e-6 {
			missed++
			continue
		}
		worst = math.Max(worst, best)
	}
	if missed > problems/500 { // double roots: critical configurations
		t.Errorf("true matrix not found in %d of %d problems", missed, problems)
	}
	t.Logf("missed %d, worst error of the others %g", missed, worst)
}

func TestFivePointDegenerate(t *testing.T) {
	_, a, b, _ := twoViews(newRand(22), 5)
	x1, x2 := [5]Vec2(a), [5]Vec2(b)
	same1, same2 := x1, x2
	same1[4], same2[4] = same1[0], same2[0]
	nan := x1
	nan[2].X = math.NaN()
	for name, c := range map[string][2][5]Vec2{
		"a pair twice": {same1, same2}, "not a number": {nan, x2}, "all zero": {},
	} {
		if _, n := FivePoint(c[0], c[1]); n != 0 {
			t.Errorf("%s: %d solutions", name, n)
		}
	}
}

func TestEssentialToPoses(t *testing.T) {
	r := newRand(23)
	for range 500 {
		t21, x1, x2, _ := twoViews(r, 20)
		e := essentialOf(t21).Scale(r.NormFloat64())
		poses := EssentialToPoses(e)
		for _, p := range poses {
			checkRotation(t, p.R)
			if d := essentialDiff(essentialOf(p), e); d > 1e-12 {
				t.Fatalf("[t]x R differs from E by %g", d)
			}
		}
		got, inFront, _ := ChoosePose(poses[:], x1, x2)
		if a, d := poseDiff(got, t21); inFront != 20 || a+d > 1e-9 {
			t.Fatalf("pose off by %g rad, %g, with %d of 20 in front", a, d, inFront)
		}
	}
}

func TestSampsonErrorIsADistance(t *testing.T) {
	r := newRand(24)
	t21, x1, x2, _ := twoViews(r, 200)
	e := essentialOf(t21)
	// A displacement of x2 across its epipolar line is shared by both images:
	// the squared error is at most the displacement's square, at least a tenth.
	for i := range x1 {
		line := e.MulVec(x1[i].Homogeneous())
		n := Vec2{line.X, line.Y}
		const d = 1e-4
		off := x2[i].Add(n.Scale(d / n.Norm()))
		if s := SampsonError(&e, x1[i], off); s > d*d*(1+1e-6) || s < .01*d*d {
			t.Fatalf("squared error %g of a displacement %g", s, d)
		}
	}
	if zero := (Mat3{}); !math.IsInf(SampsonError(&zero, x1[0], x2[0]), 1) {
		t.Error("the zero matrix explains a pair")
	}
}

func TestTriangulate(t *testing.T) {
	r := newRand(25)
	for range 1000 {
		t21, x1, x2, p := twoViews(r, 1)
		for name, f := range map[string]func(SE3, Vec2, Vec2) (Vec3, bool){"linear": Triangulate, "midpoint": TriangulateMidpoint} {
			got, ok := f(t21, x1[0], x2[0])
			par := ParallaxAngle(p[0], Vec3{}, t21.ApplyInverse(Vec3{}))
			if tol := 1e-12 / (par * par) * p[0].Norm(); !ok || got.Sub(p[0]).Norm() > tol {
				t.Fatalf("%s: off by %g at parallax %g (found: %v)", name, got.Sub(p[0]).Norm(), par, ok)
			}
		}
	}
}

// The re-weighted linear solution must be as good as the image noise allows:
// its reprojection error is close to the least there is.
func TestTriangulateNIsNearlyOptimal(t *testing.T) {
	r := newRand(26)
	const sigma, views = 2e-3, 6
	var sum float64
	const runs = 500
	for range runs {
		p, _ := randView(r, 3, 10)
		var poses []SE3
		var x []Vec2
		shift := randVec3(r, 1000) // far from the world's origin
		for range views {
			tcw := SE3{R: ExpSO3(randVec3(r, .1)), T: randVec3(r, .5)}
			u := tcw.Apply(p).XY().Add(Vec2{sigma * r.NormFloat64(), sigma * r.NormFloat64()})
			tcw.T = tcw.T.Sub(tcw.R.MulVec(shift))
			poses, x = append(poses, tcw), append(x, u)
		}
		got, ok := TriangulateN(poses, x)
		if !ok {
			t.Fatal("no point")
		}
		for i := range poses {
			sum += poses[i].Apply(got).XY().Sub(x[i]).Norm2() / (sigma * sigma)
		}
	}
	// Chi-square of 2 views - 3 degrees of freedom.
	if m := sum / runs; m < 8.4 || m > 9.6 {
		t.Errorf("mean cost %g, want %d", m, 2*views-3)
	}
}

func TestTriangulateBadInput(t *testing.T) {
	move := SE3{R: Identity3(), T: Vec3{X: -1}}
	for name, c := range map[string]struct {
		t21    SE3
		x1, x2 Vec2
	}{
		"no baseline":        {IdentitySE3(), Vec2{.1, .2}, Vec2{.1, .2}},
		"parallel rays":      {move, Vec2{.1, .2}, Vec2{.1, .2}},
		"behind the cameras": {move, Vec2{.1, .2}, Vec2{.3, .2}},
		"not a number":       {move, Vec2{math.NaN(), 0}, Vec2{.1, 0}},
	} {
		if p, ok := Triangulate(c.t21, c.x1, c.x2); ok {
			t.Errorf("%s: %v", name, p)
		}
		if p, ok := TriangulateMidpoint(c.t21, c.x1, c.x2); ok {
			t.Errorf("%s, midpoint: %v", name, p)
		}
	}
	if _, ok := TriangulateN(nil, nil); ok {
		t.Error("a point from no view")
	}
}

func TestParallaxAngle(t *testing.T) {
	if a := ParallaxAngle(Vec3{0, 0, 1}, Vec3{-1, 0, 0}, Vec3{1, 0, 0}); math.Abs(a-math.Pi/2) > 1e-15 {
		t.Errorf("%g", a)
	}
	if a := ParallaxAngle(Vec3{0, 0, 1}, Vec3{}, Vec3{}); a != 0 {
		t.Errorf("%g without a baseline", a)
	}
}

func TestRANSACTwoViews(t *testing.T) {
	const sigma = 1.0 / 500
	for seed := range uint64(10) {
		r := newRand(300 + seed)
		t21, x1, x2, _ := twoViews(r, 200)
		for i := range x2 {
			x2[i] = x2[i].Add(Vec2{sigma * r.NormFloat64(), sigma * r.NormFloat64()})
			if i < 60 {
				x2[i] = Vec2{2*r.Float64() - 1, 2*r.Float64() - 1}
			}
		}
		p := Problem[Mat3]{
			N: len(x1), SampleSize: 5,
			Fit: func(idx []int, out []Mat3) []Mat3 {
				var a, b [5]Vec2
				for k, i := range idx {
					a[k], b[k] = x1[i], x2[i]
				}
				es, n := FivePoint(a, b)
				return append(out, es[:n]...)
			},
			Residual: func(e *Mat3, i int) float64 { return SampsonError(e, x1[i], x2[i]) / (sigma * sigma) },
		}
		res, ok := RANSAC(p, RANSACOptions{Threshold: 3.841, Seed: seed})
		if !ok {
			t.Fatal("no model")
		}
		var a, b []Vec2
		for _, i := range res.Inliers {
			a, b = append(a, x1[i]), append(b, x2[i])
		}
		poses := EssentialToPoses(res.Model)
		pose, inFront, _ := ChoosePose(poses[:], a, b)
		angle := math.Acos(math.Min(1, pose.T.Dot(t21.T)))
		if rot, _ := poseDiff(pose, t21); 2*inFront < len(a) || rot > .02 || angle > .1 {
			t.Errorf("seed %d: rotation off by %g, direction by %g", seed, rot, angle)
		}
	}
}

func BenchmarkFivePoint(b *testing.B) {
	r := newRand(27)
	var x1, x2 [64][5]Vec2
	for k := range x1 {
		_, a, c, _ := twoViews(r, 5)
		x1[k], x2[k] = [5]Vec2(a), [5]Vec2(c)
	}
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		FivePoint(x1[i%64], x2[i%64])
	}
}

func BenchmarkTriangulate(b *testing.B) {
	t21, x1, x2, _ := twoViews(newRand(28), 1)
	b.ReportAllocs()
	for b.Loop() {
		Triangulate(t21, x1[0], x2[0])
	}
}

func BenchmarkTriangulateMidpoint(b *testing.B) {
	t21, x1, x2, _ := twoViews(newRand(28), 1)
	for b.Loop() {
		TriangulateMidpoint(t21, x1[0], x2[0])
	}
}
