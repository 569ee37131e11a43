package optimize

import (
	"context"
	"errors"
	"math"
	"testing"

	"github.com/metricslam/metricslam/geom"
)

func TestSceneJacobians(t *testing.T) {
	rng := testRand(1)
	pose := func() *poseVar {
		return &poseVar{T: geom.ExpSE3(geom.Tangent6{.1 * rng.NormFloat64(), .1, -.1, .1 * rng.NormFloat64(), .2, .1})}
	}
	a, b, x, rho := pose(), pose(), newVec(.3, -.2, 4), newVec(-1.1)
	checkJacobian(t, &pixelFactor{cam: a, point: x, sigma: .01}, []Variable{a, x}, 1e-6)
	checkJacobian(t, &idepthFactor{host: a, cam: b, rho: rho, ray: geom.Vec3{X: .1, Y: .2, Z: 1}, sigma: .01}, []Variable{a, b, rho}, 1e-6)
}

func TestBundleAdjustmentReachesTruth(t *testing.T) {
	s := newScene(8, 60, .05, 0)
	sum, err := Solve(context.Background(), s.p, Options{FunctionTolerance: 1e-30, GradientTolerance: 1e-12})
	if err != nil {
		t.Fatal(err)
	}
	if sum.CostEnd > 1e-12 || sum.CostStart < 1 {
		t.Errorf("%+v, want a cost of 0 at the end", sum)
	}
	for i, c := range s.cams {
		for _, e := range geom.LogSE3(s.truthCams[i].Between(c.T)) {
			if math.Abs(e) > 1e-8 {
				t.Errorf("camera %d is off by %g", i, e)
			}
		}
	}
	for i, x := range s.points {
		if e := x.vec3().Sub(s.truthPoints[i]).Norm(); e > 1e-8 {
			t.Errorf("point %d is off by %g", i, e)
		}
	}
}

func TestThreadsDoNotChangeResult(t *testing.T) {
	var want []float64
	for _, threads := range []int{1, 2, 7} {
		s := newScene(6, 200, .03, 1e-3)
		if _, err := Solve(context.Background(), s.p, Options{Threads: threads}); err != nil {
			t.Fatal(err)
		}
		var got []float64
		for _, x := range s.points {
			got = append(got, x.x...)
		}
		if want == nil {
			want = got
		}
		for i := range got {
			if got[i] != want[i] {
				t.Fatalf("%d threads: %v, want the bits of one thread, %v", threads, got[i], want[i])
			}
		}
	}
}

func TestDisableOutliersAndSolveAgain(t *testing.T) {
	s := newScene(6, 80, .02, 1e-3)
	for k := 5; k < len(s.observations); k += 50 {
		f := s.p.factors[s.observations[k]].f.(*pixelFactor)
		f.z.X += .03
	}
	for i := range s.p.factors {
		s.p.factors[i].kernel = geom.Kernel{Kind: geom.Cauchy, Delta: 2.5}
	}
	if _, err := Solve(context.Background(), s.p, Options{}); err != nil {
		t.Fatal(err)
	}
	removed := 0
	for k, fid := range s.observations {
		outlier := k >= 5 && (k-5)%50 == 0
		if gated := s.p.FactorChi2(fid) > 25; gated != outlier {
			t.Errorf("observation %d: chi2 %g, outlier %v", k, s.p.FactorChi2(fid), outlier)
		} else if gated {
			s.p.Disable(fid)
			removed++
		}
	}
	sum, err := Solve(context.Background(), s.p, Options{})
	if err != nil {
		t.Fatal(err)
	}
	// 2 residuals an observation less 6 a free camera and 3 a point.
	dof := float64(2*(len(s.observations)-removed) - 6*4 - 3*80)
	if ratio := 2 * sum.CostEnd / dof; ratio < .8 || ratio > 1.2 {
		t.Errorf("chi2 per degree of freedom %g after removal of %d, want about 1", ratio, removed)
	}
}

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

// sqrtFactor is defined on one side of zero alone.
type sqrtFactor struct{ v *vecVar }

func (f *sqrtFactor) Dim() int { return 1 }

// Linearize is sqrt(x) - 10 for positive x and not defined else: the minimum is
// far to the right, steps that overshoot to the left would hide the residual.
func (f *sqrtFactor) Linearize(r []float64, J [][]float64) bool {
	x := f.v.x[0]
	if x <= 0 {
		return false
	}
	r[0] = math.Sqrt(x) - 10
	if J != nil {
		J[0][0] = .5 / math.Sqrt(x)
	}
	return true
}

// A prior pulls the variable to where the large residual is not defined; the
// solver must not take that for a gain.
func TestHidingAFactorIsNoGain(t *testing.T) {
	p := NewProblem()
	v := newVec(4)
	id := p.Add(v)
	p.AddFactor(&sqrtFactor{v}, geom.Kernel{}, id)
	p.AddFactor(&priorFactor{v: v, mean: []float64{-3}, sigma: 1}, geom.Kernel{}, id)
	sum, err := Solve(context.Background(), p, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if sum.Undefined != 0 || v.x[0] <= 0 || sum.CostEnd > sum.CostStart {
		t.Errorf("x %g, %+v: the residual was hidden", v.x[0], sum)
	}
}

func TestUndefinedAtTheStart(t *testing.T) {
	p := NewProblem()
	v := newVec(-1)
	id := p.Add(v)
	fid := p.AddFactor(&sqrtFactor{v}, geom.Kernel{}, id)
	if _, err := Solve(context.Background(), p, Options{}); !errors.Is(err, ErrUndefined) {
		t.Errorf("error %v, want ErrUndefined", err)
	}
	if chi2 := p.FactorChi2(fid); !math.IsInf(chi2, 1) {
		t.Errorf("chi2 %g, want +Inf", chi2)
	}
	// With a prior it moves to where the residual is defined, which then counts.
	p.AddFactor(&priorFactor{v: v, mean: []float64{81}, sigma: 1}, geom.Kernel{}, id)
	for range 3 {
		if _, err := Solve(context.Background(), p, Options{}); err != nil {
			t.Fatal(err)
		}
	}
	if cost, undefined := p.Cost(); undefined != 0 || cost > .5 {
		t.Errorf("cost %g with %d undefined, want all defined", cost, undefined)
	}
}

func TestMistakesAreReported(t *testing.T) {
	wide := newVec(make([]float64, 10)...)
	for name, build := range map[string]func(p *Problem){
		"wide variable":       func(p *Problem) { p.Add(wide) },
		"wide landmark":       func(p *Problem) { p.AddEliminated(newVec(1, 2, 3, 4)) },
		"fix of no variable":  func(p *Problem) { p.Fix(3) },
		"no factor":           func(p *Problem) { p.Disable(0) },
		"factor of none":      func(p *Problem) { p.AddFactor(&sqrtFactor{}, geom.Kernel{}) },
		"factor of a missing": func(p *Problem) { p.AddFactor(&sqrtFactor{}, geom.Kernel{}, 0) },
		"variable twice": func(p *Problem) {
			id := p.Add(newVec(1))
			p.AddFactor(&sqrtFactor{}, geom.Kernel{}, id, id)
		},
		"two landmarks": func(p *Problem) {
			p.AddFactor(&sqrtFactor{}, geom.Kernel{}, p.AddEliminated(newVec(1)), p.AddEliminated(newVec(1)))
		},
		"wide factor": func(p *Problem) {
			v := newVec(make([]float64, 8)...)
			p.AddFactor(&priorFactor{v: v, mean: v.x, sigma: 1}, geom.Kernel{}, p.Add(v))
		},
	} {
		p := NewProblem()
		build(p)
		if _, err := Solve(context.Background(), p, Options{}); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	if _, err := Solve(context.Background(), NewProblem(), Options{}); err == nil {
		t.Error("an empty problem was solved")
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
			J[k] = make([]float64, f.dim*p.vars[f.vars[k]].dim)
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
						for k := range f.dim {
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

func TestCancel(t *testing.T) {
	s := newScene(4, 20, .05, 1e-3)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := Solve(ctx, s.p, Options{}); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want context.Canceled", err)
	}
}

func BenchmarkLocalWindow(b *testing.B) {
	p := newWindow(15, 2000)
	s := newSystem(p, solverAuto)
	c := newCrew(s, 1)
	c.lambda = 1e-4
	b.ReportAllocs()
	for b.Loop() {
		c.run(taskLinearize)
		s.gather()
		c.run(taskReduce)
		s.mergeReduced()
		if !s.solver.Factorize(s.lanes[0].s) {
			b.Fatal("not positive definite")
		}
		copy(s.dx, s.lanes[0].b)
		s.solver.Solve(s.dx)
		c.run(taskBackSubstitute)
		s.step()
		c.run(taskTrial)
		s.restore()
	}
}

// The sparse and the dense solver must take the same way; 40 cameras are enough
// for several supernodes.
func TestSparseAgreesWithDense(t *testing.T) {
	results := make(map[solverKind][]float64)
	for _, kind := range []solverKind{solverDense, solverSparse} {
		p := newWindow(40, 300)
		p.sys = newSystem(p, kind)
		sum, err := Solve(context.Background(), p, Options{})
		if err != nil {
			t.Fatal(err)
		}
		got := []float64{sum.CostStart, sum.CostEnd}
		for i := range p.vars {
			if v, ok := p.vars[i].v.(*poseVar); ok {
				got = append(got, v.T.T.X, v.T.T.Y, v.T.T.Z, v.T.R[0][1], v.T.R[0][2], v.T.R[1][2])
			}
		}
		results[kind] = got
	}
	for i, want := range results[solverDense] {
		if got := results[solverSparse][i]; math.Abs(got-want) > 1e-8*(1+math.Abs(want)) {
			t.Errorf("value %d: sparse %v, dense %v", i, got, want)
		}
	}
}

// What a window costs before its first iteration.
func BenchmarkAnalyseWindow(b *testing.B) {
	p := newWindow(15, 2000)
	b.ReportAllocs()
	for b.Loop() {
		newSystem(p, solverAuto)
	}
}

// A map of 300 keyframes: what a loop's global adjustment costs.
func BenchmarkGlobal(b *testing.B) {
	p := newWindow(300, 30000)
	b.Run("analyse", func(b *testing.B) {
		for b.Loop() {
			newSystem(p, solverAuto)
		}
	})
	b.Run("solve", func(b *testing.B) {
		for b.Loop() {
			b.StopTimer()
			p := newWindow(300, 30000)
			b.StartTimer()
			sum, err := Solve(context.Background(), p, Options{})
			if err != nil {
				b.Fatal(err)
			}
			b.ReportMetric(float64(sum.Iterations), "iterations")
		}
	})
}
