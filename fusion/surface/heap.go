package surface

// edge is a collapse that may be outdated: its vertices have changed since if their
// stamps have.
type edge struct {
	cost   float32
	u, v   int32
	su, sv uint32
}

func (e *edge) before(o *edge) bool {
	switch {
	case e.cost != o.cost:
		return e.cost < o.cost
	case e.u != o.u:
		return e.u < o.u
	}
	return e.v < o.v
}

// edgeHeap gives the cheapest edge first.
type edgeHeap []edge

func (h *edgeHeap) push(e edge) {
	*h = append(*h, e)
	a := *h
	i := len(a) - 1
	for i > 0 {
		p := (i - 1) / 2
		if !a[i].before(&a[p]) {
			break
		}
		a[i], a[p] = a[p], a[i]
		i = p
	}
}

func (h *edgeHeap) pop() (e edge, ok bool) {
	a := *h
	if len(a) == 0 {
		return e, false
	}
	e = a[0]
	last := len(a) - 1
	a[0] = a[last]
	a = a[:last]
	*h = a
	for i := 0; ; {
		c := 2*i + 1
		if c >= last {
			break
		}
		if c+1 < last && a[c+1].before(&a[c]) {
			c++
		}
		if !a[c].before(&a[i]) {
			break
		}
		a[i], a[c] = a[c], a[i]
		i = c
	}
	return e, true
}
