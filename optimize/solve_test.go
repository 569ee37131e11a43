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

func TestCancel(t *testing.T) {
	s := newScene(4, 20, .05, 1e-3)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := Solve(ctx, s.p, Options{}); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want context.Canceled", err)
	}
}

// iteration is one accepted step of Levenberg-Marquardt, taken back at the end.
func iteration(s *system, c *crew) bool {
	c.run(taskLinearize)
	s.gather()
	c.run(taskReduce)
	s.mergeReduced()
	if !s.solver.Factorize(s.lanes[0].s) {
		return false
	}
	copy(s.dx, s.lanes[0].b)
	s.solver.Solve(s.dx)
	c.run(taskBackSubstitute)
	s.step()
	c.run(taskTrial)
	s.restore()
	return true
}

func TestIterationsDoNotAllocate(t *testing.T) {
	for _, kind := range []solverKind{solverDense, solverSparse} {
		for _, threads := range []int{1, 2} {
			s := newSystem(newWindow(20, 200), kind)
			c := newCrew(s, threads)
			c.lambda = 1e-4
			if n := testing.AllocsPerRun(5, func() { iteration(s, c) }); n > 0 {
				t.Errorf("solver %d, %d threads: %g allocations an iteration", kind, threads, n)
			}
			c.close()
		}
	}
}

func BenchmarkLocalWindow(b *testing.B) {
	s := newSystem(newWindow(15, 2000), solverAuto)
	c := newCrew(s, 1)
	c.lambda = 1e-4
	b.ReportAllocs()
	for b.Loop() {
		if !iteration(s, c) {
			b.Fatal("not positive definite")
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
