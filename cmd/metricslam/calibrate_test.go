package main

import (
	"encoding/json"
	"image"
	"image/png"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/metricslam/metricslam/calibration"
	"github.com/metricslam/metricslam/geom"
)

// boardImages renders a grid of 4 x 3 tags from n sides by a pinhole camera of
// 400 pixels focal length.
func boardImages(t *testing.T, n int) string {
	t.Helper()
	const w, h, f = 400, 300, 400.
	b := calibration.DefaultBoard(calibration.Tags)
	b.Cols, b.Rows = 4, 3
	dir := t.TempDir()
	for k := range n {
		a := float64(k)
		r := geom.ExpSO3(geom.Vec3{X: .6 * math.Sin(1.7*a), Y: .6 * math.Cos(2.3*a), Z: .2 * math.Sin(a)})
		size := b.Size()
		middle := r.MulVec(geom.Vec3{X: size.X / 2, Y: size.Y / 2})
		pose := geom.SE3{R: r, T: geom.Vec3{X: 1.1 * math.Sin(3*a), Y: .8 * math.Cos(4*a), Z: 7 + math.Sin(5*a)}.Sub(middle)}
		inv := pose.Inverse()
		img := image.NewGray(image.Rect(0, 0, w, h))
		for i := range img.Pix {
			var sum float64
			for s := range 9 {
				u := geom.Vec3{X: (float64(i%w) + float64(s%3-1)/3 - (w-1)/2.) / f, Y: (float64(i/w) + float64(s/3-1)/3 - (h-1)/2.) / f, Z: 1}
				d := inv.R.MulVec(u)
				p := geom.Vec2{X: inv.T.X - inv.T.Z/d.Z*d.X, Y: inv.T.Y - inv.T.Z/d.Z*d.Y}
				if !b.Dark(p) {
					sum += 200. / 9
				}
			}
			img.Pix[i] = uint8(20 + sum)
		}
		file, err := os.Create(filepath.Join(dir, string(rune('a'+k))+".png"))
		if err != nil {
			t.Fatal(err)
		}
		if err := png.Encode(file, img); err != nil {
			t.Fatal(err)
		}
		file.Close()
	}
	return dir
}

// From images to a camera file that a run takes; what is missing is said.
func TestCalibrateCommand(t *testing.T) {
	dir := boardImages(t, 14)
	out := filepath.Join(t.TempDir(), "camera.yaml")
	board := []string{"--cols", "4", "--rows", "3"}
	status, stdout, stderr := capture(t, append([]string{"calibrate", dir, "-o", out, "--model", "radtan", "--json", "--quiet"}, board...)...)
	if status != 0 {
		t.Fatal(stdout, stderr)
	}
	var r struct {
		Camera, Deviation map[string]float64
		Verdict           string
	}
	if err := json.Unmarshal([]byte(stdout), &r); err != nil || math.Abs(r.Camera["fx"]-400) > 3*r.Deviation["fx"] || r.Deviation["fx"] > 4 || r.Verdict == "" {
		t.Errorf("%v: %s", err, stdout)
	}
	for _, name := range []string{"camera.coverage.png", "camera.residuals.png"} {
		if _, err := os.Stat(filepath.Join(filepath.Dir(out), name)); err != nil {
			t.Error(err)
		}
	}
	// Two frames of a board are too few to be posed, which the status says.
	if status, _, stderr := capture(t, "run", dir, "-o", filepath.Join(t.TempDir(), "run"), "--camera", out, "--depth", "none", "--no-mesh", "--quiet", "--max-frames", "2"); status != statusDoubtful {
		t.Errorf("status %d: %s", status, stderr)
	}

	sheet := filepath.Join(t.TempDir(), "sheet.pdf")
	if text := must(t, "calibrate", "--target", sheet, "--board", "chessboard", "--paper", "letter"); !strings.Contains(text, "mm") {
		t.Error(text)
	}
	if data, err := os.ReadFile(sheet); err != nil || !strings.HasPrefix(string(data), "%PDF") {
		t.Error(err)
	}
	for name, tt := range map[string]struct {
		args []string
		want string
	}{
		"no source":     {nil, "--target sheet.pdf"},
		"no output":     {[]string{dir}, "-o CAMERA.YAML"},
		"both":          {[]string{dir, "--target", sheet}, "leave the source out"},
		"other board":   {[]string{dir, "-o", out, "--board", "chessboard"}, "0 images show it"},
		"other family":  {[]string{dir, "-o", out, "--family", "aruco7x7"}, "few views"},
		"gap of 0":      {[]string{dir, "-o", out, "--gap", "0"}, "--gap 0"},
		"missing place": {[]string{dir, "-o", "/no/such/place/camera.yaml", "--cols", "4", "--rows", "3"}, "/no/such/place"},
	} {
		if status, _, stderr := capture(t, append([]string{"calibrate", "--quiet"}, tt.args...)...); status == 0 || !strings.Contains(stderr, tt.want) {
			t.Errorf("%s: status %d, %q lacks %q", name, status, stderr, tt.want)
		}
	}
}
