package optimize

import "math"

// gather adds the lanes' sums of a linearisation in fixed order and bounds the
// damping's scale.
func (s *system) gather() (cost float64, undefined int) {
	first := &s.lanes[0]
	cost, undefined = first.cost, first.undefined
	for i := 1; i < numLanes; i++ {
		ln := &s.lanes[i]
		cost += ln.cost
		undefined += ln.undefined
		addTo(first.h, ln.h)
		addTo(first.g, ln.g)
	}
	for i, off := range s.offs[:len(s.order)] {
		at, stride := s.solver.Block(i, i), int(s.strides[i])
		for k := range int(s.dims[i]) {
			s.d[int(off)+k] = boundDiagonal(first.h[at+k*(stride+1)])
		}
	}
	return cost, undefined
}

// mergeReduced adds the lanes' parts of the reduced system.
func (s *system) mergeReduced() {
	if len(s.landmarks) == 0 {
		return
	}
	for i := 1; i < numLanes; i++ {
		addTo(s.lanes[0].s, s.lanes[i].s)
		addTo(s.lanes[0].b, s.lanes[i].b)
	}
}

func addTo(a, b []float64) {
	a = a[:len(b)]
	for i, x := range b {
		a[i] += x
	}
}

// predictedDecrease returns the decrease of the quadratic model by the step,
// -g^T delta - 1/2 delta^T H delta = 1/2 delta^T (lambda D delta - g).
func (s *system) predictedDecrease(lambda float64) (sum float64) {
	g := s.lanes[0].g
	for i, x := range s.dx {
		sum += x * (lambda*s.d[i]*x - g[i])
	}
	for i := range s.landmarks {
		l := &s.landmarks[i]
		for k := range l.dim {
			x := s.dl[int(l.gl)+k]
			d := boundDiagonal(s.v[int(l.v)+k*(l.dim+1)])
			sum += x * (lambda*d*x - s.gl[int(l.gl)+k])
		}
	}
	return sum / 2
}

// step saves and moves every variable.
func (s *system) step() {
	for i, id := range s.order {
		v := s.p.vars[id].v
		v.Save()
		v.Retract(s.dx[s.offs[i]:s.offs[i+1]])
	}
	for i := range s.landmarks {
		l := &s.landmarks[i]
		v := s.p.vars[l.id].v
		v.Save()
		v.Retract(s.dl[l.gl : int(l.gl)+l.dim])
	}
}

// restore takes the step back.
func (s *system) restore() {
	for _, id := range s.order {
		s.p.vars[id].v.Restore()
	}
	for i := range s.landmarks {
		s.p.vars[s.landmarks[i].id].v.Restore()
	}
}

// gradientNorm returns the largest component of the gradient.
func (s *system) gradientNorm() float64 { return max(maxAbs(s.lanes[0].g), maxAbs(s.gl)) }

// stepNorm returns the largest component of the step.
func (s *system) stepNorm() float64 { return max(maxAbs(s.dx), maxAbs(s.dl)) }

func maxAbs(x []float64) (m float64) {
	for _, v := range x {
		m = max(m, math.Abs(v))
	}
	return m
}
