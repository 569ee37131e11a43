package fusion_test

import (
	"iter"
	"math"
	"strings"
	"testing"

	"github.com/metricslam/metricslam/fusion"
	"github.com/metricslam/metricslam/geom"
	"github.com/metricslam/metricslam/slam"
)

// wall gives n views of a wall that is z metres away.
func wall(n int, z float32) iter.Seq2[slam.KeyframeView, error] {
	return func(yield func(slam.KeyframeView, error) bool) {
		cam := geom.Camera{W: 64, H: 48, Fx: 60, Fy: 60, Cx: 31.5, Cy: 23.5}
		for i := range n {
			d := slam.DepthMap{W: cam.W, H: cam.H, Camera: cam, Depth: make([]float32, cam.W*cam.H), Sigma: .02}
			for k := range d.Depth {
				d.Depth[k] = z
			}
			if !yield(slam.KeyframeView{ID: i, Pose: geom.IdentitySE3(), Camera: cam, Depth: d}, nil) {
				return
			}
		}
	}
}

// The surface counts once however often it is seen, to the factor that a wall along
// the cells' axes differs from the mean over directions.
func TestArea(t *testing.T) {
	const z = 2
	want := 64. / 60 * z * 48. / 60 * z
	for _, n := range []int{1, 5} {
		area, err := fusion.Area(t.Context(), wall(n, z), fusion.Default())
		if err != nil || area < want/1.5*.9 || area > want*1.1 {
			t.Errorf("%d views: %.2f m2, want %.2f: %v", n, area, want, err)
		}
	}
}

// What is too fine becomes as much coarser as it must, and no more.
func TestFinest(t *testing.T) {
	fine := fusion.Expect(100, .001)
	if fine.Fits() || !strings.Contains(fine.String(), "100 m2") {
		t.Errorf("a room at a millimetre fits: %s", fine)
	}
	e := fusion.Finest(100, .001)
	if !e.Fits() || fusion.Expect(100, e.VoxelM/1.06).Fits() || e.VoxelM < .001 {
		t.Errorf("finest %s", e)
	}
	if same := fusion.Finest(100, .02); math.Abs(same.VoxelM-.02) > 1e-12 {
		t.Errorf("what fits is changed: %s", same)
	}
}
