package mapping

import (
	"testing"

	"github.com/metricslam/metricslam/geom"
	"github.com/metricslam/metricslam/slam"
)

// A pose that takes a turn for a shift is put right by the landmarks all over the
// image, in another light too; another place is not confirmed.
func TestSharpen(t *testing.T) {
	w := newRing(t, ringSpec{metric: true}, ringLap+12)
	a, b := w.Map.Keyframes[1], w.Map.Keyframes[ringLap+1]
	repaint(t, w.Map, b, func(g slam.Gray) slam.Gray {
		for i, v := range g.Pix {
			g.Pix[i] = 10 + v/3
		}
		return g
	})
	want := w.truth[ringLap+1].Between(w.truth[1])
	turn := geom.SE3{R: geom.ExpSO3(geom.Vec3{Y: .05}), T: geom.Vec3{X: -.05 * 4}} // of a point 4 m ahead: nothing
	s, ok, _ := w.loops.refine(a, b, turn.Mul(want))
	if !ok {
		t.Fatal("not confirmed")
	}
	if m, rad := s.pose.T.Sub(want.T).Norm(), geom.RotationAngle(s.pose.R.T().Mul(want.R)); m > .02 || rad > .004 {
		t.Errorf("off by %.4f m, %.4f rad", m, rad)
	}
	if len(s.from) != len(s.to) || len(s.from) != len(s.points) || len(s.to) < linkSure {
		t.Errorf("%d pixels, %d pixels, %d points", len(s.from), len(s.to), len(s.points))
	}
	if s, ok, _ := w.loops.refine(w.Map.Keyframes[12], b, want); ok {
		t.Errorf("another place is confirmed by %d landmarks", len(s.to))
	}
	repaint(t, w.Map, b, func(g slam.Gray) slam.Gray { return slam.NewGray(10, 10) })
	if _, ok, _ := w.loops.refine(a, b, want); ok {
		t.Error("a link without an image is confirmed")
	}
}
