package eval

import (
	"errors"

	"gonum.org/v1/gonum/mat"

	"github.com/metricslam/metricslam/geom"
)

// umeyama returns the similarity (rigid where withScale is false) that maps src
// nearest to dst in the sense of least squares (Umeyama 1991, eq. 34-43).
func umeyama(src, dst []geom.Vec3, withScale bool) (geom.Sim3, error) {
	if len(src) < 3 {
		return geom.Sim3{}, errors.New("fewer than three poses leave the rotation open")
	}
	n := 1 / float64(len(src))
	var meanSrc, meanDst geom.Vec3
	for i := range src {
		meanSrc, meanDst = meanSrc.Add(src[i].Scale(n)), meanDst.Add(dst[i].Scale(n))
	}
	var cov geom.Mat3
	var variance float64
	for i := range src {
		a, b := src[i].Sub(meanSrc), dst[i].Sub(meanDst)
		cov = cov.Add(geom.Outer(b, a).Scale(n))
		variance += n * a.Norm2()
	}
	var svd mat.SVD
	if !svd.Factorize(mat.NewDense(3, 3, append(append(cov[0][:], cov[1][:]...), cov[2][:]...)), mat.SVDFull) {
		return geom.Sim3{}, errors.New("singular values do not converge")
	}
	d := svd.Values(nil)
	if d[1] <= 1e-12*d[0] {
		return geom.Sim3{}, errors.New("poses on one point or line leave the rotation open")
	}
	var du, dv mat.Dense
	svd.UTo(&du)
	svd.VTo(&dv)
	u, v := toMat3(&du), toMat3(&dv)
	if u.Det()*v.Det() < 0 {
		d[2] = -d[2]
		for i := range 3 {
			u[i][2] = -u[i][2]
		}
	}
	r, s := u.Mul(v.T()), 1.
	if withScale {
		s = (d[0] + d[1] + d[2]) / variance
	}
	return geom.Sim3{R: r, S: s, T: meanDst.Sub(r.MulVec(meanSrc).Scale(s))}, nil
}

func toMat3(m *mat.Dense) (r geom.Mat3) {
	for i := range 3 {
		for j := range 3 {
			r[i][j] = m.At(i, j)
		}
	}
	return r
}
