package optimize

import (
	"errors"
	"math"
	"testing"

	"github.com/metricslam/metricslam/geom"
)

func TestMarginalCovarianceMatchesDenseInverse(t *testing.T) {
	s := newScene(4, 12, 0, 0)
	want := denseCovariance(t, s.p)
	for i, id := range s.camID[2:] {
		got, err := MarginalCovariance(s.p, id)
		if err != nil {
			t.Fatal(err)
		}
		for r := range 6 {
			for c := range 6 {
				w := want[6*i+r][6*i+c]
				if math.Abs(got[6*r+c]-w) > 1e-6*math.Sqrt(want[6*i+r][6*i+r]*want[6*i+c][6*i+c]) {
					t.Errorf("camera %d: covariance[%d][%d] = %g, want %g", i+2, r, c, got[6*r+c], w)
				}
			}
		}
	}
	if _, err := MarginalCovariance(s.p, s.ptID[0]); err == nil {
		t.Error("no error for an eliminated variable")
	}
}

// Without fixed cameras the gauge is free; a variable that is only tied by a
// disabled factor is not determined either.
func TestMarginalCovarianceOfFreeGauge(t *testing.T) {
	s := newScene(4, 12, 0, 0)
	for i := range s.p.vars {
		s.p.vars[i].fixed = false
	}
	s.p.sys = nil
	if cov, err := MarginalCovariance(s.p, s.camID[2]); !errors.Is(err, ErrSingular) {
		t.Errorf("%v, %v, want ErrSingular", cov, err)
	}
	p := NewProblem()
	a, b := newVec(1), newVec(2)
	ia, ib := p.Add(a), p.Add(b)
	p.AddFactor(&priorFactor{v: a, mean: []float64{0}, sigma: .5}, geom.Kernel{}, ia)
	p.Disable(p.AddFactor(&priorFactor{v: b, mean: []float64{0}, sigma: .5}, geom.Kernel{}, ib))
	if cov, err := MarginalCovariance(p, ia); err != nil || math.Abs(cov[0]-.25) > 1e-12 {
		t.Errorf("%v, %v, want a variance of .25", cov, err)
	}
	if cov, err := MarginalCovariance(p, ib); !errors.Is(err, ErrSingular) {
		t.Errorf("%v, %v, want ErrSingular", cov, err)
	}
}

// denseCovariance inverts the whole Hessian by Gauss-Jordan elimination.
func denseCovariance(t *testing.T, p *Problem) [][]float64 {
	offs, n := make([]int, len(p.vars)), 0
	for i, v := range p.vars {
		offs[i] = n
		if !v.fixed {
			n += v.dim
		}
	}
	h := make([][]float64, n)
	for i := range h {
		h[i] = make([]float64, 2*n)
		h[i][n+i] = 1
	}
	for _, f := range p.factors {
		J := make([][]float64, f.n)
		for k := range J {
			J[k] = make([]float64, int(f.dim)*p.vars[f.vars[k]].dim)
		}
		f.f.Linearize(make([]float64, f.dim), J)
		for a, ia := range f.vars[:f.n] {
			for b, ib := range f.vars[:f.n] {
				if p.vars[ia].fixed || p.vars[ib].fixed {
					continue
				}
				da, db := p.vars[ia].dim, p.vars[ib].dim
				for r := range da {
					for c := range db {
						for k := range int(f.dim) {
							h[offs[ia]+r][offs[ib]+c] += J[a][k*da+r] * J[b][k*db+c]
						}
					}
				}
			}
		}
	}
	for i := range n {
		pivot := h[i][i]
		if pivot == 0 {
			t.Fatal("singular Hessian")
		}
		for c := range h[i] {
			h[i][c] /= pivot
		}
		for r := range n {
			if f := h[r][i]; r != i && f != 0 {
				for c := range h[r] {
					h[r][c] -= f * h[i][c]
				}
			}
		}
	}
	cov := make([][]float64, n)
	for i := range cov {
		cov[i] = h[i][n:]
	}
	return cov
}
