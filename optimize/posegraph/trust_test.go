package posegraph

import (
	"slices"
	"testing"

	"github.com/metricslam/metricslam/geom"
)

// contradiction is a chain of poses one apart that stands at the truth, with suspicious
// edges over it that say so, old ones, and young ones that say its end is shifted.
func contradiction(old, young []float64, shift float64) *Graph {
	g := &Graph{}
	step := geom.IdentitySim3()
	step.T.X = 1
	x := geom.IdentitySim3()
	const n = 10
	for i := range n {
		g.Nodes = append(g.Nodes, Node{Pose: x, Fixed: i == 0})
		if i > 0 && i != n/2 { // between the halves there are links alone
			g.Edges = append(g.Edges, Edge{From: i - 1, To: i, Z: step, Info: diagonal(1e4, 1e4, 1e4)})
		}
		x = x.Mul(step)
	}
	for i, set := range [][]float64{old, young} {
		for _, trust := range set {
			z := step
			z.T.X = n - 1 + shift*float64(i)
			g.Edges = append(g.Edges, Edge{From: 0, To: n - 1, Z: z, Info: diagonal(1e4, 1e4, 1e4), Suspicious: true, Trust: trust})
		}
	}
	return g
}

// Of two sets of edges that contradict each other the more trusted one is
// believed, wherever the graph stands.
func TestTrustDecides(t *testing.T) {
	for _, tt := range []struct {
		name       string
		old, young []float64
		want       float64
	}{
		{"one against one of more trust", []float64{1}, []float64{2}, 2},
		{"one against one of less trust", []float64{2}, []float64{1}, 0},
		{"two against three", []float64{1, 1}, []float64{1, 1, 1}, 2},
		{"three against two", []float64{1, 1, 1}, []float64{1, 1}, 0},
		{"two weak ones against one", []float64{.3, .3}, []float64{1}, 2},
	} {
		g := contradiction(tt.old, tt.young, 2)
		var old, young, rejected []int
		for k := range g.Edges {
			if g.Edges[k].Suspicious && (g.Edges[k].Z.T.X > 10) == (tt.want == 0) {
				rejected = append(rejected, k)
			}
			switch {
			case !g.Edges[k].Suspicious:
			case g.Edges[k].Z.T.X > 10:
				young = append(young, k)
			default:
				old = append(old, k)
			}
		}
		res, err := Solve(t.Context(), g, Options{Start: Given, Robust: true, Hypotheses: [][]int{old, young}})
		if err != nil {
			t.Fatal(err)
		}
		if x := g.Nodes[9].Pose.T.X - 9; x < tt.want-.05 || x > tt.want+.05 || !slices.Equal(res.Rejected, rejected) {
			t.Errorf("%s: moved by %.3f, want %g; rejected %v, want %v", tt.name, x, tt.want, res.Rejected, rejected)
		}
	}
}

// An edge of little trust is let go sooner.
func TestTrustLowersLimit(t *testing.T) {
	for trust, want := range map[float64]int{0: 0, 1: 0, .5: 1} {
		g := contradiction([]float64{1, 1, 1, 1}, []float64{trust}, .045) // chi-square 20 without it
		res, err := Solve(t.Context(), g, Options{Start: Given, Robust: true})
		if err != nil {
			t.Fatal(err)
		}
		if len(res.Rejected) != want {
			t.Errorf("trust %g: rejected %v, want %d", trust, res.Rejected, want)
		}
	}
}
