package pipeline

import (
	"math"
	"testing"

	"github.com/metricslam/metricslam/datasets"
	"github.com/metricslam/metricslam/eval"
	"github.com/metricslam/metricslam/internal/realdata"
)

// TestDriveIsSmooth: a car that drives straight on passes most landmarks and sees
// the rest ahead, so that only their depths tell how far it went. Each step must be
// what the truth says, not only the path: within .15 m.
func TestDriveIsSmooth(t *testing.T) {
	const (
		settled = 12 // the truth itself starts later than its images
		worstM  = .15
	)
	for _, c := range []struct {
		sequence      string
		start, frames int
	}{
		{"kitti/sequences/00", 0, 70},
		{"kitti_small/sequences/00", 380, 70},
	} {
		src, err := datasets.Open(t.Context(), realdata.Path(t, c.sequence), datasets.Options{Start: c.start, MaxFrames: c.frames})
		if err != nil {
			t.Fatal(err)
		}
		defer src.Close()
		cfg := Default()
		cfg.CameraHeightM = 1.65
		res := mapSilently(t, src, "none", cfg)
		pairs, err := eval.Associate(src.Truth(), res.Trajectories()[0], eval.MaxTimeDiff)
		if err != nil {
			t.Fatal(err)
		}
		if len(pairs) < c.frames-1 {
			t.Errorf("%s: %d of %d frames are posed", c.sequence, len(pairs), c.frames)
		}
		worst := 0.
		for i := settled; i+1 < len(pairs); i++ {
			a, b := pairs[i], pairs[i+1]
			step, want := a.Estimate.Pose.Between(b.Estimate.Pose).T.Norm(), a.Truth.Pose.Between(b.Truth.Pose).T.Norm()
			worst = max(worst, math.Abs(step-want))
		}
		t.Logf("%s: steps are off by %.3f m at most", c.sequence, worst)
		if worst > worstM {
			t.Errorf("%s: a step is off by %.3f m", c.sequence, worst)
		}
	}
}
