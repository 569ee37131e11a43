package network

import (
	"context"
	"math"
	"strings"
	"testing"

	"github.com/metricslam/metricslam/depth/contract"
	"github.com/metricslam/metricslam/geom"
	"github.com/metricslam/metricslam/slam"
)

// TestSameMetres is the observation O1 and O2 of Metric3D through the whole of
// Predict: a network that knows things only by their size in its own pixels
// measures one scene through lenses of any focal length and pixel size, by
// CSTM_label and by CSTM_image.
func TestSameMetres(t *testing.T) {
	const trueM, sizeM, canonicalF = 4.0, 2.0, 40.0
	label := strings.Replace(strings.Replace(small, "focal: 10", "focal: 40", 1), "8, 12", "96, 144", 1)
	image := strings.Replace(strings.Replace(label, "fit-and-pad", "canonical-focal, focal: 40", 1), "canonical, focal: 40", "none", 1)
	image = strings.Replace(image, "96, 144", "-1, -1", 1)
	for name, text := range map[string]string{"label": label, "image": image} {
		for _, cam := range []geom.Camera{
			{W: 60, H: 40, Fx: 40, Fy: 40},
			{W: 120, H: 80, Fx: 80, Fy: 80},  // half the pixel size
			{W: 90, H: 40, Fx: 40, Fy: 40},   // a wider sensor
			{W: 60, H: 40, Fx: 70, Fy: 70},   // a longer lens
			{W: 120, H: 40, Fx: 80, Fy: 40},  // pixels not square
			{W: 240, H: 160, Fx: 90, Fy: 90}, // many pixels, wide view
		} {
			cam.Cx, cam.Cy = float64(cam.W-1)/2, float64(cam.H-1)/2
			// A bright disc of 2 m in the middle.
			img := slam.NewRGB(cam.W, cam.H)
			for y := range cam.H {
				for x := range cam.W {
					r := cam.Unproject(geom.Vec2{X: float64(x), Y: float64(y)}, trueM)
					if math.Hypot(r.X, r.Y) < sizeM/2 {
						copy(img.Pix[3*(y*cam.W+x):], []uint8{255, 255, 255})
					}
				}
			}
			see := runner(func(in []Tensor) ([]Tensor, error) {
				h, w := in[0].Shape[2], in[0].Shape[3]
				var bright float64
				for _, v := range in[0].F32[:h*w] {
					bright += max(0, float64(v)-7) / 248 // 7: the pad value
				}
				covered := 2 * math.Sqrt(bright/math.Pi) // diameter in pixels
				return []Tensor{floatTensor("depth", float32(sizeM*canonicalF/covered), 1, 1, h, w)}, nil
			})
			p, err := New(parse(t, text), see).Predict(context.Background(), img, slam.Gray{}, cam)
			if err != nil {
				t.Fatal(err)
			}
			if z := float64(p.Depth.Depth[0]); math.Abs(z/trueM-1) > .04 {
				t.Errorf("%s, %+v: got %.3f m, want %v within 4 %% (a disc of some 20 pixels)", name, cam, z, trueM)
			}
			if got := p.Depth.Camera; math.Abs((got.Cx+.5)/float64(got.W)-.5) > 1e-9 {
				t.Errorf("%s: the depth map's axis is off: %+v", name, got)
			}
		}
	}
}

// TestKinds: what the kinds and scale rules make of an output of 2.
func TestKinds(t *testing.T) {
	cam := geom.Camera{W: 12, H: 8, Fx: 10, Fy: 10, Cx: 5.5, Cy: 3.5}
	tests := []struct {
		kind, scale string
		want        float64
	}{
		{"depth", "none", 2},
		{"depth", "none, factor: 3", 6},
		{"depth", "canonical, focal: 5", 4},
		{"inverse-depth", "none", .5},
		{"inverse-depth", "canonical, focal: 5", 1},
		{"inverse-depth", "fov", 10. / 12 / 2},
		{"log-depth", "none", math.Exp(2)},
	}
	for _, tt := range tests {
		text := strings.Replace(small, "kind: depth", "kind: "+tt.kind, 1)
		text = strings.Replace(text, "canonical, focal: 10", tt.scale, 1)
		n := New(parse(t, text), outputs(floatTensor("depth", 2, 1, 1, 8, 12)))
		p, err := n.Predict(context.Background(), noise(12, 8), slam.Gray{}, cam)
		if err != nil {
			t.Fatal(err)
		}
		if z := float64(p.Depth.Depth[5]); math.Abs(z/tt.want-1) > 1e-6 {
			t.Errorf("%s, %s: got %v m, want %v", tt.kind, tt.scale, z, tt.want)
		}
	}
}

// TestShift: affine points, of which the network knows neither the shift along
// the axis nor the scale, in both layouts and with some points spoilt.
func TestShift(t *testing.T) {
	cam := geom.Camera{W: 40, H: 30, Fx: 35, Fy: 35, Cx: 20.5, Cy: 14}
	const shift, factor = 1.3, 2.5
	for _, layout := range []contract.Layout{contract.CHW, contract.HWC} {
		text := strings.Replace(small, "8, 12", "30, 40", 1)
		text = strings.Replace(text, "{depth: {name: depth}}", "{points: {name: p, layout: "+string(layout)+"}, mask: {name: m}, metric_scale: {name: s}, fov: {name: f}}", 1)
		text = strings.Replace(strings.Replace(text, "kind: depth", "kind: points", 1), "canonical, focal: 10", "shift", 1)
		pts := NewTensor("p", contract.Float32, 1, 3, 30, 40)
		if layout == contract.HWC {
			pts.Shape = []int64{1, 30, 40, 3}
		}
		mask := floatTensor("m", 1, 1, 30, 40)
		truth := make([]float64, 1200)
		for i := range truth {
			u := geom.Vec2{X: float64(i % 40), Y: float64(i / 40)}
			truth[i] = 3 + .02*u.X + math.Sin(u.Y/5)
			q := cam.Unproject(u, truth[i]/factor)
			v := [3]float32{float32(q.X), float32(q.Y), float32(q.Z - shift)}
			for k := range 3 {
				if layout == contract.HWC {
					pts.F32[3*i+k] = v[k]
				} else {
					pts.F32[1200*k+i] = v[k]
				}
			}
			if i%50 == 0 {
				mask.F32[i] = 0
				pts.F32[3*(i/3)] = float32(math.NaN())
			}
		}
		n := New(parse(t, text), outputs(pts, mask, floatTensor("s", factor, 1), floatTensor("f", 60, 1, 1)))
		p, err := n.Predict(context.Background(), noise(40, 30), slam.Gray{}, cam)
		if err != nil {
			t.Fatal(err)
		}
		known := 0
		for i, z := range p.Depth.Depth {
			if z > 0 {
				known++
				if math.Abs(float64(z)-truth[i]) > 1e-3 {
					t.Fatalf("%s: pixel %d: got %v m, want %v", layout, i, z, truth[i])
				}
			}
		}
		if known < 1100 {
			t.Errorf("%s: %d pixels known of 1200", layout, known)
		}
		if math.Abs(p.FOVRad-math.Pi/3) > 1e-6 {
			t.Errorf("field of view %v, want 60 degrees", p.FOVRad)
		}
	}
}

func TestUpsample(t *testing.T) {
	cam := geom.Camera{W: 2, H: 1, Fx: 2, Fy: 2, Cx: .5, Cy: 0}
	d := slam.DepthMap{W: 2, H: 1, Camera: cam, Depth: []float32{1, 1.04}, LogStd: []float32{.1, .3}}
	up := Upsample(d, 4, 2, .08)
	for i, want := range []float32{1, 1.01, 1.03, 1.04} {
		if math.Abs(float64(up.Depth[i]-want)) > 1e-6 || up.Depth[i] != up.Depth[4+i] {
			t.Errorf("column %d: got %v, want %v", i, up.Depth[i], want)
		}
	}
	if up.LogStd[1] < .149 || up.LogStd[1] > .151 || up.Camera != cam.Resized(4, 2) {
		t.Errorf("deviation %v, camera %+v", up.LogStd[1], up.Camera)
	}
	d.Depth = []float32{1, 2} // an edge: no points between
	if up = Upsample(d, 4, 1, .08); up.Depth[1] != 1 || up.Depth[2] != 2 {
		t.Errorf("across an edge: got %v", up.Depth)
	}
	d.Depth = []float32{0, 2}
	if up = Upsample(d, 4, 1, 0); up.Depth[1] != 0 || up.Depth[2] != 2 {
		t.Errorf("beside the unknown: got %v", up.Depth)
	}
}

func TestExp32(t *testing.T) {
	for x := -80.; x < 85; x += .0137 {
		if got, want := float64(exp32(float32(x))), math.Exp(float64(float32(x))); math.Abs(got/want-1) > 1e-6*(1+math.Abs(x)/8) {
			t.Fatalf("exp(%v): got %v, want %v", x, got, want)
		}
	}
	if exp32(-1e9) != 0 || !math.IsInf(float64(exp32(1e9)), 1) || exp32(float32(math.NaN())) == exp32(float32(math.NaN())) {
		t.Error("exp of the extremes")
	}
}

// likeShipped is a contract like that of the network that ships, and of its size.
const likeShipped = `name: like-shipped
input: {name: image, shape: [1, 3, 192, 256]}
resize: {rule: fit-and-pad, interpolation: area, pad_value: [127, 127, 127]}
outputs: {depth: {name: d}, log_variance: {name: lv}}
kind: depth
scale: {rule: canonical, focal: 200}
range_m: [0.1, 80]
`

// TestAllocations: feeding allocates nothing, reading only what is published
// (the depth and its deviation), whatever the size.
func TestAllocations(t *testing.T) {
	cam := geom.Camera{W: 640, H: 480, Fx: 600, Fy: 600, Cx: 320, Cy: 240}
	img := noise(640, 480)
	c := parse(t, likeShipped)
	f, err := newFeeder(c, cam)
	if err != nil {
		t.Fatal(err)
	}
	if n := testing.AllocsPerRun(3, func() {
		if _, err := f.fill(img, slam.Gray{}); err != nil {
			t.Fatal(err)
		}
	}); n != 0 {
		t.Errorf("feeding allocates %v times an image, want 0", n)
	}
	r := reader{c: c}
	out := []Tensor{floatTensor("d", 2, 1, 1, 192, 256), floatTensor("lv", -4, 1, 1, 192, 256)}
	if n := testing.AllocsPerRun(3, func() {
		if _, err := r.read(out, f.plan); err != nil {
			t.Fatal(err)
		}
	}); n > 2 {
		t.Errorf("reading allocates %v times an image, want 2: the depth and its deviation", n)
	}
}

func benchmark(b *testing.B, text string) {
	cam := geom.Camera{W: 640, H: 480, Fx: 600, Fy: 600, Cx: 320, Cy: 240}
	img := noise(640, 480)
	c := parse(b, text)
	f, err := newFeeder(c, cam)
	if err != nil {
		b.Fatal(err)
	}
	if _, err := f.fill(img, slam.Gray{}); err != nil {
		b.Fatal(err)
	}
	h, w := int64(f.plan.NetH), int64(f.plan.NetW)
	out := []Tensor{floatTensor("d", 2, 1, 1, h, w), floatTensor("lv", -4, 1, 1, h, w)}
	r := reader{c: c}
	b.Run("feed", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			f.fill(img, slam.Gray{})
		}
	})
	b.Run("read", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			r.read(out, f.plan)
		}
	})
}

func BenchmarkShipped640x480(b *testing.B) { benchmark(b, likeShipped) }

func BenchmarkMetric3D640x480(b *testing.B) {
	text := strings.Replace(likeShipped, "192, 256", "616, 1064", 1)
	text = strings.Replace(text, ", log_variance: {name: lv}", "", 1)
	benchmark(b, strings.Replace(text, "area", "bilinear", 1))
}
