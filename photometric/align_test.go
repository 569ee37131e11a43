package photometric

import (
	"math"
	"testing"

	"github.com/metricslam/metricslam/geom"
	"github.com/metricslam/metricslam/slam"
)

var camera = geom.Camera{W: 80, H: 60, Fx: 70, Fy: 72, Cx: 39.2, Cy: 30.1}

// wave is a smooth image that a camera sees on the plane z = 2, with an exposure.
func wave(pose geom.SE3, gain, offset float64) View {
	v := View{camera, Image{camera.W, camera.H, make([]float32, camera.W*camera.H)}}
	for i := range v.Pix {
		ray := pose.R.MulVec(camera.Ray(geom.Vec2{X: float64(i % v.W), Y: float64(i / v.W)}))
		p := pose.T.Add(ray.Scale((2 - pose.T.Z) / ray.Z))
		v.Pix[i] = float32(gain*(120+50*math.Sin(5*p.X)*math.Cos(4*p.Y)+30*math.Sin(3*p.X-6*p.Y)) + offset)
	}
	return v
}

// poseProblem aligns the wave of the identity with an image, by t = T_image_reference.
func poseProblem(v *View, t *geom.SE3) *Problem {
	ref := wave(geom.IdentitySE3(), 1, 0)
	var points []geom.Vec3
	var grey []float32
	for i := range ref.Pix {
		points = append(points, camera.Unproject(geom.Vec2{X: float64(i % ref.W), Y: float64(i / ref.W)}, 2))
		grey = append(grey, ref.Pix[i])
	}
	return &Problem{
		Settings: Settings{HuberGrey: 10, MaxGain: 3, BorderPx: 1, NearM: .1, MinPixels: 100},
		View:     v, Grey: grey, Unknowns: 6,
		Point: func(i int) geom.Vec3 { return t.Apply(points[i]) },
		Derive: func(_ int, q, d geom.Vec3, row *Row) {
			w := q.Cross(d)
			*row = Row{d.X, d.Y, d.Z, w.X, w.Y, w.Z}
		},
	}
}

// Gauss-Newton finds a pose and an exposure.
func TestPoseIsFound(t *testing.T) {
	truth := geom.ExpSE3(geom.Tangent6{.03, -.02, .05, .01, .02, -.03})
	for _, gain := range []float64{1, .6} {
		v := wave(truth, gain, 10)
		at := geom.IdentitySE3()
		p := poseProblem(&v, &at)
		var e Equations
		for range 15 {
			e = p.Linearize()
			step, ok := e.Step(6, 1e-6)
			if !ok {
				t.Fatal("singular")
			}
			at = geom.ExpSE3(step).Mul(at)
		}
		if got := p.Compare(); got != p.FitExposure() {
			t.Errorf("gain %g: the exposure is %+v, without equations %+v", gain, p.FitExposure(), got)
		}
		if off := at.Mul(truth); off.T.Norm() > 2e-3 || geom.RotationAngle(off.R) > 1e-3 {
			t.Errorf("gain %g: off by %.5f m, %.5f rad", gain, off.T.Norm(), geom.RotationAngle(off.R))
		}
		if math.Abs(e.Gain-gain) > .02 || math.Abs(e.Offset-10) > 2 || e.NCC < .995 || e.Cost > 1 {
			t.Errorf("exposure %+v at cost %g", e.Exposure, e.Cost)
		}
	}
}

// The derivative of a grey level by a point agrees with differences, and so does
// the gradient of the cost.
func TestDerivatives(t *testing.T) {
	v := wave(geom.IdentitySE3(), 1, 0)
	const h = 1e-5
	for _, p := range []geom.Vec3{{X: .21, Y: -.13, Z: 1.7}, {X: -.5, Y: .33, Z: 2.3}} {
		grey := func(p geom.Vec3) float64 { g, _, _ := v.Sample(camera.Project(p)); return g }
		u, ok := v.see(p, .1, 1)
		_, d := v.sample(p, u)
		want := geom.Vec3{
			X: (grey(p.Add(geom.Vec3{X: h})) - grey(p.Sub(geom.Vec3{X: h}))) / (2 * h),
			Y: (grey(p.Add(geom.Vec3{Y: h})) - grey(p.Sub(geom.Vec3{Y: h}))) / (2 * h),
			Z: (grey(p.Add(geom.Vec3{Z: h})) - grey(p.Sub(geom.Vec3{Z: h}))) / (2 * h),
		}
		if !ok || d.Sub(want).Norm() > 1e-4*want.Norm() {
			t.Errorf("at %v: %v, numerically %v", p, d, want)
		}
	}
}

func TestExposure(t *testing.T) {
	var m moments
	for i := range 100 {
		r := float64(i % 17 * 9)
		m.add(r, .7*r+12)
	}
	if e := m.fit(3, false); math.Abs(e.Gain-.7) > 1e-9 || math.Abs(e.Offset-12) > 1e-6 || math.Abs(e.NCC-1) > 1e-9 || e.N != 100 {
		t.Errorf("got %+v", e)
	}
	if e := m.fit(1.2, true); math.Abs(e.Gain-1/1.2) > 1e-9 {
		t.Errorf("the gain is not held: %+v", e)
	}
	var bare moments
	for range 100 {
		bare.add(90, 95)
	}
	if e := bare.fit(3, true); e.Gain != 1 || e.Offset != 5 || e.NCC != 0 {
		t.Errorf("without contrast: %+v", e)
	}
}

// What is not seen is left out: nothing is read outside the image.
func TestNothingSeen(t *testing.T) {
	v := wave(geom.IdentitySE3(), 1, 0)
	for _, x := range []geom.Tangent6{{0, 0, -3}, {90}, {0, 0, 0, 0, 2}, {math.NaN()}} {
		at := geom.ExpSE3(x)
		if e := poseProblem(&v, &at).Linearize(); e.N >= 100 && !at.IsFinite() || e.N > 0 && e.N < 100 && e.Cost != 0 {
			t.Errorf("%v: %d pixels", x, e.N)
		}
	}
}

func TestShrinkAndSmooth(t *testing.T) {
	g := slam.NewGray(83, 61)
	for i := range g.Pix {
		g.Pix[i] = uint8(i % g.W * 3)
	}
	v := Shrink(g, geom.Camera{W: 83, H: 61, Fx: 80, Fy: 80, Cx: 41, Cy: 30}, 4)
	if v.W != 20 || v.H != 15 || v.Camera.W != 20 || v.Pix[0] != 4.5 || math.Abs(v.Camera.Fx-20) > 1e-9 {
		t.Errorf("shrunk to %dx%d, first pixel %g, camera %+v", v.W, v.H, v.Pix[0], v.Camera)
	}
	if h := v.Halved(); h.W != 10 || h.H != 7 || h.Pix[0] != 10.5 {
		t.Errorf("halved to %dx%d, first pixel %g", h.W, h.H, h.Pix[0])
	}
	if s := Smooth(g, 2); math.Abs(s.Nearest(geom.Vec2{X: 10, Y: 10})-30) > 1e-4 {
		t.Errorf("a ramp is smoothed to %g", s.Nearest(geom.Vec2{X: 10, Y: 10}))
	}
}

func BenchmarkLinearize(b *testing.B) {
	v := wave(geom.IdentitySE3(), 1, 0)
	at := geom.ExpSE3(geom.Tangent6{.01, 0, .01})
	p := poseProblem(&v, &at)
	for b.Loop() {
		p.Linearize()
	}
}
