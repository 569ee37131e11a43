package geom

import (
	"math"
	"testing"
)

func TestP3PFindsTheTruePose(t *testing.T) {
	r := newRand(1)
	const problems = 20000
	var worst float64
	missed := 0
	for range problems {
		truth := randPose(r, 3)
		var x [3]Vec2
		var X [3]Vec3
		for i := range 3 {
			var pc Vec3
			pc, x[i] = randView(r, .5, 10)
			X[i] = truth.ApplyInverse(pc)
		}
		sols, n := P3P(x, X)
		best := math.Inf(1)
		for _, s := range sols[:n] {
			checkRotation(t, s.R)
			for i := range 3 {
				pc := s.Apply(X[i])
				if e := pc.XY().Sub(x[i]).Norm(); pc.Z <= 0 || e > 1e-7 {
					t.Fatalf("a solution misses point %d by %g (depth %g)", i, e, pc.Z)
				}
			}
			a, d := poseDiff(s, truth)
			best = math.Min(best, a+d)
		}
		if best > 1e-6 {
			missed++
			continue
		}
		worst = math.Max(worst, best)
	}
	// Random problems come arbitrarily close to the danger cylinder, where the
	// pose is a double root and half of the digits are lost.
	if missed > problems/5000 {
		t.Errorf("true pose not found in %d of %d problems", missed, problems)
	}
	t.Logf("missed %d, worst error of the others %g", missed, worst)
}

func TestP3PIsExactAwayFromDegeneracy(t *testing.T) {
	r := newRand(2)
	X := [3]Vec3{{-1, -.6, .2}, {1.2, -.5, -.3}, {.1, 1, .1}}
	for range 2000 {
		truth := SE3{R: ExpSO3(randVec3(r, .3)), T: Vec3{.2 * r.NormFloat64(), .2 * r.NormFloat64(), 5 + r.Float64()}}
		var x [3]Vec2
		for i := range 3 {
			x[i] = truth.Apply(X[i]).XY()
		}
		sols, n := P3P(x, X)
		best := math.Inf(1)
		for _, s := range sols[:n] {
			a, d := poseDiff(s, truth)
			best = math.Min(best, a+d)
		}
		if best > 1e-9 {
			t.Fatalf("error %g", best)
		}
	}
}

func TestP3PDegenerate(t *testing.T) {
	x := [3]Vec2{{-.1, 0}, {.2, .1}, {0, .3}}
	nan := math.NaN()
	for name, c := range map[string]struct {
		x [3]Vec2
		X [3]Vec3
	}{
		"coincident points": {x, [3]Vec3{{1, 2, 3}, {1, 2, 3}, {0, 1, 0}}},
		"collinear points":  {x, [3]Vec3{{0, 0, 1}, {1, 1, 2}, {3, 3, 4}}},
		"coincident images": {[3]Vec2{{.1, .1}, {.1, .1}, {0, 0}}, [3]Vec3{{1, 0, 0}, {0, 1, 0}, {0, 0, 1}}},
		"not a number":      {[3]Vec2{{nan, 0}, {.2, .1}, {0, .3}}, [3]Vec3{{1, 0, 0}, {0, 1, 0}, {0, 0, 1}}},
		"infinite":          {x, [3]Vec3{{math.Inf(1), 0, 0}, {0, 1, 0}, {0, 0, 1}}},
		"all zero":          {},
	} {
		if sols, n := P3P(c.x, c.X); n != 0 {
			t.Errorf("%s: %d solutions, first %v", name, n, sols[0])
		}
	}
}

// Points behind the camera give image points too, but no pose.
func TestP3PRejectsPointsBehind(t *testing.T) {
	r := newRand(3)
	for range 1000 {
		truth := randPose(r, 1)
		var x [3]Vec2
		var X [3]Vec3
		for i := range 3 {
			var pc Vec3
			pc, x[i] = randView(r, 1, 5)
			X[i] = truth.ApplyInverse(pc.Scale(-1))
		}
		sols, n := P3P(x, X)
		for _, s := range sols[:n] {
			if a, d := poseDiff(s, truth); a+d < 1e-3 {
				t.Fatal("the pose with all points behind the camera is returned")
			}
			for i := range 3 {
				if s.Apply(X[i]).Z <= 0 {
					t.Fatal("a point lies behind the camera")
				}
			}
		}
	}
}

func BenchmarkP3P(b *testing.B) {
	r := newRand(4)
	var x [64][3]Vec2
	var X [64][3]Vec3
	for k := range x {
		truth := randPose(r, 3)
		for i := range 3 {
			var pc Vec3
			pc, x[k][i] = randView(r, .5, 10)
			X[k][i] = truth.ApplyInverse(pc)
		}
	}
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		P3P(x[i%64], X[i%64])
	}
}
