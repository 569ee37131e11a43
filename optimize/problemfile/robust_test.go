package problemfile

import (
	"context"
	"math/rand/v2"
	"testing"

	"github.com/metricslam/metricslam/geom"
	"github.com/metricslam/metricslam/internal/realdata"
	"github.com/metricslam/metricslam/optimize/posegraph"
)

// With 30 % of false loops among all the poses stay where they are without.
func TestFalseLoopsAreRejected(t *testing.T) {
	file, err := ReadFile(realdata.Path(t, "optimise/posegraph/kitti00.g2o.bz2"))
	if err != nil {
		t.Fatal(err)
	}
	g := file.(*Graph)
	want := g.PoseGraph()
	if _, err := posegraph.Solve(context.Background(), want, posegraph.Options{}); err != nil {
		t.Fatal(err)
	}
	loops := 0
	var model geomInfo
	for k := range want.Edges {
		if e := &want.Edges[k]; e.Suspicious {
			loops++
			model.info = e.Info
		}
	}
	for _, kind := range []string{"aliased", "random"} {
		for seed := range uint64(2) {
			got := g.PoseGraph()
			true_ := len(got.Edges)
			rng := rand.New(rand.NewPCG(seed, 5))
			for range loops * 3 / 7 {
				e := posegraph.Edge{From: rng.IntN(len(got.Nodes)), To: rng.IntN(len(got.Nodes)), Suspicious: true, Info: model.info}
				if e.From == e.To {
					continue
				}
				z := geom.Tangent6{.5 * rng.NormFloat64(), .1 * rng.NormFloat64(), .5 * rng.NormFloat64(), .02 * rng.NormFloat64(), .1 * rng.NormFloat64(), .02 * rng.NormFloat64()}
				if kind == "random" {
					for i := range 3 {
						z[i] *= 20
						z[i+3] *= 20
					}
				}
				e.Z = geom.Sim3FromSE3(geom.ExpSE3(z), 1)
				got.Edges = append(got.Edges, e)
			}
			res, err := posegraph.Solve(context.Background(), got, posegraph.Options{Robust: true})
			if err != nil {
				t.Fatal(err)
			}
			worst := 0.0
			for i := range got.Nodes {
				worst = max(worst, got.Nodes[i].Pose.T.Sub(want.Nodes[i].Pose.T).Norm())
			}
			rejectedTrue := 0
			for _, k := range res.Rejected {
				if k < true_ {
					rejectedTrue++
				}
			}
			t.Logf("%s seed %d: %d false loops, %d rejected of which %d true, %d iterations, worst %.3f m cost %g", kind, seed, len(got.Edges)-true_, len(res.Rejected), rejectedTrue, res.Iterations, worst, res.CostEnd)
			if worst > 1 {
				t.Errorf("%s loops, seed %d: a pose is off by %.2f m", kind, seed, worst)
			}
		}
	}
}

type geomInfo struct{ info posegraph.Information }
