package depth

import (
	"context"
	"encoding/binary"
	"errors"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/metricslam/metricslam/depth/canonical"
	"github.com/metricslam/metricslam/depth/contract"
	"github.com/metricslam/metricslam/geom"
	"github.com/metricslam/metricslam/internal/tinyonnx"
	"github.com/metricslam/metricslam/slam"
)

// photo is a frame of camera c with a gradient in it.
func photo(c geom.Camera) *slam.Frame {
	f := &slam.Frame{Camera: c, Color: slam.NewRGB(c.W, c.H)}
	for i := range f.Color.Pix {
		f.Color.Pix[i] = uint8(i)
	}
	return f
}

// standIn writes a network with the names and types of a contract, whose
// outputs of a pixel are constant: it answers as the real one would of a wall
// told makes.
func standIn(c *contract.Contract, p canonical.Plan, outputs map[string]float32, points []float32) *tinyonnx.Graph {
	g := tinyonnx.Gray(c.Input.Name, tinyonnx.Float, c.Input.Shape[2], c.Input.Shape[3])
	g.Const("nought", []float32{0}).Node("Mul", []string{"gray", "nought"}, []string{"zero"})
	for _, e := range c.Extra { // used, so that it is not taken for a spare
		g.Input(e.Name, tinyonnx.Int64).
			Node("Cast", []string{e.Name}, []string{e.Name + "_f"}, tinyonnx.Attr{Name: "to", Value: int64(tinyonnx.Float)}).
			Node("Mul", []string{e.Name + "_f", "nought"}, []string{e.Name + "_0"})
	}
	for _, n := range c.Outputs.Named() {
		name := n.Output.Name
		switch n.Key {
		case "points", "normal":
			dims := []int64{1, 3, int64(p.NetH), int64(p.NetW)}
			if n.Output.Layout == contract.HWC {
				dims = []int64{1, int64(p.NetH), int64(p.NetW), 3}
			}
			v := points
			if n.Key == "normal" {
				v = make([]float32, 3*p.NetH*p.NetW)
			}
			g.Const(name+"_c", v, dims...).Node("Identity", []string{name + "_c"}, []string{name}).Output(name, tinyonnx.Float, dims...)
		case "fov", "metric_scale":
			g.Const(name+"_c", []float32{outputs[n.Key]}, 1).Node("Identity", []string{name + "_c"}, []string{name}).Output(name, tinyonnx.Float, 1)
		case "intrinsics":
			g.Const(name+"_c", []float32{500, 0, 1, 0, 500, 1, 0, 0, 1}, 1, 3, 3).Node("Identity", []string{name + "_c"}, []string{name}).Output(name, tinyonnx.Float, 1, 3, 3)
		default:
			v, ok := outputs[n.Key]
			if !ok {
				v = 1
			}
			g.Const(name+"_c", []float32{v}).Node("Add", []string{"zero", name + "_c"}, []string{name}).Output(name, tinyonnx.Float, 1, 1, -1, -1)
		}
	}
	return g
}

// TestContractsThroughRuntime runs a stand-in of every built-in network through
// the real ONNX Runtime, and holds the metres to the formula of its authors,
// written out here by hand.
func TestContractsThroughRuntime(t *testing.T) {
	needLibrary(t)
	cam := geom.Camera{W: 640, H: 480, Fx: 518.8579, Fy: 518.8579, Cx: 325.6, Cy: 253.7}
	const f = 518.8579
	want := map[string]float64{ // metres of an output of 2, or of points at 2
		"metric3d-v1-convnext":             2 * f * (544. / 480) / 1000,
		"metric3d-v2-vit":                  2 * f * (616. / 480) / 1000,
		"metric3d-v2-vit-small-community":  2 * f * (616. / 480) / 1000,
		"depth-anything-v2-metric-indoor":  2,
		"depth-anything-v2-metric-outdoor": 2,
		"depth-anything-3-metric":          2 * f * (504. / 640) / 300,
		"unidepth-v2":                      2,
		"depth-pro":                        1 / (2 * 640 / f),
		"moge-2":                           (2 + .7) * 1.5, // shift .7, metric scale 1.5
		"zoedepth":                         2,
	}
	all, err := contract.Builtin()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for _, c := range all {
		t.Run(c.Name, func(t *testing.T) {
			p, err := canonical.New(cam, c)
			if err != nil {
				t.Fatal(err)
			}
			shift := 0.
			if c.Scale.Rule == contract.Shift {
				shift = .7
			}
			out := map[string]float32{"depth": 2, "sky": 0, "mask": 1, "confidence": 1, "fov": 60, "metric_scale": 1.5}
			g := standIn(c, p, out, wallPoints(c, p, 2, shift))
			path := filepath.Join(dir, c.Name+".onnx")
			if err := os.WriteFile(path, g.Bytes(), 0o644); err != nil {
				t.Fatal(err)
			}
			src, err := Open(path, Options{})
			if err != nil {
				t.Fatal(err)
			}
			defer src.Close()
			d, err := src.Depth(context.Background(), photo(cam))
			if err != nil {
				t.Fatal(err)
			}
			w, ok := want[c.Name]
			if !ok {
				t.Fatalf("the test knows no formula of %s", c.Name)
			}
			if got := float64(d.Depth[d.W*d.H/2]); math.Abs(got/w-1) > 2e-3 {
				t.Errorf("got %.4f m, want %.4f", got, w)
			}
			if d.Source != c.Name || d.Camera.W != d.W || math.Abs(float64(d.W)/float64(d.H)/(640./480)-1) > .01 && c.Resize.Rule != contract.Stretch {
				t.Errorf("map %dx%d of %q, camera %+v", d.W, d.H, d.Source, d.Camera)
			}
		})
	}
}

// wallPoints are the points of a wall at z = depth + shift, the shift taken off
// as a network leaves it, in the layout of the contract.
func wallPoints(c *contract.Contract, p canonical.Plan, depth, shift float64) []float32 {
	cam := p.NetCamera()
	n := p.NetW * p.NetH
	pts := make([]float32, 3*n)
	for i := range n {
		q := cam.Unproject(geom.Vec2{X: float64(i % p.NetW), Y: float64(i / p.NetW)}, depth+shift)
		v := [3]float32{float32(q.X), float32(q.Y), float32(depth)}
		for k := range 3 {
			if c.Outputs.Points.Layout == contract.HWC {
				pts[3*i+k] = v[k]
			} else {
				pts[k*n+i] = v[k]
			}
		}
	}
	return pts
}

// TestBadModels: a model that does not keep its contract is an error that says
// what differs, or a frame without depth; never a crash.
func TestBadModels(t *testing.T) {
	needLibrary(t)
	const text = `name: tiny
input: {name: image, shape: [1, 3, 6, 8]}
resize: {rule: fit-and-pad}
outputs: {depth: {name: depth}}
kind: depth
scale: {rule: none}
range_m: [0.1, 100]
`
	through := func(op string, in []string, v float32) *tinyonnx.Graph {
		return tinyonnx.Gray("image", tinyonnx.Float, 6, 8).Const("c", []float32{v}).
			Node(op, in, []string{"depth"}).Output("depth", tinyonnx.Float, 1, 1, 6, 8)
	}
	nan := binary.LittleEndian.AppendUint32(nil, math.Float32bits(float32(math.NaN())))
	tests := []struct {
		name    string
		g       *tinyonnx.Graph
		open    string // part of Open's error
		noDepth string // part of the reason why there is none
	}{
		{"identity", tinyonnx.Mean("image", "depth", 6, 8), "", ""},
		{"constant", through("Max", []string{"gray", "c"}, 50), "", ""},
		{"name of the input", tinyonnx.Mean("img", "depth", 6, 8), `no input "image"`, ""},
		{"name of the output", tinyonnx.Mean("image", "out", 6, 8), `no output "depth"`, ""},
		{"another size", tinyonnx.Mean("image", "depth", 5, 8), "image", ""},
		{"half precision wanted", tinyonnx.Gray("image", tinyonnx.Float16, 6, 8).Node("Identity", []string{"gray"}, []string{"depth"}).
			Output("depth", tinyonnx.Float, 1, 1, 6, 8), "float16", ""},
		{"all zero", through("Mul", []string{"gray", "c"}, 0), "", "48 not positive"},
		{"negative", through("Mul", []string{"gray", "c"}, -1), "", "not positive"},
		{"infinite", through("Div", []string{"gray", "c"}, 0), "", "not finite"},
		{"NaN", tinyonnx.Gray("image", tinyonnx.Float, 6, 8).Raw("c", tinyonnx.Float, nan).
			Node("Add", []string{"gray", "c"}, []string{"depth"}).Output("depth", tinyonnx.Float, 1, 1, 6, 8), "", "48 are not finite"},
		{"rank 1", tinyonnx.Gray("image", tinyonnx.Float, 6, 8).Ints("s", 48).Node("Reshape", []string{"gray", "s"}, []string{"depth"}).
			Output("depth", tinyonnx.Float, 48), "shape [48]", ""},
		{"doubles", tinyonnx.Gray("image", tinyonnx.Float, 6, 8).
			Node("Cast", []string{"gray"}, []string{"depth"}, tinyonnx.Attr{Name: "to", Value: int64(tinyonnx.Double)}).
			Output("depth", tinyonnx.Double, 1, 1, 6, 8), "double", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "tiny.onnx")
			os.WriteFile(path, tt.g.Bytes(), 0o644)
			os.WriteFile(strings.TrimSuffix(path, ".onnx")+".yaml", []byte(text), 0o644)
			src, err := Open(path, Options{})
			if tt.open != "" {
				if err == nil || !strings.Contains(err.Error(), tt.open) {
					t.Fatalf("got %v, want an error with %q", err, tt.open)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			defer src.Close()
			d, err := src.Depth(context.Background(), photo(cam))
			if tt.noDepth != "" {
				if !errors.Is(err, ErrNoDepth) || !strings.Contains(err.Error(), tt.noDepth) {
					t.Errorf("got %v, want ErrNoDepth because %q", err, tt.noDepth)
				}
				return
			}
			if err != nil || d.W != 8 || d.H != 6 {
				t.Errorf("got %dx%d, %v", d.W, d.H, err)
			}
		})
	}
}

// TestCleaning: the range cap and the edge filter of the options.
func TestCleaning(t *testing.T) {
	needLibrary(t)
	const text = `name: tiny
input: {name: image, shape: [1, 3, 6, 8], range: [0, 10]}
resize: {rule: fit-and-pad}
outputs: {depth: {name: depth}}
kind: depth
scale: {rule: none}
`
	path := filepath.Join(t.TempDir(), "tiny.onnx")
	os.WriteFile(path, tinyonnx.Mean("image", "depth", 6, 8).Bytes(), 0o644)
	os.WriteFile(strings.TrimSuffix(path, ".onnx")+".yaml", []byte(text), 0o644)
	f := &slam.Frame{Camera: cam, Gray: slam.NewGray(8, 6)}
	for i := range f.Gray.Pix {
		if f.Gray.Pix[i] = 51; i%8 >= 6 { // 2 m, and 4 m at the right
			f.Gray.Pix[i] = 102
		}
	}
	count := func(opt Options) (near, far int) {
		src, err := Open(path, opt)
		if err != nil {
			t.Fatal(err)
		}
		defer src.Close()
		d, err := src.Depth(context.Background(), f)
		if err != nil {
			t.Fatal(err)
		}
		for _, z := range d.Depth {
			switch {
			case z > 3:
				far++
			case z > 0:
				near++
			}
		}
		return near, far
	}
	if near, far := count(Options{}); near != 36 || far != 12 {
		t.Errorf("as it is: %d near, %d far, want 36 and 12", near, far)
	}
	if near, far := count(Options{MaxRangeM: 3}); near != 36 || far != 0 {
		t.Errorf("capped: %d near, %d far, want 36 and none", near, far)
	}
	if near, far := count(Options{DropEdges: true}); near != 18 || far != 0 {
		t.Errorf("edges dropped: %d near, %d far, want 18 (3 columns from the edge) and none", near, far)
	}
}
