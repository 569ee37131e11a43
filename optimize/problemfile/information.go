package problemfile

import (
	"fmt"
	"math"

	"gonum.org/v1/gonum/mat"

	"github.com/metricslam/metricslam/optimize/posegraph"
)

// roundingTol is by how much an information matrix may miss being positive
// semidefinite, as its least eigenvalue once its diagonal is 1: entries written
// with four digits are off by as much.
const roundingTol = 1e-3

// Projection says what PoseGraph did to the edges' information.
type Projection struct {
	Edges int     // whose information was projected
	Worst float64 // least eigenvalue among them with a diagonal of 1, below 0
}

// project moves an information matrix of six dimensions to the nearest positive
// semidefinite one with the same scales, where only rounding keeps it from being
// one, and returns its least eigenvalue with a diagonal of 1; 0 where it was one.
func project(info *posegraph.Information) (least float64, err error) {
	if definite(info) {
		return 0, nil
	}
	const dim = infoDim
	var scale [dim]float64
	for i := range dim {
		if d := info[i][i]; d > 0 {
			scale[i] = math.Sqrt(d)
		} else if d < 0 {
			return 0, fmt.Errorf("its diagonal has %g", d)
		}
	}
	unit := mat.NewSymDense(dim, nil)
	for i := range dim {
		for j := i; j < dim; j++ {
			switch s := scale[i] * scale[j]; {
			case s > 0:
				unit.SetSym(i, j, info[i][j]/s)
			case info[i][j] != 0:
				return 0, fmt.Errorf("it has %g beside a diagonal of 0", info[i][j])
			}
		}
	}
	var eigen mat.EigenSym
	if !eigen.Factorize(unit, true) {
		return 0, fmt.Errorf("it has no eigenvalues")
	}
	values := eigen.Values(nil)
	const exact = -1e-12 // of a matrix that is one
	if least = values[0]; least >= exact {
		return 0, nil
	}
	if least < -roundingTol {
		return least, fmt.Errorf("its least eigenvalue is %.3g with a diagonal of 1, more than rounding makes", least)
	}
	var v mat.Dense
	eigen.VectorsTo(&v)
	for i := range dim {
		for j := range dim {
			var sum float64
			for k, l := range values {
				sum += max(l, 0) * v.At(i, k) * v.At(j, k)
			}
			info[i][j] = sum * scale[i] * scale[j]
		}
	}
	return least, nil
}

const infoDim = 6

// definite reports whether a Cholesky factorisation finds all pivots clearly
// positive, which nearly all information matrices have: it takes a hundredth of
// the time of eigenvalues.
func definite(info *posegraph.Information) bool {
	const clearly = 1e-9
	var l [infoDim][infoDim]float64
	for i := range infoDim {
		for j := 0; j <= i; j++ {
			sum := info[i][j]
			for k := range j {
				sum -= l[i][k] * l[j][k]
			}
			if j < i {
				l[i][j] = sum / l[j][j]
				continue
			}
			if !(sum > clearly*info[i][i]) {
				return false
			}
			l[i][i] = math.Sqrt(sum)
		}
	}
	return true
}
