package optimize

import (
	"fmt"
	"math"
	"slices"

	"github.com/metricslam/metricslam/geom"
)

// The largest tangent, residual and number of variables of a factor.
const (
	MaxVariableDim   = 9
	MaxFactorDim     = 7
	MaxFactorArity   = 4
	maxEliminatedDim = 3
)

// Variable is an unknown on a manifold.
type Variable interface {
	// Dim is the tangent dimension, 1 to MaxVariableDim; it never changes.
	Dim() int
	// Retract moves the variable by a tangent vector: x <- x [+] delta.
	Retract(delta []float64)
	// Save keeps the present value, one level deep, and Restore returns to it,
	// once or twice.
	Save()
	Restore()
}

// Factor is a residual, whitened by its own deviation, over the variables it
// was added with. Linearize is called for different factors at the same time
// and must write to nothing but its arguments.
type Factor interface {
	// Dim is the residual dimension, 1 to MaxFactorDim; it never changes.
	Dim() int
	// Linearize writes the residual to r and, where J is not nil, the Jacobian
	// with respect to the tangent of variable k to J[k], Dim x its Dim, row by
	// row; J then has every element. It returns false where the residual is not
	// defined at this state, such as for a point behind the camera.
	Linearize(r []float64, J [][]float64) bool
}

// ID names a variable of a Problem.
type ID int32

// FactorID names a factor of a Problem.
type FactorID int32

// Problem is a sum of factors, each through its robust kernel:
// cost = 1/2 sum rho(|r|^2). It is built once and may be solved again after
// factors were disabled or values changed; the analysis of its structure is
// kept. It is not safe for use by several goroutines.
type Problem struct {
	vars    []variableSlot
	factors []factorSlot
	err     error   // the first mistake made while building
	sys     *system // analysis and buffers; nil until needed or after a change
	scratch [MaxFactorDim]float64
}

type variableSlot struct {
	v                 Variable
	dim               int
	eliminated, fixed bool
}

// factorSlot is kept small: a large map has millions.
type factorSlot struct {
	f        Factor
	kernel   geom.Kernel
	cost     float64 // half rho at the last accepted state, 0 where undefined
	vars     [MaxFactorArity]ID
	n, dim   int8 // number of variables, dimension
	disabled bool
	defined  bool // at the last accepted state
}

// NewProblem returns an empty problem.
func NewProblem() *Problem { return &Problem{} }

// Add adds a variable that stays in the reduced system: a pose, an intrinsic, a
// scale.
func (p *Problem) Add(v Variable) ID { return p.add(v, false) }

// AddEliminated adds a landmark of dimension 1 to 3, eliminated by the Schur
// complement. A factor may touch one eliminated variable at most.
func (p *Problem) AddEliminated(v Variable) ID { return p.add(v, true) }

func (p *Problem) add(v Variable, eliminated bool) ID {
	id := ID(len(p.vars))
	dim := v.Dim()
	limit := MaxVariableDim
	if eliminated {
		limit = maxEliminatedDim
	}
	if dim < 1 || dim > limit {
		p.fail("variable %d has dimension %d, want 1 to %d", id, dim, limit)
	}
	p.vars = append(p.vars, variableSlot{v: v, dim: dim, eliminated: eliminated})
	p.sys = nil
	return id
}

// Fix holds a variable at its value.
func (p *Problem) Fix(id ID) {
	if !p.valid(id) {
		p.fail("Fix: no variable %d", id)
		return
	}
	if !p.vars[id].fixed {
		p.vars[id].fixed = true
		p.sys = nil
	}
}

// Grow takes the memory of n more factors at once.
func (p *Problem) Grow(n int) { p.factors = slices.Grow(p.factors, n) }

// AddFactor adds a residual over one to MaxFactorArity different variables,
// given in the order of its Jacobians. A mistake is reported by Solve.
func (p *Problem) AddFactor(f Factor, kernel geom.Kernel, ids ...ID) FactorID {
	fid := FactorID(len(p.factors))
	dim := f.Dim()
	if dim < 1 || dim > MaxFactorDim {
		p.fail("factor %d has dimension %d, want 1 to %d", fid, dim, MaxFactorDim)
	}
	if len(ids) < 1 || len(ids) > MaxFactorArity {
		p.fail("factor %d has %d variables, want 1 to %d", fid, len(ids), MaxFactorArity)
		ids = nil
	}
	s := factorSlot{f: f, kernel: kernel, dim: int8(dim), n: int8(len(ids))}
	eliminated := 0
	for i, id := range ids {
		if !p.valid(id) {
			p.fail("factor %d: no variable %d", fid, id)
			s.n = 0
			break
		}
		for _, other := range ids[:i] {
			if id == other {
				p.fail("factor %d has variable %d twice", fid, id)
			}
		}
		if p.vars[id].eliminated {
			eliminated++
		}
		s.vars[i] = id
	}
	if eliminated > 1 {
		p.fail("factor %d touches %d eliminated variables, want at most 1", fid, eliminated)
	}
	p.factors = append(p.factors, s)
	p.sys = nil
	return fid
}

// Disable takes a factor out of the cost; the structure of the problem stays.
func (p *Problem) Disable(fid FactorID) { p.setDisabled(fid, true) }

// Enable puts a disabled factor back.
func (p *Problem) Enable(fid FactorID) { p.setDisabled(fid, false) }

func (p *Problem) setDisabled(fid FactorID, disabled bool) {
	if fid < 0 || int(fid) >= len(p.factors) {
		p.fail("no factor %d", fid)
		return
	}
	p.factors[fid].disabled = disabled
}

// FactorChi2 returns the squared whitened residual of a factor at the current
// state, before its kernel, and +Inf where it is not defined.
func (p *Problem) FactorChi2(fid FactorID) float64 {
	s := &p.factors[fid]
	r := p.scratch[:s.dim]
	if !s.f.Linearize(r, nil) {
		return math.Inf(1)
	}
	return squaredNorm(r)
}

// Cost returns half the sum of rho over the enabled factors that are defined at
// the current state, and the number of those that are not.
func (p *Problem) Cost() (cost float64, undefined int) {
	for i := range p.factors {
		s := &p.factors[i]
		if s.disabled {
			continue
		}
		chi2 := p.FactorChi2(FactorID(i))
		if math.IsInf(chi2, 1) {
			undefined++
			continue
		}
		rho, _ := s.kernel.Eval(chi2)
		cost += rho / 2
	}
	return cost, undefined
}

func (p *Problem) valid(id ID) bool { return id >= 0 && int(id) < len(p.vars) }

func (p *Problem) fail(format string, args ...any) {
	if p.err == nil {
		p.err = fmt.Errorf("optimize: "+format, args...)
	}
}

func squaredNorm(r []float64) (s float64) {
	for _, x := range r {
		s += x * x
	}
	return s
}
