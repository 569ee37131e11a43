package contract

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

const minimal = `name: a
input: {name: x, shape: [1, 3, 4, 6]}
resize: {rule: stretch}
outputs: {depth: {name: y}}
kind: depth
scale: {rule: none}
`

func TestBuiltin(t *testing.T) {
	all, err := Builtin()
	if err != nil {
		t.Fatal(err)
	}
	files := map[string]string{}
	for _, c := range all {
		if c.About == "" || c.Licence == "" || c.RangeM[1] == 0 {
			t.Errorf("%s: about, licence or range_m is missing", c.Name)
		}
		for _, f := range append(c.Files, c.Name+".onnx") {
			if other, ok := files[f]; ok {
				t.Errorf("%s names both %s and %s", f, other, c.Name)
			}
			files[f] = c.Name
		}
		// What is printed can be read again and means the same.
		text, err := c.YAML()
		if err != nil {
			t.Fatal(err)
		}
		again, err := Parse(text, c.Name)
		if err != nil {
			t.Fatalf("%s\n%v", text, err)
		}
		if !reflect.DeepEqual(again, c) {
			t.Errorf("%s: got %+v, want %+v", c.Name, again, c)
		}
	}
	for _, want := range []string{
		"metric3d-v1-convnext", "metric3d-v2-vit", "metric3d-v2-vit-small-community", "depth-anything-v2-metric-indoor",
		"depth-anything-v2-metric-outdoor", "depth-anything-3-metric", "unidepth-v2", "depth-pro", "moge-2", "zoedepth",
	} {
		if _, err := Named(want); err != nil {
			t.Error(err)
		}
	}
	if _, err := Named("nothing"); err == nil || !strings.Contains(err.Error(), "moge-2") {
		t.Errorf("unknown name: got %v", err)
	}
}

func TestDefaults(t *testing.T) {
	c, err := Parse([]byte(minimal), "test")
	if err != nil {
		t.Fatal(err)
	}
	if c.Input.DType != Float32 || c.Input.Range != [2]float64{0, 255} || c.Input.Std != [3]float64{1, 1, 1} ||
		c.Resize.Interpolation != Bilinear || c.Scale.Factor != 1 || c.Input.Height() != 4 || c.Input.Width() != 6 {
		t.Errorf("got %+v", c)
	}
}

// TestShippedContract reads the contract of the network that ships.
func TestShippedContract(t *testing.T) {
	c, err := Load(filepath.Join("..", "models", "metricslam-small.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	if c.Scale.Focal != 200 || c.Resize.Interpolation != Area || c.Outputs.LogVariance.Name != "log_variance" || c.RangeM != [2]float64{.1, 80} {
		t.Errorf("got %+v", c)
	}
}

func TestRefuses(t *testing.T) {
	tests := []struct{ name, old, new, want string }{
		{"unknown field", "kind: depth", "kind: depth\nfocal: 3", "focal"},
		{"no YAML", "name: a", "name: [", "test"},
		{"no name", "name: a", "name: ''", "name: missing"},
		{"rank", "[1, 3, 4, 6]", "[3, 4, 6]", "input.shape"},
		{"channels last", "[1, 3, 4, 6]", "[1, 4, 6, 3]", "input.shape"},
		{"huge", "[1, 3, 4, 6]", "[1, 3, 4, 60000]", "input.shape"},
		{"type", "shape: [1, 3, 4, 6]", "shape: [1, 3, 4, 6], dtype: float64", "input.dtype"},
		{"std", "shape: [1, 3, 4, 6]", "shape: [1, 3, 4, 6], std: [1, 0, 1]", "input.std"},
		{"mean", "shape: [1, 3, 4, 6]", "shape: [1, 3, 4, 6], mean: [.nan, 0, 1]", "input.mean"},
		{"range", "shape: [1, 3, 4, 6]", "shape: [1, 3, 4, 6], range: [1, 1]", "input.range"},
		{"rule", "stretch", "strech", "resize.rule"},
		{"free without box", "[1, 3, 4, 6]", "[1, 3, -1, -1]", "resize.box"},
		{"fixed shortest side", "rule: stretch", "rule: shortest-side, size: 5", "free size"},
		{"no focal", "rule: stretch", "rule: canonical-focal", "resize.focal"},
		{"twice", "resize: {rule: stretch}", "resize: {rule: canonical-focal, focal: 9}", ""},
		{"kind", "kind: depth", "kind: disparity", "kind"},
		{"points", "kind: depth", "kind: points", "outputs.points"},
		{"no depth", "depth: {name: y}", "points: {name: y}", "outputs.depth"},
		{"scale", "rule: none", "rule: canonical", "scale.focal"},
		{"shift", "rule: none", "rule: shift", "scale.rule"},
		{"factor", "rule: none", "rule: none, factor: -1", "scale.factor"},
		{"bounds", "kind: depth", "kind: depth\nrange_m: [3, 2]", "range_m"},
		{"sigma", "kind: depth", "kind: depth\nsigma: -1", "sigma"},
		{"sha", "kind: depth", "kind: depth\nsha256: abc", "sha256"},
		{"extra", "kind: depth", "kind: depth\nextra_inputs: [{name: n, kind: constant, shape: [2], values: [1]}]", "extra_inputs[0]"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			text := strings.Replace(minimal, tt.old, tt.new, 1)
			if text == minimal {
				t.Fatal("the test changes nothing")
			}
			if tt.want == "" {
				text, tt.want = strings.Replace(text, "rule: none", "rule: canonical, focal: 9", 1), "twice"
			}
			_, err := Parse([]byte(text), "test")
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want an error about %s", err, tt.want)
			}
		})
	}
}

func TestForModel(t *testing.T) {
	dir := t.TempDir()
	model := filepath.Join(dir, "mine.onnx")
	if _, err := ForModel(model, ""); err == nil || !strings.Contains(err.Error(), "mine.yaml") {
		t.Errorf("without a contract: got %v", err)
	}
	os.WriteFile(filepath.Join(dir, "mine.yaml"), []byte(minimal), 0o644)
	tests := []struct{ model, explicit, want string }{
		{model, "", "a"},
		{model, "moge-2", "moge-2"},
		{filepath.Join(dir, "other.onnx"), filepath.Join(dir, "mine.yaml"), "a"},
		{"/x/depth-pro.onnx", "", "depth-pro"},
		{"/x/metric3d_vit_small.onnx", "", "metric3d-v2-vit"},
	}
	for _, tt := range tests {
		c, err := ForModel(tt.model, tt.explicit)
		if err != nil {
			t.Fatal(err)
		}
		if c.Name != tt.want {
			t.Errorf("%s: got %s, want %s", tt.model, c.Name, tt.want)
		}
	}
}
