package optimize

import "slices"

// numLanes is the number of parts the factors are split into. Each part sums
// into arrays of its own, which are then added in a fixed order, so results do
// not depend on the number of goroutines.
const numLanes = 2

// system is the structure of a problem and the memory of its linearisation
//
//	[H W^T] [dx]     [g  ]
//	[W V  ] [dl] = - [g_l]
//
// with reduced variables x and eliminated ones l. Reduced variables stand in
// elimination order; their "position" is the index into that order.
type system struct {
	p       *Problem
	n       int     // scalar dimension of the reduced system
	order   []ID    // variable at each position
	dims    []int32 // dimension at each position
	offs    []int32 // scalar offset of each position, and n at the end
	pos     []int32 // position of each variable, -1 where it has none
	strides []int32 // row stride of the blocks of each block column

	landmarks []landmark
	conn      []int32      // positions connected to each landmark, ascending
	pairs     []int32      // offset of the block of each pair of them
	plans     []factorPlan // by landmark, then the factors without one
	lanes     [numLanes]lane

	v, w, gl []float64 // V (inverse of the damped V after reduce: vinv), W, g_l
	vinv     []float64
	dl, dx   []float64 // the step
	d        []float64 // diagonal of H, bounded: the scale of damping
	solver   linearSolver
}

// landmark is an eliminated variable and where its parts stand.
type landmark struct {
	id       ID
	dim      int
	plans    [2]int32 // range in plans
	conn     [2]int32 // range in conn
	pairs    int32    // first index in pairs
	v, w, gl int32    // first index in the arrays of the system
}

// factorPlan says where the products of a factor's Jacobians are added. Free
// reduced variables are listed by ascending position.
type factorPlan struct {
	factor int32
	nFree  int8
	elim   int8                                             // argument that is eliminated, -1 if none
	arg    [MaxFactorArity]int8                             // argument of each free variable
	pos    [MaxFactorArity]int32                            // its position
	w      [MaxFactorArity]int32                            // its block of W
	h      [MaxFactorArity * (MaxFactorArity + 1) / 2]int32 // block of H of each pair, row by row
}

// lane is one part of the factors and what is summed over it.
type lane struct {
	landmarks [2]int    // range
	plans     [2]int    // range among the factors without a landmark
	h, g      []float64 // H and g; s and b after damping and reduction
	s, b      []float64
	cost      float64
	undefined int
	change    float64 // sums over the step: see trial
	r         [MaxFactorDim]float64
	jac       [MaxFactorArity][MaxFactorDim * MaxVariableDim]float64
	j         [MaxFactorArity][]float64
	y         []float64 // W V^-1 of one landmark
}

// newSystem analyses p; all memory the solver needs is taken here.
func newSystem(p *Problem, kind solverKind) *system {
	s := &system{p: p}
	elim := s.groupFactors()
	s.listReduced()
	s.chooseSolver(kind)
	s.strides = make([]int32, len(s.order))
	for i := range s.strides {
		s.strides[i] = int32(s.solver.Stride(i))
	}
	s.planFactors(elim)
	s.allocate()
	return s
}

// groupFactors fills landmarks and plans (factor numbers only), and returns the
// landmark of each variable, -1 where it is none.
func (s *system) groupFactors() []int32 {
	p := s.p
	count := make([]int32, len(p.vars)+1)
	elimOf := func(f *factorSlot) int {
		for _, id := range f.vars[:f.n] {
			if v := &p.vars[id]; v.eliminated && !v.fixed {
				return int(id)
			}
		}
		return len(p.vars)
	}
	for i := range p.factors {
		count[elimOf(&p.factors[i])]++
	}
	lm := make([]int32, len(p.vars))
	next := make([]int32, len(p.vars)+1)
	start := int32(0)
	for id, c := range count[:len(p.vars)] {
		lm[id] = -1
		next[id] = start
		if c > 0 {
			lm[id] = int32(len(s.landmarks))
			s.landmarks = append(s.landmarks, landmark{id: ID(id), dim: p.vars[id].dim, plans: [2]int32{start, start + c}})
		}
		start += c
	}
	next[len(p.vars)] = start
	s.plans = make([]factorPlan, len(p.factors))
	for i := range p.factors {
		id := elimOf(&p.factors[i])
		s.plans[next[id]].factor = int32(i)
		next[id]++
	}
	return lm
}

// listReduced lists the free reduced variables that a factor touches.
func (s *system) listReduced() {
	p := s.p
	s.pos = make([]int32, len(p.vars))
	for i := range s.pos {
		s.pos[i] = -1
	}
	for i := range p.factors {
		f := &p.factors[i]
		for _, id := range f.vars[:f.n] {
			if v := &p.vars[id]; !v.fixed && !v.eliminated {
				s.pos[id] = 0
			}
		}
	}
	for id := range p.vars {
		if s.pos[id] >= 0 {
			s.pos[id] = int32(len(s.order))
			s.order = append(s.order, ID(id))
		}
	}
}

// planFactors fills the plans and the connections of every landmark.
func (s *system) planFactors(lm []int32) {
	for i := range s.plans {
		pl := &s.plans[i]
		f := &s.p.factors[pl.factor]
		pl.elim = -1
		for k, id := range f.vars[:f.n] {
			if lm[id] >= 0 {
				pl.elim = int8(k)
			}
			if pos := s.pos[id]; pos >= 0 {
				pl.insert(int8(k), pos)
			}
		}
		for a := range int(pl.nFree) {
			for b := range a + 1 {
				pl.h[a*(a+1)/2+b] = int32(s.solver.Block(int(pl.pos[a]), int(pl.pos[b])))
			}
		}
	}
	pairs := 0
	for i := range s.landmarks {
		pairs += s.connect(&s.landmarks[i])
	}
	s.pairs = make([]int32, 0, pairs)
	var nv, nw, ngl int32
	for i := range s.landmarks {
		l := &s.landmarks[i]
		l.v, l.w, l.gl = nv, nw, ngl
		nw = s.placeBlocks(l)
		nv += int32(l.dim * l.dim)
		ngl += int32(l.dim)
	}
	s.v, s.vinv = make([]float64, nv), make([]float64, nv)
	s.w = make([]float64, nw)
	s.gl, s.dl = make([]float64, ngl), make([]float64, ngl)
}

// insert adds a free variable, keeping positions ascending.
func (pl *factorPlan) insert(arg int8, pos int32) {
	k := int(pl.nFree)
	for ; k > 0 && pl.pos[k-1] > pos; k-- {
		pl.arg[k], pl.pos[k] = pl.arg[k-1], pl.pos[k-1]
	}
	pl.arg[k], pl.pos[k] = arg, pos
	pl.nFree++
}

// connect lists the positions that the factors of l touch, and returns the number
// of their pairs.
func (s *system) connect(l *landmark) (pairs int) {
	first := len(s.conn)
	plans := s.plans[l.plans[0]:l.plans[1]]
	for i := range plans {
		s.conn = append(s.conn, plans[i].pos[:plans[i].nFree]...)
	}
	list := s.conn[first:]
	slices.Sort(list)
	list = slices.Compact(list)
	s.conn = s.conn[:first+len(list)]
	l.conn = [2]int32{int32(first), int32(len(s.conn))}
	return len(list) * (len(list) + 1) / 2
}

// placeBlocks lists the blocks of the pairs of l's positions, and where those of W
// stand; it returns the end of these.
func (s *system) placeBlocks(l *landmark) (end int32) {
	list, plans := s.conn[l.conn[0]:l.conn[1]], s.plans[l.plans[0]:l.plans[1]]
	l.pairs = int32(len(s.pairs))
	for a, pa := range list {
		for _, pb := range list[:a+1] {
			s.pairs = append(s.pairs, int32(s.solver.Block(int(pa), int(pb))))
		}
	}
	for i := range plans {
		pl := &plans[i]
		for k, pos := range pl.pos[:pl.nFree] {
			at, _ := slices.BinarySearch(list, pos)
			pl.w[k] = l.w
			for _, q := range list[:at] {
				pl.w[k] += s.dims[q] * int32(l.dim)
			}
		}
	}
	end = l.w
	for _, q := range list {
		end += s.dims[q] * int32(l.dim)
	}
	return end
}

// allocate takes the memory of the lanes and splits the work evenly.
func (s *system) allocate() {
	s.dx, s.d = make([]float64, s.n), make([]float64, s.n)
	widest := 0
	total := int32(0)
	for i := range s.landmarks {
		l := &s.landmarks[i]
		widest = max(widest, int(l.conn[1]-l.conn[0])*MaxVariableDim*l.dim)
		total += l.work()
	}
	split, done := 0, int32(0)
	for split < len(s.landmarks) && done < total/2 {
		done += s.landmarks[split].work()
		split++
	}
	free := 0
	if n := len(s.landmarks); n > 0 {
		free = int(s.landmarks[n-1].plans[1])
	}
	middle := (free + len(s.plans)) / 2
	s.lanes[0].landmarks, s.lanes[1].landmarks = [2]int{0, split}, [2]int{split, len(s.landmarks)}
	s.lanes[0].plans, s.lanes[1].plans = [2]int{free, middle}, [2]int{middle, len(s.plans)}
	for i := range s.lanes {
		ln := &s.lanes[i]
		ln.h, ln.g = make([]float64, s.solver.Size()), make([]float64, s.n)
		ln.s, ln.b = ln.h, ln.g // of the second lane: gather has taken them by then
		if i == 0 {
			ln.s, ln.b = make([]float64, s.solver.Size()), make([]float64, s.n)
		}
		ln.y = make([]float64, widest)
	}
}

// work estimates the cost of a landmark: its factors and its pairs.
func (l *landmark) work() int32 {
	k := l.conn[1] - l.conn[0]
	return 8*(l.plans[1]-l.plans[0]) + k*(k+1)/2
}
