package geom

import (
	"math"
	"testing"
)

func TestHomography(t *testing.T) {
	r := newRand(31)
	for _, n := range []int{4, 5, 20} {
		for range 500 {
			h := Identity3()
			for i := range 3 {
				for j := range 3 {
					h[i][j] += .2 * r.NormFloat64()
				}
			}
			var x1, x2 []Vec2
			for range n {
				p := Vec2{2*r.Float64() - 1, 2*r.Float64() - 1}
				x1, x2 = append(x1, p), append(x2, h.MulVec(p.Homogeneous()).XY())
			}
			got, ok := Homography(x1, x2)
			if !ok {
				t.Fatalf("%d points: none found", n)
			}
			for i := range x1 {
				if e := TransferError(&got, x1[i], x2[i]); e > 1e-14*(1+x2[i].Norm2()) {
					t.Fatalf("%d points: transfer error %g", n, math.Sqrt(e))
				}
			}
		}
	}
}

func TestHomographyDegenerate(t *testing.T) {
	sq := []Vec2{{0, 0}, {1, 0}, {1, 1}, {0, 1}}
	line := []Vec2{{0, 0}, {1, 1}, {2, 2}, {3, 3}, {4, 4}, {5, 5}}
	same := []Vec2{{1, 1}, {1, 1}, {1, 1}, {1, 1}, {1, 1}}
	nan := []Vec2{{0, 0}, {1, math.NaN()}, {1, 1}, {0, 1}, {2, 1}}
	for name, c := range map[string][2][]Vec2{
		"three points": {sq[:3], sq[:3]}, "lengths differ": {sq, sq[:3]},
		"three of four collinear": {{{0, 0}, {1, 0}, {2, 0}, {0, 1}}, sq},
		"all collinear":           {line, line}, "coincident": {same, same}, "not a number": {nan, nan},
	} {
		if h, ok := Homography(c[0], c[1]); ok {
			t.Errorf("%s: %v", name, h)
		}
	}
}

func TestDecomposeHomography(t *testing.T) {
	r := newRand(32)
	for range 1000 {
		truth := PlanarMotion{
			T21: SE3{R: ExpSO3(randVec3(r, .2)), T: randVec3(r, .2)},
			N:   Vec3{.4 * r.NormFloat64(), .4 * r.NormFloat64(), 1}.Unit(),
		}
		h := truth.T21.R.Add(Outer(truth.T21.T, truth.N))
		if h.Det() < .05 {
			continue // the second camera is at or behind the plane
		}
		sols, n := DecomposeHomography(h.Scale(r.NormFloat64()))
		if n != 4 {
			t.Fatalf("%d solutions", n)
		}
		best := math.Inf(1)
		for _, s := range sols {
			checkRotation(t, s.T21.R)
			if d := s.T21.R.Add(Outer(s.T21.T, s.N)).maxDiff(h); d > 1e-7 {
				t.Fatalf("R + t n^T differs from H by %g", d)
			}
			a, d := poseDiff(s.T21, truth.T21)
			best = math.Min(best, a+d+s.N.Sub(truth.N).Norm())
		}
		if best > 1e-5 {
			t.Fatalf("true motion not among the solutions: %g", best)
		}
	}
}

func TestDecomposeHomographyVisibility(t *testing.T) {
	r := newRand(33)
	truth := PlanarMotion{T21: SE3{R: ExpSO3(Vec3{.05, -.1, .02}), T: Vec3{.3, -.1, .05}}, N: Vec3{.2, -.1, 1}.Unit()}
	sols, n := DecomposeHomography(truth.T21.R.Add(Outer(truth.T21.T, truth.N)))
	left := 0
	for _, s := range sols[:n] {
		all := true
		for range 50 {
			all = all && s.VisiblePlane(Vec2{r.Float64() - .5, r.Float64() - .5})
		}
		if all {
			left++
		}
	}
	if left < 1 || left > 2 {
		t.Errorf("%d motions left, want one or two", left)
	}
}

func TestDecomposeHomographySpecial(t *testing.T) {
	rot := ExpSO3(Vec3{.1, .2, -.3})
	sols, n := DecomposeHomography(rot.Scale(-3))
	if n != 1 || sols[0].T21.R.maxDiff(rot) > 1e-9 || sols[0].T21.T.Norm() != 0 {
		t.Errorf("pure rotation: %d solutions, %v", n, sols[0])
	}
	if _, n := DecomposeHomography(Outer(Vec3{1, 2, 3}, Vec3{1, 0, 1})); n != 0 {
		t.Errorf("singular matrix: %d solutions", n)
	}
	if _, n := DecomposeHomography(Mat3{}); n != 0 {
		t.Errorf("zero matrix: %d solutions", n)
	}
}

func benchPairs(n int) (x1, x2 []Vec2) {
	r := newRand(34)
	h := Mat3{{1, .1, .05}, {-.1, .9, .02}, {.05, .02, 1}}
	for range n {
		p := Vec2{2*r.Float64() - 1, 2*r.Float64() - 1}
		x1, x2 = append(x1, p), append(x2, h.MulVec(p.Homogeneous()).XY())
	}
	return x1, x2
}

func BenchmarkHomography4(b *testing.B) {
	x1, x2 := benchPairs(4)
	b.ReportAllocs()
	for b.Loop() {
		Homography(x1, x2)
	}
}

func BenchmarkHomography200(b *testing.B) {
	x1, x2 := benchPairs(200)
	b.ReportAllocs()
	for b.Loop() {
		Homography(x1, x2)
	}
}

func BenchmarkDecomposeHomography(b *testing.B) {
	h := ExpSO3(Vec3{.1, .2, -.3}).Add(Outer(Vec3{.3, .1, -.2}, Vec3{Z: 1}))
	b.ReportAllocs()
	for b.Loop() {
		DecomposeHomography(h)
	}
}
