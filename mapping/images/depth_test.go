package images

import (
	"math"
	"testing"

	"github.com/metricslam/metricslam/geom"
	"github.com/metricslam/metricslam/slam"
)

func depthOf(w, h int, at func(x, y int) float64) slam.DepthMap {
	d := slam.DepthMap{W: w, H: h, Camera: geom.CameraFromFOV(w, h, 1), Sigma: .02, Depth: make([]float32, w*h), Source: "test"}
	for y := range h {
		for x := range w {
			d.Depth[y*w+x] = float32(at(x, y))
		}
	}
	return d
}

func TestDepthRoundTrip(t *testing.T) {
	for _, size := range [][2]int{{1, 1}, {400, 30}, {401, 31}, {640, 48}, {1601, 7}} {
		d := depthOf(size[0], size[1], func(x, y int) float64 {
			if (x+y)%7 == 3 {
				return 0
			}
			return .06 * math.Pow(2900, float64(x*31%997)/997) // 6 cm to 174 m
		})
		d.LogStd = make([]float32, len(d.Depth))
		for i := range d.LogStd {
			d.LogStd[i] = float32(i%60) * .01
		}
		d.ScaleSigma, d.PlaceSigma = .1, .2
		p := NewDepth(d)
		u := p.Unpack()
		k := subsampling(d.W)
		if u.W > maxWidth || u.W != d.W/k || u.H != d.H/k || u.Sigma != d.Sigma || u.ScaleSigma != d.ScaleSigma || u.PlaceSigma != d.PlaceSigma || u.Source != d.Source {
			t.Fatalf("%v: unpacked %dx%d, sigma %g, scale sigma %g of %q", size, u.W, u.H, u.Sigma, u.ScaleSigma, u.Source)
		}
		for y := range u.H {
			for x := range u.W {
				want, got := d.Depth[y*k*d.W+x*k], u.Depth[y*u.W+x]
				if (want == 0) != (got == 0) || want > 0 && math.Abs(math.Log(float64(got/want))) > .51/logSteps+1e-6 {
					t.Fatalf("%v: depth %g at (%d, %d) became %g", size, want, x, y, got)
				}
				std := d.LogStd[y*k*d.W+x*k]
				if got > 0 && math.Abs(float64(u.LogStd[y*u.W+x]-std)) > 1./stdSteps {
					t.Fatalf("%v: deviation %g became %g", size, std, u.LogStd[y*u.W+x])
				}
				// The same point of space.
				a, b := d.Camera.Ray(geom.Vec2{X: float64(x * k), Y: float64(y * k)}), u.Camera.Ray(geom.Vec2{X: float64(x), Y: float64(y)})
				if a.Sub(b).Norm() > 1e-9 {
					t.Fatalf("%v: pixel (%d, %d) looks along %v, want %v", size, x, y, b, a)
				}
			}
		}
	}
}

func TestDepthRefusesNonsense(t *testing.T) {
	bad := []float64{0, -1, math.NaN(), math.Inf(1), math.Inf(-1), .04, 1e6}
	p := NewDepth(depthOf(len(bad), 1, func(x, _ int) float64 { return bad[x] }))
	if share := p.KnownShare(); share != 0 {
		t.Errorf("%g of nonsense is known: %v", share, p.Unpack().Depth)
	}
	e := NewDepth(slam.DepthMap{})
	if !e.Empty() || e.KnownShare() != 0 {
		t.Error("no depth map is packed into one")
	}
	if _, _, ok := e.At(geom.CameraFromFOV(64, 48, 1), geom.Vec2{X: 3, Y: 3}); ok {
		t.Error("no depth map has a reading")
	}
	nan := depthOf(1, 1, func(int, int) float64 { return 2 })
	nan.LogStd = []float32{float32(math.NaN())}
	if q := NewDepth(nan); q.Unpack().LogStd[0] <= 0 {
		t.Error("a deviation that is no number became 0")
	}
}

func TestAt(t *testing.T) {
	cam := geom.CameraFromFOV(320, 240, 1)
	// A near board, a far wall to its right from column 160, a hole.
	d := NewDepth(depthOf(320, 240, func(x, y int) float64 {
		switch {
		case x > 60 && x < 70 && y > 100 && y < 110:
			return 0
		case x < 160:
			return 1
		default:
			return 3
		}
	}))
	tests := []struct {
		name  string
		u     geom.Vec2
		depth float64
		edge  bool
		ok    bool
	}{
		{"board", geom.Vec2{X: 40, Y: 50}, 1, false, true},
		{"wall", geom.Vec2{X: 250, Y: 50}, 3, false, true},
		{"last pixel of the board", geom.Vec2{X: 159, Y: 120}, 1, true, true},
		{"first pixel of the wall", geom.Vec2{X: 160, Y: 120}, 1, true, true},
		{"two pixels off the outline", geom.Vec2{X: 163, Y: 120}, 3, false, true},
		{"middle of the hole", geom.Vec2{X: 65, Y: 105}, 0, false, false},
		{"rim of the hole", geom.Vec2{X: 61, Y: 105}, 1, true, true},
		{"corner of the picture", geom.Vec2{X: 0, Y: 0}, 1, false, true},
		{"last corner", geom.Vec2{X: 319, Y: 239}, 3, false, true},
		{"left of the picture", geom.Vec2{X: -3, Y: 10}, 0, false, false},
		{"below the picture", geom.Vec2{X: 10, Y: 240}, 0, false, false},
	}
	for _, tt := range tests {
		z, std, ok := d.At(cam, tt.u)
		if ok != tt.ok {
			t.Errorf("%s: known = %v", tt.name, ok)
			continue
		}
		if ok && (math.Abs(math.Log(z/tt.depth)) > .002 || (std >= EdgeLogStd) != tt.edge) {
			t.Errorf("%s: %.3f m with deviation %.3f, want %g m", tt.name, z, std, tt.depth)
		}
	}
}

// Depth images of another size than the camera's are read at the same place.
func TestAtOfAnotherSize(t *testing.T) {
	cam := geom.CameraFromFOV(640, 480, 1)
	ramp := func(w int) func(x, y int) float64 {
		return func(x, _ int) float64 { return 1 + .3*(float64(x)+.5)/float64(w) }
	}
	for _, w := range []int{64, 320, 640, 1280} {
		d := NewDepth(depthOf(w, w*3/4, ramp(w)))
		for _, x := range []float64{20, 200.4, 600} {
			z, _, ok := d.At(cam, geom.Vec2{X: x, Y: 100})
			want := 1 + .3*(x+.5)/640
			if pixel := .3 / float64(d.W); !ok || math.Abs(z-want) > 1.01*pixel+.0005 {
				t.Errorf("%d pixels wide: %.4f m at column %g, want %.4f", w, z, x, want)
			}
		}
	}
}

func TestShrinkColor(t *testing.T) {
	c := slam.NewRGB(802, 4)
	for i := range c.Pix {
		c.Pix[i] = uint8(50 * (i % 3))
	}
	s := shrinkColor(c)
	if s.W != 200 || s.H != 1 || s.Pix[0] != 0 || s.Pix[1] != 50 || s.Pix[2] != 100 {
		t.Errorf("%dx%d, first pixel %v", s.W, s.H, s.Pix[:3])
	}
	if !shrinkColor(slam.RGB{}).Empty() {
		t.Error("no picture became one")
	}
}

// A network's depth follows the focal length of its image; a sensor's stays.
func TestWithCamera(t *testing.T) {
	was := geom.CameraFromFOV(160, 120, 1)
	now := was
	now.Fx, now.Fy = .97*was.Fx, .97*was.Fy
	for scaleSigma, want := range map[float64]float64{0: 1, .1: .97} {
		m := depthOf(160, 120, func(x, y int) float64 { return float64(x % 3) })
		m.Camera, m.ScaleSigma = was, scaleSigma
		d := NewDepth(m)
		before := d.Unpack()
		e, logGain := d.WithCamera(was, now)
		after := e.Unpack()
		if got := float64(after.Depth[500] / before.Depth[500]); math.Abs(got-want) > 2e-4 || math.Abs(math.Exp(logGain)-want) > 2e-4 {
			t.Errorf("scale sigma %g: depth changes by %.5f, said to be %.5f, want %.2f", scaleSigma, got, math.Exp(logGain), want)
		}
		if after.Depth[0] != 0 || before.Depth[0] != 0 {
			t.Errorf("scale sigma %g: an unknown pixel became %.2f m", scaleSigma, after.Depth[0])
		}
		if math.Abs(after.Camera.Fx-now.Fx) > 1e-9 {
			t.Errorf("scale sigma %g: depth has focal length %.1f, want %.1f", scaleSigma, after.Camera.Fx, now.Fx)
		}
		if again := d.Unpack(); again.Camera != before.Camera || again.Depth[500] != before.Depth[500] {
			t.Error("the depth map itself has changed")
		}
	}
}
