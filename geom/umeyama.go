package geom

import (
	"errors"
	"fmt"
	"math"
)

// ErrDegenerate says that the points do not fix the transform.
var ErrDegenerate = errors.New("degenerate points")

// Umeyama returns the similarity with the least sum |dst_i - S R src_i - T|^2
// (Umeyama 1991), with S = 1 unless withScale. It needs three or more points
// that do not all lie on one line; else the error wraps ErrDegenerate.
func Umeyama(src, dst []Vec3, withScale bool) (Sim3, error) {
	return UmeyamaWeighted(src, dst, nil, withScale)
}

// UmeyamaWeighted is Umeyama with a weight (an inverse variance) for each
// point; nil weighs all alike.
func UmeyamaWeighted(src, dst []Vec3, weights []float64, withScale bool) (Sim3, error) {
	if len(src) != len(dst) || (weights != nil && len(weights) != len(src)) {
		return IdentitySim3(), fmt.Errorf("align points: %d to %d with %d weights", len(src), len(dst), len(weights))
	}
	if len(src) < 3 {
		return IdentitySim3(), fmt.Errorf("align points: %w: %d, need 3 or more", ErrDegenerate, len(src))
	}
	weight := func(i int) float64 {
		if weights == nil {
			return 1
		}
		return weights[i]
	}
	var ms, md Vec3
	var sum float64
	for i := range src {
		w := weight(i)
		sum += w
		ms, md = ms.Add(src[i].Scale(w)), md.Add(dst[i].Scale(w))
	}
	ms, md = ms.Scale(1/sum), md.Scale(1/sum)
	var cov Mat3
	var variance float64
	for i := range src {
		w, a, b := weight(i)/sum, src[i].Sub(ms), dst[i].Sub(md)
		cov = cov.Add(Outer(b, a).Scale(w))
		variance += w * a.Norm2()
	}
	u, s, v := SVD3(cov)
	if !(s[1] > 1e-12*s[0]) || math.IsInf(s[0], 0) {
		return IdentitySim3(), fmt.Errorf("align points: %w: all on one line, coincident or not finite", ErrDegenerate)
	}
	sign := Vec3{1, 1, 1}
	if u.Det()*v.Det() < 0 {
		sign.Z = -1
	}
	r := FromCols(u.Col(0), u.Col(1), u.Col(2).Scale(sign.Z)).Mul(v.T())
	scale := 1.0
	if withScale {
		scale = (s[0] + s[1] + sign.Z*s[2]) / variance
	}
	return Sim3{R: r, T: md.Sub(r.MulVec(ms).Scale(scale)), S: scale}, nil
}
