package canonical

import (
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/metricslam/metricslam/depth/contract"
	"github.com/metricslam/metricslam/geom"
)

func named(t *testing.T, name string) *contract.Contract {
	t.Helper()
	c, err := contract.Named(name)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// TestPublished holds the geometry to the figures that Metric3D's own code
// gives for its demonstration images.
func TestPublished(t *testing.T) {
	c := named(t, "metric3d-v2-vit")
	tests := []struct {
		name           string
		cam            geom.Camera
		scale          float64
		w, h           int
		left, top      int
		right, bottom  int
		factorToMetres float64
	}{
		{"KITTI", geom.Camera{W: 1242, H: 375, Fx: 707.0493, Fy: 707.0493, Cx: 604.0814, Cy: 180.5066}, .85668, 1064, 321, 0, 147, 0, 148, .60572},
		{"NYU", geom.Camera{W: 640, H: 480, Fx: 518.8579, Fy: 518.8579, Cx: 325.5824, Cy: 253.7362}, 1.28333, 821, 616, 121, 0, 122, 0, .66587},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p, err := New(tt.cam, c)
			if err != nil {
				t.Fatal(err)
			}
			if s := p.FocalPx / tt.cam.Fx; math.Abs(s-tt.scale) > 5e-6 {
				t.Errorf("scale %.6f, want %.5f", s, tt.scale)
			}
			if p.ResizedW != tt.w || p.ResizedH != tt.h {
				t.Errorf("resized to %dx%d, want %dx%d", p.ResizedW, p.ResizedH, tt.w, tt.h)
			}
			right, bottom := p.NetW-p.ResizedW-p.Left, p.NetH-p.ResizedH-p.Top
			if p.Left != tt.left || p.Top != tt.top || right != tt.right || bottom != tt.bottom {
				t.Errorf("pads left %d top %d right %d bottom %d, want %+v", p.Left, p.Top, right, bottom, tt)
			}
			if f := ToMetres(1, p.FocalPx, c.Scale.Focal); math.Abs(f-tt.factorToMetres) > 5e-6 {
				t.Errorf("factor %.6f, want %.5f", f, tt.factorToMetres)
			}
		})
	}
}

// lens is a camera in the units of the paper: focal length and pixel size in
// micrometres.
type lens struct{ focalUM, pixelUM, widthUM, heightUM float64 }

func (l lens) camera() geom.Camera {
	w, h := int(l.widthUM/l.pixelUM), int(l.heightUM/l.pixelUM)
	f := l.focalUM / l.pixelUM
	return geom.Camera{W: w, H: h, Fx: f, Fy: f, Cx: float64(w-1) / 2, Cy: float64(h-1) / 2}
}

// perfectNetwork knows a target of size sizeM only by the pixels it covers in
// the network's input, as if every camera had the focal length fc: the best that
// a network without a camera can do.
func perfectNetwork(sizeM, coveredPx, fc float64) float64 { return sizeM * fc / coveredPx }

// TestObservations: one target through lenses of other focal lengths, sensor
// sizes and pixel sizes gives the same metres, by CSTM_label and by CSTM_image,
// and half the depth at twice the focal length gives the same image.
func TestObservations(t *testing.T) {
	label := named(t, "metric3d-v2-vit")
	image := *label
	image.Input.Shape = []int64{1, 3, -1, -1}
	image.Resize.Rule, image.Resize.Focal = contract.CanonicalFocal, 1000
	image.Scale = contract.Scale{Rule: contract.Metric, Factor: 1}
	rng := rand.New(rand.NewPCG(1, 2))
	for range 200 {
		l := lens{2000 + 8000*rng.Float64(), 1 + 9*rng.Float64(), 4000 + 4000*rng.Float64(), 3000 + 3000*rng.Float64()}
		cam := l.camera()
		sizeM, depthM := .2+rng.Float64(), 1+20*rng.Float64()
		covered := sizeM / depthM * cam.Fx // pixels of the image
		for name, c := range map[string]*contract.Contract{"label": label, "image": &image} {
			p, err := New(cam, c)
			if err != nil {
				t.Fatalf("%+v: %v", cam, err)
			}
			nominal := p.FocalPx / cam.Fx
			got := perfectNetwork(sizeM, covered*nominal, 1000)
			if c.Scale.Rule == contract.Canonical {
				got = ToMetres(got, p.FocalPx, c.Scale.Focal)
			}
			if math.Abs(got/depthM-1) > 1e-9 {
				t.Errorf("%s, %+v: got %v m, want %v", name, l, got, depthM)
			}
			// Whole pixels move the true scale from the nominal one by less
			// than one pixel a side.
			if e := math.Abs(p.Camera.Fx/p.FocalPx - 1); e > 1.001/float64(p.ResizedW) {
				t.Errorf("%s, %+v: focal length off by %v", name, l, e)
			}
		}
	}
	// O2: twice the focal length at twice the distance is the same image, so
	// the same prediction, and must become another depth.
	near, far := ToMetres(5, 500, 1000), ToMetres(5, 1000, 1000)
	if far != 2*near {
		t.Errorf("f 500: %v m, f 1000: %v m, want the double", near, far)
	}
}

// TestCameraFollowsPixels: a point in space lands on the same place of the
// network's input through the plan's camera as by moving its pixel.
func TestCameraFollowsPixels(t *testing.T) {
	cams := []geom.Camera{
		{W: 640, H: 480, Fx: 615, Fy: 614, Cx: 321, Cy: 244},
		{W: 640, H: 480, Fx: 800, Fy: 600, Cx: 300, Cy: 250}, // pixels not square
		{W: 375, H: 1242, Fx: 700, Fy: 700, Cx: 180, Cy: 600},
		{W: 33, H: 21, Fx: 30, Fy: 30, Cx: 16, Cy: 10},
	}
	all, err := contract.Builtin()
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range all {
		for _, cam := range cams {
			p, err := New(cam, c)
			if err != nil {
				t.Fatal(err)
			}
			net := p.NetCamera()
			pt := geom.Vec3{X: .3, Y: -.2, Z: 2}
			u := cam.Project(pt)
			sx, sy := float64(p.ResizedW)/float64(cam.W), float64(p.ResizedH)/float64(cam.H)
			want := geom.Vec2{X: (u.X+.5)*sx - .5 + float64(p.Left), Y: (u.Y+.5)*sy - .5 + float64(p.Top)}
			if got := net.Project(pt); got.Sub(want).Norm() > 1e-9 {
				t.Errorf("%s, %+v: got %v, want %v", c.Name, cam, got, want)
			}
			if m := c.Resize.Multiple; p.NetW%m != 0 || p.NetH%m != 0 {
				t.Errorf("%s: %dx%d is no multiple of %d", c.Name, p.NetW, p.NetH, m)
			}
			if r := c.Resize.Rule; r == contract.FitAndPad {
				if p.Left < 0 || p.Top < 0 || p.ResizedW > p.NetW || p.ResizedH > p.NetH {
					t.Errorf("%s, %+v: does not fit: %+v", c.Name, cam, p)
				}
				if d := math.Abs(net.Fx/net.Fy - 1); d > .05 {
					t.Errorf("%s, %+v: fx/fy is off by %v: not square", c.Name, cam, d)
				}
			}
		}
	}
}

func TestDepthAnythingSize(t *testing.T) {
	tests := []struct {
		w, h, netW, netH int
		name             string
	}{
		{640, 480, 686, 518, "depth-anything-v2-metric-indoor"}, // 690.67 to the nearest multiple of 14
		{1242, 375, 1722, 518, "depth-anything-v2-metric-outdoor"},
		{480, 640, 518, 686, "depth-anything-v2-metric-indoor"},
		{640, 480, 504, 378, "depth-anything-3-metric"},
		{1242, 375, 504, 154, "depth-anything-3-metric"},
	}
	for _, tt := range tests {
		p, err := New(geom.Camera{W: tt.w, H: tt.h, Fx: 500, Fy: 500}, named(t, tt.name))
		if err != nil {
			t.Fatal(err)
		}
		if p.NetW != tt.netW || p.NetH != tt.netH {
			t.Errorf("%s of %dx%d: got %dx%d, want %dx%d", tt.name, tt.w, tt.h, p.NetW, p.NetH, tt.netW, tt.netH)
		}
	}
}

func TestCanonicalFocalCuts(t *testing.T) {
	c := *named(t, "metric3d-v2-vit")
	c.Resize.Rule, c.Resize.Focal = contract.CanonicalFocal, 1000
	p, err := New(geom.Camera{W: 640, H: 480, Fx: 500, Fy: 500, Cx: 319.5, Cy: 239.5}, &c)
	if err != nil {
		t.Fatal(err)
	}
	if p.ResizedW != 1280 || p.ResizedH != 960 || p.Left != -108 || p.Top != -172 || p.NetW != 1064 || p.NetH != 616 {
		t.Errorf("got %+v", p)
	}
}

func TestRefuses(t *testing.T) {
	c := *named(t, "metric3d-v2-vit")
	good := geom.Camera{W: 640, H: 480, Fx: 500, Fy: 500}
	for name, change := range map[string]func(*geom.Camera){
		"focal": func(c *geom.Camera) { c.Fx = 0 },
		"NaN":   func(c *geom.Camera) { c.Fy = math.NaN() },
		"size":  func(c *geom.Camera) { c.W = 0 },
		"ratio": func(c *geom.Camera) { c.Fx = 1e9 },
	} {
		cam := good
		change(&cam)
		c.Resize.Rule, c.Resize.Focal = contract.CanonicalFocal, 1000
		if name == "ratio" {
			cam.Fx, cam.Fy = 1e-3, 1e-3
		}
		if _, err := New(cam, &c); err == nil || !strings.Contains(err.Error(), "image") && !strings.Contains(err.Error(), "focal") {
			t.Errorf("%s: got %v", name, err)
		}
	}
}
