package optimize

import "math"

// linearize evaluates the lane's factors with Jacobians at the current state,
// which becomes the accepted one, and sums H, W, V and the gradient.
func (s *system) linearize(ln *lane) {
	clear(ln.h)
	clear(ln.g)
	ln.cost, ln.undefined = 0, 0
	for i := ln.landmarks[0]; i < ln.landmarks[1]; i++ {
		l := &s.landmarks[i]
		end := s.wEnd(i)
		clear(s.w[l.w:end])
		clear(s.v[l.v : l.v+int32(l.dim*l.dim)])
		clear(s.gl[l.gl : l.gl+int32(l.dim)])
		for k := l.plans[0]; k < l.plans[1]; k++ {
			s.addFactor(ln, &s.plans[k], l)
		}
	}
	for k := ln.plans[0]; k < ln.plans[1]; k++ {
		s.addFactor(ln, &s.plans[k], nil)
	}
}

// wEnd returns where the blocks of W of landmark i end.
func (s *system) wEnd(i int) int32 {
	if i+1 < len(s.landmarks) {
		return s.landmarks[i+1].w
	}
	return int32(len(s.w))
}

// addFactor linearises one factor and adds its products.
func (s *system) addFactor(ln *lane, pl *factorPlan, l *landmark) {
	f := &s.p.factors[pl.factor]
	f.defined, f.cost = false, 0
	if f.disabled {
		return
	}
	m := f.dim
	for k, id := range f.vars[:f.n] {
		ln.j[k] = ln.jac[k][:m*s.p.vars[id].dim]
	}
	r := ln.r[:m]
	if !f.f.Linearize(r, ln.j[:f.n]) || !isFinite(squaredNorm(r)) {
		ln.undefined++
		return
	}
	rho, weight := f.kernel.Eval(squaredNorm(r))
	f.defined, f.cost = true, rho/2
	ln.cost += f.cost
	if weight != 1 {
		w := math.Sqrt(weight)
		scale(r, w)
		for k := range f.n {
			scale(ln.j[k], w)
		}
	}
	for a := range int(pl.nFree) {
		pos := pl.pos[a]
		ja := ln.j[pl.arg[a]]
		addATr(ln.g[s.offs[pos]:s.offs[pos+1]], ja, r)
		row := a * (a + 1) / 2
		for b := range a {
			addATB(ln.h[pl.h[row+b]:], int(s.strides[pl.pos[b]]), ja, ln.j[pl.arg[b]], m)
		}
		addATA(ln.h[pl.h[row+a]:], int(s.strides[pos]), ja, m)
	}
	if l == nil {
		return
	}
	jl := ln.j[pl.elim]
	addATA(s.v[l.v:], l.dim, jl, m)
	addATr(s.gl[l.gl:l.gl+int32(l.dim)], jl, r)
	for a := range int(pl.nFree) {
		addATB(s.w[pl.w[a]:], l.dim, ln.j[pl.arg[a]], jl, m)
	}
}

// trial sums the cost of the lane's factors at a state that was stepped to, for
// comparison with the accepted one. A factor that the step made undefined
// counts its accepted cost and its dimension more (a residual of about one and
// a half deviations): hiding a point behind a camera is never a gain in itself.
// A factor that was not defined before is left out.
func (s *system) trial(ln *lane) {
	ln.change = 0
	for i := ln.landmarks[0]; i < ln.landmarks[1]; i++ {
		l := &s.landmarks[i]
		for k := l.plans[0]; k < l.plans[1]; k++ {
			s.addTrial(ln, &s.plans[k])
		}
	}
	for k := ln.plans[0]; k < ln.plans[1]; k++ {
		s.addTrial(ln, &s.plans[k])
	}
}

func (s *system) addTrial(ln *lane, pl *factorPlan) {
	f := &s.p.factors[pl.factor]
	if !f.defined {
		return
	}
	r := ln.r[:f.dim]
	if !f.f.Linearize(r, nil) || !isFinite(squaredNorm(r)) {
		ln.change += float64(f.dim)
		return
	}
	rho, _ := f.kernel.Eval(squaredNorm(r))
	ln.change += rho/2 - f.cost
}

func isFinite(x float64) bool { return x-x == 0 }
