package optimize

import (
	"errors"
	"fmt"
)

// ErrSingular says that the factors do not determine the variables: the gauge
// is free, or an unknown is not observed.
var ErrSingular = errors.New("optimize: the reduced system is singular; fix a variable or add a prior")

// covarianceDamping is the relative damping of eliminated variables when
// covariances are computed: one that its factors do not determine, such as a
// point seen once, then says nothing about the rest instead of dividing by zero.
const covarianceDamping = 1e-10

// MarginalCovariance returns the covariance of a reduced variable in its
// tangent, Dim x Dim, row-major, at the current state: its block of the inverse
// of the Schur complement. The error wraps ErrSingular where there is none.
func MarginalCovariance(p *Problem, id ID) ([]float64, error) {
	if p.err != nil {
		return nil, p.err
	}
	if !p.valid(id) || p.vars[id].eliminated || p.vars[id].fixed {
		return nil, fmt.Errorf("optimize: variable %d is not a free variable of the reduced system", id)
	}
	if p.sys == nil {
		p.sys = newSystem(p, solverAuto)
	}
	s := p.sys
	pos := s.pos[id]
	if pos < 0 {
		return nil, fmt.Errorf("optimize: variable %d has no factor: %w", id, ErrSingular)
	}
	c := newCrew(s, 1)
	c.run(taskLinearize)
	s.gather()
	clear(s.d)
	c.lambda = covarianceDamping
	c.run(taskReduce)
	s.mergeReduced()
	if !s.solver.Factorize(s.lanes[0].s) {
		return nil, fmt.Errorf("optimize: covariance of variable %d: %w", id, ErrSingular)
	}
	dim, off := int(s.dims[pos]), int(s.offs[pos])
	cov := make([]float64, dim*dim)
	for k := range dim {
		clear(s.dx)
		s.dx[off+k] = 1
		s.solver.Solve(s.dx)
		copy(cov[k*dim:], s.dx[off:off+dim])
	}
	return cov, nil
}
