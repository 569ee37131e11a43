package optimize

import (
	"slices"

	"github.com/metricslam/metricslam/optimize/internal/sparse"
)

// linearSolver factors the reduced matrix, whose lower blocks lie in an array
// in the solver's own layout.
type linearSolver interface {
	Size() int                  // length of that array
	Block(row, col int) int     // first index of block (row, col), row >= col
	Stride(col int) int         // distance of the rows of a column's blocks
	Factorize(a []float64) bool // may destroy a; false if not positive definite
	Solve(x []float64)          // x <- A^-1 x, after Factorize
}

// The dense solver is the faster one for systems of up to denseSize unknowns, or
// with more than denseShare of their blocks, up to maxDenseSize (memory).
const (
	denseSize    = 150
	maxDenseSize = 3000
	denseShare   = .5
)

// denseSolver is Cholesky of a matrix held as n x n, lower triangle, row-major.
type denseSolver struct {
	n    int
	offs []int32
	l    []float64
}

func (c *denseSolver) Size() int { return c.n * c.n }

func (c *denseSolver) Block(row, col int) int { return int(c.offs[row])*c.n + int(c.offs[col]) }

func (c *denseSolver) Stride(int) int { return c.n }

func (c *denseSolver) Factorize(a []float64) bool {
	c.l = a
	return sparse.FactorDense(a, c.n)
}

func (c *denseSolver) Solve(x []float64) { sparse.SolveDense(c.l, c.n, x) }

// chooseSolver orders the reduced variables, which so far have their number as
// position, and picks the dense or the sparse solver.
func (s *system) chooseSolver(kind solverKind) {
	dims := make([]int32, len(s.order))
	n := 0
	for i, id := range s.order {
		dims[i] = int32(s.p.vars[id].dim)
		n += int(dims[i])
	}
	order := make([]int32, len(dims))
	for i := range order {
		order[i] = int32(i)
	}
	if kind == solverDense || kind == solverAuto && n <= denseSize {
		s.place(order, dims)
		s.solver = &denseSolver{n: s.n, offs: s.offs}
		return
	}
	start, adj := s.adjacency()
	nb := float64(len(dims))
	if kind == solverAuto && n <= maxDenseSize && float64(len(adj)) > denseShare*nb*nb {
		s.place(order, dims)
		s.solver = &denseSolver{n: s.n, offs: s.offs}
		return
	}
	c := sparse.New(dims, start, adj)
	s.place(c.Order, dims)
	s.solver = c
}

// solverKind overrides the choice, for tests.
type solverKind int

const (
	solverAuto solverKind = iota
	solverDense
	solverSparse
)

// place gives variables their positions in the elimination order.
func (s *system) place(order, dims []int32) {
	ids := slices.Clone(s.order)
	s.dims, s.offs, s.n = make([]int32, len(order)), make([]int32, len(order)+1), 0
	for k, i := range order {
		s.order[k] = ids[i]
		s.pos[ids[i]] = int32(k)
		s.dims[k] = dims[i]
		s.n += int(dims[i])
		s.offs[k+1] = int32(s.n)
	}
}

// adjacency returns, for every reduced variable, the others it shares a factor
// or a landmark with.
func (s *system) adjacency() (start, adj []int32) {
	groups := s.groups()
	n := len(s.order)
	first := make([]int32, n+1) // groups of each variable
	for _, g := range groups {
		for _, v := range g {
			first[v+1]++
		}
	}
	for i := range n {
		first[i+1] += first[i]
	}
	of := make([]int32, first[n])
	next := slices.Clone(first[:n])
	for k, g := range groups {
		for _, v := range g {
			of[next[v]] = int32(k)
			next[v]++
		}
	}
	mark := make([]int32, n)
	start = make([]int32, 1, n+1)
	for v := range int32(n) {
		mark[v] = v + 1
		for _, k := range of[first[v]:first[v+1]] {
			for _, u := range groups[k] {
				if mark[u] != v+1 {
					mark[u] = v + 1
					adj = append(adj, u)
				}
			}
		}
		start = append(start, int32(len(adj)))
	}
	return start, adj
}

// groups returns the cliques of the reduced system: the variables of each
// landmark and of each factor without one.
func (s *system) groups() (groups [][]int32) {
	mark := make([]int32, len(s.order))
	stamp := int32(0)
	var all []int32
	collect := func(plans []factorPlan) {
		stamp++
		first := len(all)
		for i := range plans {
			f := &s.p.factors[plans[i].factor]
			for _, id := range f.vars[:f.n] {
				if v := s.pos[id]; v >= 0 && mark[v] != stamp {
					mark[v] = stamp
					all = append(all, v)
				}
			}
		}
		if len(all) > first+1 {
			groups = append(groups, all[first:len(all):len(all)])
		}
	}
	free := 0
	for i := range s.landmarks {
		free = int(s.landmarks[i].plans[1])
		collect(s.plans[s.landmarks[i].plans[0]:free])
	}
	for i := free; i < len(s.plans); i++ {
		collect(s.plans[i : i+1])
	}
	return groups
}
