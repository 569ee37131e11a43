package posegraph

import (
	"context"
	"math"

	"github.com/metricslam/metricslam/geom"
)

// Graduated non-convexity for truncated least squares (Yang, Antonante, Tzoumas
// and Carlone, RA-L 2020).
const (
	gncGrowth = 2   // of the control parameter, per outer iteration
	gncSteps  = 1   // Gauss-Newton steps per outer iteration
	gncLimit  = 100 // outer iterations; the weights are 0 or 1 long before

	secondChance = 100 // times the limit that an edge may miss by and be tried again
	settleLimit  = 20  // rounds of solving and choosing
)

// The 99.9 % quantiles of the chi-squared distribution of 6 and 7 degrees of
// freedom.
const (
	chi2Quantile6 = 22.458
	chi2Quantile7 = 24.322
)

// solveRobust finds the suspicious edges that disagree with the rest and solves
// without them: by graduated non-convexity, then from every hypothesis, and it
// keeps the end of lowest truncated cost.
func (s *solver) solveRobust(ctx context.Context) error {
	limit := s.inlierLimit()
	given, _ := s.p.Cost()
	start := s.poses()
	if err := s.graduate(ctx, limit); err != nil {
		return err
	}
	if err := s.settle(ctx, limit); err != nil {
		return err
	}
	first := s.res
	for _, h := range s.opt.Hypotheses {
		if err := s.try(ctx, start, h, limit); err != nil {
			return err
		}
	}
	s.res.CostGiven, s.res.CostStart, s.res.Started = given, first.CostStart, first.Started
	s.res.Rejected = nil
	for k := range s.edges {
		if s.edges[k].weight == 0 {
			s.res.Rejected = append(s.res.Rejected, k)
		}
	}
	return nil
}

// inlierLimit is the squared whitened residual up to which an edge is believed:
// the 99.9 % quantile of its degrees of freedom.
func (s *solver) inlierLimit() float64 {
	if s.dim == 7 {
		return chi2Quantile7
	}
	return chi2Quantile6
}

// graduate lowers the weights of suspicious edges that disagree, step by step.
func (s *solver) graduate(ctx context.Context, limit float64) error {
	if err := s.solveTrusted(ctx); err != nil {
		return err
	}
	full := s.opt.MaxIterations
	defer func() { s.opt.MaxIterations = full }()
	s.opt.MaxIterations = gncSteps
	first := s.res
	mu := limit / max(2*s.worstSuspicious()-limit, limit)
	for range gncLimit {
		if s.reweight(mu, limit) {
			break
		}
		if err := s.minimise(ctx, Chordal); err != nil {
			return err
		}
		first.Iterations += s.res.Iterations
		mu *= gncGrowth
	}
	s.res.Iterations, s.res.CostStart, s.res.Started = first.Iterations, first.CostStart, first.Started
	return nil
}

// try solves from the start with the suspicious edges of a hypothesis, lets in
// what agrees with that and out what does not, and keeps the result if it is
// better.
func (s *solver) try(ctx context.Context, start []geom.Sim3, believed []int, limit float64) error {
	best := s.end(limit)
	s.setPoses(start)
	s.weighSuspicious(0)
	for _, k := range believed {
		s.edges[k].weight = 1
	}
	if err := s.minimise(ctx, Chordal); err != nil {
		return err
	}
	if err := s.solveAgreeing(ctx, limit, limit); err != nil {
		return err
	}
	if s.truncatedCost(limit) >= best.cost {
		s.restore(best)
	}
	return nil
}

// end is where a solution came to.
type end struct {
	cost    float64 // truncated
	res     Result
	poses   []geom.Sim3
	weights []float64
}

func (s *solver) end(limit float64) end {
	return end{s.truncatedCost(limit), s.res, s.poses(), s.weights()}
}

func (s *solver) restore(e end) {
	s.res = e.res
	s.setPoses(e.poses)
	for k := range s.edges {
		s.edges[k].weight = e.weights[k]
	}
}

// solveTrusted solves with the edges that are not suspicious, where they reach
// every node, else with all.
func (s *solver) solveTrusted(ctx context.Context) error {
	s.weighSuspicious(0)
	if s.trustedConnect() {
		return s.solveFromStart(ctx)
	}
	s.weighSuspicious(1)
	return s.solveFromStart(ctx)
}

func (s *solver) weighSuspicious(w float64) {
	for k := range s.edges {
		if s.g.Edges[k].Suspicious {
			s.edges[k].weight = w
		}
	}
}

// trustedConnect reports whether every part of the graph hangs together without
// its suspicious edges.
func (s *solver) trustedConnect() bool {
	trusted := Graph{Nodes: s.g.Nodes}
	for _, e := range s.g.Edges {
		if !e.Suspicious {
			trusted.Edges = append(trusted.Edges, e)
		}
	}
	return len(newSolver(&trusted, s.opt).res.Held) == len(s.res.Held)
}

// worstSuspicious returns the largest squared residual of a suspicious edge.
func (s *solver) worstSuspicious() (worst float64) {
	for k := range s.edges {
		if s.g.Edges[k].Suspicious {
			worst = max(worst, s.chi2(k))
		}
	}
	return worst
}

// chi2 returns the squared residual of an edge, not weighted.
func (s *solver) chi2(k int) float64 {
	f := &s.edges[k]
	w := f.weight
	f.weight = 1
	chi2 := s.p.FactorChi2(s.ids[k])
	f.weight = w
	return chi2
}

// reweight sets the weights of suspicious edges for the control parameter mu;
// true where all of them are 0 or 1.
func (s *solver) reweight(mu, limit float64) (binary bool) {
	binary = true
	for k := range s.edges {
		if !s.g.Edges[k].Suspicious {
			continue
		}
		chi2, limit := s.chi2(k), s.limitOf(k, limit)
		w := 0.0
		switch {
		case chi2 <= limit*mu/(mu+1):
			w = 1
		case chi2 < limit*(mu+1)/mu:
			w = math.Sqrt(limit/chi2*mu*(mu+1)) - mu
			binary = false
		}
		s.edges[k].weight = math.Sqrt(w)
	}
	return binary
}

// settle solves to convergence with the edges that agree, and gives those that
// nearly agree a second chance: an edge that its neighbours leave free to move
// may miss the result without it and still fit once it takes part.
func (s *solver) settle(ctx context.Context, limit float64) error {
	iterations := s.res.Iterations
	if err := s.solveAgreeing(ctx, limit, limit); err != nil {
		return err
	}
	first := s.end(limit)
	if s.markAgreeing(secondChance * limit) {
		if err := s.solveAgreeing(ctx, secondChance*limit, limit); err != nil {
			return err
		}
		if s.truncatedCost(limit) >= first.cost {
			s.restore(first)
		}
	}
	s.res.Iterations += iterations
	return nil
}

// solveAgreeing solves with the edges up to the first limit, then again with
// those up to the last one, until these stay the same.
func (s *solver) solveAgreeing(ctx context.Context, first, last float64) error {
	s.markAgreeing(first)
	for range settleLimit {
		if err := s.minimise(ctx, Chordal); err != nil {
			return err
		}
		if !s.markAgreeing(last) {
			break
		}
	}
	return nil
}

// markAgreeing gives suspicious edges within limit the weight 1 and all others
// 0; it reports whether that changed any.
func (s *solver) markAgreeing(limit float64) (changed bool) {
	for k := range s.edges {
		if !s.g.Edges[k].Suspicious {
			continue
		}
		w := 0.0
		if s.chi2(k) <= s.limitOf(k, limit) {
			w = 1
		}
		changed = changed || w != s.edges[k].weight
		s.edges[k].weight = w
	}
	return changed
}

// limitOf is the squared residual up to which an edge is believed: one that it
// costs little to reject is rejected sooner.
func (s *solver) limitOf(k int, limit float64) float64 {
	return limit * min(1, s.g.Edges[k].trust())
}

// truncatedCost is what robust solving minimises: a suspicious edge beyond the
// limit costs its trust times the limit, however far off it is.
func (s *solver) truncatedCost(limit float64) (cost float64) {
	for k := range s.edges {
		chi2 := s.chi2(k)
		if e := &s.g.Edges[k]; e.Suspicious && chi2 > s.limitOf(k, limit) {
			chi2 = min(chi2, limit*e.trust())
		}
		cost += chi2 / 2
	}
	return cost
}

func (s *solver) weights() []float64 {
	out := make([]float64, len(s.edges))
	for k := range out {
		out[k] = s.edges[k].weight
	}
	return out
}
