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

// rotations returns the rotations that minimise sum w |R_i Z - R_j|_F^2 without
// the constraint that they are rotations, projected onto it (Martinec and
// Pajdla 2007; Carlone et al. 2015).
func (c *chordalSystem) rotations() ([]geom.Mat3, error) {
	s := c.s
	n := 3 * len(c.chol.Order)
	var rhs [3][]float64
	for r := range rhs {
		rhs[r] = make([]float64, n)
	}
	clear(c.a)
	addRHS := func(i int, m geom.Mat3) {
		if p := int(c.pos[i]); p >= 0 {
			for r := range 3 { // column r of m is row r of the unknown, transposed
				for q := range 3 {
					rhs[r][3*p+q] += m[q][r]
				}
			}
		}
	}
	for k := range s.g.Edges {
		e := &s.g.Edges[k]
		w := rotationWeight(&e.Info) * s.edges[k].weight * s.edges[k].weight
		z := e.Z.R
		c.addDiag(e.From, geom.Identity3().Scale(w))
		c.addDiag(e.To, geom.Identity3().Scale(w))
		c.addBlock(k, z.T().Scale(-w))
		if s.held[e.From] {
			addRHS(e.To, z.T().Mul(s.nodes[e.From].x.R.T()).Scale(w))
		}
		if s.held[e.To] {
			addRHS(e.From, z.Mul(s.nodes[e.To].x.R.T()).Scale(w))
		}
	}
	for i := range s.g.Nodes {
		if pr := s.g.Nodes[i].Prior; pr != nil {
			w := rotationWeight(&pr.Info)
			c.addDiag(i, geom.Identity3().Scale(w))
			addRHS(i, pr.Pose.R.T().Scale(w))
		}
	}
	if !c.chol.Factorize(c.a) {
		return nil, errNoChordal
	}
	for r := range rhs {
		c.chol.Solve(rhs[r])
	}
	out := make([]geom.Mat3, len(s.nodes))
	for i := range out {
		p := int(c.pos[i])
		if p < 0 {
			out[i] = s.nodes[i].x.R
			continue
		}
		var m geom.Mat3
		for r := range 3 {
			copy(m[r][:], rhs[r][3*p:3*p+3])
		}
		var ok bool
		if out[i], ok = nearestRotation(m); !ok {
			return nil, errNoChordal
		}
	}
	return out, nil
}

// rotationWeight and translationWeight are the mean information of a direction.
func rotationWeight(info *Information) float64 { return (info[3][3] + info[4][4] + info[5][5]) / 3 }

func translationWeight(info *Information) float64 { return (info[0][0] + info[1][1] + info[2][2]) / 3 }

// nearestRotation projects m onto SO(3) in the Frobenius norm; false where m has
// no direction left.
func nearestRotation(m geom.Mat3) (geom.Mat3, bool) {
	u, sv, v := geom.SVD3(m)
	if !(sv[1] > 1e-9) || math.IsInf(sv[0], 0) {
		return m, false
	}
	r := u.Mul(v.T())
	if r.Det() < 0 {
		for i := range 3 {
			u[i][2] = -u[i][2]
		}
		r = u.Mul(v.T())
	}
	return r, true
}

// scales returns the logarithms of the scales, by linear least squares.
func (c *chordalSystem) scales() ([]float64, error) {
	s := c.s
	rhs := make([]float64, 3*len(c.chol.Order))
	add := func(i int, v float64) {
		if p := c.pos[i]; p >= 0 {
			rhs[3*p] += v
		}
	}
	clear(c.a)
	for k := range s.g.Edges {
		e := &s.g.Edges[k]
		w := (e.Info[6][6] + 1e-12) * s.edges[k].weight * s.edges[k].weight
		c.addDiag(e.From, geom.Identity3().Scale(w))
		c.addDiag(e.To, geom.Identity3().Scale(w))
		c.addBlock(k, geom.Identity3().Scale(-w))
		l := math.Log(e.Z.S)
		add(e.To, w*l)
		add(e.From, -w*l)
		if s.held[e.From] {
			add(e.To, w*math.Log(s.nodes[e.From].x.S))
		}
		if s.held[e.To] {
			add(e.From, w*math.Log(s.nodes[e.To].x.S))
		}
	}
	for i := range s.g.Nodes {
		if pr := s.g.Nodes[i].Prior; pr != nil {
			c.addDiag(i, geom.Identity3().Scale(pr.Info[6][6]))
			add(i, pr.Info[6][6]*math.Log(pr.Pose.S))
		}
	}
	if !c.chol.Factorize(c.a) {
		return nil, errNoChordal
	}
	c.chol.Solve(rhs)
	out := make([]float64, len(s.nodes))
	for i := range out {
		out[i] = math.Log(s.nodes[i].x.S)
		if p := c.pos[i]; p >= 0 {
			out[i] = rhs[3*p]
		}
	}
	return out, nil
}

// translations returns the positions that fit the measured ones best, rotations
// and log-scales being known.
func (c *chordalSystem) translations(rot []geom.Mat3, logScale []float64) ([]geom.Vec3, error) {
	s := c.s
	rhs := make([]float64, 3*len(c.chol.Order))
	add := func(i int, v geom.Vec3) {
		if p := c.pos[i]; p >= 0 {
			rhs[3*p] += v.X
			rhs[3*p+1] += v.Y
			rhs[3*p+2] += v.Z
		}
	}
	clear(c.a)
	for k := range s.g.Edges {
		e := &s.g.Edges[k]
		weight := s.edges[k].weight * s.edges[k].weight * math.Exp(-2*logScale[e.To])
		w := rotated(rot[e.From].Mul(e.Z.R), &e.Info, weight)
		d := w.MulVec(rot[e.From].MulVec(e.Z.T).Scale(math.Exp(logScale[e.From])))
		c.addDiag(e.From, w)
		c.addDiag(e.To, w)
		c.addBlock(k, w.Scale(-1))
		add(e.To, d)
		add(e.From, d.Scale(-1))
		if s.held[e.From] {
			add(e.To, w.MulVec(s.nodes[e.From].x.T))
		}
		if s.held[e.To] {
			add(e.From, w.MulVec(s.nodes[e.To].x.T))
		}
	}
	for i := range s.g.Nodes {
		if pr := s.g.Nodes[i].Prior; pr != nil {
			w := rotated(pr.Pose.R, &pr.Info, math.Exp(-2*logScale[i]))
			c.addDiag(i, w)
			add(i, w.MulVec(pr.Pose.T))
		}
	}
	if !c.chol.Factorize(c.a) {
		return nil, errNoChordal
	}
	c.chol.Solve(rhs)
	out := make([]geom.Vec3, len(s.nodes))
	for i := range out {
		out[i] = s.nodes[i].x.T
		if p := c.pos[i]; p >= 0 {
			out[i] = geom.Vec3{X: rhs[3*p], Y: rhs[3*p+1], Z: rhs[3*p+2]}
		}
		if !out[i].IsFinite() {
			return nil, errNoChordal
		}
	}
	return out, nil
}

// rotated returns the translation's information in the world, for a residual
// expressed in the frame with rotation r, with a floor against directions that
// the edge does not measure.
func rotated(r geom.Mat3, info *Information, weight float64) geom.Mat3 {
	var m geom.Mat3
	floor := 1e-9 * translationWeight(info)
	for i := range 3 {
		for j := range 3 {
			m[i][j] = info[min(i, j)][max(i, j)]
		}
		m[i][i] += floor
	}
	return r.Mul(m).Mul(r.T()).Scale(weight)
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
