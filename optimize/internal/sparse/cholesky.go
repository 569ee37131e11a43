// Package sparse factors symmetric positive definite matrices of small blocks:
// a fill-reducing order, the symbolic analysis done once, and a multifrontal
// Cholesky decomposition (Duff and Reid 1983; Liu 1992) on dense panels.
package sparse

import "slices"

// Cholesky is the analysis of a pattern and the memory of its factor. Block
// rows and columns are named by their position in the elimination order.
//
// The matrix is given as one array: block column after block column, in each
// the blocks on and below the diagonal by ascending row, each row-major with
// the width of its column.
type Cholesky struct {
	Order []int32 // node of the pattern at each position

	dims, offs []int32 // scalar size and offset of each position
	colStart   []int32 // blocks of each column: range in rows
	rows       []int32 // their row positions
	valStart   []int   // their first index in the matrix array, and its end
	dest       []int32 // first scalar row of each block in its supernode's front
	nodes      []supernode
	of         []int32 // supernode of each position
	l          []float64
	stack      []float64 // update matrices that wait for their parent
	local      []float64 // right-hand side of one front
	rowOffs    []int32   // scalar offset of the rows below, of all supernodes
	rowStart   []int32   // per supernode
}

// New analyses a symmetric pattern: node i has dims[i] unknowns and touches
// adj[start[i]:start[i+1]], both directions listed, without i.
func New(dims, start, adj []int32) *Cholesky {
	order := Order(start, adj, dims)
	parent := eliminationTree(neighboursBefore(start, adj, order))
	post := postorder(parent)
	final := make([]int32, len(order))
	for k, i := range post {
		final[k] = order[i]
	}
	return newOrdered(dims, start, adj, final)
}

// newOrdered analyses with a postordered elimination order.
func newOrdered(dims, start, adj, order []int32) *Cholesky {
	n := len(order)
	c := &Cholesky{Order: order, dims: make([]int32, n), offs: make([]int32, n+1)}
	for k, i := range order {
		c.dims[k] = dims[i]
		c.offs[k+1] = c.offs[k] + dims[i]
	}
	before := neighboursBefore(start, adj, order)
	parent := eliminationTree(before)
	rows := columnRows(before, parent)
	c.nodes = supernodes(rows, parent, c.dims)
	c.linkTree()
	c.layout(before)
	return c
}

// linkTree connects the supernodes and says where updates go.
func (c *Cholesky) linkTree() {
	c.of = make([]int32, len(c.dims))
	for k := range c.nodes {
		s := &c.nodes[k]
		for j := s.first; j < s.end; j++ {
			c.of[j] = int32(k)
		}
	}
	size, stack, peak, widest := 0, 0, 0, 0
	for k := range c.nodes {
		s := &c.nodes[k]
		s.panel = size
		size += (s.ns + s.nu) * s.ns
		widest = max(widest, s.ns+s.nu)
		peak = max(peak, stack+s.nu*s.nu)
		for _, ch := range s.children {
			stack -= c.nodes[ch].nu * c.nodes[ch].nu
		}
		stack += s.nu * s.nu
		c.rowStart = append(c.rowStart, int32(len(c.rowOffs)))
		for _, r := range s.rows {
			for i := range c.dims[r] {
				c.rowOffs = append(c.rowOffs, c.offs[r]+i)
			}
		}
		s.parent = -1
		if len(s.rows) > 0 {
			s.parent = c.of[s.rows[0]]
			p := &c.nodes[s.parent]
			p.children = append(p.children, int32(k))
			s.runs = c.runsInto(s.rows, p)
		}
	}
	c.l, c.stack, c.local = make([]float64, size), make([]float64, peak), make([]float64, widest)
}

// runsInto maps the rows of an update to the parent's front; a run never spans
// the end of the parent's columns.
func (c *Cholesky) runsInto(rows []int32, p *supernode) (runs []run) {
	from := int32(0)
	k, below := 0, int32(p.ns) // walks the parent's rows
	for _, r := range rows {
		to := c.offs[r] - c.offs[p.first]
		if r >= p.end {
			for p.rows[k] < r {
				below += c.dims[p.rows[k]]
				k++
			}
			to = below
		}
		d := c.dims[r]
		if n := len(runs); n > 0 && runs[n-1].to+runs[n-1].length == to && to != int32(p.ns) {
			runs[n-1].length += d
		} else {
			runs = append(runs, run{from, d, to})
		}
		from += d
	}
	return runs
}

// layout places the blocks of the matrix.
func (c *Cholesky) layout(before [][]int32) {
	n := len(c.dims)
	below := make([][]int32, n)
	for k, list := range before {
		for _, j := range list {
			below[j] = append(below[j], int32(k))
		}
	}
	c.colStart = make([]int32, n+1)
	at := 0
	for j := range n {
		s := &c.nodes[c.of[j]]
		k, down := 0, int32(s.ns)
		slices.Sort(below[j])
		for _, r := range append([]int32{int32(j)}, below[j]...) {
			to := c.offs[r] - c.offs[s.first]
			if r >= s.end {
				for s.rows[k] < r {
					down += c.dims[s.rows[k]]
					k++
				}
				to = down
			}
			c.rows = append(c.rows, r)
			c.dest = append(c.dest, to)
			c.valStart = append(c.valStart, at)
			at += int(c.dims[r]) * int(c.dims[j])
		}
		c.colStart[j+1] = int32(len(c.rows))
	}
	c.valStart = append(c.valStart, at)
}

// Size is the length of the matrix array.
func (c *Cholesky) Size() int { return c.valStart[len(c.valStart)-1] }

// Block returns the index of block (row, col), row >= col, in the matrix array;
// it must be in the pattern.
func (c *Cholesky) Block(row, col int) int {
	list := c.rows[c.colStart[col]:c.colStart[col+1]]
	k, _ := slices.BinarySearch(list, int32(row))
	return c.valStart[int(c.colStart[col])+k]
}

// Stride is the distance between the rows of the blocks of a column.
func (c *Cholesky) Stride(col int) int { return int(c.dims[col]) }

// Factorize decomposes the matrix; false where it is not positive definite. It
// does not allocate.
func (c *Cholesky) Factorize(a []float64) bool {
	top := 0
	for k := range c.nodes {
		s := &c.nodes[k]
		panel := c.l[s.panel : s.panel+(s.ns+s.nu)*s.ns]
		clear(panel)
		c.scatter(s, panel, a)
		update := c.stack[top : top+s.nu*s.nu]
		clear(update)
		at := top
		for i := len(s.children) - 1; i >= 0; i-- {
			ch := &c.nodes[s.children[i]]
			at -= ch.nu * ch.nu
			extendAdd(s, panel, update, ch.runs, c.stack[at:at+ch.nu*ch.nu], ch.nu)
		}
		if !factorPanel(panel, s.ns+s.nu, s.ns) {
			return false
		}
		if s.nu > 0 {
			subSyrk(update, s.nu, panel[s.ns*s.ns:], s.ns, s.nu, s.ns)
			copy(c.stack[at:], update)
		}
		top = at + s.nu*s.nu
	}
	return true
}

// scatter copies the blocks of a supernode's columns into its panel.
func (c *Cholesky) scatter(s *supernode, panel, a []float64) {
	for j := s.first; j < s.end; j++ {
		d := int(c.dims[j])
		col := int(c.offs[j] - c.offs[s.first])
		for k := c.colStart[j]; k < c.colStart[j+1]; k++ {
			at := int(c.dest[k])*s.ns + col
			for v := c.valStart[k]; v < c.valStart[k+1]; v += d {
				copy(panel[at:at+d], a[v:v+d])
				at += s.ns
			}
		}
	}
}

// extendAdd adds a child's update matrix (lower triangle, n x n) to the front.
func extendAdd(s *supernode, panel, update []float64, runs []run, child []float64, n int) {
	ns, nu := int32(s.ns), int32(s.nu)
	for i, r := range runs {
		for k := range r.length {
			src := child[int(r.from+k)*n:]
			row := r.to + k
			for j, q := range runs[:i+1] {
				length := q.length
				if j == i {
					length = k + 1
				}
				var dst []float64
				if q.to < ns {
					at := row*ns + q.to
					dst = panel[at : at+length]
				} else {
					at := (row-ns)*nu + q.to - ns
					dst = update[at : at+length]
				}
				addTo(dst, src[q.from:q.from+length])
			}
		}
	}
}

func addTo(a, b []float64) {
	b = b[:len(a)]
	for i := range a {
		a[i] += b[i]
	}
}

// Solve overwrites x with the solution of A x = b, after Factorize; unknowns
// stand in elimination order.
func (c *Cholesky) Solve(x []float64) {
	for k := range c.nodes {
		s := &c.nodes[k]
		panel := c.l[s.panel:]
		xs := x[c.offs[s.first]:c.offs[s.end]]
		solveLower(panel, s.ns, xs)
		below := c.rowOffs[c.rowStart[k]:]
		for i := range s.nu {
			x[below[i]] -= dot(panel[(s.ns+i)*s.ns:(s.ns+i+1)*s.ns], xs)
		}
	}
	for k := len(c.nodes) - 1; k >= 0; k-- {
		s := &c.nodes[k]
		panel := c.l[s.panel:]
		xs := x[c.offs[s.first]:c.offs[s.end]]
		below := c.rowOffs[c.rowStart[k]:]
		for i := range s.nu {
			subScaled(xs, x[below[i]], panel[(s.ns+i)*s.ns:(s.ns+i+1)*s.ns])
		}
		solveUpper(panel, s.ns, xs)
	}
}
