package optimize

import (
	"context"
	"errors"
	"fmt"
	"math"
)

// Options of Solve; a zero field takes the value of DefaultOptions.
type Options struct {
	MaxIterations int // steps tried, accepted or not
	// Solve ends when an accepted step lowers the cost by less than
	// FunctionTolerance of it, when no component of the gradient exceeds
	// GradientTolerance, or when no component of the step exceeds
	// ParameterTolerance (in tangent units: radians, metres).
	FunctionTolerance  float64
	GradientTolerance  float64
	ParameterTolerance float64
	InitialLambda      float64 // damping relative to the diagonal of the Hessian
	Threads            int     // 1 or 2; the result is the same
}

// DefaultOptions returns the settings of full bundle adjustment.
func DefaultOptions() Options {
	return Options{
		MaxIterations:      100,
		FunctionTolerance:  1e-6,
		GradientTolerance:  1e-10,
		ParameterTolerance: 1e-10,
		InitialLambda:      1e-4,
		Threads:            1,
	}
}

// Termination says why Solve ended.
type Termination string

// The ways Solve ends without an error.
const (
	ConvergedCost      Termination = "cost converged"
	ConvergedGradient  Termination = "gradient converged"
	ConvergedStep      Termination = "step converged"
	IterationLimit     Termination = "iteration limit"
	NoFurtherReduction Termination = "no further reduction" // damping grew without bound
)

// Summary of a solution. Costs are half sums of rho over the defined factors.
type Summary struct {
	CostStart, CostEnd float64
	Iterations         int // steps tried
	Undefined          int // enabled factors without a residual at the end
	Termination        Termination
}

// ErrUndefined says that no enabled factor has a residual at the start.
var ErrUndefined = errors.New("optimize: no factor is defined at the start")

const (
	maxLambda  = 1e32 // where damping has made steps vanish
	negligible = 1e-3 // share of FunctionTolerance that is not worth a trial
)

// Solve minimises the cost by Levenberg-Marquardt: damping scaled by the
// diagonal of the Hessian and controlled by the gain ratio (Nielsen 1999), the
// normal equations reduced by the Schur complement. The variables hold the best
// state when it returns, also after an error or a cancelled context.
func Solve(ctx context.Context, p *Problem, opt Options) (Summary, error) {
	if p.err != nil {
		return Summary{}, p.err
	}
	opt = opt.withDefaults()
	if p.sys == nil {
		p.sys = newSystem(p, solverAuto)
	}
	crew := newCrew(p.sys, opt.Threads)
	defer crew.close()
	m := minimizer{s: p.sys, crew: crew, opt: opt, lambda: opt.InitialLambda, grow: 2}
	return m.run(ctx)
}

func (o Options) withDefaults() Options {
	d := DefaultOptions()
	pick := func(x *float64, v float64) {
		if *x == 0 {
			*x = v
		}
	}
	if o.MaxIterations == 0 {
		o.MaxIterations = d.MaxIterations
	}
	if o.Threads == 0 {
		o.Threads = d.Threads
	}
	pick(&o.FunctionTolerance, d.FunctionTolerance)
	pick(&o.GradientTolerance, d.GradientTolerance)
	pick(&o.ParameterTolerance, d.ParameterTolerance)
	pick(&o.InitialLambda, d.InitialLambda)
	return o
}

// minimizer is the state of Levenberg-Marquardt.
type minimizer struct {
	s            *system
	crew         *crew
	opt          Options
	lambda, grow float64
	cost         float64
	sum          Summary
}

func (m *minimizer) run(ctx context.Context) (Summary, error) {
	m.linearize()
	m.sum.CostStart, m.sum.CostEnd = m.cost, m.cost
	if m.noneDefined() {
		return m.sum, ErrUndefined
	}
	if m.s.gradientNorm() <= m.opt.GradientTolerance {
		m.sum.Termination = ConvergedGradient
		return m.sum, nil
	}
	m.sum.Termination = IterationLimit
	for m.sum.Iterations < m.opt.MaxIterations {
		if err := ctx.Err(); err != nil {
			return m.sum, fmt.Errorf("optimize: stopped after %d iterations: %w", m.sum.Iterations, err)
		}
		m.sum.Iterations++
		if end := m.iterate(); end != "" {
			m.sum.Termination = end
			break
		}
	}
	return m.sum, nil
}

// iterate tries one step; it returns how to end, or "" to go on.
func (m *minimizer) iterate() Termination {
	s := m.s
	if !m.solveStep() {
		return m.reject()
	}
	predicted := s.predictedDecrease(m.lambda)
	if !(predicted > 0) {
		return m.reject()
	}
	if predicted <= negligible*m.opt.FunctionTolerance*m.cost {
		return ConvergedCost // the cost's own rounding would decide
	}
	s.step()
	m.crew.run(taskTrial)
	var change float64
	for i := range s.lanes {
		change += s.lanes[i].change
	}
	gain := -change / predicted
	if !(gain > 1e-4) {
		s.restore()
		if s.stepNorm() <= m.opt.ParameterTolerance {
			return ConvergedStep
		}
		return m.reject()
	}
	m.lambda *= max(1.0/3, 1-math.Pow(2*gain-1, 3))
	m.lambda = max(m.lambda, 1e-16)
	m.grow = 2
	before := m.cost
	m.linearize()
	m.sum.CostEnd = m.cost
	switch {
	case -change <= m.opt.FunctionTolerance*before:
		return ConvergedCost
	case s.gradientNorm() <= m.opt.GradientTolerance:
		return ConvergedGradient
	case s.stepNorm() <= m.opt.ParameterTolerance:
		return ConvergedStep
	}
	return ""
}

// reject raises the damping.
func (m *minimizer) reject() Termination {
	m.lambda *= m.grow
	m.grow *= 2
	if m.lambda > maxLambda {
		return NoFurtherReduction
	}
	return ""
}

// linearize takes the current state as the accepted one.
func (m *minimizer) linearize() {
	m.crew.run(taskLinearize)
	m.cost, m.sum.Undefined = m.s.gather()
}

// solveStep computes the step at the present damping.
func (m *minimizer) solveStep() bool {
	s := m.s
	m.crew.lambda = m.lambda
	m.crew.run(taskReduce)
	s.mergeReduced()
	if !s.solver.Factorize(s.lanes[0].s) {
		return false
	}
	copy(s.dx, s.lanes[0].b)
	s.solver.Solve(s.dx)
	m.crew.run(taskBackSubstitute)
	return isFinite(squaredNorm(s.dx)) && isFinite(squaredNorm(s.dl))
}

func (m *minimizer) noneDefined() bool {
	for i := range m.s.p.factors {
		if m.s.p.factors[i].defined {
			return false
		}
	}
	return true
}
