package datasets

import (
	"math"
	"testing"

	"github.com/metricslam/metricslam/geom"
	"gocv.io/x/gocv"
)

// lenses are real calibrations: TUM freiburg1, EuRoC cam0, TUM-VI (a fisheye of
// 195 degrees), the first and the last at half size.
var lenses = map[string]lens{
	"freiburg1": {cam: geom.Camera{W: 640, H: 480, Fx: 517.3, Fy: 516.5, Cx: 318.6, Cy: 255.3}.Resized(320, 240), model: modelRadTan, coeffs: []float64{.2624, -.9531, -.0054, .0026, 1.1633}},
	"euroc":     {cam: geom.Camera{W: 752, H: 480, Fx: 458.654, Fy: 457.296, Cx: 367.215, Cy: 248.375}, model: modelRadTan, coeffs: []float64{-.28340811, .07395907, .00019359, 1.76187114e-05}},
	"fisheye":   {cam: geom.Camera{W: 256, H: 256, Fx: 95.49, Fy: 95.48, Cx: 127.47, Cy: 128.45}, model: modelFisheye, coeffs: []float64{.0034823, .00071503, -.0020532, .00020293}},
}

// pattern is the brightness that comes along a ray, smooth and nowhere black.
func pattern(ray geom.Vec2) float64 {
	return 140 + 50*math.Sin(6*ray.X+1) + 40*math.Cos(5*ray.Y-2*ray.X)
}

// An image of a known scene taken through each lens becomes that of the pinhole
// camera, without black borders and without giving view away.
func TestRectify(t *testing.T) {
	for name, l := range lenses {
		t.Run(name, func(t *testing.T) {
			d := l.distorter()
			pix := make([]byte, 3*l.cam.W*l.cam.H)
			for i := range l.cam.W * l.cam.H {
				ray := d.Undistort(geom.Vec2{X: (float64(i%l.cam.W) - l.cam.Cx) / l.cam.Fx, Y: (float64(i/l.cam.W) - l.cam.Cy) / l.cam.Fy})
				if ray.IsFinite() && ray.Norm() < 20 {
					pix[3*i+1] = uint8(pattern(ray) + .5)
				}
			}
			m, err := gocv.NewMatFromBytes(l.cam.H, l.cam.W, gocv.MatTypeCV8UC3, pix)
			if err != nil {
				t.Fatal(err)
			}
			r := newRectifier(l)
			defer r.close()
			if err := r.apply(&m); err != nil {
				t.Fatal(err)
			}
			defer m.Close()
			out, err := copyMat(m, len(pix))
			if err != nil {
				t.Fatal(err)
			}
			worst := 0.
			for i := range l.cam.W * l.cam.H {
				ray := r.camera.Ray(geom.Vec2{X: float64(i % l.cam.W), Y: float64(i / l.cam.W)})
				worst = max(worst, math.Abs(float64(out[3*i+1])-pattern(geom.Vec2{X: ray.X, Y: ray.Y})))
			}
			// Rounding twice, maps in steps of 1/32 pixel, and straight lines
			// between pixels where the fisheye has few of them.
			if worst > 5 {
				t.Errorf("brightness off by up to %.1f", worst)
			}
			zoom := r.camera.Fx / l.cam.Fx
			t.Logf("zoom %.3f", zoom)
			wider := r.camera
			wider.Fx, wider.Fy = .98*wider.Fx, .98*wider.Fy
			if r.borderLit(wider, l.cam) && zoom > 1.02*minZoom {
				t.Errorf("zoom %.3f gives view away", zoom)
			}
		})
	}
}

// Depth is carried along to the nearest pixel, at its own size.
func TestRectifyDepth(t *testing.T) {
	l := lenses["freiburg1"]
	r := newRectifier(l)
	defer r.close()
	const w, h = 160, 120
	d, small := l.distorter(), l.cam.Resized(w, h)
	stored := make([]uint16, w*h)
	depth := func(ray geom.Vec2) float64 { return 2000 + 900*ray.X + 400*ray.Y }
	for i := range stored {
		stored[i] = uint16(depth(d.Undistort(geom.Vec2{X: (float64(i%w) - small.Cx) / small.Fx, Y: (float64(i/w) - small.Cy) / small.Fy})))
	}
	out := gather(stored, r.depthIndex(w, h))
	cam := r.camera.Resized(w, h)
	perPixel := 1300 / cam.Fx // how much it changes from one pixel to the next
	for i, v := range out {
		ray := cam.Ray(geom.Vec2{X: float64(i % w), Y: float64(i / w)})
		if math.Abs(float64(v)-depth(geom.Vec2{X: ray.X, Y: ray.Y})) > perPixel+1 {
			t.Fatalf("pixel %d, %d: %d, want %.0f", i%w, i/w, v, depth(geom.Vec2{X: ray.X, Y: ray.Y}))
		}
	}
}

func TestRectifierSize(t *testing.T) {
	r := newRectifier(lens{cam: geom.Camera{W: 4, H: 3, Fx: 4, Fy: 4, Cx: 1.5, Cy: 1}})
	defer r.close()
	m := gocv.NewMatWithSize(4, 3, gocv.MatTypeCV8UC1)
	defer m.Close()
	if err := r.apply(&m); err == nil {
		t.Error("an image of another size is taken")
	}
}
