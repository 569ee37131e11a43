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
	m := int(f.dim)
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

// trial sums the change of the lane's cost by a step. Hiding a residual, such as
// by moving a point behind a camera, must not be a gain: a landmark whose step
// makes one of its factors undefined is put back to where it was. A factor that
// is undefined all the same counts twice what it did before, and its dimension
// more; one that was not defined before is left out.
func (s *system) trial(ln *lane) {
	ln.change = 0
	for i := ln.landmarks[0]; i < ln.landmarks[1]; i++ {
		l := &s.landmarks[i]
		change, hidden := s.trialOf(ln, l.plans[0], l.plans[1])
		if hidden {
			s.p.vars[l.id].v.Restore()
			change, _ = s.trialOf(ln, l.plans[0], l.plans[1])
		}
		ln.change += change
	}
	change, _ := s.trialOf(ln, int32(ln.plans[0]), int32(ln.plans[1]))
	ln.change += change
}

// trialOf sums the change over a range of plans.
func (s *system) trialOf(ln *lane, from, to int32) (change float64, hidden bool) {
	for k := from; k < to; k++ {
		f := &s.p.factors[s.plans[k].factor]
		if !f.defined {
			continue
		}
		r := ln.r[:f.dim]
		if !f.f.Linearize(r, nil) || !isFinite(squaredNorm(r)) {
			hidden = true
			change += f.cost + float64(f.dim)
			continue
		}
		rho, _ := f.kernel.Eval(squaredNorm(r))
		change += rho/2 - f.cost
	}
	return change, hidden
}

func isFinite(x float64) bool { return x-x == 0 }
