// Package posegraph optimises graphs of poses: SE(3) where the scale is locked
// and Sim(3) where it is free, in one code. It finds a start of its own by
// chordal relaxation, and stands false loops by graduated non-convexity.
package posegraph

import (
	"context"
	"fmt"
	"math"

	"github.com/metricslam/metricslam/geom"
	"github.com/metricslam/metricslam/internal/disjoint"
	"github.com/metricslam/metricslam/optimize"
)

// Information is the inverse covariance of a tangent vector of Sim(3):
// translation rho, rotation phi, log-scale. With locked scale its last row and
// column are not used.
type Information [7][7]float64

// Diagonal is the information of independent deviations: of each coordinate of the
// translation, of the rotation about each axis in radians, of the log-scale.
func Diagonal(shift, turnRad, logScale float64) (w Information) {
	for i := range 3 {
		w[i][i], w[i+3][i+3] = 1/(shift*shift), 1/(turnRad*turnRad)
	}
	w[6][6] = 1 / (logScale * logScale)
	return w
}

// Graph is a set of poses and the relative poses measured between them.
type Graph struct {
	Nodes []Node
	Edges []Edge
	// FreeScale makes the nodes similarities; else every scale stays as it is
	// and is taken for 1.
	FreeScale bool
}

// Node is an unknown pose, body to world.
type Node struct {
	Pose  geom.Sim3
	Fixed bool
	Prior *Prior // nil: none
}

// Prior is evidence on a node by itself: residual Log(Pose^-1 X).
type Prior struct {
	Pose geom.Sim3
	Info Information
}

// Edge measures Z = X_from^-1 X_to: residual Log(Z^-1 X_from^-1 X_to).
type Edge struct {
	From, To int
	Z        geom.Sim3
	Info     Information
	// Suspicious marks what may be wrong altogether, such as a loop; odometry
	// is not. Options.Robust doubts only these.
	Suspicious bool
	// Trust is what it costs to reject a suspicious edge, in units of the limit
	// up to which one is believed; 0: 1. It decides between sets of edges that
	// contradict each other. Below 1 it lowers that limit as well.
	Trust float64
}

func (e *Edge) trust() float64 {
	if e.Trust == 0 {
		return 1
	}
	return e.Trust
}

// Options of Solve; zero fields take defaults.
type Options struct {
	optimize.Options
	Start  Start
	Robust bool // find false suspicious edges and leave them out
	// Hypotheses are sets of suspicious edges, by index, that Robust believes for
	// a start, each in its turn, beside the start that it finds itself.
	Hypotheses [][]int
}

// Start says where the solution starts.
type Start int

// The starts: Auto takes the chordal one where it exists and has the lower
// cost, and where its cost is higher solves from both and keeps the better end.
const (
	Auto Start = iota
	Given
	Chordal
)

// Result says how a solution went.
type Result struct {
	optimize.Summary
	// CostGiven is the cost of the poses as they were given; CostStart is that
	// of the start the solution was found from.
	CostGiven float64
	Started   Start // Given or Chordal
	Rejected  []int // suspicious edges found false, by index (Robust)
	Held      []int // nodes that were held because nothing else fixes their part of the graph
}

// Solve minimises half the sum of squared whitened residuals over the nodes of
// g, in place. A connected part of the graph without a fixed node or a prior
// has its first node held.
func Solve(ctx context.Context, g *Graph, opt Options) (Result, error) {
	if err := g.validate(); err != nil {
		return Result{}, err
	}
	s := newSolver(g, opt)
	if err := s.build(); err != nil {
		return Result{}, err
	}
	var err error
	if opt.Robust {
		err = s.solveRobust(ctx)
	} else {
		err = s.solveFromStart(ctx)
	}
	s.writeBack()
	return s.res, err
}

func (g *Graph) validate() error {
	for i := range g.Nodes {
		p := g.Nodes[i].Pose
		if !p.SE3().IsFinite() || !(p.S > 0) || math.IsInf(p.S, 0) {
			return fmt.Errorf("posegraph: node %d has no finite pose", i)
		}
	}
	for i := range g.Edges {
		e := &g.Edges[i]
		if min(e.From, e.To) < 0 || max(e.From, e.To) >= len(g.Nodes) || e.From == e.To {
			return fmt.Errorf("posegraph: edge %d joins nodes %d and %d of %d", i, e.From, e.To, len(g.Nodes))
		}
		if !e.Z.SE3().IsFinite() || !(e.Z.S > 0) {
			return fmt.Errorf("posegraph: edge %d has no finite measurement", i)
		}
	}
	return nil
}

// solver is the problem of a graph.
type solver struct {
	g     *Graph
	opt   Options
	dim   int // 6 or 7
	held  []bool
	nodes []node
	edges []edgeFactor
	ids   []optimize.FactorID
	p     *optimize.Problem
	res   Result
}

func newSolver(g *Graph, opt Options) *solver {
	s := &solver{g: g, opt: opt, dim: 6}
	if g.FreeScale {
		s.dim = 7
	}
	s.findHeld()
	return s
}

// build makes the optimisation problem.
func (s *solver) build() error {
	s.p = optimize.NewProblem()
	s.nodes = make([]node, len(s.g.Nodes))
	nodeIDs := make([]optimize.ID, len(s.nodes))
	for i := range s.nodes {
		s.nodes[i].dim = s.dim
		s.nodes[i].x = s.pose(s.g.Nodes[i].Pose)
		nodeIDs[i] = s.p.Add(&s.nodes[i])
		if s.held[i] {
			s.p.Fix(nodeIDs[i])
		}
	}
	s.edges = make([]edgeFactor, len(s.g.Edges))
	s.ids = make([]optimize.FactorID, len(s.g.Edges))
	for i := range s.g.Edges {
		e := &s.g.Edges[i]
		f := &s.edges[i]
		if !f.root.set(&e.Info, s.dim) {
			return fmt.Errorf("posegraph: the information of edge %d is not positive semidefinite", i)
		}
		f.from, f.to, f.dim, f.weight = &s.nodes[e.From], &s.nodes[e.To], s.dim, 1
		f.zInv = s.pose(e.Z).Inverse()
		s.ids[i] = s.p.AddFactor(f, geom.Kernel{}, nodeIDs[e.From], nodeIDs[e.To])
	}
	for i := range s.g.Nodes {
		pr := s.g.Nodes[i].Prior
		if pr == nil || s.held[i] {
			continue
		}
		f := &priorFactor{node: &s.nodes[i], dim: s.dim, inv: s.pose(pr.Pose).Inverse()}
		if !f.root.set(&pr.Info, s.dim) {
			return fmt.Errorf("posegraph: the information of the prior of node %d is not positive semidefinite", i)
		}
		if s.dim == 7 && f.root == (rootInfo{48: f.root[48]}) {
			s.p.AddFactor(&scalePrior{f.node, f.inv.S, f.root[48]}, geom.Kernel{}, nodeIDs[i])
			continue
		}
		s.p.AddFactor(f, geom.Kernel{}, nodeIDs[i])
	}
	return nil
}

// pose drops the scale where it is locked.
func (s *solver) pose(a geom.Sim3) geom.Sim3 {
	if s.dim == 6 {
		a.S = 1
	}
	return a
}

// findHeld decides which nodes do not move: the fixed ones, and the first of
// every connected part that nothing ties to the world.
func (s *solver) findHeld() {
	n := len(s.g.Nodes)
	sets := disjoint.New[int](n)
	for i := range s.g.Edges {
		sets.Join(s.g.Edges[i].From, s.g.Edges[i].To)
	}
	tied := make([]bool, n)
	s.held = make([]bool, n)
	for i := range s.g.Nodes {
		nd := &s.g.Nodes[i]
		s.held[i] = nd.Fixed
		if nd.Fixed || nd.Prior != nil {
			tied[sets.Find(i)] = true
		}
	}
	for i := range s.g.Nodes {
		if sets.Find(i) == i && !tied[i] {
			s.held[i] = true
			s.res.Held = append(s.res.Held, i)
		}
	}
}

func (s *solver) writeBack() {
	for i := range s.nodes {
		x := s.nodes[i].x
		if s.dim == 6 {
			x.S = s.g.Nodes[i].Pose.S
		}
		s.g.Nodes[i].Pose = x
	}
}
