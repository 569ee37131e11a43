package mapping

import (
	"math"
	"testing"

	"github.com/metricslam/metricslam/geom"
	"github.com/metricslam/metricslam/mapping/images"
	"github.com/metricslam/metricslam/slam"
)

// wallView is what a camera sees of a slanted wall z = 2 + x/2: its depth, and a
// image whose brightness is the x that is seen.
func wallView(c geom.Camera) (slam.DepthMap, slam.Gray) {
	d := slam.DepthMap{W: c.W, H: c.H, Camera: c, Depth: make([]float32, c.W*c.H), ScaleSigma: .1, Sigma: .05}
	g := slam.NewGray(c.W, c.H)
	for y := range c.H {
		for x := range c.W {
			r := c.Ray(geom.Vec2{X: float64(x), Y: float64(y)})
			z := 2 / (1 - r.X/2)
			d.Depth[y*c.W+x] = float32(z)
			g.Pix[y*c.W+x] = uint8(128 + 50*r.X)
		}
	}
	return d, g
}

func TestViewOfAdjustedCameraIsPinhole(t *testing.T) {
	actual := geom.Camera{W: 160, H: 120, Fx: 128, Fy: 128, Cx: 82, Cy: 58, U1: -.06, U2: .02}
	told := geom.Camera{W: 160, H: 120, Fx: 131, Fy: 131, Cx: 80, Cy: 60}
	depth, gray := wallView(actual)
	depth.Camera = told
	m := NewMap(images.Options{Budget: math.MaxInt})
	k := &Keyframe{Pose: geom.IdentitySE3(), Camera: told, Unit: 1}
	m.addKeyframe(k)
	putImages(t, m, k, images.Images{Gray: gray, Depth: images.NewDepth(depth)})
	if err := m.changeCamera(k, actual); err != nil {
		t.Fatal(err)
	}
	v, err := m.View(k)
	if err != nil {
		t.Fatal(err)
	}
	if v.Camera.Distorted() || v.Depth.Camera.Distorted() {
		t.Fatalf("cameras %+v and %+v are not pinholes", v.Camera, v.Depth.Camera)
	}
	gain := actual.Focal() / told.Focal()
	for _, p := range [][2]int{{80, 60}, {8, 6}, {150, 110}, {20, 100}, {140, 15}} {
		i := p[1]*v.Depth.W + p[0]
		x := v.Depth.Camera.Ray(geom.Vec2{X: float64(p[0]), Y: float64(p[1])}).X
		if z, want := float64(v.Depth.Depth[i]), gain*2/(1-x/2); math.Abs(math.Log(z/want)) > .004 {
			t.Errorf("pixel %v: depth %.3f m, want %.3f", p, z, want)
		}
		if got, want := float64(v.Gray.Pix[i]), 128+50*x; math.Abs(got-want) > 1.5 {
			t.Errorf("pixel %v: brightness %.0f, want %.1f", p, got, want)
		}
	}
}

// A network's depth follows the focal length, the map does not move with it; a
// sensor's depth stays.
func TestChangeCameraStretchesNetworkDepth(t *testing.T) {
	for _, scaleSigma := range []float64{0, .1} {
		c := geom.Camera{W: 160, H: 120, Fx: 131, Fy: 131, Cx: 80, Cy: 60}
		depth, _ := wallView(c)
		depth.ScaleSigma = scaleSigma
		depth.Depth[7] = 0
		m := NewMap(images.Options{Budget: math.MaxInt})
		k := &Keyframe{Camera: c, LogScale: .2, Features: []Feature{{DepthM: 2.5}}}
		putImages(t, m, k, images.Images{Depth: images.NewDepth(depth)})
		wider := c
		wider.Fx, wider.Fy = .97*c.Fx, .97*c.Fy
		im := imagesOf(t, m, k)
		before := im.Depth.Unpack()
		if err := m.changeCamera(k, wider); err != nil {
			t.Fatal(err)
		}
		im = imagesOf(t, m, k)
		after := im.Depth.Unpack()
		want := 1.0
		if scaleSigma > 0 {
			want = .97
		}
		if got := float64(after.Depth[500] / before.Depth[500]); math.Abs(got-want) > 2e-4 {
			t.Errorf("scale sigma %g: depth changes by %.5f, want %.2f", scaleSigma, got, want)
		}
		if got := k.Features[0].DepthM / 2.5; math.Abs(got-want) > 2e-4 {
			t.Errorf("scale sigma %g: readings change by %.5f, want %.2f", scaleSigma, got, want)
		}
		if got := math.Exp(k.LogScale-.2) * want; math.Abs(got-1) > 2e-4 {
			t.Errorf("scale sigma %g: the map moves by %.5f", scaleSigma, got)
		}
		if after.Depth[7] != 0 {
			t.Errorf("scale sigma %g: an unknown pixel became %.2f m", scaleSigma, after.Depth[7])
		}
		if math.Abs(after.Camera.Fx-wider.Fx) > 1e-9 {
			t.Errorf("scale sigma %g: depth has focal length %.1f, want %.1f", scaleSigma, after.Camera.Fx, wider.Fx)
		}
	}
}
