package posegraph

import (
	"errors"
	"math"

	"github.com/metricslam/metricslam/geom"
	"github.com/metricslam/metricslam/optimize/internal/sparse"
)

// errNoChordal says that the linear systems of the chordal start are singular.
var errNoChordal = errors.New("posegraph: the chordal start is singular")

// chordalSystem solves linear least squares with a 3-vector at every free node:
// one analysis for rotations, scales and translations.
type chordalSystem struct {
	s     *solver
	chol  *sparse.Cholesky
	pos   []int32 // position of each node, -1 where held
	block []int   // index of each edge's off-diagonal block, -1 where it has none
	flip  []bool  // the block's row is the edge's first node
	diag  []int   // index of each node's diagonal block
	a     []float64
}

func newChordalSystem(s *solver) *chordalSystem {
	c := &chordalSystem{s: s, pos: make([]int32, len(s.nodes))}
	free := int32(0)
	for i := range s.nodes {
		c.pos[i] = -1
		if !s.held[i] {
			c.pos[i] = free
			free++
		}
	}
	dims := make([]int32, free)
	for i := range dims {
		dims[i] = 3
	}
	start, adj := c.adjacency(int(free))
	c.chol = sparse.New(dims, start, adj)
	place := make([]int32, free)
	for k, i := range c.chol.Order {
		place[i] = int32(k)
	}
	c.diag = make([]int, len(s.nodes))
	for i, p := range c.pos {
		if p >= 0 {
			c.pos[i] = place[p]
			c.diag[i] = c.chol.Block(int(place[p]), int(place[p]))
		}
	}
	c.block, c.flip = make([]int, len(s.g.Edges)), make([]bool, len(s.g.Edges))
	for k := range s.g.Edges {
		i, j := c.pos[s.g.Edges[k].From], c.pos[s.g.Edges[k].To]
		c.block[k] = -1
		if i >= 0 && j >= 0 {
			c.flip[k] = i > j
			c.block[k] = c.chol.Block(int(max(i, j)), int(min(i, j)))
		}
	}
	c.a = make([]float64, c.chol.Size())
	return c
}

// adjacency lists the neighbours of each free node once; repeated edges are
// merged.
func (c *chordalSystem) adjacency(n int) (start, adj []int32) {
	lists := make([][]int32, n)
	for k := range c.s.g.Edges {
		i, j := c.pos[c.s.g.Edges[k].From], c.pos[c.s.g.Edges[k].To]
		if i >= 0 && j >= 0 {
			lists[i] = append(lists[i], j)
			lists[j] = append(lists[j], i)
		}
	}
	mark := make([]int32, n)
	start = append(start, 0)
	for i, l := range lists {
		for _, j := range l {
			if mark[j] != int32(i)+1 {
				mark[j] = int32(i) + 1
				adj = append(adj, j)
			}
		}
		start = append(start, int32(len(adj)))
	}
	return start, adj
}

// addDiag adds w to the diagonal block of a free node.
func (c *chordalSystem) addDiag(i int, w geom.Mat3) {
	if c.pos[i] < 0 {
		return
	}
	for r := range 3 {
		for q := range 3 {
			c.a[c.diag[i]+3*r+q] += w[r][q]
		}
	}
}

// addBlock adds m to block (to, from) of edge k.
func (c *chordalSystem) addBlock(k int, m geom.Mat3) {
	if c.block[k] < 0 {
		return
	}
	if c.flip[k] {
		m = m.T()
	}
	for r := range 3 {
		for q := range 3 {
			c.a[c.block[k]+3*r+q] += m[r][q]
		}
	}
}

// addTo adds v to the right-hand side of a free node.
func (c *chordalSystem) addTo(rhs []float64, i int, v geom.Vec3) {
	if p := 3 * c.pos[i]; p >= 0 {
		rhs[p] += v.X
		rhs[p+1] += v.Y
		rhs[p+2] += v.Z
	}
}

// at returns the solution of a node; held ones have none.
func (c *chordalSystem) at(x []float64, i int) (v geom.Vec3, ok bool) {
	p := 3 * c.pos[i]
	if p < 0 {
		return v, false
	}
	return geom.Vec3{X: x[p], Y: x[p+1], Z: x[p+2]}, true
}

func (c *chordalSystem) newRHS() []float64 { return make([]float64, 3*len(c.chol.Order)) }

// solve overwrites every right-hand side with its solution.
func (c *chordalSystem) solve(rhs ...[]float64) error {
	if !c.chol.Factorize(c.a) {
		return errNoChordal
	}
	for _, x := range rhs {
		c.chol.Solve(x)
	}
	return nil
}

// chordalStart moves the nodes to the chordal start.
func (s *solver) chordalStart() error {
	c := newChordalSystem(s)
	rot, err := c.rotations()
	if err != nil {
		return err
	}
	logScale := make([]float64, len(s.nodes))
	if s.dim == 7 {
		if logScale, err = c.scales(); err != nil {
			return err
		}
	}
	t, err := c.translations(rot, logScale)
	if err != nil {
		return err
	}
	for i := range s.nodes {
		if !s.held[i] {
			s.nodes[i].x = geom.Sim3{R: rot[i], T: t[i], S: math.Exp(logScale[i])}
		}
	}
	return nil
}
