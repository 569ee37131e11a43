package fusion

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/metricslam/metricslam/geom"
	"github.com/metricslam/metricslam/slam"
)

// A wall at 2 m is seen by views whose depth has noise: the deviation is that of
// the noise, however many views there are, and not less than they state.
func TestEvidence(t *testing.T) {
	const wallM, others = 2, 20
	m := &slam.Mesh{}
	for i := range 2500 {
		m.Vertices = append(m.Vertices, [3]float32{float32(i%50)*.02 - .5, float32(i/50)*.02 - .5, wallM})
	}
	m.Vertices = append(m.Vertices, [3]float32{0, 0, wallM + 1}, [3]float32{0, 0, -5}) // hidden by the wall; behind
	for _, c := range []struct{ noise, stated, want float64 }{{.05, .02, .05}, {.01, .03, .03}, {.03, .03, .03}} {
		rng := rand.New(rand.NewPCG(1, 2))
		w := NewWitness(others)
		for k := range others {
			cam := geom.CameraFromFOV(320, 240, 1)
			d := slam.DepthMap{W: cam.W, H: cam.H, Camera: cam, Sigma: c.stated}
			for range cam.W * cam.H {
				d.Depth = append(d.Depth, float32(wallM*math.Exp(c.noise*rng.NormFloat64())))
			}
			w.Take(slam.KeyframeView{Time: 7 + float64(k), Pose: geom.IdentitySE3(), Depth: d})
		}
		e := w.Ask(m, 5)
		var sum float64
		for _, d := range e.Deviation[:2500] {
			sum += float64(d) / wallM
		}
		if got := sum / 2500; math.Abs(got-c.want) > .15*c.want {
			t.Errorf("noise %g, stated %g: deviation %g, want %g", c.noise, c.stated, got, c.want)
		}
		if e.Seen[0] != 7 || e.Deviation[2500] != 0 || !math.IsInf(e.Seen[2501], 1) {
			t.Errorf("seen at %g, hidden: deviation %g, behind: seen at %g", e.Seen[0], e.Deviation[2500], e.Seen[2501])
		}
	}
}

// Of many views some are kept.
func TestWitnessKeepsFew(t *testing.T) {
	w := NewWitness(3000)
	d := slam.DepthMap{W: 1, H: 1, Camera: geom.Camera{W: 1, H: 1, Fx: 1, Fy: 1}, Depth: []float32{1}}
	for range 3000 {
		w.Take(slam.KeyframeView{Depth: d})
	}
	if n := len(w.views); n > witnessViews || n < witnessViews/2 {
		t.Errorf("%d views are kept", n)
	}
}
