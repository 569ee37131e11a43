package mapping

import (
	"math/rand/v2"
	"testing"

	"github.com/metricslam/metricslam/geom"
	"github.com/metricslam/metricslam/slam"
)

// A place that shares a third of its image with another is not that place,
// although landmarks confirm the pose; one of which a quarter is hidden is.
func TestAlike(t *testing.T) {
	for _, c := range []struct {
		hidden float64 // share of the image's width
		alike  bool
	}{{0, true}, {.25, true}, {.65, false}} {
		w := newRing(t, ringSpec{metric: true}, ringLap+12)
		a, b := w.Map.Keyframes[1], w.Map.Keyframes[ringLap+1]
		other := imagesOf(t, w.Map, w.Map.Keyframes[15]).Gray
		r := rand.New(rand.NewPCG(1, 5))
		repaint(t, w.Map, b, func(g slam.Gray) slam.Gray {
			for y := range g.H {
				for x := range int(c.hidden * float64(g.W)) {
					g.Pix[y*g.W+x] = other.Pix[y*g.W+x] + uint8(r.IntN(3))
				}
			}
			return g
		})
		s, ok, _ := w.loops.refine(a, b, w.truth[ringLap+1].Between(w.truth[1]))
		if !ok {
			t.Fatalf("%.0f %% hidden: landmarks do not confirm the pose", 100*c.hidden)
		}
		if got, _ := w.loops.looksAlike(a, b, s.pose); got != c.alike {
			t.Errorf("%.0f %% hidden: alike is %v", 100*c.hidden, got)
		}
	}
}

// A link is asked where it moves a keyframe by some of the depth that it sees.
func TestFromAfar(t *testing.T) {
	m := NewMapper(Default(), nil, nil)
	a := &Keyframe{Pose: geom.IdentitySE3()}
	b := &Keyframe{Pose: geom.SE3{R: geom.Identity3(), T: geom.Vec3{X: 10}}}
	if m.loops.farFromMap(a, b, geom.IdentitySE3(), 4) {
		t.Error("10 m are far at a depth of 4 m")
	}
	if !m.loops.farFromMap(a, b, geom.IdentitySE3(), 3) {
		t.Error("10 m are near at a depth of 3 m")
	}
	if b.Part = 1; m.loops.farFromMap(a, b, geom.IdentitySE3(), 3) {
		t.Error("two parts have no distance")
	}
}
