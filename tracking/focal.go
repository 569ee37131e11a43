package tracking

import (
	"math"
	"slices"

	"github.com/metricslam/metricslam/geom"
	"github.com/metricslam/metricslam/internal/stats"
)

const focalRounds = 8 // of Gauss-Newton

// FocalFactor is what the landmarks of the last Locate say of the focal length that
// its rays were made with: the logarithm of the true one over it, with its deviation.
// The pose is free beside it, the landmarks stay; ok is false where they do not tell.
func (t *Tracker) FocalFactor(pose geom.SE3) (log, sigma float64, ok bool) {
	const n = 7 // pose, and the logarithm
	cw := pose.Inverse()
	if len(t.ids) < t.cfg.MinInliers {
		return 0, 0, false
	}
	errors := make([]float64, len(t.ids))
	var a [n * n]float64
	for range focalRounds {
		var g [n]float64
		clear(a[:])
		for i := range t.ids {
			ray := t.rays[i].Scale(math.Exp(-log))
			errors[i] = math.Sqrt(t.info[i].Quad(cw.Apply(t.points[i]).XY().Sub(ray)))
		}
		// A wrong focal length makes outliers of most: they count by what is usual.
		loss := geom.Kernel{Kind: geom.Cauchy, Delta: math.Max(poseKernel.Delta, stats.Median(slices.Clone(errors)))}
		for i := range t.ids {
			p := cw.Apply(t.points[i])
			if p.Z < .01 {
				continue
			}
			ray := t.rays[i].Scale(math.Exp(-log))
			x := p.XY()
			r := x.Sub(ray)
			_, weight := loss.Eval(t.info[i].Quad(r))
			w := t.info[i].Scale(weight)
			iz := 1 / p.Z
			rows := [2][n]float64{ // of p <- Exp(xi) p: translation, then rotation
				{iz, 0, -x.X * iz, -x.X * x.Y, 1 + x.X*x.X, -x.Y, ray.X},
				{0, iz, -x.Y * iz, -1 - x.Y*x.Y, x.X * x.Y, x.X, ray.Y},
			}
			wr := w.Mul(r)
			for j := range n {
				wj := w.Mul(geom.Vec2{X: rows[0][j], Y: rows[1][j]})
				g[j] -= rows[0][j]*wr.X + rows[1][j]*wr.Y
				for k := range n {
					a[j*n+k] += wj.X*rows[0][k] + wj.Y*rows[1][k]
				}
			}
		}
		factor := a
		if !geom.SolveSPD(factor[:], g[:]) {
			return 0, 0, false
		}
		cw = geom.ExpSE3(geom.Tangent6(g[:6])).Mul(cw)
		log += g[6]
	}
	unit := [n]float64{n - 1: 1}
	if !geom.SolveSPD(a[:], unit[:]) {
		return 0, 0, false
	}
	return log, math.Sqrt(unit[n-1]), cw.IsFinite() && geom.Finite(log)
}
