package eval

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"gonum.org/v1/gonum/mat"

	"github.com/metricslam/metricslam/geom"
	"github.com/metricslam/metricslam/slam"
)

// Parameters of the alignment of a mesh with a scan.
const (
	scanSamples    = 500_000 // points on the mesh
	scanCapM       = .5      // distances beyond count as this
	scanPairs      = 60_000  // of them take part in the alignment
	scanIterations = 60
	scanPairsFromM = .5 // points pair up to this distance, a tenth less from round to round,
	scanPairsToM   = .1 // down to this
	scanShrink     = .9
)

// curveShares are the shares of the surface, the most certain first, of which the
// confidence curve tells.
var curveShares = []float64{.25, .5, .75, .9, 1}

// ScanScore compares a mesh with a scan.
type ScanScore struct {
	Scale         float64 `json:"scale"` // that the mesh was multiplied by
	AccuracyM     float64 `json:"accuracy_m"`
	CompletenessM float64 `json:"completeness_m"`
	ChamferM      float64 `json:"chamfer_m"`
	Precision     float64 `json:"precision"`
	Recall        float64 `json:"recall"`
	FScore        float64 `json:"f_score"`

	// Curve tells of the surface whose stated deviation is smallest; empty where the mesh
	// states none.
	Curve []CurvePoint `json:"curve,omitempty"`
}

// CurvePoint is the score of the most certain share of a surface.
type CurvePoint struct {
	Share      float64 `json:"share"`
	DeviationM float64 `json:"deviation_m,omitempty"` // up to this; 0: part of it states none
	Precision  float64 `json:"precision"`
	Recall     float64 `json:"recall"`
}

// ScanResult is the score of a mesh by two alignments: rigid, and with a scale of its own.
type ScanResult struct {
	ThresholdM float64   `json:"threshold_m"`
	Points     int       `json:"points"` // of the scan
	Metric     ScanScore `json:"metric"`
	Shape      ScanScore `json:"shape"`
}

// ScanOptions says how a mesh is compared with a scan.
type ScanOptions struct {
	Start      geom.SE3 // brings the mesh near the scan
	ThresholdM float64  // distance that counts as right
	Samples    int      // points on the mesh; 0: 500,000
	Seed       uint64
}

// ScoreMesh compares a mesh with the scan. Parts of the mesh that no true view could see
// are not counted.
func (s *Scan) ScoreMesh(m *slam.Mesh, opt ScanOptions) (*ScanResult, error) {
	start, thresholdM := opt.Start, opt.ThresholdM
	if opt.Samples == 0 {
		opt.Samples = scanSamples
	}
	if opt.Samples < scanFewPoints {
		return nil, fmt.Errorf("eval mesh: %d samples, want %d or more", opt.Samples, scanFewPoints)
	}
	if !(thresholdM > 0) || !start.IsFinite() {
		return nil, fmt.Errorf("eval mesh: threshold %g m and start %v, want a positive number and a pose", thresholdM, start)
	}
	e, _, err := sampleMesh(m, opt.Samples, rand.New(rand.NewPCG(opt.Seed, 2)))
	if err != nil {
		return nil, fmt.Errorf("eval mesh: the estimated mesh: %w", err)
	}
	e.transform(start)
	tree := newPointTree(s.points)
	r := &ScanResult{ThresholdM: thresholdM, Points: len(s.points)}
	for _, row := range []struct {
		scaled bool
		out    *ScanScore
	}{{false, &r.Metric}, {true, &r.Shape}} {
		t, err := s.align(tree, e.points, row.scaled)
		if err != nil {
			return nil, err
		}
		moved := make([]geom.Vec3, len(e.points))
		for i, p := range e.points {
			moved[i] = t.Apply(p)
		}
		*row.out = s.score(tree, moved, thresholdM)
		row.out.Scale = t.S
		row.out.Curve = s.curve(tree, moved, e.deviation, thresholdM)
	}
	return r, nil
}

// align returns the motion, and the scale where that is free, that brings points onto
// the scan: trimmed point-to-plane ICP whose reach shrinks.
func (s *Scan) align(tree *pointTree, points []geom.Vec3, scaled bool) (geom.Sim3, error) {
	src := points[:0:0]
	for i := 0; i < len(points); i += max(len(points)/scanPairs, 1) {
		src = append(src, points[i])
	}
	t := geom.IdentitySim3()
	pairs := make([]icpPair, len(src))
	reach := scanPairsFromM
	for range scanIterations {
		inParallel(len(src), func(from, to int) {
			for i := from; i < to; i++ {
				p := t.Apply(src[i])
				j, d2, ok := tree.nearestWithin(p, reach)
				if !ok {
					d2 = math.Inf(1)
				}
				pairs[i] = icpPair{p: p, q: s.points[j], n: s.normals[j], d2: d2}
			}
		})
		paired := slices.DeleteFunc(slices.Clone(pairs), func(p icpPair) bool { return math.IsInf(p.d2, 0) })
		if len(paired) < scanFewPoints {
			return t, errScan
		}
		kept := trim(paired)
		step, err := similarityStep(kept, scaled)
		if err != nil {
			return t, err
		}
		t = step.Mul(t)
		reach = max(scanShrink*reach, scanPairsToM)
	}
	return t, nil
}

var errScan = errors.New("eval mesh: the mesh is nowhere near what the true views saw: check that --poses is the trajectory of the same run")

// similarityStep is the small similarity, without its scale unless that is free, that
// brings points onto the planes of their partners.
func similarityStep(pairs []icpPair, scaled bool) (geom.Sim3, error) {
	var centre geom.Vec3
	for _, p := range pairs {
		centre = centre.Add(p.p)
	}
	centre = centre.Scale(1 / float64(len(pairs)))
	n := 6
	if scaled {
		n = 7
	}
	h, g := mat.NewSymDense(n, nil), mat.NewVecDense(n, nil)
	for _, p := range pairs {
		arm := p.p.Sub(centre)
		c := arm.Cross(p.n)
		j := [7]float64{c.X, c.Y, c.Z, p.n.X, p.n.Y, p.n.Z, arm.Dot(p.n)}
		e := p.n.Dot(p.q.Sub(p.p))
		for a := range n {
			g.SetVec(a, g.AtVec(a)+j[a]*e)
			for b := a; b < n; b++ {
				h.SetSym(a, b, h.At(a, b)+j[a]*j[b])
			}
		}
	}
	var chol mat.Cholesky
	var x mat.VecDense
	if !chol.Factorize(h) || chol.SolveVecTo(&x, g) != nil {
		return geom.Sim3{}, errScan
	}
	out := geom.Sim3{R: geom.ExpSO3(geom.Vec3{X: x.AtVec(0), Y: x.AtVec(1), Z: x.AtVec(2)}), S: 1}
	if scaled {
		out.S = 1 + x.AtVec(6)
	}
	out.T = centre.Add(geom.Vec3{X: x.AtVec(3), Y: x.AtVec(4), Z: x.AtVec(5)}).Sub(out.R.MulVec(centre).Scale(out.S))
	return out, nil
}

// score measures the distances between a mesh's points and the scan.
func (s *Scan) score(tree *pointTree, points []geom.Vec3, thresholdM float64) (out ScanScore) {
	moved := voxelMeans(points, scanVoxelM)
	seen := s.visible(moved)
	kept := moved[:0]
	for i, p := range moved {
		if seen[i] {
			kept = append(kept, p)
		}
	}
	if len(kept) == 0 {
		return out
	}
	toTruth, toEstimate := tree.distances(kept, scanCapM), newPointTree(kept).distances(s.points, scanCapM)
	out.AccuracyM, out.CompletenessM = NewStats(toTruth).Mean, NewStats(toEstimate).Mean
	out.ChamferM = (out.AccuracyM + out.CompletenessM) / 2
	out.Precision, out.Recall = shareWithin(toTruth, thresholdM), shareWithin(toEstimate, thresholdM)
	out.FScore = harmonic(out.Precision, out.Recall)
	return out
}

// curve scores what of the points is most certain.
func (s *Scan) curve(tree *pointTree, points []geom.Vec3, deviation []float64, thresholdM float64) (out []CurvePoint) {
	if deviation == nil {
		return nil
	}
	order := make([]int, len(points))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(deviation[a], deviation[b]) })
	certain := make([]geom.Vec3, len(points))
	for i, j := range order {
		certain[i] = points[j]
	}
	for _, share := range curveShares {
		n := max(int(share*float64(len(points))), 1)
		r := s.score(tree, certain[:n], thresholdM)
		p := CurvePoint{Share: share, Precision: r.Precision, Recall: r.Recall}
		if most := deviation[order[n-1]]; !math.IsInf(most, 0) {
			p.DeviationM = most
		}
		out = append(out, p)
	}
	return out
}
