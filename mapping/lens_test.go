package mapping

import (
	"log/slog"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/metricslam/metricslam/geom"
	"github.com/metricslam/metricslam/optimize"
)

func TestLensJacobians(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	for range 20 {
		cam := geom.Camera{W: 640, H: 480, Fx: 528, Fy: 510, Cx: 320, Cy: 240, U1: .05 * r.NormFloat64(), U2: .02 * r.NormFloat64()}
		host, at := &poseVar{pose: randomPose(r, .2)}, &poseVar{pose: randomPose(r, .2)}
		depth, lens := &depthVar{rho: .2 + r.Float64()}, &lensVar{cam: cam}
		from := geom.Vec2{X: 100 + 440*r.Float64(), Y: 100 + 280*r.Float64()}
		checkJacobians(t, &lensReprojection{host, at, depth, lens, from, geom.Vec2{X: 300, Y: 200}, .7}, []optimize.Variable{host, at, depth, lens})
		base := cam
		base.Fx, base.Fy, base.Cx, base.U1 = base.Fx*.99, base.Fy*.99, base.Cx+2, 0
		checkJacobians(t, &lensPrior{lens, calibrated{base, lensSigma}}, []optimize.Variable{lens})
	}
}

// A map made with a camera that lacks its distortion finds it, and its own shape.
func TestGlobalBundleFindsLens(t *testing.T) {
	bent := testCamera
	bent.U1, bent.U2, bent.Cx = -.03, .01, bent.Cx+3
	w := newSynthetic(syntheticSpec{keyframes: 24, points: 400, depth: true, depthNoise: .02})
	r := rand.New(rand.NewPCG(7, 8))
	for _, k := range w.m.Keyframes {
		for i, f := range k.Features {
			u := bent.Project(k.Pose.ApplyInverse(w.points[f.Landmark]))
			k.Features[i].Pixel = u.Add(geom.Vec2{X: .3 * r.NormFloat64(), Y: .3 * r.NormFloat64()})
		}
	}
	for l := range w.m.landmarks.all() {
		l.Ray = testCamera.Ray(w.m.hostPixel(l))
	}
	cfg := Default()
	if _, err := w.m.globalBundle(t.Context(), cfg, 0, 1, 0, 20, nil); err != nil {
		t.Fatal(err)
	}
	before, _ := w.poseErrors()
	if _, err := w.m.globalBundle(t.Context(), cfg, 0, 1, 0, 20, &calibrated{testCamera, lensSigma}); err != nil {
		t.Fatal(err)
	}
	after, _ := w.poseErrors()
	got := w.m.Keyframes[3].Camera
	for _, v := range []float64{.2, .5} { // rays at the middle and towards the edge
		u := geom.Vec2{X: bent.Cx + v*bent.Fx, Y: bent.Cy}
		if d := (got.Ray(u).X - bent.Ray(u).X) * bent.Fx; math.Abs(d) > 1 {
			t.Errorf("at %.1f the ray is off by %.2f pixels: %+v", v, d, got)
		}
	}
	if after > .6*before {
		t.Errorf("largest error of a pose is %.4f m with the camera adjusted, %.4f m without", after, before)
	}
	checkInvariants(t, w.m)
}

// A focal length that the images contradict is told, and makes the metres unsure;
// one that was known loosely may move.
func TestJudgeCamera(t *testing.T) {
	for _, tt := range []struct {
		sigma, factor float64
		doubt         bool
	}{{lensSigma[0], .995, false}, {lensSigma[0], .98, true}, {.08, .9, false}, {.08, .7, true}} {
		w := newSynthetic(syntheticSpec{keyframes: 4, points: 50})
		m := &Mapper{Map: w.m, log: slog.New(slog.DiscardHandler)}
		before := calibrated{testCamera, lensSigma}
		before.sigma[0] = tt.sigma
		for _, k := range w.m.Keyframes {
			k.Camera.Fx, k.Camera.Fy = testCamera.Fx*tt.factor, testCamera.Fy*tt.factor
		}
		m.judgeCamera(0, before)
		if got := m.focalDoubt > 0; got != tt.doubt {
			t.Errorf("moved by %g at a deviation of %g: doubt %g", tt.factor, tt.sigma, m.focalDoubt)
		}
	}
}
