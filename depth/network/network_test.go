package network

import (
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/metricslam/metricslam/depth/canonical"
	"github.com/metricslam/metricslam/depth/contract"
	"github.com/metricslam/metricslam/geom"
	"github.com/metricslam/metricslam/slam"
)

// runner is a network written in Go.
type runner func(inputs []Tensor) ([]Tensor, error)

func (r runner) Run(_ context.Context, in []Tensor, _ []string) ([]Tensor, error) { return r(in) }
func (runner) Close() error                                                       { return nil }

func parse(t testing.TB, text string) *contract.Contract {
	t.Helper()
	c, err := contract.Parse([]byte(text), "test")
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// small is a contract of 12x8 pixels, canonical focal length 10.
const small = `name: small
input: {name: image, shape: [1, 3, 8, 12]}
resize: {rule: fit-and-pad, pad_value: [7, 8, 9]}
outputs: {depth: {name: depth}}
kind: depth
scale: {rule: canonical, focal: 10}
range_m: [0.1, 50]
`

func noise(w, h int) slam.RGB {
	rng := rand.New(rand.NewPCG(5, 6))
	c := slam.NewRGB(w, h)
	for i := range c.Pix {
		c.Pix[i] = uint8(rng.IntN(256))
	}
	return c
}

// naiveFeed computes one value of the network's input from the definition: the
// image is a function of continuous coordinates, sampled or averaged.
func naiveFeed(c *contract.Contract, p canonical.Plan, img slam.RGB, channel, x, y int) float64 {
	rx, ry := x-p.Left, y-p.Top
	v := c.Resize.PadValue[channel]
	src := channel
	if c.Input.Channels == contract.BGR {
		src = 2 - channel
	}
	if rx >= 0 && ry >= 0 && rx < p.ResizedW && ry < p.ResizedH {
		v = naiveResize(img, src, rx, ry, p.ResizedW, p.ResizedH, c.Resize.Interpolation)
	}
	v = c.Input.Range[0] + (c.Input.Range[1]-c.Input.Range[0])*v/255
	return (v - c.Input.Mean[channel]) / c.Input.Std[channel]
}

func naiveResize(img slam.RGB, channel, x, y, w, h int, kind contract.Interpolation) float64 {
	pixel := func(x, y int) float64 {
		x, y = min(max(x, 0), img.W-1), min(max(y, 0), img.H-1)
		return float64(img.Pix[3*(y*img.W+x)+channel])
	}
	sx, sy := float64(img.W)/float64(w), float64(img.H)/float64(h)
	u, v := (float64(x)+.5)*sx-.5, (float64(y)+.5)*sy-.5
	weight := func(k contract.Interpolation, s, centre float64, dst, j int) float64 {
		switch {
		case k == contract.Area && s > 1:
			return max(0, min(float64(dst+1)*s, float64(j+1))-max(float64(dst)*s, float64(j))) / s
		case k == contract.Bicubic:
			d := math.Abs(centre - float64(j))
			if d <= 1 {
				return 1.25*d*d*d - 2.25*d*d + 1 // a = -.75: (a+2) d^3 - (a+3) d^2 + 1
			} else if d < 2 {
				return -.75*d*d*d + 3.75*d*d - 6*d + 3
			}
			return 0
		case k == contract.Nearest:
			if j == int(math.Floor(float64(dst)*s)) {
				return 1
			}
			return 0
		}
		return max(0, 1-math.Abs(centre-float64(j)))
	}
	var sum float64
	r := int(math.Ceil(max(sx, sy))) + 3
	for j := int(v) - r; j <= int(v)+r; j++ {
		wy := weight(kind, sy, v, y, j)
		if wy == 0 {
			continue
		}
		for i := int(u) - r; i <= int(u)+r; i++ {
			if wx := weight(kind, sx, u, x, i); wx != 0 {
				sum += wx * wy * pixel(i, j)
			}
		}
	}
	return sum
}

func TestFeedAgainstNaive(t *testing.T) {
	img := noise(31, 23)
	cam := geom.Camera{W: 31, H: 23, Fx: 30, Fy: 30, Cx: 15, Cy: 11}
	wide := cam
	wide.Fx = 45
	for _, edit := range []string{
		"", "fit-and-pad|fit-and-pad, interpolation: area", "fit-and-pad|fit-and-pad, interpolation: bicubic", "fit-and-pad|fit-and-pad, interpolation: nearest",
		"fit-and-pad|stretch", "fit-and-pad|fit-and-pad, pad: corner", "8, 12|40, 50", "8, 12|50, 40",
		"8, 12]|8, 12], channels: BGR, range: [0, 1], mean: [.1, .2, .3], std: [.5, .6, .7]",
		"fit-and-pad|canonical-focal, focal: 20;canonical, focal: 10|none",
		"fit-and-pad|canonical-focal, focal: 9;canonical, focal: 10|none",
	} {
		for name, cam := range map[string]geom.Camera{"square": cam, "wide pixels": wide} {
			text := small
			for part := range strings.SplitSeq(edit, ";") {
				if a, b, ok := strings.Cut(part, "|"); ok {
					text = strings.Replace(text, a, b, 1)
				}
			}
			c := parse(t, text)
			f, err := newFeeder(c, cam)
			if err != nil {
				t.Fatal(err)
			}
			in, err := f.fill(img, slam.Gray{})
			if err != nil {
				t.Fatal(err)
			}
			n := f.plan.NetW * f.plan.NetH
			worst := 0.
			for i, got := range in[0].F32 {
				want := naiveFeed(c, f.plan, img, i/n, i%n%f.plan.NetW, i%n/f.plan.NetW)
				worst = max(worst, math.Abs(float64(got)-want))
			}
			if worst > 2e-3 {
				t.Errorf("%s, %s: off by %v", edit, name, worst)
			}
		}
	}
}

// TestFeedTypes: grey images fill three channels, 8-bit and half precision
// inputs hold the rounded values.
func TestFeedTypes(t *testing.T) {
	cam := geom.Camera{W: 12, H: 8, Fx: 10, Fy: 10}
	gray := slam.NewGray(12, 8)
	colour := slam.NewRGB(12, 8)
	for i := range gray.Pix {
		gray.Pix[i] = uint8(2 * i)
		colour.Pix[3*i], colour.Pix[3*i+1], colour.Pix[3*i+2] = uint8(2*i), uint8(2*i), uint8(2*i)
	}
	for _, dtype := range []string{"float32", "float16", "uint8"} {
		c := parse(t, strings.Replace(small, "8, 12]", "8, 12], dtype: "+dtype, 1))
		for name, pics := range map[string]struct {
			c slam.RGB
			g slam.Gray
		}{"colour": {c: colour}, "grey": {g: gray}} {
			f, err := newFeeder(c, cam)
			if err != nil {
				t.Fatal(err)
			}
			in, err := f.fill(pics.c, pics.g)
			if err != nil {
				t.Fatal(err)
			}
			v := make([]float32, 288)
			if dtype == "uint8" {
				for i, b := range in[0].Raw {
					v[i] = float32(b)
				}
			} else if v, err = in[0].floats(v); err != nil {
				t.Fatal(err)
			}
			for i := range v {
				if v[i] != float32(2*(i%96)) {
					t.Fatalf("%s, %s: value %d is %v, want %d", dtype, name, i, v[i], 2*(i%96))
				}
			}
		}
	}
}

func TestExtraInputs(t *testing.T) {
	c := parse(t, small+`extra_inputs:
  - {name: n, kind: constant, dtype: int64, values: [1800]}
  - {name: k, kind: intrinsics}
  - {name: r, kind: rays, dtype: float16}
`)
	f, err := newFeeder(c, geom.Camera{W: 24, H: 16, Fx: 20, Fy: 20, Cx: 11.5, Cy: 7.5})
	if err != nil {
		t.Fatal(err)
	}
	if n := f.inputs[1]; n.Len() != 1 || n.Raw[0] != 0x08 || n.Raw[1] != 0x07 {
		t.Errorf("constant: %+v", n)
	}
	if k := f.inputs[2]; k.F32[0] != 10 || k.F32[2] != 5.5 || k.F32[8] != 1 {
		t.Errorf("intrinsics: %+v", k)
	}
	r, err := f.inputs[3].floats(nil)
	if err != nil {
		t.Fatal(err)
	}
	if n := r[0]*r[0] + r[96]*r[96] + r[192]*r[192]; math.Abs(float64(n)-1) > 2e-3 || r[0] >= 0 || r[192] <= 0 {
		t.Errorf("ray of the first pixel (%v %v %v), want a unit vector to the left and ahead", r[0], r[96], r[192])
	}
}

// outputs returns a runner that answers with these.
func outputs(t ...Tensor) runner { return func([]Tensor) ([]Tensor, error) { return t, nil } }

func floatTensor(name string, v float32, shape ...int64) Tensor {
	x := NewTensor(name, contract.Float32, shape...)
	for i := range x.F32 {
		x.F32[i] = v
	}
	return x
}

func TestBadOutputs(t *testing.T) {
	cam := geom.Camera{W: 24, H: 16, Fx: 20, Fy: 20, Cx: 11.5, Cy: 7.5}
	nan, inf := float32(math.NaN()), float32(math.Inf(1))
	withVariance := strings.Replace(small, "{depth: {name: depth}}", "{depth: {name: depth}, log_variance: {name: lv}}", 1)
	tests := []struct {
		name string
		text string
		out  []Tensor
		want string // part of the error; empty: none
	}{
		{"good", small, []Tensor{floatTensor("depth", 2, 1, 1, 8, 12)}, ""},
		{"rank 3", small, []Tensor{floatTensor("depth", 2, 1, 8, 12)}, ""},
		{"rank 2", small, []Tensor{floatTensor("depth", 2, 8, 12)}, ""},
		{"channels last", small, []Tensor{floatTensor("depth", 2, 1, 8, 12, 1)}, ""},
		{"half size", small, []Tensor{floatTensor("depth", 2, 1, 1, 4, 6)}, ""},
		{"NaN", small, []Tensor{floatTensor("depth", nan, 1, 1, 8, 12)}, "96 are not finite"},
		{"infinite", small, []Tensor{floatTensor("depth", inf, 1, 1, 8, 12)}, "96 are not finite"},
		{"negative", small, []Tensor{floatTensor("depth", -1, 1, 1, 8, 12)}, "96 not positive"},
		{"zero", small, []Tensor{floatTensor("depth", 0, 1, 1, 8, 12)}, "96 not positive"},
		{"too far", small, []Tensor{floatTensor("depth", 1e6, 1, 1, 8, 12)}, "96 out of range"},
		{"rank 1", small, []Tensor{floatTensor("depth", 1, 96)}, "shape [96]"},
		{"rank 5", small, []Tensor{floatTensor("depth", 1, 1, 2, 1, 8, 12)}, "shape"},
		{"two channels", small, []Tensor{floatTensor("depth", 1, 1, 2, 8, 12)}, "shape [1 2 8 12]"},
		{"other shape", small, []Tensor{floatTensor("depth", 1, 1, 1, 12, 8)}, "do not cover"},
		{"empty", small, []Tensor{floatTensor("depth", 1, 1, 1, 0, 0)}, "shape"},
		{"missing", small, nil, `"depth" is missing`},
		{"integers", small, []Tensor{NewTensor("depth", contract.Int64, 1, 1, 8, 12)}, "int64"},
		{"too few values", small, []Tensor{{Name: "depth", Type: contract.Float32, Shape: []int64{1, 1, 8, 12}, F32: make([]float32, 5)}}, "has 5 values"},
		{"variance of another size", withVariance, []Tensor{floatTensor("depth", 2, 1, 1, 8, 12), floatTensor("lv", 0, 1, 1, 4, 6)}, "6x4 pixels"},
		{"variance NaN", withVariance, []Tensor{floatTensor("depth", 2, 1, 1, 8, 12), floatTensor("lv", nan, 1, 1, 8, 12)}, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			n := New(parse(t, tt.text), outputs(tt.out...))
			p, err := n.Predict(context.Background(), noise(24, 16), slam.Gray{}, cam)
			if tt.want == "" {
				if err != nil {
					t.Fatal(err)
				}
				for i, z := range p.Depth.Depth {
					if z != 2 { // f 20, halved by the resizing, is the canonical 10
						t.Fatalf("pixel %d: got %v m, want 2", i, z)
					}
				}
				for _, s := range p.Depth.LogStd {
					if s != .1 {
						t.Fatalf("deviation %v, want the contract's .1", s)
					}
				}
				return
			}
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want an error with %q", err, tt.want)
			}
		})
	}
}

// TestMasks: single bad pixels become unknown, the rest stays; masks, sky and
// confidence hide; the deviation comes from the log variance and is bounded.
func TestMasks(t *testing.T) {
	text := strings.Replace(small, "{depth: {name: depth}}",
		"{depth: {name: depth}, log_variance: {name: lv}, mask: {name: m}, sky: {name: s, max: .4}, confidence: {name: c, min: .2}}", 1)
	cam := geom.Camera{W: 12, H: 8, Fx: 10, Fy: 10, Cx: 5.5, Cy: 3.5}
	d, lv := floatTensor("depth", 3, 1, 1, 8, 12), floatTensor("lv", float32(2*math.Log(.07)), 1, 1, 8, 12)
	m, s, c := floatTensor("m", 1, 1, 8, 12), floatTensor("s", 0, 1, 8, 12), floatTensor("c", 1, 1, 8, 12)
	d.F32[0], d.F32[1], d.F32[2], d.F32[3] = float32(math.NaN()), -1, .01, 60
	m.F32[4], s.F32[5], c.F32[6], c.F32[7] = .4, .5, .1, float32(math.NaN())
	lv.F32[10], lv.F32[11] = 100, -100
	n := New(parse(t, text), outputs(d, lv, m, s, c))
	p, err := n.Predict(context.Background(), noise(12, 8), slam.Gray{}, cam)
	if err != nil {
		t.Fatal(err)
	}
	for i, z := range p.Depth.Depth {
		if want := float32(0); i >= 8 && z != 3 || i < 8 && z != want {
			t.Errorf("pixel %d: got %v", i, z)
		}
	}
	if want := (Rejected{NotFinite: 1, NotPositive: 1, OutOfRange: 2, Masked: 4}); p.Rejected != want {
		t.Errorf("rejected %+v, want %+v", p.Rejected, want)
	}
	l := p.Depth.LogStd
	if math.Abs(float64(l[9])-.07) > 1e-6 || l[10] != maxLogStd || l[11] != minLogStd {
		t.Errorf("deviations %v %v %v, want .07, 2, .005", l[9], l[10], l[11])
	}
}

// TestCut: where the canonical image is larger than the input, the depth map
// covers the whole image and its margins are unknown.
func TestCut(t *testing.T) {
	text := strings.Replace(strings.Replace(small, "fit-and-pad", "canonical-focal, focal: 20", 1), "canonical, focal: 10", "none", 1)
	cam := geom.Camera{W: 12, H: 8, Fx: 10, Fy: 10, Cx: 5.5, Cy: 3.5}
	n := New(parse(t, text), outputs(floatTensor("depth", 3, 1, 1, 8, 12)))
	p, err := n.Predict(context.Background(), noise(12, 8), slam.Gray{}, cam)
	if err != nil {
		t.Fatal(err)
	}
	d := p.Depth
	if d.W != 24 || d.H != 16 || d.Camera != cam.Resized(24, 16) {
		t.Errorf("map of %dx%d, camera %+v", d.W, d.H, d.Camera)
	}
	for y := range 16 {
		for x := range 24 {
			inside := x >= 6 && x < 18 && y >= 4 && y < 12
			if got := d.Depth[y*24+x] > 0; got != inside {
				t.Fatalf("pixel %d,%d known: %v, want %v", x, y, got, inside)
			}
		}
	}
}

func TestPredictErrors(t *testing.T) {
	cam := geom.Camera{W: 12, H: 8, Fx: 10, Fy: 10}
	broken := errors.New("server is gone")
	n := New(parse(t, small), runner(func([]Tensor) ([]Tensor, error) { return nil, broken }))
	if _, err := n.Predict(context.Background(), noise(12, 8), slam.Gray{}, cam); !errors.Is(err, broken) {
		t.Errorf("got %v", err)
	}
	if _, err := n.Predict(context.Background(), noise(9, 8), slam.Gray{}, cam); err == nil || !strings.Contains(err.Error(), "9x8") {
		t.Errorf("image of another size: got %v", err)
	}
	cam.Fx = 0
	if _, err := n.Predict(context.Background(), noise(12, 8), slam.Gray{}, cam); err == nil {
		t.Error("a camera without a focal length passed")
	}
}
