package geom

import (
	"errors"
	"math"
	"testing"
)

func TestUmeyamaIsExact(t *testing.T) {
	r := newRand(41)
	for k := range 500 {
		truth := Sim3FromSE3(randPose(r, 5), math.Exp(r.NormFloat64()))
		var src, dst []Vec3
		for range 3 + k%20 {
			p := randVec3(r, 2)
			if k%3 == 0 {
				p.Z = .5 // all in one plane
			}
			src, dst = append(src, p), append(dst, truth.Apply(p))
		}
		got, err := Umeyama(src, dst, true)
		if err != nil {
			t.Fatal(err)
		}
		checkRotation(t, got.R)
		if d := got.R.maxDiff(truth.R) + got.T.Sub(truth.T).Norm() + math.Abs(got.S-truth.S); d > 1e-9 {
			t.Fatalf("off by %g", d)
		}
	}
}

// A mirrored cloud must give a rotation, not a reflection, and no transform
// near the estimate may be better.
func TestUmeyamaIsOptimal(t *testing.T) {
	r := newRand(42)
	for k := range 100 {
		var src, dst []Vec3
		var w []float64
		for range 12 {
			p := randVec3(r, 1)
			src, w = append(src, p), append(w, r.Float64())
			if k%2 == 0 {
				p.X = -p.X
			}
			dst = append(dst, p.Add(randVec3(r, .1)))
		}
		for _, scale := range []bool{false, true} {
			got, err := UmeyamaWeighted(src, dst, w, scale)
			if err != nil {
				t.Fatal(err)
			}
			checkRotation(t, got.R)
			cost := func(s Sim3) (c float64) {
				for i := range src {
					c += w[i] * s.Apply(src[i]).Sub(dst[i]).Norm2()
				}
				return c
			}
			best := cost(got)
			for range 50 {
				var xi Tangent7
				for i := range xi {
					xi[i] = .01 * r.NormFloat64()
				}
				if !scale {
					xi[6] = 0
				}
				if c := cost(got.Retract(xi)); c < best-1e-12 {
					t.Fatalf("cost %g next to the estimate's %g", c, best)
				}
			}
		}
	}
}

func TestUmeyamaBadInput(t *testing.T) {
	line := []Vec3{{0, 0, 0}, {1, 1, 1}, {2, 2, 2}, {5, 5, 5}}
	same := []Vec3{{1, 2, 3}, {1, 2, 3}, {1, 2, 3}}
	nan := []Vec3{{1, 2, 3}, {4, math.NaN(), 1}, {0, 1, 0}}
	for name, p := range map[string][]Vec3{"empty": nil, "two": line[:2], "line": line, "coincident": same, "not a number": nan} {
		if _, err := Umeyama(p, p, true); !errors.Is(err, ErrDegenerate) {
			t.Errorf("%s: error %v", name, err)
		}
	}
	if _, err := Umeyama(line, line[:3], false); err == nil {
		t.Error("lengths differ: no error")
	}
	if _, err := UmeyamaWeighted(line, line, []float64{1}, false); err == nil {
		t.Error("too few weights: no error")
	}
}

func TestSVD3(t *testing.T) {
	r := newRand(44)
	for k := range 1000 {
		m := FromCols(randVec3(r, 1), randVec3(r, 1), randVec3(r, 1))
		switch k % 5 {
		case 1:
			m = Outer(m.Row(0), m.Row(1))
		case 2:
			m = m.Mul(Mat3{{1, 0, 0}, {0, 1e-8, 0}, {0, 0, 0}})
		case 3:
			m = Mat3{}
		}
		u, s, v := SVD3(m)
		d := Mat3{{s[0], 0, 0}, {0, s[1], 0}, {0, 0, s[2]}}
		if e := u.Mul(d).Mul(v.T()).maxDiff(m); e > 1e-13*(1+s[0]) {
			t.Fatalf("U S V^T differs by %g", e)
		}
		if s[0] < s[1] || s[1] < s[2] || s[2] < 0 {
			t.Fatalf("singular values %v", s)
		}
		if e := u.Mul(u.T()).maxDiff(Identity3()) + v.Mul(v.T()).maxDiff(Identity3()); e > 1e-11 {
			t.Fatalf("U or V not orthogonal: %g", e)
		}
	}
}

func TestSymEigen3(t *testing.T) {
	r := newRand(45)
	for range 1000 {
		a := FromCols(randVec3(r, 1), randVec3(r, 1), randVec3(r, 1))
		m := a.Add(a.T())
		val, vec := SymEigen3(m)
		d := Mat3{{val[0], 0, 0}, {0, val[1], 0}, {0, 0, val[2]}}
		if e := vec.Mul(d).Mul(vec.T()).maxDiff(m); e > 1e-13*10 || val[0] > val[1] || val[1] > val[2] {
			t.Fatalf("V D V^T differs by %g, values %v", e, val)
		}
	}
}

func TestRealRoots(t *testing.T) {
	r := newRand(46)
	for range 1000 {
		want := make([]float64, 1+r.IntN(6))
		c := []float64{1}
		for k := range want {
			want[k] = math.Exp(2*r.NormFloat64()) * float64(1-2*r.IntN(2))
			next := make([]float64, len(c)+1)
			for i, v := range c {
				next[i] -= want[k] * v
				next[i+1] += v
			}
			c = next
		}
		var roots [maxDegree]float64
		n := realRoots(c, &roots)
		for _, w := range want {
			best, gap := math.Inf(1), math.Inf(1)
			for _, x := range roots[:n] {
				best = math.Min(best, math.Abs(x-w)/math.Abs(w))
			}
			for _, v := range want {
				if v != w {
					gap = math.Min(gap, math.Abs(v-w)/math.Abs(w))
				}
			}
			if gap > .05 && best > 1e-5 {
				t.Fatalf("root %g of %v missing in %v", w, want, roots[:n])
			}
		}
	}
}

func BenchmarkUmeyama1000(b *testing.B) {
	r := newRand(47)
	p := make([]Vec3, 1000)
	for i := range p {
		p[i] = randVec3(r, 1)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Umeyama(p, p, true); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkSVD3(b *testing.B) {
	m := Mat3{{1, 2, 3}, {-2, .5, 1}, {0, 3, -1}}
	for b.Loop() {
		SVD3(m)
	}
}
