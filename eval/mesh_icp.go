package eval

import (
	"errors"
	"math"
	"slices"

	"gonum.org/v1/gonum/mat"

	"github.com/metricslam/metricslam/geom"
)

// MeshAlignment is the rigid motion that was applied to the estimate.
type MeshAlignment struct {
	TranslationM float64 `json:"translation_m"` // how far the estimate's centre moved
	RotationDeg  float64 `json:"rotation_deg"`
	RMSM         float64 `json:"rms_m"` // distance to the tangent planes of the pairs kept
	Iterations   int     `json:"iterations"`
	Converged    bool    `json:"converged"`
	pose         geom.SE3
}

// The parameters of the alignment.
const (
	icpPoints     = 20_000 // of the estimate that take part
	icpKeep       = .8     // share of the pairs kept, the nearest: the rest has no counterpart
	icpMinCos     = .5     // normals of a pair differ by less than 60 degrees, whatever their sign
	icpIterations = 200
	icpStep       = 1e-5 // metres and radians: smaller steps end it
)

// alignICP moves the estimate's points onto the truth: iterated closest points
// with the point-to-plane distance (Chen and Medioni 1992), trimmed (Chetverikov
// et al. 2002). It starts where the meshes are, so they must overlap roughly.
func alignICP(truth surfacePoints, tree *pointTree, estimate surfacePoints) (*MeshAlignment, error) {
	src := thinned(estimate, icpPoints)
	centre := mean(src.points)
	res := &MeshAlignment{pose: geom.IdentitySE3()}
	pairs := make([]icpPair, len(src.points))
	for res.Iterations = 1; res.Iterations <= icpIterations; res.Iterations++ {
		inParallel(len(pairs), func(from, to int) {
			for i := from; i < to; i++ {
				pairs[i] = matchPair(truth, tree, res.pose.Apply(src.points[i]), res.pose.R.MulVec(src.normals[i]))
			}
		})
		kept := trim(pairs)
		step, rms, err := planeStep(kept, res.pose.Apply(centre))
		if err != nil {
			return nil, err
		}
		res.pose = step.Mul(res.pose)
		res.pose.R = geom.Orthonormalize(res.pose.R)
		res.RMSM = rms
		moved := step.Apply(res.pose.Apply(centre)).Sub(res.pose.Apply(centre)).Norm()
		if moved < icpStep && geom.RotationAngle(step.R) < icpStep {
			res.Converged = true
			break
		}
	}
	res.Iterations = min(res.Iterations, icpIterations)
	res.TranslationM = res.pose.Apply(centre).Sub(centre).Norm()
	res.RotationDeg = geom.RotationAngle(res.pose.R) * 180 / math.Pi
	return res, nil
}

// icpPair is a point, the true point nearest to it and the normal there; d2 is
// infinite where the normals do not fit.
type icpPair struct {
	p, q, n geom.Vec3
	d2      float64
}

func matchPair(truth surfacePoints, tree *pointTree, p, normal geom.Vec3) icpPair {
	i, d2 := tree.nearest(p)
	pair := icpPair{p: p, q: truth.points[i], n: truth.normals[i], d2: d2}
	if math.Abs(pair.n.Dot(normal)) < icpMinCos {
		pair.d2 = math.Inf(1)
	}
	return pair
}

// trim returns the nearest pairs.
func trim(pairs []icpPair) []icpPair {
	d2 := make([]float64, len(pairs))
	for i, p := range pairs {
		d2[i] = p.d2
	}
	slices.Sort(d2)
	limit := d2[int(icpKeep*float64(len(d2)-1))]
	var kept []icpPair
	for _, p := range pairs {
		if p.d2 <= limit && !math.IsInf(p.d2, 0) {
			kept = append(kept, p)
		}
	}
	return kept
}

var errICP = errors.New("eval mesh: the meshes cannot be aligned: too few points face each other; check that they are of one scene and frame, or use --align none")

// planeStep returns the small motion that brings the points onto the planes of
// their partners, in the least-squares sense, and their distance before it.
// Rotations turn about centre, which keeps the system well conditioned.
func planeStep(pairs []icpPair, centre geom.Vec3) (step geom.SE3, rms float64, err error) {
	if len(pairs) < 6 {
		return step, 0, errICP
	}
	h, g := mat.NewSymDense(6, nil), mat.NewVecDense(6, nil)
	for _, p := range pairs {
		c := p.p.Sub(centre).Cross(p.n)
		j := [6]float64{p.n.X, p.n.Y, p.n.Z, c.X, c.Y, c.Z}
		e := p.n.Dot(p.q.Sub(p.p))
		rms += e * e
		for a := range 6 {
			g.SetVec(a, g.AtVec(a)+j[a]*e)
			for b := a; b < 6; b++ {
				h.SetSym(a, b, h.At(a, b)+j[a]*j[b])
			}
		}
	}
	// A direction in which the surfaces slide along each other stays where it is.
	for a := range 6 {
		h.SetSym(a, a, h.At(a, a)+1e-6*float64(len(pairs)))
	}
	var chol mat.Cholesky
	var x mat.VecDense
	if !chol.Factorize(h) || chol.SolveVecTo(&x, g) != nil {
		return step, 0, errICP
	}
	r := geom.ExpSO3(geom.Vec3{X: x.AtVec(3), Y: x.AtVec(4), Z: x.AtVec(5)})
	t := geom.Vec3{X: x.AtVec(0), Y: x.AtVec(1), Z: x.AtVec(2)}
	return geom.SE3{R: r, T: centre.Add(t).Sub(r.MulVec(centre))}, math.Sqrt(rms / float64(len(pairs))), nil
}

// thinned returns about n of the points, evenly chosen.
func thinned(s surfacePoints, n int) surfacePoints {
	step := max(len(s.points)/n, 1)
	var out surfacePoints
	for i := 0; i < len(s.points); i += step {
		out.points = append(out.points, s.points[i])
		out.normals = append(out.normals, s.normals[i])
	}
	return out
}

func mean(points []geom.Vec3) geom.Vec3 {
	var sum geom.Vec3
	for _, p := range points {
		sum = sum.Add(p)
	}
	return sum.Scale(1 / float64(len(points)))
}
