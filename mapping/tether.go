package mapping

import (
	"math"

	"github.com/metricslam/metricslam/geom"
)

// Tether is a pose of a keyframe that was measured against an earlier one by
// their pixels: it holds a keyframe that few landmarks hold.
type Tether struct {
	From int       // keyframe
	Z    geom.SE3  // T_from_keyframe, in lengths of the keyframe's making
	Info geom.Mat6 // on its right increment, translation first
}

// tetherFactor is r = L^T e with Info = L L^T and
// e = (Z_R^T (t - Z_t), Log(Z_R^T R)) of (R, t) = T_from^-1 T_at.
// Variables: both poses.
type tetherFactor struct {
	from, at *poseVar
	z        geom.SE3
	root     geom.Mat6 // L^T
}

func (f *tetherFactor) Dim() int { return 6 }

func (f *tetherFactor) Linearize(r []float64, j [][]float64) bool {
	d := f.from.pose.Between(f.at.pose)
	zt := f.z.R.T()
	et := zt.MulVec(d.T.Sub(f.z.T))
	er := geom.LogSO3(zt.Mul(d.R))
	f.whiten(r, 1, 0, [6]float64{et.X, et.Y, et.Z, er.X, er.Y, er.Z})
	if j == nil {
		return true
	}
	jr := geom.RightJacobianInvSO3(er)
	if j[0] != nil {
		f.fill(j[0], zt.Scale(-1), zt.Mul(geom.Skew(d.T)), jr.Mul(d.R.T()).Scale(-1))
	}
	if j[1] != nil {
		f.fill(j[1], zt.Mul(d.R), geom.Mat3{}, jr)
	}
	return true
}

// fill writes the whitened Jacobian of a pose from its blocks: d e_t / d rho,
// d e_t / d phi and d e_r / d phi.
func (f *tetherFactor) fill(j []float64, tt, tr, rr geom.Mat3) {
	for c := range 3 {
		a, b, d := tt.Col(c), tr.Col(c), rr.Col(c)
		f.whiten(j, 6, c, [6]float64{a.X, a.Y, a.Z})
		f.whiten(j, 6, c+3, [6]float64{b.X, b.Y, b.Z, d.X, d.Y, d.Z})
	}
}

// whiten writes L^T v into column c of a matrix with the given row stride.
func (f *tetherFactor) whiten(out []float64, stride, c int, v [6]float64) {
	for i := range 6 {
		var s float64
		for k := i; k < 6; k++ {
			s += f.root[i][k] * v[k]
		}
		out[i*stride+c] = s
	}
}

// rootOf returns L^T of an information matrix, L its lower Cholesky factor; ok
// is false where the matrix is not positive definite.
func rootOf(info geom.Mat6) (root geom.Mat6, ok bool) {
	for i := range 6 {
		for j := 0; j <= i; j++ {
			s := info[i][j]
			for k := range j {
				s -= root[k][i] * root[k][j]
			}
			if i != j {
				root[j][i] = s / root[j][j]
				continue
			}
			if !(s > 0) {
				return root, false
			}
			root[i][i] = math.Sqrt(s)
		}
	}
	return root, true
}

// addTethers enters the tethers between keyframes of the problem.
func (b *bundle) addTethers() {
	for _, id := range b.ids() {
		k := b.m.Keyframes[id]
		t := k.Tether
		if t == nil {
			continue
		}
		from, okF := b.poses[t.From]
		at, okA := b.poses[k.ID]
		root, ok := rootOf(t.Info)
		if !okF || !okA || !ok {
			continue
		}
		z := t.Z
		z.T = z.T.Scale(k.Unit)
		b.p.AddFactor(&tetherFactor{from, at, z, root}, geom.Kernel{Kind: geom.Huber, Delta: tetherHuber}, b.poseIDs[t.From], b.poseIDs[k.ID])
	}
}
