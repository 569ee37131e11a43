package optimize

import (
	"errors"
	"fmt"
)

// ErrSingular says that the factors do not determine the variables: the gauge
// is free, or an unknown is not observed.
var ErrSingular = errors.New("optimize: the reduced system is singular; fix a variable or add a prior")

// singularRatio is how many times the variance of a variable among the others
// may exceed that with the others known: beyond, only rounding holds it.
const singularRatio = 1e13

// MarginalCovariance returns the covariance of a reduced variable in its
// tangent, Dim x Dim, row-major, at the current state: its block of the inverse
// of the Schur complement. Eliminated variables that their factors do not
// determine, such as a point seen once, say nothing. The error wraps ErrSingular
// where there is no covariance.
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
	singular := fmt.Errorf("optimize: covariance of variable %d: %w", id, ErrSingular)
	pos := int(s.pos[id])
	if pos < 0 {
		return nil, singular // no factor
	}
	c := newCrew(s, 1)
	c.run(taskLinearize)
	s.gather()
	c.run(taskReduce)
	s.mergeReduced()
	info := s.information(pos)
	if !s.solver.Factorize(s.lanes[0].s) {
		return nil, singular
	}
	dim, off := int(s.dims[pos]), int(s.offs[pos])
	cov := make([]float64, dim*dim)
	for k := range dim {
		clear(s.dx)
		s.dx[off+k] = 1
		s.solver.Solve(s.dx)
		copy(cov[k*dim:], s.dx[off:off+dim])
		if v := cov[k*dim+k] * info[k]; !(v > 0 && v < singularRatio) {
			return nil, singular
		}
	}
	return cov, nil
}

// information returns the diagonal of H of a position. Unknowns that no enabled
// factor touches get an information of 1 in the reduced matrix, which they do
// not share with any other.
func (s *system) information(pos int) (info []float64) {
	first := &s.lanes[0]
	for i := range s.order {
		at, stride := s.solver.Block(i, i), int(s.strides[i])
		for k := range int(s.dims[i]) {
			h := first.h[at+k*(stride+1)]
			if h == 0 {
				first.s[at+k*(stride+1)] = 1
			}
			if i == pos {
				info = append(info, h)
			}
		}
	}
	return info
}
