package posegraph

import (
	"context"
	"math"
)

// Graduated non-convexity for truncated least squares (Yang, Antonante, Tzoumas
// and Carlone, RA-L 2020).
const (
	gncGrowth = 1.4 // of the control parameter, per outer iteration
	gncSteps  = 2   // Gauss-Newton steps per outer iteration
	gncLimit  = 200 // outer iterations; the weights are 0 or 1 long before
)

// The 99.9 % quantiles of the chi-squared distribution of 6 and 7 degrees of
// freedom.
const (
	chi2Quantile6 = 22.458
	chi2Quantile7 = 24.322
)

// solveRobust finds the suspicious edges that disagree with the rest and solves
// without them.
func (s *solver) solveRobust(ctx context.Context) error {
	limit := s.opt.InlierChi2
	if limit == 0 {
		limit = chi2Quantile6
		if s.dim == 7 {
			limit = chi2Quantile7
		}
	}
	if err := s.solveTrusted(ctx); err != nil {
		return err
	}
	full := s.opt.MaxIterations
	s.opt.MaxIterations = gncSteps
	first := s.res
	iterations := first.Iterations
	mu := limit / max(2*s.worstSuspicious()-limit, limit)
	for range gncLimit {
		if s.reweight(mu, limit) {
			break
		}
		if err := s.minimise(ctx, Chordal); err != nil {
			return err
		}
		iterations += s.res.Iterations
		mu *= gncGrowth
	}
	s.opt.MaxIterations = full
	err := s.settle(ctx, limit)
	s.res.Iterations += iterations
	s.res.CostGiven, s.res.CostStart, s.res.Started = first.CostGiven, first.CostStart, first.Started
	return err
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
		chi2 := s.chi2(k)
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

// settle solves to convergence with the edges that agree, and takes back those
// that agree with the result.
func (s *solver) settle(ctx context.Context, limit float64) error {
	for changed := true; changed; {
		if err := s.minimise(ctx, Chordal); err != nil {
			return err
		}
		changed = false
		for k := range s.edges {
			f := &s.edges[k]
			if agrees := s.chi2(k) <= limit; s.g.Edges[k].Suspicious && f.weight != 1 && agrees {
				f.weight = 1
				changed = true
			} else if f.weight != 1 {
				f.weight = 0
			}
		}
	}
	s.res.Rejected = nil
	for k := range s.edges {
		if s.edges[k].weight == 0 {
			s.res.Rejected = append(s.res.Rejected, k)
		}
	}
	return nil
}
