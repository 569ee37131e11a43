package eval

import (
	"fmt"
	"math"
	"math/rand/v2"
	"runtime"
	"sync"

	"github.com/metricslam/metricslam/geom"
	"github.com/metricslam/metricslam/slam"
)

// MeshOptions says how Mesh compares; the zero value takes the defaults.
type MeshOptions struct {
	ThresholdM float64 // distance that counts as right; 0: .05
	Samples    int     // points on each mesh; 0: 200,000
	Seed       uint64
	ICP        bool // align the estimate rigidly to the truth first
	// Start moves the estimate before anything else, into the frame of the truth; nil:
	// both have one frame. ICP finds the nearest optimum only.
	Start *geom.SE3
}

// MeshResult compares an estimated mesh with the true one, by points spread
// evenly over both. Distances are those to the nearest point on the other mesh,
// so they cannot fall below about half the spacing of the points (SpacingM).
type MeshResult struct {
	AccuracyM     float64 `json:"accuracy_m"`     // mean distance from the estimate to the truth
	CompletenessM float64 `json:"completeness_m"` // mean distance from the truth to the estimate
	ChamferM      float64 `json:"chamfer_m"`      // the mean of both

	AccuracyMedianM     float64 `json:"accuracy_median_m"`
	CompletenessMedianM float64 `json:"completeness_median_m"`

	Precision  float64 `json:"precision"` // share of the estimate within the threshold of the truth
	Recall     float64 `json:"recall"`    // share of the truth within the threshold of the estimate
	FScore     float64 `json:"f_score"`   // harmonic mean of both
	ThresholdM float64 `json:"threshold_m"`

	Samples        int     `json:"samples"`
	Seed           uint64  `json:"seed"`
	SpacingM       float64 `json:"spacing_m"` // of the points on the truth
	TruthAreaM2    float64 `json:"truth_area_m2"`
	EstimateAreaM2 float64 `json:"estimate_area_m2"`

	Alignment *MeshAlignment `json:"alignment,omitempty"`
}

// Mesh measures accuracy, completeness, Chamfer distance, precision, recall and
// F-score (Knapitsch et al. 2017) of an estimated mesh. Meshes without area and
// invalid options are errors. The same input gives the same result.
func Mesh(truth, estimate *slam.Mesh, opt MeshOptions) (*MeshResult, error) {
	if opt.ThresholdM == 0 {
		opt.ThresholdM = .05
	}
	if opt.Samples == 0 {
		opt.Samples = 200_000
	}
	if !(opt.ThresholdM > 0) || opt.Samples < 1 || opt.Samples > 1<<28 {
		return nil, fmt.Errorf("eval mesh: threshold %g m and %d samples, want both positive", opt.ThresholdM, opt.Samples)
	}
	a, areaA, err := sampleMesh(truth, opt.Samples, rand.New(rand.NewPCG(opt.Seed, 1)))
	if err != nil {
		return nil, fmt.Errorf("eval mesh: the true mesh: %w", err)
	}
	b, areaB, err := sampleMesh(estimate, opt.Samples, rand.New(rand.NewPCG(opt.Seed, 2)))
	if err != nil {
		return nil, fmt.Errorf("eval mesh: the estimated mesh: %w", err)
	}
	r := &MeshResult{
		ThresholdM: opt.ThresholdM, Samples: opt.Samples, Seed: opt.Seed,
		SpacingM: math.Sqrt(areaA / float64(opt.Samples)), TruthAreaM2: areaA, EstimateAreaM2: areaB,
	}
	if opt.Start != nil {
		if !opt.Start.IsFinite() {
			return nil, fmt.Errorf("eval mesh: the start %v is no pose", *opt.Start)
		}
		b.transform(*opt.Start)
	}
	treeA := newPointTree(a.points)
	if opt.ICP {
		if r.Alignment, err = alignICP(a, treeA, b); err != nil {
			return nil, err
		}
		b.transform(r.Alignment.pose)
	}
	r.measure(treeA.distances(b.points, math.Inf(1)), newPointTree(b.points).distances(a.points, math.Inf(1)))
	return r, nil
}

// measure fills in the figures from the distances of the estimate's points to
// the truth and the other way round.
func (r *MeshResult) measure(toTruth, toEstimate []float64) {
	accuracy, completeness := NewStats(toTruth), NewStats(toEstimate)
	r.AccuracyM, r.AccuracyMedianM = accuracy.Mean, accuracy.Median
	r.CompletenessM, r.CompletenessMedianM = completeness.Mean, completeness.Median
	r.ChamferM = (r.AccuracyM + r.CompletenessM) / 2
	r.Precision, r.Recall = shareWithin(toTruth, r.ThresholdM), shareWithin(toEstimate, r.ThresholdM)
	r.FScore = harmonic(r.Precision, r.Recall)
}

// harmonic is the harmonic mean of precision and recall.
func harmonic(precision, recall float64) float64 {
	if precision+recall == 0 {
		return 0
	}
	return 2 * precision * recall / (precision + recall)
}

func shareWithin(v []float64, limit float64) float64 {
	n := 0
	for _, x := range v {
		if x <= limit {
			n++
		}
	}
	return float64(n) / float64(len(v))
}

// surfacePoints are points on a mesh with the normals of their triangles, and the
// deviation that the mesh states there, nil where it states none.
type surfacePoints struct {
	points, normals []geom.Vec3
	deviation       []float64
}

func (s *surfacePoints) transform(t geom.SE3) {
	for i := range s.points {
		s.points[i] = t.Apply(s.points[i])
		s.normals[i] = t.R.MulVec(s.normals[i])
	}
}

// sampleMesh spreads n points over the mesh, evenly by area: the area is cut
// into n equal parts, in the order of the triangles, and each gets one point at
// random (stratified sampling).
func sampleMesh(m *slam.Mesh, n int, rng *rand.Rand) (s surfacePoints, areaM2 float64, err error) {
	sums := make([]float64, len(m.Triangles)+1)
	for i, t := range m.Triangles {
		if max(t[0], t[1], t[2]) >= uint32(len(m.Vertices)) {
			return s, 0, fmt.Errorf("triangle %d uses vertex %d of %d", i, max(t[0], t[1], t[2]), len(m.Vertices))
		}
		a, b, c := corners(m, t)
		sums[i+1] = sums[i] + b.Sub(a).Cross(c.Sub(a)).Norm()/2
	}
	areaM2 = sums[len(m.Triangles)]
	if !(areaM2 > 0) || math.IsInf(areaM2, 0) {
		return s, 0, fmt.Errorf("%d triangles with an area of %g m2; a mesh is needed, not a point cloud", len(m.Triangles), areaM2)
	}
	s = surfacePoints{points: make([]geom.Vec3, n), normals: make([]geom.Vec3, n)}
	if m.Deviation != nil {
		s.deviation = make([]float64, n)
	}
	tri := 0
	for i := range n {
		at := (float64(i) + rng.Float64()) / float64(n) * areaM2
		for tri < len(m.Triangles)-1 && sums[tri+1] <= at {
			tri++
		}
		t := m.Triangles[tri]
		a, b, c := corners(m, t)
		u, v := rng.Float64(), rng.Float64()
		if u+v > 1 {
			u, v = 1-u, 1-v
		}
		s.points[i] = a.Add(b.Sub(a).Scale(u)).Add(c.Sub(a).Scale(v))
		s.normals[i] = b.Sub(a).Cross(c.Sub(a)).Unit()
		if m.Deviation != nil {
			s.deviation[i] = deviationAt(m, t, u, v)
		}
	}
	return s, areaM2, nil
}

// deviationAt is the deviation that a mesh states at (u, v) of a triangle, infinite where
// a corner's is unknown.
func deviationAt(m *slam.Mesh, t [3]uint32, u, v float64) float64 {
	a, b, c := float64(m.Deviation[t[0]]), float64(m.Deviation[t[1]]), float64(m.Deviation[t[2]])
	if min(a, b, c) <= 0 {
		return math.Inf(1)
	}
	return a + u*(b-a) + v*(c-a)
}

func corners(m *slam.Mesh, t [3]uint32) (a, b, c geom.Vec3) {
	v := func(i uint32) geom.Vec3 {
		p := m.Vertices[i]
		return geom.Vec3{X: float64(p[0]), Y: float64(p[1]), Z: float64(p[2])}
	}
	return v(t[0]), v(t[1]), v(t[2])
}

// inParallel calls f on parts of [0, n), on as many goroutines as there are
// cores. f must write to what belongs to its part alone.
func inParallel(n int, f func(from, to int)) {
	workers := runtime.GOMAXPROCS(0)
	var wg sync.WaitGroup
	for w := range workers {
		wg.Go(func() { f(w*n/workers, (w+1)*n/workers) })
	}
	wg.Wait()
}
