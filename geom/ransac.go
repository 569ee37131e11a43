package geom

import (
	"math"
	"math/rand/v2"
)

// Problem is what RANSAC needs to know about a model M and its n measurements.
type Problem[M any] struct {
	N          int // measurements
	SampleSize int // measurements of a minimal sample

	// Fit appends the models of the measurements idx (all different) to out
	// and returns it; none for a degenerate sample. Neither is kept.
	Fit func(idx []int, out []M) []M

	// Residual returns the squared error of measurement i in units of its
	// variance (so that it is chi-square distributed for an inlier); an
	// infinite one says that the model cannot explain the measurement at all.
	Residual func(m *M, i int) float64

	// Refine, where given, improves a new best model on its inliers (local
	// optimisation); its result is used only if it scores better.
	Refine func(m M, inliers []int) (M, bool)
}

// RANSACOptions steer the search. The zero value takes every default.
type RANSACOptions struct {
	Threshold     float64 // largest squared whitened residual of an inlier; 0: 5.991, 95 % of two dimensions
	Confidence    float64 // probability of having seen one all-inlier sample; 0: .999
	MaxIterations int     // 0: 1000
	MinInliers    int     // fewer are a failure; 0: SampleSize+1
	Seed          uint64  // equal seeds give equal results
}

// Result is the best model of a search.
type Result[M any] struct {
	Model      M
	Inliers    []int   // ascending
	Score      float64 // MSAC: sum of min(residual, threshold); smaller is better
	Iterations int     // samples drawn
}

// withDefaults fills what is zero.
func (o RANSACOptions) withDefaults(sampleSize int) RANSACOptions {
	if o.Threshold == 0 {
		o.Threshold = 5.991
	}
	if o.Confidence == 0 {
		o.Confidence = .999
	}
	if o.MaxIterations == 0 {
		o.MaxIterations = 1000
	}
	if o.MinInliers == 0 {
		o.MinInliers = sampleSize + 1
	}
	return o
}

// RANSAC returns the model with the best MSAC score (Torr and Zisserman 2000)
// over random minimal samples (Fischler and Bolles 1981), each new best one
// locally optimised (Chum, Matas and Kittler 2003). It stops as soon as an
// all-inlier sample would have been drawn with the wanted confidence. ok is
// false where no model has enough inliers. The result depends on the problem
// and the options alone.
func RANSAC[M any](p Problem[M], opt RANSACOptions) (res Result[M], ok bool) {
	opt = opt.withDefaults(p.SampleSize)
	if p.N < p.SampleSize || p.SampleSize < 1 {
		return res, false
	}
	s := search[M]{Problem: p, opt: opt, score: math.Inf(1)}
	rng := rand.New(rand.NewPCG(opt.Seed, 0x9e3779b97f4a7c15))
	perm := make([]int, p.N)
	for i := range perm {
		perm[i] = i
	}
	needed := opt.MaxIterations
	var models []M
	it := 0
	for ; it < min(needed, opt.MaxIterations); it++ {
		for i := range p.SampleSize { // the head of a Fisher-Yates shuffle
			j := i + rng.IntN(p.N-i)
			perm[i], perm[j] = perm[j], perm[i]
		}
		models = p.Fit(perm[:p.SampleSize], models[:0])
		improved := false
		for k := range models {
			improved = s.try(models[k]) || improved
		}
		if improved {
			needed = samplesNeeded(float64(len(s.inliers))/float64(p.N), p.SampleSize, opt.Confidence)
		}
	}
	res = Result[M]{Model: s.best, Inliers: s.inliers, Score: s.score, Iterations: it}
	return res, len(s.inliers) >= opt.MinInliers
}

// search is the state of one RANSAC call.
type search[M any] struct {
	Problem[M]
	opt     RANSACOptions
	best    M
	score   float64
	inliers []int
	scratch []int
}

// try keeps m, locally optimised, if it is the best so far.
func (s *search[M]) try(m M) bool {
	if !s.keep(m) {
		return false
	}
	const rounds = 10 // the inliers of a refined model are refined again, until nothing is gained
	for r := 0; r < rounds && s.Refine != nil; r++ {
		refined, ok := s.Refine(s.best, s.inliers)
		if !ok || !s.keep(refined) {
			break
		}
	}
	return true
}

// keep scores m and makes it the best if it is; it gives up as soon as it
// cannot be.
func (s *search[M]) keep(m M) bool {
	score, thr := 0.0, s.opt.Threshold
	in := s.scratch[:0]
	for i := range s.N {
		if e := s.Residual(&m, i); e <= thr {
			score += e
			in = append(in, i)
		} else {
			score += thr // a residual that is not a number too
		}
		if score >= s.score {
			s.scratch = in
			return false
		}
	}
	s.best, s.score = m, score
	s.inliers, s.scratch = in, s.inliers
	return true
}

// samplesNeeded returns how many samples of k measurements hold, with the given
// confidence, at least one without an outlier.
func samplesNeeded(inlierShare float64, k int, confidence float64) int {
	good := math.Pow(inlierShare, float64(k))
	if good >= 1 {
		return 1
	}
	n := math.Log1p(-confidence) / math.Log1p(-good)
	if !(n < math.MaxInt32) {
		return math.MaxInt32
	}
	return int(math.Ceil(n))
}
