package problemfile

import (
	"context"
	"testing"

	"github.com/metricslam/metricslam/internal/realdata"
	"github.com/metricslam/metricslam/optimize"
	"github.com/metricslam/metricslam/optimize/posegraph"
)

func BenchmarkBAL(b *testing.B) {
	for _, name := range []string{"problem-21-11315-pre", "problem-49-7776-pre"} {
		b.Run(name, func(b *testing.B) {
			path := realdata.Path(b, "optimise/ba/"+name+".txt.bz2")
			for b.Loop() {
				b.StopTimer()
				file, err := ReadFile(path)
				if err != nil {
					b.Fatal(err)
				}
				b.StartTimer()
				p, _ := file.(*BAL).Problem()
				sum, err := optimize.Solve(context.Background(), p, optimize.Options{})
				if err != nil {
					b.Fatal(err)
				}
				b.ReportMetric(float64(sum.Iterations), "iterations")
			}
		})
	}
}

func BenchmarkPoseGraph(b *testing.B) {
	for _, name := range []string{"smallGrid3D.g2o", "kitti00.g2o.bz2", "parking-garage.g2o.bz2", "sphere2500.g2o.bz2", "sphere_bignoise_vertex3.g2o.bz2", "torus3D.g2o.bz2"} {
		b.Run(name, func(b *testing.B) {
			path := realdata.Path(b, "optimise/posegraph/"+name)
			file, err := ReadFile(path)
			if err != nil {
				b.Fatal(err)
			}
			for b.Loop() {
				res, err := posegraph.Solve(context.Background(), poseGraph(file.(*Graph)), posegraph.Options{})
				if err != nil {
					b.Fatal(err)
				}
				b.ReportMetric(float64(res.Iterations), "iterations")
			}
		})
	}
}
