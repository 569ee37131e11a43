package pipeline

import (
	"runtime"
	"slices"
	"testing"

	"github.com/metricslam/metricslam/datasets"
	"github.com/metricslam/metricslam/internal/realdata"
	"github.com/metricslam/metricslam/slam"
)

// A recording gives the same poses and the same mesh to the last bit, however many
// cores share the work: by a sensor, and with refinement by an estimated depth.
func TestSameOnAllCores(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	scene := realdata.Path(t, "tum/redkitchen")
	for _, depth := range []string{"sensor", "sim:seed=1"} {
		var poses slam.Trajectory
		var mesh *slam.Mesh
		for _, cores := range []int{1, 2, 4} {
			runtime.GOMAXPROCS(cores)
			src, err := datasets.Open(t.Context(), scene, datasets.Options{MaxFrames: 60})
			if err != nil {
				t.Fatal(err)
			}
			res := mapSilently(t, src, depth, Default())
			if err := res.Fuse(t.Context()); err != nil {
				t.Fatal(err)
			}
			src.Close()
			got := res.Trajectories()[0]
			if poses == nil {
				poses, mesh = got, res.Mesh()
				continue
			}
			if !slices.Equal(got, poses) {
				t.Errorf("%s: other poses on %d cores than on one", depth, cores)
			}
			if m := res.Mesh(); !slices.Equal(m.Vertices, mesh.Vertices) || !slices.Equal(m.Triangles, mesh.Triangles) || !slices.Equal(m.Colors, mesh.Colors) {
				t.Errorf("%s: another mesh on %d cores than on one", depth, cores)
			}
		}
	}
}
