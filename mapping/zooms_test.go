package mapping

import (
	"log/slog"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/metricslam/metricslam/geom"
	"github.com/metricslam/metricslam/optimize"
)

func TestZoomJacobians(t *testing.T) {
	r := rand.New(rand.NewPCG(15, 16))
	for range 20 {
		cam := testCamera
		cam.U1, cam.U2 = .05*r.NormFloat64(), .02*r.NormFloat64()
		host := &zoomVar{poseVar: poseVar{pose: randomPose(r, .2)}, zoom: .1 * r.NormFloat64()}
		at := &zoomVar{poseVar: poseVar{pose: randomPose(r, .2)}, zoom: .1 * r.NormFloat64()}
		depth, lens := &depthVar{rho: .2 + r.Float64()}, &lensVar{cam: cam}
		from := geom.Vec2{X: 100 + 440*r.Float64(), Y: 100 + 280*r.Float64()}
		checkJacobians(t, &zoomReprojection{host, at, depth, lens, from, geom.Vec2{X: 300, Y: 200}, .7}, []optimize.Variable{host, at, depth, lens})
		checkJacobians(t, &zoomStep{host, at, .01}, []optimize.Variable{host, at})
	}
}

// A lens that zooms by 4 % midway, at once or over three keyframes, is told, and so is
// a focal length that is wrong throughout; a lens that stays is not doubted.
func TestJudgeZoom(t *testing.T) {
	for name, tt := range map[string]struct {
		zoom  func(i int) float64 // of keyframe i
		doubt string
	}{
		"none":        {func(int) float64 { return 0 }, ""},
		"in":          {func(i int) float64 { return .04 * float64(i/12) }, "zooms or breathes"},
		"out, slowly": {func(i int) float64 { return -.04 * min(max(float64(i-10)/3, 0), 1) }, "zooms or breathes"},
		"wrong":       {func(int) float64 { return .3 }, "contradict"},
	} {
		w := newSynthetic(syntheticSpec{keyframes: 24, points: 400, depth: true, depthNoise: .02})
		r := rand.New(rand.NewPCG(17, 18))
		for n, k := range w.m.Keyframes {
			cam := zoomed(testCamera, tt.zoom(n))
			for i, f := range k.Features {
				u := cam.Project(k.Pose.ApplyInverse(w.points[f.Landmark]))
				k.Features[i].Pixel, k.Features[i].Registered = u.Add(geom.Vec2{X: .2 * r.NormFloat64(), Y: .2 * r.NormFloat64()}), true
			}
		}
		for l := range w.m.landmarks.all() {
			l.Ray = testCamera.Ray(w.m.hostPixel(l))
		}
		if _, err := w.m.globalBundle(t.Context(), Default(), 0, 1, 0, 20, nil); err != nil {
			t.Fatal(err)
		}
		m := &Mapper{Map: w.m, cfg: Default(), log: slog.New(slog.DiscardHandler)}
		if err := m.judgeZoom(t.Context(), 0, calibrated{testCamera, lensSigma}); err != nil {
			t.Fatal(err)
		}
		got := m.focalConflicts[0]
		if (got == "") != (tt.doubt == "") || !strings.Contains(got, tt.doubt) || (m.focalDoubt > .02) != (tt.doubt != "") || math.IsNaN(m.focalDoubt) {
			t.Errorf("%s: %q, metres to %g", name, got, m.focalDoubt)
		}
	}
}
