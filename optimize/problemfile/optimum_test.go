package problemfile

import (
	"context"
	"math"
	"path/filepath"
	"testing"

	"github.com/metricslam/metricslam/internal/realdata"
	"github.com/metricslam/metricslam/optimize"
	"github.com/metricslam/metricslam/optimize/posegraph"
)

// The best known costs of the public problems (Ceres, GTSAM), to a thousandth.
const optimumTolerance = 1e-3

func TestBundleAdjustmentOptima(t *testing.T) {
	for name, want := range map[string]float64{
		"problem-21-11315-pre.txt.bz2": 30378.65,
		"problem-49-7776-pre.txt.bz2":  13344.3,
	} {
		file, err := ReadFile(realdata.Path(t, "optimise/ba", name))
		if err != nil {
			t.Fatal(err)
		}
		b := file.(*BAL)
		p, update := b.Problem()
		sum, err := optimize.Solve(context.Background(), p, optimize.Options{})
		if err != nil {
			t.Fatal(err)
		}
		if math.Abs(sum.CostEnd-want) > optimumTolerance*want {
			t.Errorf("%s: cost %.8g, want %.8g", name, sum.CostEnd, want)
		}
		update()
		again, _ := b.Problem()
		if cost, _ := again.Cost(); math.Abs(cost-sum.CostEnd) > 1e-9*cost {
			t.Errorf("%s: the cost of what would be written is %.12g, want %.12g", name, cost, sum.CostEnd)
		}
	}
}

// The start in these files is odometry, from which torus3D and sphere_bignoise
// end in local minima: the chordal start must be found.
func TestPoseGraphOptima(t *testing.T) {
	for name, want := range map[string]float64{
		"smallGrid3D.g2o":                 517.925,
		"kitti00.g2o.bz2":                 468.526,
		"parking-garage.g2o.bz2":          .634193,
		"sphere2500.g2o.bz2":              675.701,
		"sphere_bignoise_vertex3.g2o.bz2": 1494169,
		"torus3D.g2o.bz2":                 12117.64,
	} {
		path := realdata.Path(t, "optimise/posegraph", name)
		file, err := ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		g := file.(*Graph)
		p := poseGraph(g)
		res, err := posegraph.Solve(context.Background(), p, posegraph.Options{})
		if err != nil {
			t.Fatal(err)
		}
		if math.Abs(res.CostEnd-want) > optimumTolerance*want {
			t.Errorf("%s: cost %.8g, want %.8g", name, res.CostEnd, want)
		}
		g.SetPoses(p)
		out := filepath.Join(t.TempDir(), "out.g2o")
		if err := WriteFile(out, g); err != nil {
			t.Fatal(err)
		}
		copied, err := ReadFile(out)
		if err != nil {
			t.Fatal(err)
		}
		again, err := posegraph.Solve(context.Background(), poseGraph(copied.(*Graph)), posegraph.Options{Start: posegraph.Given})
		if err != nil || math.Abs(again.CostGiven-res.CostEnd) > 1e-6*res.CostEnd {
			t.Errorf("%s: the file that was written costs %.12g, %v, want %.12g", name, again.CostGiven, err, res.CostEnd)
		}
	}
}
