package posegraph

import (
	"math"

	"github.com/metricslam/metricslam/geom"
)

// node is a pose that moves by X <- X Exp(delta).
type node struct {
	x, saved geom.Sim3
	dim      int
}

func (n *node) Dim() int { return n.dim }
func (n *node) Save()    { n.saved = n.x }
func (n *node) Restore() { n.x = n.saved }
func (n *node) Retract(d []float64) {
	if n.dim == 7 {
		n.x = n.x.Retract(geom.Tangent7(d))
		return
	}
	a := n.x.SE3().Retract(geom.Tangent6(d))
	n.x.R, n.x.T = a.R, a.T
}

// rootInfo is U with U^T U = information, row-major dim x dim, upper triangular.
type rootInfo [49]float64

// set factors the upper triangle of info; rows of directions without
// information are zero. It returns false for a matrix that is not positive
// semidefinite.
func (u *rootInfo) set(info *Information, dim int) bool {
	largest := 0.0
	for i := range dim {
		largest = max(largest, info[i][i])
	}
	for i := range dim {
		for j := i; j < dim; j++ {
			sum := info[i][j]
			for k := range i {
				sum -= u[k*dim+i] * u[k*dim+j]
			}
			if j > i {
				if d := u[i*dim+i]; d > 0 {
					u[i*dim+j] = sum / d
				}
				continue
			}
			if math.IsNaN(sum) || math.IsInf(sum, 0) || sum < -1e-9*largest {
				return false
			}
			if sum > 1e-14*info[i][i] {
				u[i*dim+i] = math.Sqrt(sum)
			}
		}
	}
	return true
}

// whiten writes weight U e to r.
func (u *rootInfo) whiten(r []float64, e *geom.Tangent7, weight float64) {
	dim := len(r)
	for i := range r {
		var sum float64
		for k := i; k < dim; k++ {
			sum += u[i*dim+k] * e[k]
		}
		r[i] = weight * sum
	}
}

// mul writes weight U m to out, both dim x dim row-major.
func (u *rootInfo) mul(out []float64, m *[49]float64, dim int, weight float64) {
	for i := range dim {
		row := out[i*dim : i*dim+dim]
		clear(row)
		for k := i; k < dim; k++ {
			c := weight * u[i*dim+k]
			if c == 0 {
				continue
			}
			src := m[k*dim : k*dim+dim]
			for j := range row {
				row[j] += c * src[j]
			}
		}
	}
}

// edgeFactor is Log(Z^-1 X_from^-1 X_to), whitened.
type edgeFactor struct {
	from, to *node
	zInv     geom.Sim3
	root     rootInfo
	dim      int
	weight   float64 // square root of the robust weight
}

func (f *edgeFactor) Dim() int { return f.dim }

func (f *edgeFactor) Linearize(r []float64, J [][]float64) bool {
	if f.dim == 6 {
		rel := f.from.x.SE3().Between(f.to.x.SE3())
		e6 := geom.LogSE3(f.zInv.SE3().Mul(rel))
		var e geom.Tangent7
		copy(e[:], e6[:])
		f.root.whiten(r, &e, f.weight)
		if J != nil {
			var jr, jf [49]float64
			rightJacobianInvSE3(&jr, &e6)
			mulAdjointSE3(&jf, &jr, rel.Inverse())
			f.root.mul(J[1], &jr, 6, f.weight)
			f.root.mul(J[0], &jf, 6, -f.weight)
		}
		return true
	}
	rel := f.from.x.Inverse().Mul(f.to.x)
	e := geom.LogSim3(f.zInv.Mul(rel))
	f.root.whiten(r, &e, f.weight)
	if J != nil {
		var jr, ad, jf [49]float64
		rightJacobianInvSim3(&jr, &e)
		adjointSim3(&ad, rel.Inverse())
		mul7(&jf, &jr, &ad)
		f.root.mul(J[1], &jr, 7, f.weight)
		f.root.mul(J[0], &jf, 7, -f.weight)
	}
	return true
}

// scalePrior is the part of a priorFactor that is left where nothing but the scale is
// known: log(s_X / s_P), whitened.
type scalePrior struct {
	node     *node
	invScale float64 // of P
	weight   float64
}

func (f *scalePrior) Dim() int { return 1 }

func (f *scalePrior) Linearize(r []float64, J [][]float64) bool {
	r[0] = f.weight * math.Log(f.invScale*f.node.x.S)
	if J != nil {
		clear(J[0])
		J[0][6] = f.weight
	}
	return true
}

// priorFactor is Log(P^-1 X), whitened.
type priorFactor struct {
	node *node
	inv  geom.Sim3
	root rootInfo
	dim  int
}

func (f *priorFactor) Dim() int { return f.dim }

func (f *priorFactor) Linearize(r []float64, J [][]float64) bool {
	var e geom.Tangent7
	var jr [49]float64
	if f.dim == 6 {
		e6 := geom.LogSE3(f.inv.SE3().Mul(f.node.x.SE3()))
		copy(e[:], e6[:])
		rightJacobianInvSE3(&jr, &e6)
	} else {
		e = geom.LogSim3(f.inv.Mul(f.node.x))
		rightJacobianInvSim3(&jr, &e)
	}
	f.root.whiten(r, &e, 1)
	if J != nil {
		f.root.mul(J[0], &jr, f.dim, 1)
	}
	return true
}
