package sparse

// Order returns an elimination order of a symmetric graph that keeps the fill
// of its Cholesky factor low: approximate minimum degree on the quotient graph
// with element absorption, mass elimination and supervariables (Amestoy, Davis
// and Duff, SIAM J. Matrix Anal. Appl. 17, 1996). The neighbours of node i are
// adj[start[i]:start[i+1]], both directions listed, without i; weight is the
// number of scalar unknowns of each node. order[k] is the node eliminated k-th.
func Order(start, adj, weight []int32) []int32 {
	q := newQuotient(start, adj, weight)
	for q.left > 0 {
		q.eliminate(q.pop())
	}
	return q.result()
}

// quotient is the graph that is left: variables, which may stand for several
// nodes (supervariables), and elements, the cliques that eliminations left.
type quotient struct {
	vars     [][]int32 // variables next to a variable, not by an element
	elems    [][]int32 // elements next to a variable
	members  [][]int32 // variables of an element; nil once absorbed
	size     []int32   // weight of a variable; 0 once eliminated or merged
	eltSize  []int32   // weight of an element's variables
	degree   []int32   // upper bound of the external degree
	merged   []int32   // next node of the same supervariable, -1 at the end
	last     []int32   // last node of the supervariable
	pivots   []int32
	left     int32   // weight not eliminated
	outside  []int32 // weight of an element outside the pivot's, valid if stamped
	stamp    []int32
	inPivot  []int32
	now      int32
	hashHead map[uint32][]int32
	head     []int32 // degree lists
	next     []int32
	prev     []int32
	lowest   int32
}

func newQuotient(start, adj, weight []int32) *quotient {
	n := len(weight)
	ints := func() []int32 { return make([]int32, n) }
	q := &quotient{
		vars: make([][]int32, n), elems: make([][]int32, n), members: make([][]int32, n),
		size: ints(), eltSize: ints(), degree: ints(), merged: ints(), last: ints(),
		outside: ints(), stamp: ints(), inPivot: ints(), next: ints(), prev: ints(),
	}
	own := append([]int32(nil), adj...)
	for i := range n {
		// Capacity ends with the list: appends never run into a neighbour's.
		q.vars[i] = own[start[i]:start[i+1]:start[i+1]]
		q.size[i] = weight[i]
		q.merged[i], q.last[i] = -1, int32(i)
		q.left += weight[i]
	}
	q.head = make([]int32, q.left+1)
	for d := range q.head {
		q.head[d] = -1
	}
	q.lowest = q.left
	for i := range n {
		for _, j := range q.vars[i] {
			q.degree[i] += weight[j]
		}
		q.insert(int32(i))
	}
	return q
}

func (q *quotient) insert(i int32) {
	d := q.degree[i]
	q.prev[i], q.next[i] = -1, q.head[d]
	if q.head[d] >= 0 {
		q.prev[q.head[d]] = i
	}
	q.head[d] = i
	q.lowest = min(q.lowest, d)
}

func (q *quotient) remove(i int32) {
	if q.prev[i] >= 0 {
		q.next[q.prev[i]] = q.next[i]
	} else {
		q.head[q.degree[i]] = q.next[i]
	}
	if q.next[i] >= 0 {
		q.prev[q.next[i]] = q.prev[i]
	}
}

// pop takes a variable of least degree.
func (q *quotient) pop() int32 {
	for q.head[q.lowest] < 0 {
		q.lowest++
	}
	p := q.head[q.lowest]
	q.remove(p)
	return p
}

// eliminate makes p an element and updates its variables.
func (q *quotient) eliminate(p int32) {
	q.pivots = append(q.pivots, p)
	q.left -= q.size[p]
	q.now++
	lp, weight := q.collect(p)
	for _, i := range lp {
		q.remove(i)
	}
	q.countOutside(lp)
	kept := lp[:0]
	for _, i := range lp {
		if q.update(i, p, weight) {
			kept = append(kept, i)
		} else {
			weight -= q.size[i]
			q.size[i] = 0
		}
	}
	kept = q.mergeEqual(kept)
	for _, i := range kept {
		q.degree[i] = max(0, min(q.degree[i], q.left-q.size[i]))
		q.insert(i)
	}
	q.members[p], q.eltSize[p] = kept, weight
	if len(kept) == 0 {
		q.members[p] = nil
	}
}

// collect returns the variables next to p and their weight, absorbs p's
// elements, and marks the variables in inPivot.
func (q *quotient) collect(p int32) (lp []int32, weight int32) {
	q.size[p], q.inPivot[p] = 0, q.now
	add := func(list []int32) {
		for _, i := range list {
			if q.size[i] > 0 && q.inPivot[i] != q.now {
				q.inPivot[i] = q.now
				lp = append(lp, i)
				weight += q.size[i]
			}
		}
	}
	add(q.vars[p])
	for _, e := range q.elems[p] {
		add(q.members[e])
		q.members[e] = nil
	}
	q.vars[p], q.elems[p] = nil, nil
	return lp, weight
}

// countOutside computes the weight of each touched element outside lp.
func (q *quotient) countOutside(lp []int32) {
	for _, i := range lp {
		for _, e := range q.elems[i] {
			if q.members[e] == nil {
				continue
			}
			if q.stamp[e] != q.now {
				q.stamp[e] = q.now
				q.outside[e] = q.eltSize[e]
			}
			q.outside[e] -= q.size[i]
		}
	}
}

// update prunes the lists of variable i of the new element p and bounds its
// degree; it returns false when i has no neighbour outside p and was eliminated
// with it (mass elimination).
func (q *quotient) update(i, p, weight int32) bool {
	degree := int32(0)
	elems := q.elems[i][:0]
	for _, e := range q.elems[i] {
		if q.members[e] == nil || q.outside[e] == 0 {
			continue // absorbed, or inside the new element
		}
		elems = append(elems, e)
		degree += q.outside[e]
	}
	vars := q.vars[i][:0]
	for _, j := range q.vars[i] {
		if q.size[j] > 0 && q.inPivot[j] != q.now {
			vars = append(vars, j)
			degree += q.size[j]
		}
	}
	if len(vars) == 0 && len(elems) == 0 {
		q.pivots = append(q.pivots, i)
		q.left -= q.size[i]
		return false
	}
	q.vars[i], q.elems[i] = vars, append(elems, p)
	inside := weight - q.size[i]
	q.degree[i] = min(q.degree[i]+inside, degree+inside)
	return true
}

// mergeEqual joins variables of lp with the same neighbours.
func (q *quotient) mergeEqual(lp []int32) []int32 {
	if q.hashHead == nil {
		q.hashHead = make(map[uint32][]int32)
	}
	clear(q.hashHead)
	kept := lp[:0]
	for _, i := range lp {
		h := uint32(len(q.vars[i]))<<16 ^ uint32(len(q.elems[i]))
		for _, j := range q.vars[i] {
			h += uint32(j) * 2654435761
		}
		for _, e := range q.elems[i] {
			h += uint32(e) * 40503
		}
		if j := q.findEqual(q.hashHead[h], i); j >= 0 {
			q.degree[j] = max(0, q.degree[j]-q.size[i])
			q.size[j] += q.size[i]
			q.size[i] = 0
			q.merged[q.last[j]] = i
			q.last[j] = q.last[i]
			q.vars[i], q.elems[i] = nil, nil
			continue
		}
		q.hashHead[h] = append(q.hashHead[h], i)
		kept = append(kept, i)
	}
	return kept
}

// findEqual returns the one of list with the neighbours of i, or -1.
func (q *quotient) findEqual(list []int32, i int32) int32 {
	for _, j := range list {
		if len(q.vars[i]) != len(q.vars[j]) || len(q.elems[i]) != len(q.elems[j]) {
			continue
		}
		if sameSet(q.vars[i], q.vars[j]) && sameSet(q.elems[i], q.elems[j]) {
			return j
		}
	}
	return -1
}

// sameSet reports whether two lists of equal length without repeats hold the
// same numbers; they are short.
func sameSet(a, b []int32) bool {
	for _, x := range a {
		found := false
		for _, y := range b {
			if x == y {
				found = true
				break
			}
		}
		if !found {
			return false
		}
	}
	return true
}

// result lists the nodes of every pivot's supervariable.
func (q *quotient) result() []int32 {
	order := make([]int32, 0, len(q.size))
	for _, p := range q.pivots {
		for i := p; i >= 0; i = q.merged[i] {
			order = append(order, i)
		}
	}
	return order
}
