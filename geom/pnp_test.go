package geom

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// pnpScene is a synthetic camera with image noise of standard deviation sigma
// and the first outliers of its points somewhere else in the image.
func pnpScene(r *rand.Rand, n, outliers int, sigma float64) (truth SE3, x []Vec2, X []Vec3) {
	truth = randPose(r, 2)
	for i := range n {
		pc, u := randView(r, 2, 8)
		X = append(X, truth.ApplyInverse(pc))
		u = u.Add(Vec2{sigma * r.NormFloat64(), sigma * r.NormFloat64()})
		if i < outliers {
			u = Vec2{2*r.Float64() - 1, 2*r.Float64() - 1}
		}
		x = append(x, u)
	}
	return truth, x, X
}

func TestPnPWithOutliers(t *testing.T) {
	const sigma = 1.0 / 500
	for _, share := range []float64{0, .3, .6} {
		for seed := range uint64(20) {
			r := newRand(100 + seed)
			n := 200
			truth, x, X := pnpScene(r, n, int(share*float64(n)), sigma)
			pose, in, ok := PnP(x, X, PnPOptions{Sigma: sigma, RANSACOptions: RANSACOptions{Seed: seed}})
			if !ok {
				t.Fatalf("outliers %.0f %%: no pose", 100*share)
			}
			a, d := poseDiff(pose, truth)
			if a > 2e-3 || d > 1e-2 {
				t.Errorf("outliers %.0f %%: %g rad, %g m off", 100*share, a, d)
			}
			if good := float64(n) * (1 - share); float64(len(in)) < .88*good || !slices.IsSorted(in) {
				t.Errorf("outliers %.0f %%: %d inliers of %.0f", 100*share, len(in), good)
			}
		}
	}
}

func TestPnPIsDeterministic(t *testing.T) {
	_, x, X := pnpScene(newRand(5), 100, 40, .002)
	opt := PnPOptions{Sigma: .002, RANSACOptions: RANSACOptions{Seed: 3}}
	a, ina, _ := PnP(x, X, opt)
	b, inb, _ := PnP(x, X, opt)
	if a != b || !slices.Equal(ina, inb) {
		t.Error("two equal calls differ")
	}
}

func TestPnPBadInput(t *testing.T) {
	_, x, X := pnpScene(newRand(6), 50, 0, 0)
	line := make([]Vec3, 50)
	for i := range line {
		line[i] = Vec3{float64(i), 0, 5}
	}
	behind := make([]Vec3, 50)
	for i := range behind {
		behind[i] = Vec3{1, 2, 3}
	}
	for name, c := range map[string]struct {
		x []Vec2
		X []Vec3
		w []Info2
	}{
		"empty":           {nil, nil, nil},
		"two points":      {x[:2], X[:2], nil},
		"three points":    {x[:3], X[:3], nil},
		"lengths differ":  {x, X[:10], nil},
		"too few weights": {x, X, []Info2{{1, 0, 1}}},
		"collinear":       {x, line, nil},
		"coincident":      {x, behind, nil},
	} {
		if pose, in, ok := PnP(c.x, c.X, PnPOptions{Sigma: 1e-3, Info: c.w}); ok {
			t.Errorf("%s: pose %v from %d inliers", name, pose, len(in))
		}
	}
}

func TestPnPNormalAgainstNumericDerivative(t *testing.T) {
	r := newRand(7)
	truth, x, X := pnpScene(r, 30, 3, .01)
	w := make([]Info2, len(x))
	for i := range w {
		w[i] = IsotropicInfo(1e4 * (1 + r.Float64()))
		if i%2 == 0 { // an error along a line
			w[i] = w[i].Widened(Vec2{.02 * r.NormFloat64(), .02 * r.NormFloat64()})
		}
	}
	for _, k := range []Kernel{{}, {Huber, 1}, {Cauchy, 2}} {
		_, g, _ := pnpNormal(&truth, x, X, w, k)
		for i := range 6 {
			cost := func(h float64) float64 {
				var xi Tangent6
				xi[i] = -h
				moved := ExpSE3(xi).Mul(truth)
				_, _, c := pnpNormal(&moved, x, X, w, k)
				return c
			}
			const h = 1e-6
			// g = J^T W r = -1/2 of the cost's gradient.
			want := -(cost(h) - cost(-h)) / (4 * h)
			if math.Abs(g[i]-want) > 1e-5*(1+math.Abs(want)) {
				t.Errorf("kernel %v, component %d: %g, numerically %g", k.Kind, i, g[i], want)
			}
		}
	}
}

// The products multiplied out must be those of the rows of the Jacobian.
func TestPnPAccumulate(t *testing.T) {
	const a, b, iz, ra, rb, w = .3, -.7, .4, .01, -.02, 2.5
	rows := [2][6]float64{
		{-iz, 0, a * iz, a * b, -(1 + a*a), b},
		{0, -iz, b * iz, 1 + b*b, -a * b, -a},
	}
	var h Mat6
	var g Tangent6
	accumulate(&h, &g, a, b, iz, ra, rb, w)
	for i := range 6 {
		if want := w * (rows[0][i]*ra + rows[1][i]*rb); math.Abs(g[i]-want) > 1e-15 {
			t.Errorf("g[%d] = %g, want %g", i, g[i], want)
		}
		for j := i; j < 6; j++ {
			if want := w * (rows[0][i]*rows[0][j] + rows[1][i]*rows[1][j]); math.Abs(h[i][j]-want) > 1e-14 {
				t.Errorf("h[%d][%d] = %g, want %g", i, j, h[i][j], want)
			}
		}
	}
}

// The scatter of the estimates must agree with the information matrix.
func TestRefinePnPInformation(t *testing.T) {
	r := newRand(8)
	const sigma, runs = .002, 400
	truth, clean, X := pnpScene(r, 60, 0, 0)
	w := make([]Info2, len(X))
	for i := range w {
		w[i] = IsotropicInfo(1 / (sigma * sigma))
	}
	x := make([]Vec2, len(X))
	var mahalanobis float64
	for range runs {
		for i, u := range clean {
			x[i] = u.Add(Vec2{sigma * r.NormFloat64(), sigma * r.NormFloat64()})
		}
		est, h := RefinePnP(truth, x, X, w, Kernel{}, 10)
		xi := LogSE3(truth.Inverse().Between(est.Inverse()))
		for i := range 6 {
			for j := range 6 {
				mahalanobis += xi[i] * h[i][j] * xi[j]
			}
		}
	}
	// The mean of a chi-square of six dimensions; its standard error here is .17.
	if m := mahalanobis / runs; m < 5.4 || m > 6.6 {
		t.Errorf("mean squared Mahalanobis distance %g, want 6", m)
	}
}

func TestRefinePnPConverges(t *testing.T) {
	r := newRand(9)
	for range 200 {
		truth, x, X := pnpScene(r, 50, 0, 0)
		var xi Tangent6
		for i := range xi {
			xi[i] = .05 * r.NormFloat64()
		}
		est, _ := RefinePnP(truth.Retract(xi), x, X, nil, Kernel{Kind: Huber, Delta: .01}, 20)
		if a, d := poseDiff(est, truth); a+d > 1e-9 {
			t.Fatalf("off by %g", a+d)
		}
	}
}

func TestRefinePnPKeepsAPoseItCannotImprove(t *testing.T) {
	start := SE3{R: Identity3(), T: Vec3{0, 0, -10}}
	est, h := RefinePnP(start, []Vec2{{0, 0}}, []Vec3{{0, 0, 1}}, nil, Kernel{}, 10)
	if est != start || h != (Mat6{}) {
		t.Errorf("a point behind the camera moved the pose to %v", est)
	}
	if est, _ := RefinePnP(start, nil, nil, nil, Kernel{}, 10); est != start {
		t.Error("no points moved the pose")
	}
}

func BenchmarkRefinePnP400(b *testing.B) {
	r := newRand(10)
	truth, x, X := pnpScene(r, 400, 0, .002)
	w := make([]Info2, len(x))
	for i := range w {
		w[i] = IsotropicInfo(1 / (.002 * .002))
	}
	start := truth.Retract(Tangent6{.1, -.1, .05, .05, -.02, .03})
	b.ReportAllocs()
	for b.Loop() {
		RefinePnP(start, x, X, w, Kernel{Huber, 1.5}, 10)
	}
}

func BenchmarkPnP400Outliers30(b *testing.B) {
	_, x, X := pnpScene(newRand(11), 400, 120, .002)
	for b.Loop() {
		PnP(x, X, PnPOptions{Sigma: .002})
	}
}
