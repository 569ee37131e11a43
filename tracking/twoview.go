package tracking

import (
	"math"

	"github.com/metricslam/metricslam/geom"
	"github.com/metricslam/metricslam/internal/stats"
)

// TwoView is the start of a map without any depth: the motion between two
// images, its length unknown.
type TwoView struct {
	T21       geom.SE3 // first camera to second, translation of length 1
	Inliers   []int    // pairs that fit and lie in front of both cameras
	Planar    bool     // the pairs are explained by a plane: a homography was decomposed
	MedianRad float64  // median parallax of the inliers
}

const (
	twoViewMinPairs    = 60
	twoViewMinParallax = .015 // radians: about 8 pixels at a focal length of 528
	twoViewPlanarShare = .45  // of the homography in the two scores (Mur-Artal 2015)
	twoViewClear       = .75  // the second best decomposition may have this share of the best's points
)

// SolveTwoView finds the motion between two sets of image points on the z = 1
// plane: an essential matrix by five points and a homography by four, both in
// RANSAC, chosen by how well they explain the pairs. ok is false where the
// pairs are too few, move too little, or do not tell one solution apart. sigma
// is the deviation of an image point on the z = 1 plane.
func SolveTwoView(x1, x2 []geom.Vec2, sigma float64, seed uint64) (tv TwoView, ok bool) {
	if len(x1) < twoViewMinPairs || len(x1) != len(x2) {
		return tv, false
	}
	w := 1 / (sigma * sigma)
	e, okE := essentialRANSAC(x1, x2, w, seed)
	h, okH := homographyRANSAC(x1, x2, w, seed)
	if !okE && !okH {
		return tv, false
	}
	scoreE, scoreH := support(len(x1), e.Score), support(len(x1), h.Score)
	var candidates []geom.SE3
	in := e.Inliers
	if okH && (!okE || scoreH/(scoreH+scoreE) > twoViewPlanarShare) {
		tv.Planar, in = true, h.Inliers
		candidates = planarCandidates(h.Model, x1, in)
	} else {
		p := geom.EssentialToPoses(e.Model)
		candidates = p[:]
	}
	best, inFront, second := geom.ChoosePose(candidates, pick(x1, in), pick(x2, in))
	if inFront < twoViewMinPairs*3/4 || float64(second) > twoViewClear*float64(inFront) || best.T.Norm() == 0 {
		return tv, false
	}
	best.T = best.T.Unit()
	tv.T21 = best
	tv.gate(x1, x2, in)
	return tv, len(tv.Inliers) >= twoViewMinPairs/2 && tv.MedianRad >= twoViewMinParallax
}

func essentialRANSAC(x1, x2 []geom.Vec2, w float64, seed uint64) (geom.Result[geom.Mat3], bool) {
	return geom.RANSAC(geom.Problem[geom.Mat3]{
		N: len(x1), SampleSize: 5,
		Fit: func(idx []int, out []geom.Mat3) []geom.Mat3 {
			var a, b [5]geom.Vec2
			for i, k := range idx {
				a[i], b[i] = x1[k], x2[k]
			}
			es, n := geom.FivePoint(a, b)
			return append(out, es[:n]...)
		},
		Residual: func(e *geom.Mat3, i int) float64 { return w * geom.SampsonError(e, x1[i], x2[i]) },
	}, geom.RANSACOptions{Threshold: 3.84, Seed: seed, MaxIterations: 500, MinInliers: twoViewMinPairs / 2})
}

func homographyRANSAC(x1, x2 []geom.Vec2, w float64, seed uint64) (geom.Result[geom.Mat3], bool) {
	return geom.RANSAC(geom.Problem[geom.Mat3]{
		N: len(x1), SampleSize: 4,
		Fit: func(idx []int, out []geom.Mat3) []geom.Mat3 {
			var a, b [4]geom.Vec2
			for i, k := range idx {
				a[i], b[i] = x1[k], x2[k]
			}
			if h, ok := geom.Homography(a[:], b[:]); ok {
				out = append(out, h)
			}
			return out
		},
		Residual: func(h *geom.Mat3, i int) float64 { return w * geom.TransferError(h, x1[i], x2[i]) },
		Refine: func(h geom.Mat3, in []int) (geom.Mat3, bool) {
			return geom.Homography(pick(x1, in), pick(x2, in))
		},
	}, geom.RANSACOptions{Threshold: 5.99, Seed: seed, MaxIterations: 500, MinInliers: twoViewMinPairs / 2})
}

// support turns an MSAC score into a sum that grows with inliers: both models
// are compared at the threshold of two dimensions, as ORB-SLAM does.
func support(n int, msac float64) float64 { return math.Max(5.99*float64(n)-msac, 0) }

// planarCandidates are the motions of a homography whose plane the points see.
func planarCandidates(h geom.Mat3, x1 []geom.Vec2, in []int) []geom.SE3 {
	motions, n := geom.DecomposeHomography(h)
	var out []geom.SE3
	for _, m := range motions[:n] {
		var visible int
		for _, i := range in {
			if m.VisiblePlane(x1[i]) {
				visible++
			}
		}
		if 2*visible > len(in) {
			out = append(out, m.T21)
		}
	}
	return out
}

// gate keeps the pairs that triangulate in front of both cameras, and measures
// their parallax.
func (tv *TwoView) gate(x1, x2 []geom.Vec2, in []int) {
	var angles []float64
	c2 := tv.T21.Inverse().T
	for _, i := range in {
		p, ok := geom.Triangulate(tv.T21, x1[i], x2[i])
		if !ok {
			continue
		}
		tv.Inliers = append(tv.Inliers, i)
		angles = append(angles, geom.ParallaxAngle(p, geom.Vec3{}, c2))
	}
	tv.MedianRad = stats.Median(angles)
}

func pick(x []geom.Vec2, idx []int) []geom.Vec2 {
	out := make([]geom.Vec2, len(idx))
	for i, k := range idx {
		out[i] = x[k]
	}
	return out
}
