package sparse

import "slices"

// supernode is a run of block columns with the same rows below: one dense
// panel of the factor.
type supernode struct {
	first, end int32   // positions of its columns
	rows       []int32 // positions of the rows below
	ns, nu     int     // scalars: columns, rows below
	panel      int     // first index of its panel, (ns+nu) x ns row-major
	parent     int32   // -1 at a root
	children   []int32
	runs       []run // where its update goes in the parent's front
	zeros      int   // scalars of the panel that are zero for amalgamation's sake
}

// run is a range of consecutive scalar rows of an update matrix, and where it
// starts in the parent's front.
type run struct{ from, length, to int32 }

// Amalgamation (Ashcraft and Grimes 1989): a supernode is merged with its parent
// while the share of zeros stored is below the limit for the width reached.
var mergeLimits = []struct {
	width int
	share float64
}{{12, .8}, {24, .3}, {48, .1}, {1 << 30, .05}}

// eliminationTree returns the parent of each position (-1 at a root) for
// columns given by the neighbours before them (Liu 1990).
func eliminationTree(before [][]int32) []int32 {
	n := len(before)
	parent, ancestor := make([]int32, n), make([]int32, n)
	for k := range int32(n) {
		parent[k], ancestor[k] = -1, -1
		for _, i := range before[k] {
			for i != -1 && i < k {
				next := ancestor[i]
				ancestor[i] = k
				if next == -1 {
					parent[i] = k
				}
				i = next
			}
		}
	}
	return parent
}

// postorder lists a forest's nodes, children before parents and each subtree in
// one run.
func postorder(parent []int32) []int32 {
	n := len(parent)
	head, next := make([]int32, n+1), make([]int32, n)
	for i := range head {
		head[i] = -1
	}
	for i := n - 1; i >= 0; i-- {
		p := parent[i]
		if p < 0 {
			p = int32(n)
		}
		next[i], head[p] = head[p], int32(i)
	}
	order := make([]int32, 0, n)
	stack := []int32{int32(n)}
	for len(stack) > 0 {
		top := stack[len(stack)-1]
		if child := head[top]; child >= 0 {
			head[top] = next[child]
			stack = append(stack, child)
			continue
		}
		stack = stack[:len(stack)-1]
		if top < int32(n) {
			order = append(order, top)
		}
	}
	return order
}

// neighboursBefore returns, for each position of order, the positions before it
// that it touches.
func neighboursBefore(start, adj, order []int32) [][]int32 {
	pos := make([]int32, len(order))
	for k, i := range order {
		pos[i] = int32(k)
	}
	before := make([][]int32, len(order))
	all := make([]int32, 0, len(adj))
	for k, i := range order {
		first := len(all)
		for _, j := range adj[start[i]:start[i+1]] {
			if pos[j] < int32(k) {
				all = append(all, pos[j])
			}
		}
		before[k] = all[first:len(all):len(all)]
	}
	return before
}

// columnRows returns the rows below the diagonal of each column of the factor,
// ascending: those of the matrix and those of its children in the tree.
func columnRows(before [][]int32, parent []int32) [][]int32 {
	n := len(parent)
	rows := make([][]int32, n)
	for k, list := range before {
		for _, j := range list {
			rows[j] = append(rows[j], int32(k))
		}
	}
	children := make([][]int32, n)
	for i, p := range parent {
		if p >= 0 {
			children[p] = append(children[p], int32(i))
		}
	}
	mark := make([]int32, n)
	for j := range n {
		mark[j] = int32(j) + 1
		for _, i := range rows[j] {
			mark[i] = int32(j) + 1
		}
		for _, c := range children[j] {
			for _, i := range rows[c] {
				if mark[i] != int32(j)+1 {
					mark[i] = int32(j) + 1
					rows[j] = append(rows[j], i)
				}
			}
		}
		slices.Sort(rows[j])
	}
	return rows
}

// supernodes finds the runs of columns with nested rows and merges them where
// that stores few zeros.
func supernodes(rows [][]int32, parent, dims []int32) []supernode {
	var list []supernode
	n := len(parent)
	of := make([]int32, n) // supernode of each position
	for j := 0; j < n; {
		e := j + 1
		for e < n && parent[e-1] == int32(e) && len(rows[e-1]) == len(rows[e])+1 {
			e++
		}
		s := supernode{first: int32(j), end: int32(e), rows: rows[e-1]}
		for i := j; i < e; i++ {
			s.ns += int(dims[i])
			of[i] = int32(len(list))
		}
		for _, r := range s.rows {
			s.nu += int(dims[r])
		}
		list = append(list, s)
		j = e
	}
	gone := make([]bool, len(list))
	for k := range list {
		s := &list[k]
		up := parent[s.end-1]
		if up < 0 {
			continue
		}
		p := &list[of[up]]
		if p.first != s.end {
			continue // not the last child: its columns are not next to the parent's
		}
		zeros := p.zeros + s.zeros + s.ns*(p.ns+p.nu-s.nu)
		width := s.ns + p.ns
		total := width*(width+1)/2 + width*p.nu
		if float64(zeros) > mergeShare(width)*float64(total) {
			continue
		}
		p.first, p.ns, p.zeros = s.first, width, zeros
		gone[k] = true
	}
	kept := list[:0]
	for k := range list {
		if !gone[k] {
			kept = append(kept, list[k])
		}
	}
	return kept
}

func mergeShare(width int) float64 {
	for _, l := range mergeLimits {
		if width <= l.width {
			return l.share
		}
	}
	return 0
}
