package posegraph

import (
	"math"

	"github.com/metricslam/metricslam/geom"
)

// rotations returns the rotations that minimise sum w |R_i Z - R_j|_F^2 without
// the constraint that they are rotations, projected onto it (Martinec and
// Pajdla 2007; Carlone et al. 2015). The rows of R are unknowns of their own with
// the same matrix.
func (c *chordalSystem) rotations() ([]geom.Mat3, error) {
	rhs := [3][]float64{c.newRHS(), c.newRHS(), c.newRHS()}
	c.assembleRotations(&rhs)
	if err := c.solve(rhs[:]...); err != nil {
		return nil, err
	}
	out := make([]geom.Mat3, len(c.s.nodes))
	for i := range out {
		out[i] = c.s.nodes[i].x.R
		x, free := c.at(rhs[0], i)
		if !free {
			continue
		}
		y, _ := c.at(rhs[1], i)
		z, _ := c.at(rhs[2], i)
		var ok bool
		if out[i], ok = nearestRotation(geom.FromCols(x, y, z).T()); !ok {
			return nil, errNoChordal
		}
	}
	return out, nil
}

func (c *chordalSystem) assembleRotations(rhs *[3][]float64) {
	s := c.s
	clear(c.a)
	add := func(i int, m geom.Mat3) { // column r of m belongs to row r of R
		for r := range rhs {
			c.addTo(rhs[r], i, m.Col(r))
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
			add(e.To, z.T().Mul(s.nodes[e.From].x.R.T()).Scale(w))
		}
		if s.held[e.To] {
			add(e.From, z.Mul(s.nodes[e.To].x.R.T()).Scale(w))
		}
	}
	for i := range s.g.Nodes {
		if pr := s.g.Nodes[i].Prior; pr != nil {
			w := rotationWeight(&pr.Info)
			c.addDiag(i, geom.Identity3().Scale(w))
			add(i, pr.Pose.R.T().Scale(w))
		}
	}
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

// scales returns the logarithms of the scales, by linear least squares; they
// stand in the first component of every node.
func (c *chordalSystem) scales() ([]float64, error) {
	s := c.s
	rhs := c.newRHS()
	add := func(i int, v float64) { c.addTo(rhs, i, geom.Vec3{X: v}) }
	clear(c.a)
	for k := range s.g.Edges {
		e := &s.g.Edges[k]
		w := e.Info[6][6] * s.edges[k].weight * s.edges[k].weight
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
	if err := c.solve(rhs); err != nil {
		return nil, err
	}
	out := make([]float64, len(s.nodes))
	for i := range out {
		out[i] = math.Log(s.nodes[i].x.S)
		if v, free := c.at(rhs, i); free {
			out[i] = v.X
		}
	}
	return out, nil
}

// translations returns the positions that fit the measured ones best, rotations
// and log-scales being known.
func (c *chordalSystem) translations(rot []geom.Mat3, logScale []float64) ([]geom.Vec3, error) {
	rhs := c.newRHS()
	c.assembleTranslations(rhs, rot, logScale)
	if err := c.solve(rhs); err != nil {
		return nil, err
	}
	out := make([]geom.Vec3, len(c.s.nodes))
	for i := range out {
		out[i] = c.s.nodes[i].x.T
		if v, free := c.at(rhs, i); free {
			out[i] = v
		}
		if !out[i].IsFinite() {
			return nil, errNoChordal
		}
	}
	return out, nil
}

func (c *chordalSystem) assembleTranslations(rhs []float64, rot []geom.Mat3, logScale []float64) {
	s := c.s
	clear(c.a)
	for k := range s.g.Edges {
		e := &s.g.Edges[k]
		weight := s.edges[k].weight * s.edges[k].weight * math.Exp(-2*logScale[e.To])
		w := rotated(rot[e.From].Mul(e.Z.R), &e.Info, weight)
		d := w.MulVec(rot[e.From].MulVec(e.Z.T).Scale(math.Exp(logScale[e.From])))
		c.addDiag(e.From, w)
		c.addDiag(e.To, w)
		c.addBlock(k, w.Scale(-1))
		c.addTo(rhs, e.To, d)
		c.addTo(rhs, e.From, d.Scale(-1))
		if s.held[e.From] {
			c.addTo(rhs, e.To, w.MulVec(s.nodes[e.From].x.T))
		}
		if s.held[e.To] {
			c.addTo(rhs, e.From, w.MulVec(s.nodes[e.To].x.T))
		}
	}
	for i := range s.g.Nodes {
		if pr := s.g.Nodes[i].Prior; pr != nil {
			w := rotated(pr.Pose.R, &pr.Info, math.Exp(-2*logScale[i]))
			c.addDiag(i, w)
			c.addTo(rhs, i, w.MulVec(pr.Pose.T))
		}
	}
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
