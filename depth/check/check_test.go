package check

import (
	"context"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/metricslam/metricslam/depth/contract"
	"github.com/metricslam/metricslam/depth/onnx"
	"github.com/metricslam/metricslam/geom"
	"github.com/metricslam/metricslam/internal/tinyonnx"
	"github.com/metricslam/metricslam/slam"
)

// needLibrary skips without ONNX Runtime, and fails where CI=true.
func needLibrary(t testing.TB) {
	t.Helper()
	if _, err := onnx.Init(""); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal(err)
		}
		t.Skip(err)
	}
}

// right is the contract of the network that red writes.
const right = `name: red
input: {name: image, shape: [1, 3, 24, 32], range: [0, 1]}
resize: {rule: fit-and-pad}
outputs: {depth: {name: depth}}
kind: depth
scale: {rule: none}
range_m: [0.01, 1000]
`

// red is a network that gives (1 + 4 red) times factor, for red from 0 to 1.
func red(factor float32) *tinyonnx.Graph {
	return new(tinyonnx.Graph).Input("image", tinyonnx.Float, 1, 3, 24, 32).
		Ints("first", 0).Const("four", []float32{4 * factor}).Const("one", []float32{factor}).
		Node("Gather", []string{"image", "first"}, []string{"r"}, tinyonnx.Attr{Name: "axis", Value: int64(1)}).
		Node("Mul", []string{"r", "four"}, []string{"m"}).
		Node("Add", []string{"m", "one"}, []string{"depth"}).
		Output("depth", tinyonnx.Float, 1, 1, 24, 32)
}

// samples are images whose depth is 1 + 4 red.
func samples() []Sample {
	var list []Sample
	for k := range 3 {
		cam := geom.Camera{W: 64, H: 48, Fx: 60 + float64(k), Fy: 60 + float64(k), Cx: 32, Cy: 24}
		f := &slam.Frame{Name: "p", Camera: cam, Color: slam.NewRGB(64, 48)}
		d := slam.DepthMap{W: 64, H: 48, Camera: cam, Depth: make([]float32, 64*48)}
		for i := range d.Depth {
			x, y := float64(i%64), float64(i/64)
			r := .5 + .4*math.Sin(x/9+float64(k))
			f.Color.Pix[3*i], f.Color.Pix[3*i+1], f.Color.Pix[3*i+2] = uint8(255*r), uint8(100+50*math.Sin(y/7)), uint8(120+100*math.Cos(x/5+y/8))
			d.Depth[i] = float32(1 + 4*r)
		}
		list = append(list, Sample{f, d})
	}
	return list
}

func run(t *testing.T, g *tinyonnx.Graph, text string, s []Sample) *Report {
	t.Helper()
	needLibrary(t)
	c, err := contract.Parse([]byte(text), "test")
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "red.onnx")
	os.WriteFile(path, g.Bytes(), 0o644)
	r, err := Model(context.Background(), onnx.Model{Path: path}, c, onnx.Options{}, s)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestGoodModel(t *testing.T) {
	r := run(t, red(1), right, samples())
	if len(r.Differences) > 0 || len(r.Advice) > 0 || r.AbsRel > .01 || math.Abs(r.LogRatio) > .01 || len(r.Images) != 3 || r.Images[0].Correlation < .99 {
		t.Errorf("got %+v", r)
	}
	if r.LatencyMS <= 0 || r.FirstRunMS <= 0 || r.Provider != "cpu" {
		t.Errorf("got %+v", r)
	}
	if r := run(t, red(1), right, nil); len(r.Differences) > 0 || r.Images != nil || r.LatencyMS <= 0 {
		t.Errorf("without images: got %+v", r)
	}
}

// A file that fits by its names and shapes, and puts out nothing that is a depth,
// does not fit.
func TestNoDepthComesOut(t *testing.T) {
	for name, factor := range map[string]float32{"not finite": float32(math.NaN()), "not positive": -1} {
		for _, s := range [][]Sample{nil, samples()} {
			if r := run(t, red(factor), right, s); len(r.Differences) != 1 || !strings.Contains(r.Differences[0], "768 are "+name) && !strings.Contains(r.Differences[0], "768 "+name) {
				t.Errorf("%s: %q", name, r.Differences)
			}
		}
	}
}

// TestAdvice: what is most often done wrongly is named, with the line that
// mends it.
func TestAdvice(t *testing.T) {
	tests := []struct {
		name     string
		g        *tinyonnx.Graph
		old, new string
		want     string
	}{
		{"normalisation", red(1), "range: [0, 1]", "range: [0, 255]", "values 0..1"},
		{"mean and std", red(1), "range: [0, 1]", "range: [0, 1], mean: [.5, .5, .5], std: [.1, .1, .1]", "values 0..1"},
		{"channels", red(1), "range: [0, 1]", "range: [0, 1], channels: BGR", "channels: RGB"},
		{"factor", red(1. / 20), "rule: none", "rule: none", "factor: 20"},
		{"canonical", red(1), "rule: none", "rule: canonical, focal: 1000", "rule: none"},
		{"inverse", red(1), "kind: depth", "kind: inverse-depth", "kind: depth"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := run(t, tt.g, strings.Replace(right, tt.old, tt.new, 1), samples())
			if all := strings.Join(r.Advice, "\n"); !strings.Contains(all, tt.want) {
				t.Errorf("advice %q (AbsRel %v), want one with %q", all, r.AbsRel, tt.want)
			}
		})
	}
	// A network that sees nothing.
	blind := tinyonnx.Gray("image", tinyonnx.Float, 24, 32).Const("z", []float32{0}).Const("c", []float32{3}).
		Node("Mul", []string{"gray", "z"}, []string{"m"}).Node("Add", []string{"m", "c"}, []string{"depth"}).Output("depth", tinyonnx.Float, 1, 1, 24, 32)
	if r := run(t, blind, right, samples()); !strings.Contains(strings.Join(r.Advice, "\n"), "hardly follows") {
		t.Errorf("a blind network: advice %q", r.Advice)
	}
}

func TestDifferences(t *testing.T) {
	r := run(t, red(1), strings.NewReplacer("name: image", "name: img", "[1, 3, 24, 32]", "[1, 3, 48, 64]", "{name: depth}", "{name: d, shape: [1, 1, 48, 64]}").Replace(right), samples())
	all := strings.Join(r.Differences, "\n")
	for _, want := range []string{`input "img" is not in the file`, `input "image" of the file`, `output "d" is not in the file; it has ["depth"]`} {
		if !strings.Contains(all, want) {
			t.Errorf("%q is missing in:\n%s", want, all)
		}
	}
	r = run(t, red(1), strings.NewReplacer("[1, 3, 24, 32]", "[1, 3, -1, -1], dtype: float16", "fit-and-pad", "fit-and-pad, box: [24, 32]").Replace(right), nil)
	all = strings.Join(r.Differences, "\n")
	for _, want := range []string{"float32 in the file, float16 in the contract", "shape [1 3 24 32] in the file, [1 3 -1 -1] in the contract", "shape: [1, 3, 24, 32] and"} {
		if !strings.Contains(all, want) {
			t.Errorf("%q is missing in:\n%s", want, all)
		}
	}
}

func TestNotAModel(t *testing.T) {
	needLibrary(t)
	c, err := contract.Parse([]byte(right), "test")
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "x.onnx")
	os.WriteFile(path, []byte("not a model"), 0o644)
	if _, err := Model(context.Background(), onnx.Model{Path: path}, c, onnx.Options{}, nil); err == nil || !strings.Contains(err.Error(), "x.onnx") {
		t.Errorf("got %v", err)
	}
}
