package mapping

import (
	"math"
	"testing"

	"github.com/metricslam/metricslam/geom"
	"github.com/metricslam/metricslam/mapping/images"
	"github.com/metricslam/metricslam/slam"
)

// A photo of a bent camera shows each thing where its pinhole sees it, at full size
// and with the colours of the small image; depth, which is kept in coarser pixels,
// goes along.
func TestPhoto(t *testing.T) {
	cam := geom.Camera{W: 160, H: 120, Fx: 120, Fy: 120, Cx: 79.5, Cy: 59.5, U1: .15}
	k := &Keyframe{Camera: cam, LogScale: math.Log(2)}
	gray, color := slam.NewGray(cam.W, cam.H), slam.NewRGB(80, 60)
	// Brightness rises with x on the z = 1 plane, so that a straight image is a ramp.
	bright := func(x float64) float64 { return 128 + 100*x }
	depth := slam.DepthMap{W: cam.W, H: cam.H, Camera: cam, Depth: make([]float32, cam.W*cam.H), Sigma: .1, ScaleSigma: .1}
	for i := range gray.Pix {
		x := cam.Ray(geom.Vec2{X: float64(i % cam.W), Y: float64(i / cam.W)}).X
		gray.Pix[i] = uint8(bright(x) + .5)
		depth.Depth[i] = float32(3 + x)
	}
	small := cam.Resized(80, 60)
	for i := range 80 * 60 {
		v := bright(small.Ray(geom.Vec2{X: float64(i % 80), Y: float64(i / 80)}).X)
		color.Pix[3*i], color.Pix[3*i+1], color.Pix[3*i+2] = uint8(v+20), uint8(v-10), uint8(v)
	}
	m := NewMap(images.Options{Budget: math.MaxInt})
	m.Keyframes = []*Keyframe{k}
	im := images.Images{Gray: gray, Color: images.NewColor(color), Depth: images.NewDepth(depth)}
	putImages(t, m, k, im)
	p, err := m.Photo(k)
	if err != nil {
		t.Fatal(err)
	}
	if p.Camera.Distorted() || p.Color.W != cam.W || !p.Gray.Empty() {
		t.Fatalf("camera %v, %d pixels wide", p.Camera, p.Color.W)
	}
	z, err := m.PhotoDepth(k)
	if err != nil {
		t.Fatal(err)
	}
	for _, u := range []geom.Vec2{{X: 20, Y: 20}, {X: 80, Y: 60}, {X: 130, Y: 95}} {
		x := p.Camera.Ray(u).X
		r, g, b := p.Color.At(int(u.X), int(u.Y))
		luma := .299*float64(r) + .587*float64(g) + .114*float64(b)
		if math.Abs(luma-bright(x)) > 1.5 || math.Abs(float64(r)-float64(g)-30) > 3 {
			t.Errorf("%v: %d %d %d, want brightness %.0f", u, r, g, b, bright(x))
		}
		if got := float64(z[int(u.Y)*cam.W+int(u.X)]); math.Abs(got-2*(3+x)) > .07 {
			t.Errorf("%v: depth %.3f, want %.3f", u, got, 2*(3+x))
		}
		if back := k.StraightPixel(cam.Project(p.Camera.Ray(u))); back.Sub(u).Norm() > 1e-6 {
			t.Errorf("%v comes back as %v", u, back)
		}
	}
	im.Color = images.Color{}
	putImages(t, m, k, im)
	if p, err := m.Photo(k); err != nil || p.Gray.Empty() || !p.Color.Empty() {
		t.Error("a grey camera's photo is not grey")
	}
}
