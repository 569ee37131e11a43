package problemfile

import (
	"context"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/metricslam/metricslam/geom"
	"github.com/metricslam/metricslam/internal/realdata"
	"github.com/metricslam/metricslam/optimize/posegraph"
)

// With 30 % of false loops among all, every one of them is found, no true one is
// lost, and the poses are those without them. "aliased" loops claim that two far
// places are the same, "random" ones anything.
func TestFalseLoopsAreRejected(t *testing.T) {
	file, err := ReadFile(realdata.Path(t, "optimise/posegraph/kitti00.g2o.bz2"))
	if err != nil {
		t.Fatal(err)
	}
	g := file.(*Graph)
	want := poseGraph(g)
	if _, err := posegraph.Solve(context.Background(), want, posegraph.Options{}); err != nil {
		t.Fatal(err)
	}
	for name, spread := range map[string]float64{"aliased": 1, "random": 20} {
		got := poseGraph(g)
		added := addFalseLoops(got, spread)
		res, err := posegraph.Solve(context.Background(), got, posegraph.Options{Robust: true})
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(res.Rejected, added) {
			t.Errorf("%s: rejected %v, want %v", name, res.Rejected, added)
		}
		for i := range got.Nodes {
			if e := got.Nodes[i].Pose.T.Sub(want.Nodes[i].Pose.T).Norm(); e > .01 {
				t.Fatalf("%s: pose %d is off by %.2f m", name, i, e)
			}
		}
	}
}

// addFalseLoops adds 3 false loops for every 7 true ones, with their
// information, and returns their indices.
func addFalseLoops(g *posegraph.Graph, spread float64) (added []int) {
	rng := rand.New(rand.NewPCG(1, 5))
	loops := 0
	var info posegraph.Information
	for k := range g.Edges {
		if g.Edges[k].Suspicious {
			loops++
			info = g.Edges[k].Info
		}
	}
	for len(added) < loops*3/7 {
		e := posegraph.Edge{From: rng.IntN(len(g.Nodes)), To: rng.IntN(len(g.Nodes)), Suspicious: true, Info: info}
		if max(e.From-e.To, e.To-e.From) < 100 {
			continue
		}
		z := geom.Tangent6{.5, .1, .5, .02, .1, .02}
		for i := range z {
			z[i] *= spread * rng.NormFloat64()
		}
		e.Z = geom.Sim3FromSE3(geom.ExpSE3(z), 1)
		added = append(added, len(g.Edges))
		g.Edges = append(g.Edges, e)
	}
	return added
}
