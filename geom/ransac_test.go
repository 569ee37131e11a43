package geom

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

type line struct{ a, b float64 } // y = a x + b

const lineSigma = .01

// lineProblem has points of y = 2 x - 1 with noise, the first ones anywhere.
func lineProblem(r *rand.Rand, n, outliers int) Problem[line] {
	p := make([]Vec2, n)
	for i := range p {
		x := 4*r.Float64() - 2
		p[i] = Vec2{x, 2*x - 1 + lineSigma*r.NormFloat64()}
		if i < outliers {
			p[i].Y = 8*r.Float64() - 4
		}
	}
	return Problem[line]{
		N: n, SampleSize: 2,
		Fit: func(idx []int, out []line) []line {
			u, v := p[idx[0]], p[idx[1]]
			if u.X == v.X {
				return out
			}
			a := (v.Y - u.Y) / (v.X - u.X)
			return append(out, line{a, u.Y - a*u.X})
		},
		Residual: func(m *line, i int) float64 {
			e := (p[i].Y - m.a*p[i].X - m.b) / lineSigma
			return e * e
		},
		Refine: func(_ line, in []int) (line, bool) {
			var n, sx, sy, sxx, sxy float64
			for _, i := range in {
				n, sx, sy = n+1, sx+p[i].X, sy+p[i].Y
				sxx, sxy = sxx+p[i].X*p[i].X, sxy+p[i].X*p[i].Y
			}
			d := n*sxx - sx*sx
			return line{(n*sxy - sx*sy) / d, (sy*sxx - sx*sxy) / d}, d != 0
		},
	}
}

func TestRANSAC(t *testing.T) {
	for _, outliers := range []int{0, 50, 80} {
		for seed := range uint64(20) {
			p := lineProblem(newRand(700+seed), 100, outliers)
			res, ok := RANSAC(p, RANSACOptions{Threshold: 9, Seed: seed})
			if !ok || math.Abs(res.Model.a-2) > .02 || math.Abs(res.Model.b+1) > .02 {
				t.Fatalf("%d outliers, seed %d: %+v", outliers, seed, res.Model)
			}
			if len(res.Inliers) < 100-outliers-4 || !slices.IsSorted(res.Inliers) {
				t.Errorf("%d outliers: %d inliers", outliers, len(res.Inliers))
			}
			score := 0.0
			for i := range p.N {
				score += math.Min(9, p.Residual(&res.Model, i))
			}
			if math.Abs(score-res.Score) > 1e-9 {
				t.Errorf("score %g, summed up %g", res.Score, score)
			}
			again, _ := RANSAC(p, RANSACOptions{Threshold: 9, Seed: seed})
			if again.Model != res.Model || again.Iterations != res.Iterations || !slices.Equal(again.Inliers, res.Inliers) {
				t.Error("two equal calls differ")
			}
		}
	}
}

func TestRANSACStops(t *testing.T) {
	clean := lineProblem(newRand(71), 100, 0)
	res, _ := RANSAC(clean, RANSACOptions{Threshold: 16})
	if res.Iterations > 10 {
		t.Errorf("%d samples without outliers", res.Iterations)
	}
	hard := lineProblem(newRand(72), 100, 90)
	if res, _ = RANSAC(hard, RANSACOptions{Threshold: 4, MaxIterations: 30}); res.Iterations != 30 {
		t.Errorf("%d samples of at most 30", res.Iterations)
	}
	for _, c := range []struct {
		share float64
		k     int
		want  int
	}{{1, 3, 1}, {.5, 3, 52}, {.5, 5, 218}, {0, 3, math.MaxInt32}} {
		if n := samplesNeeded(c.share, c.k, .999); n != c.want {
			t.Errorf("share %g of %d: %d samples, want %d", c.share, c.k, n, c.want)
		}
	}
}

func TestRANSACFailures(t *testing.T) {
	good := lineProblem(newRand(73), 20, 0)
	few, nothing, nan := good, good, good
	few.N = 1
	nothing.Fit = func(_ []int, out []line) []line { return out }
	nan.Residual = func(*line, int) float64 { return math.NaN() }
	for name, p := range map[string]Problem[line]{"too few": few, "no model": nothing, "residuals not a number": nan, "empty": {}} {
		if res, ok := RANSAC(p, RANSACOptions{MaxIterations: 20}); ok || len(res.Inliers) != 0 {
			t.Errorf("%s: %d inliers", name, len(res.Inliers))
		}
	}
	if _, ok := RANSAC(good, RANSACOptions{MinInliers: 21}); ok {
		t.Error("20 points hold 21 inliers")
	}
	refuses := good
	refuses.Refine = func(line, []int) (line, bool) { return line{}, false }
	if _, ok := RANSAC(refuses, RANSACOptions{}); !ok {
		t.Error("a failed refinement loses the model")
	}
}

func BenchmarkRANSACLine(b *testing.B) {
	p := lineProblem(newRand(74), 500, 250)
	for b.Loop() {
		RANSAC(p, RANSACOptions{Threshold: 9})
	}
}
