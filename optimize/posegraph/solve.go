package posegraph

import (
	"context"

	"github.com/metricslam/metricslam/geom"
	"github.com/metricslam/metricslam/optimize"
)

// solveFromStart finds a start and solves from it.
func (s *solver) solveFromStart(ctx context.Context) error {
	given := s.poses()
	s.res.CostGiven, _ = s.p.Cost()
	if s.opt.Start == Given {
		return s.minimise(ctx, Given)
	}
	if err := s.chordalStart(); err != nil {
		if s.opt.Start == Chordal {
			return err
		}
		return s.minimise(ctx, Given)
	}
	cost, _ := s.p.Cost()
	if s.opt.Start == Chordal || cost <= s.res.CostGiven {
		return s.minimise(ctx, Chordal)
	}
	return s.betterOf(ctx, given)
}

// betterOf solves from the chordal start, where the nodes are, and from the
// given one, and keeps the end of lower cost.
func (s *solver) betterOf(ctx context.Context, given []geom.Sim3) error {
	if err := s.minimise(ctx, Chordal); err != nil {
		return err
	}
	first, end := s.res, s.poses()
	s.setPoses(given)
	if err := s.minimise(ctx, Given); err != nil {
		return err
	}
	if first.CostEnd < s.res.CostEnd {
		s.setPoses(end)
		first.Iterations += s.res.Iterations
		s.res = first
	} else {
		s.res.Iterations += first.Iterations
	}
	return nil
}

// The damping that minimise begins with. The chordal start is close to the
// optimum, where damping only slows Gauss-Newton steps down: long chains of
// edges make directions far below the diagonal of the Hessian.
const (
	chordalLambda = 1e-10
	givenLambda   = 1e-5
)

func (s *solver) minimise(ctx context.Context, from Start) error {
	opt := s.opt.Options
	if opt.InitialLambda == 0 {
		opt.InitialLambda = chordalLambda
		if from == Given {
			opt.InitialLambda = givenLambda
		}
	}
	sum, err := optimize.Solve(ctx, s.p, opt)
	s.res.Summary, s.res.Started = sum, from
	return err
}

func (s *solver) poses() []geom.Sim3 {
	out := make([]geom.Sim3, len(s.nodes))
	for i := range out {
		out[i] = s.nodes[i].x
	}
	return out
}

func (s *solver) setPoses(x []geom.Sim3) {
	for i := range x {
		s.nodes[i].x = x[i]
	}
}
