package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"image"
	"image/color"
	"image/jpeg"
	"io"
	"math"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/metricslam/metricslam/depth/depthio"
	"github.com/metricslam/metricslam/depth/models"
	"github.com/metricslam/metricslam/depth/onnx"
	"github.com/metricslam/metricslam/internal/tinyonnx"
)

// wallModel writes a network that answers 4 to every image: canonical depth of
// a camera of 10 px at its 32x24 pixels. It skips without ONNX Runtime, and
// fails where CI=true.
func wallModel(t *testing.T) string {
	t.Helper()
	if _, err := onnx.Init(""); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal(err)
		}
		t.Skip(err)
	}
	g := tinyonnx.Gray("image", tinyonnx.Float, 24, 32).Const("z", []float32{0}).Const("c", []float32{4}).
		Node("Mul", []string{"gray", "z"}, []string{"m"}).Node("Add", []string{"m", "c"}, []string{"depth"}).
		Output("depth", tinyonnx.Float, 1, 1, 24, 32)
	path := filepath.Join(t.TempDir(), "wall.onnx")
	contract := `name: wall
input: {name: image, shape: [1, 3, 24, 32]}
resize: {rule: fit-and-pad}
outputs: {depth: {name: depth}}
kind: depth
scale: {rule: canonical, focal: 10}
`
	os.WriteFile(path, g.Bytes(), 0o644)
	os.WriteFile(strings.TrimSuffix(path, ".onnx")+".yaml", []byte(contract), 0o644)
	return path
}

func writePhoto(t *testing.T, dir, name string, w, h int) string {
	t.Helper()
	img := image.NewRGBA(image.Rect(0, 0, w, h))
	for i := range w * h {
		img.Set(i%w, i/w, color.RGBA{uint8(i), uint8(i / w), 90, 255})
	}
	var b bytes.Buffer
	if err := jpeg.Encode(&b, img, nil); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, name)
	os.WriteFile(path, b.Bytes(), 0o644)
	return path
}

func TestDepthCommand(t *testing.T) {
	model, dir := wallModel(t), t.TempDir()
	a, b := writePhoto(t, dir, "a.jpg", 320, 240), writePhoto(t, dir, "b.jpg", 240, 320)
	out := filepath.Join(dir, "new", "out")
	status, stdout, stderr := capture(t, "depth", a, b, "-o", out, "--model", model, "--fx", "100", "--json")
	if status != 0 {
		t.Fatal(stderr)
	}
	for _, name := range []string{"a.depth.png", "a.color.png", "a.ply", "a.glb", "a.json", "b.depth.png"} {
		if info, err := os.Stat(filepath.Join(out, name)); err != nil || info.Size() == 0 {
			t.Errorf("%s: %v", name, err)
		}
	}
	d, err := depthio.Read(filepath.Join(out, "a.depth.png"), 0)
	if err != nil || d.W != 320 || d.H != 240 || math.Abs(float64(d.Depth[100])-4) > 1e-3 { // f 100, resized to a tenth, is the canonical 10
		t.Errorf("depth %dx%d %v, %v", d.W, d.H, d.Depth[100], err)
	}
	var res struct {
		Photos []struct {
			Photo       string
			MedianDepth float64 `json:"median_depth_m"`
			Camera      struct{ From string }
		}
	}
	if err := json.Unmarshal([]byte(stdout), &res); err != nil || len(res.Photos) != 2 || res.Photos[0].MedianDepth != 4 || res.Photos[0].Camera.From != "--fx" {
		t.Errorf("json %+v, %v", res, err)
	}

	// Without a focal length: a guess, with a warning. Only what is asked for.
	only := filepath.Join(dir, "only")
	status, stdout, stderr = capture(t, "depth", a, "-o", only, "--model", model, "--only", "depth,json", "--unit", "kitti")
	if status != 0 || !strings.Contains(stderr, "focal length unknown") || !strings.Contains(stdout, "277 px") {
		t.Errorf("status %d, %q, %q", status, stdout, stderr)
	}
	if files, _ := filepath.Glob(filepath.Join(only, "*")); len(files) != 2 {
		t.Errorf("got %v", files)
	}
	if d, err = depthio.Read(filepath.Join(only, "a.depth.png"), 256); err != nil || math.Abs(float64(d.Depth[100])-4*2.77) > .01 {
		t.Errorf("KITTI's unit: %v, %v", d.Depth[100], err)
	}

	// The wall stands 4 m away: beyond a range of 3 m nothing is left of it.
	if status, _, stderr = capture(t, "depth", a, "-o", only, "--model", model, "--fx", "100", "--only", "normal", "--drop-edges", "--optimize", "basic"); status != 0 {
		t.Error(stderr)
	}
	if _, err := os.Stat(filepath.Join(only, "a.normal.png")); err != nil {
		t.Error(err)
	}
	status, _, _ = capture(t, "depth", a, "-o", only, "--model", model, "--fx", "100", "--max-range", "3", "--only", "depth")
	if d, err = depthio.Read(filepath.Join(only, "a.depth.png"), 1000); status != 0 || err != nil || d.Depth[100] != 0 {
		t.Errorf("--max-range 3: status %d, %v m, %v", status, d.Depth[100], err)
	}
}

func TestDepthCommandRefuses(t *testing.T) {
	model, dir := wallModel(t), t.TempDir()
	good := writePhoto(t, dir, "a.jpg", 32, 24)
	broken := filepath.Join(dir, "broken.jpg")
	os.WriteFile(broken, []byte("\xff\xd8\xffnothing"), 0o644)
	for name, tt := range map[string]struct {
		args []string
		want string
	}{
		"broken image":  {[]string{broken, "--model", model}, "broken.jpg"},
		"missing image": {[]string{filepath.Join(dir, "none.jpg"), "--model", model}, "none.jpg"},
		"missing model": {[]string{good, "--model", filepath.Join(dir, "none.onnx")}, "none.yaml"},
		"same names":    {[]string{good, filepath.Join(dir, "a.png"), "--model", model}, "different folders"},
		"kind":          {[]string{good, "--model", model, "--only", "stl"}, "there are depth"},
		"range":         {[]string{good, "--model", model, "--max-range", "-1"}, "--max-range"},
		"two lengths":   {[]string{good, "--model", model, "--fx", "3", "--fov", "60"}, "drop one"},
		"wide":          {[]string{good, "--model", model, "--fov", "180"}, "179"},
		"centre":        {[]string{good, "--model", model, "--fx", "30", "--cx", "500"}, "outside"},
		"runtime":       {[]string{good, "--model", model, "--contract", "nothing"}, "no contract named"},
	} {
		status, _, stderr := capture(t, append([]string{"depth", "-o", filepath.Join(dir, "out")}, tt.args...)...)
		if status == 0 || !strings.Contains(stderr, tt.want) {
			t.Errorf("%s: status %d, %q, want %q", name, status, stderr, tt.want)
		}
	}
	// One that fails does not end the rest.
	out := filepath.Join(dir, "rest")
	if status, _, _ := capture(t, "depth", broken, good, "-o", out, "--model", model, "--fx", "30"); status != 1 {
		t.Errorf("status %d, want 1", status)
	}
	if _, err := os.Stat(filepath.Join(out, "a.json")); err != nil {
		t.Error(err)
	}
}

func TestMeasureCommand(t *testing.T) {
	model, dir := wallModel(t), t.TempDir()
	a := writePhoto(t, dir, "a.jpg", 320, 240)
	var res struct {
		Measurements []struct {
			Distance float64 `json:"distance_m"`
			Sigma    float64 `json:"sigma_m"`
		}
		Scale float64
	}
	base := []string{"measure", a, "--model", model, "--fx", "100", "--json", "--from", "100,100", "--to", "200,100", "--from", "100,120", "--to", "100,170"}
	status, stdout, stderr := capture(t, base...)
	if err := json.Unmarshal([]byte(stdout), &res); status != 0 || err != nil {
		t.Fatal(stderr, err)
	}
	// 4 m away, 100 px at f 100 are 4 m.
	if m := res.Measurements; len(m) != 2 || math.Abs(m[0].Distance-4) > .01 || math.Abs(m[1].Distance-2) > .01 || !(m[0].Sigma > .2 && m[0].Sigma < 1) {
		t.Errorf("got %+v", m)
	}
	before := res.Measurements[1].Sigma / res.Measurements[1].Distance
	status, stdout, stderr = capture(t, append(base, "--known", "100,110,180,110=1.6")...)
	if err := json.Unmarshal([]byte(stdout), &res); status != 0 || err != nil {
		t.Fatal(stderr, err)
	}
	if m := res.Measurements; math.Abs(res.Scale-.5) > .001 || math.Abs(m[0].Distance-2) > .01 || m[1].Sigma/m[1].Distance >= 2*before {
		t.Errorf("got %+v", res)
	}
	if status, stdout, _ = capture(t, base[:5]...); status != 2 {
		t.Errorf("without points: status %d, %q", status, stdout)
	}
	if status, stdout, _ = capture(t, append(base[:6:6], "--from", "1,1", "--to", "30,30")...); status != 0 || !strings.Contains(stdout, "m +-") {
		t.Errorf("for people: status %d, %q", status, stdout)
	}
	for _, bad := range [][]string{
		{"--from", "1,1", "--to", "999,1"}, {"--from", "1", "--to", "2,2"}, {"--from", "1,x", "--to", "2,2"}, {"--from", "1,1", "--from", "3,3", "--to", "2,2"},
		{"--from", "1,1", "--to", "9,9", "--known", "1,2,3,4"}, {"--from", "1,1", "--to", "9,9", "--known", "1,2,3,4=0"}, {"--from", "1,1", "--to", "9,9", "--known", "1,2,3=1"},
	} {
		if status, _, stderr := capture(t, append([]string{"measure", a, "--model", model, "--fx", "100"}, bad...)...); status == 0 || stderr == "" {
			t.Errorf("%v: status %d, %q", bad, status, stderr)
		}
	}
}

func TestModelsCommand(t *testing.T) {
	model := wallModel(t)
	cache := t.TempDir()
	t.Setenv(models.EnvDir, cache)
	data, err := os.ReadFile(model)
	if err != nil {
		t.Fatal(err)
	}
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(data))
	}))
	defer srv.Close()
	sum := sha256.Sum256(data)
	contract := strings.TrimSuffix(model, ".onnx") + ".yaml"
	if status, _, stderr := capture(t, "models", "pull", srv.URL+"/wall.onnx", "--sha256", strings.Repeat("0", 64)); status != 1 || !strings.Contains(stderr, "wrong sha256") {
		t.Errorf("wrong checksum: status %d, %q", status, stderr)
	}
	status, stdout, stderr := capture(t, "models", "pull", srv.URL+"/wall.onnx", "--contract", contract, "--sha256", hex.EncodeToString(sum[:]))
	if status != 0 || !strings.Contains(stdout, cache) {
		t.Fatalf("status %d, %q, %q", status, stdout, stderr)
	}
	if status, stdout, stderr = capture(t, "models", "check", "wall"); status != 0 || !strings.Contains(stdout, "fits") {
		t.Errorf("check: status %d, %q, %q", status, stdout, stderr)
	}
	if m, ok := models.Shipped(); ok {
		if status, stdout, stderr = capture(t, "models", "check", m.Name); status != 0 || !strings.Contains(stdout, "fits") {
			t.Errorf("check of what ships: status %d, %q, %q", status, stdout, stderr)
		}
		if status, stdout, stderr = capture(t, "models", "check", m.Name, "--contract", "depth-pro"); status != 1 || !strings.Contains(stdout, "differs") {
			t.Errorf("check of what ships by another contract: status %d, %q, %q", status, stdout, stderr)
		}
	}
	// What was pulled is found by its name.
	a := writePhoto(t, t.TempDir(), "a.jpg", 32, 24)
	if status, _, stderr = capture(t, "depth", a, "-o", t.TempDir(), "--model", "wall", "--only", "json", "--fx", "30"); status != 0 {
		t.Errorf("depth --model wall: %q", stderr)
	}
	if status, stdout, _ = capture(t, "models", "list"); status != 0 || !strings.Contains(stdout, "metric3d-v2-vit") {
		t.Errorf("list: status %d, %q", status, stdout)
	}
	if status, stdout, _ = capture(t, "models", "list", "--json"); status != 0 || !json.Valid([]byte(stdout)) {
		t.Errorf("list --json: status %d, %q", status, stdout)
	}
	if status, stdout, _ = capture(t, "models", "show", "depth-pro"); status != 0 || !strings.Contains(stdout, "fov_deg") {
		t.Errorf("show: status %d, %q", status, stdout)
	}
	for name, args := range map[string][]string{
		"unknown name":    {"pull", "nothing"},
		"no address":      {"pull", "depth-pro"},
		"no onnx":         {"pull", srv.URL + "/page.html"},
		"unknown to show": {"show", "nothing"},
		"no file":         {"check", "nothing.onnx"},
		"another network": {"check", model, "--contract", "depth-pro"},
	} {
		if status, _, stderr := capture(t, append([]string{"models"}, args...)...); status != 1 || stderr == "" {
			t.Errorf("%s: status %d, %q", name, status, stderr)
		}
	}
}

// TestModelsCheckImages: a folder with annotations, as the demonstration
// images of Metric3D come.
func TestModelsCheckImages(t *testing.T) {
	model, dir := wallModel(t), t.TempDir()
	for _, sub := range []string{"rgb", "depth"} {
		os.MkdirAll(filepath.Join(dir, sub), 0o755)
	}
	writePhoto(t, filepath.Join(dir, "rgb"), "a.jpg", 64, 48)
	truth := depthio.Image{W: 64, H: 48, Depth: make([]float32, 64*48)}
	for i := range truth.Depth {
		truth.Depth[i] = 4
	}
	if err := depthio.WritePNG(filepath.Join(dir, "depth", "a.png"), truth, 256); err != nil {
		t.Fatal(err)
	}
	notes := filepath.Join(dir, "test_annotations.json")
	os.WriteFile(notes, []byte(`{"files": [{"cam_in": [20, 20, 32, 24], "rgb": "data/x/rgb/a.jpg", "depth": "data/x/depth/a.png", "depth_scale": 256.0}]}`), 0o644)
	status, stdout, stderr := capture(t, "models", "check", model, "--images", dir, "--json")
	var r struct {
		AbsRel float64                 `json:"absrel"`
		Images []struct{ Name string } `json:"pictures"`
	}
	if err := json.Unmarshal([]byte(stdout), &r); status != 0 || err != nil || r.AbsRel > .01 || len(r.Images) != 1 || r.Images[0].Name != "a" {
		t.Errorf("status %d, %q, %q, %v", status, stdout, stderr, err)
	}
	os.WriteFile(notes, []byte(`{"files": []}`), 0o644)
	if status, _, stderr = capture(t, "models", "check", model, "--images", dir); status != 1 || !strings.Contains(stderr, "no image") {
		t.Errorf("an empty list: status %d, %q", status, stderr)
	}
}

func TestPlainProgress(t *testing.T) {
	var b bytes.Buffer
	show := plainProgress(&b, "net", 0)
	show(50e6, 100e6)
	show(60e6, -1)
	if got := b.String(); got != "net: 50.0 MB of 100.0 MB, 50 %\nnet: 60.0 MB\n" {
		t.Errorf("got %q", got)
	}
	plainProgress(io.Discard, "net", time.Hour)(1, 2)
}
