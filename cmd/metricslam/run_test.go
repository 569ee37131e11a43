package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/metricslam/metricslam/depth/depthio"
	"github.com/metricslam/metricslam/export"
	"github.com/metricslam/metricslam/internal/realdata"
	"github.com/metricslam/metricslam/report"
)

// kitchen copies the lists of the first frames of redkitchen into a folder whose
// images are links, with or without the truth.
func kitchen(t *testing.T, truth bool) string {
	t.Helper()
	scene, dir := realdata.Path(t, "tum/redkitchen"), t.TempDir()
	for _, name := range []string{"rgb", "depth"} {
		if err := os.Symlink(filepath.Join(scene, name), filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	names := []string{"rgb.txt", "depth.txt", "camera.yaml"}
	if truth {
		names = append(names, "groundtruth.txt")
	}
	for _, name := range names {
		text, err := os.ReadFile(filepath.Join(scene, name))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), text, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// Recorded input gives the same bytes twice, with the mapper on a goroutine of
// its own, and the truth changes nothing.
func TestRunRepeats(t *testing.T) {
	frames := []string{"--max-frames", "60", "--depth", "sensor", "--voxel", ".04", "--quiet"}
	results := func(dir string) map[string][]byte {
		out := t.TempDir()
		must(t, append([]string{"run", dir, "-o", out}, frames...)...)
		files := make(map[string][]byte)
		for _, name := range []string{"trajectory.tum", "trajectory.kitti", "keyframes.tum", "mesh.ply", "cloud.ply", "frames.csv"} {
			data, err := os.ReadFile(filepath.Join(out, name))
			if err != nil {
				t.Fatal(err)
			}
			files[name] = data
		}
		return files
	}
	first := results(kitchen(t, true))
	for what, again := range map[string]map[string][]byte{"again": results(kitchen(t, true)), "without the truth": results(kitchen(t, false))} {
		for name, data := range first {
			if !bytes.Equal(data, again[name]) {
				t.Errorf("%s: %s differs", what, name)
			}
		}
	}
}

// readReport reads the report of a results folder.
func readReport(t *testing.T, dir string) (r report.Report) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(dir, "report.json"))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &r); err != nil {
		t.Fatal(err)
	}
	return r
}

// A whole run on a scene that the program renders: every file is there, none is
// half written, and the figures agree with each other.
func TestRunResults(t *testing.T) {
	out := t.TempDir()
	must(t, "run", "synthetic:room:4", "--max-frames", "40", "--depth", "sim:bias=0,frame=.02", "--mesh-format", "ply,obj,glb", "--save-depth", "-o", out, "--quiet")
	for _, name := range []string{"trajectory.tum", "trajectory.kitti", "keyframes.tum", "mesh.ply", "mesh.obj", "mesh.glb", "cloud.ply", "depth", "config.yaml", "run.log", "report.json", "report.html", "frames.csv", "map.mslam"} {
		if _, err := os.Stat(filepath.Join(out, name)); err != nil {
			t.Error(err)
		}
	}
	entries, err := os.ReadDir(out)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), ".") || strings.Contains(e.Name(), "tmp") {
			t.Errorf("%s was left behind", e.Name())
		}
	}
	r := readReport(t, out)
	poses, err := export.ReadTUM(filepath.Join(out, "trajectory.tum"))
	if err != nil || len(poses) != r.Posed || r.Frames != 40 || r.Posed != 40 {
		t.Errorf("%d rows, %d of %d frames posed, error %v", len(poses), r.Posed, r.Frames, err)
	}
	if r.ATESE3M == nil || *r.ATESE3M > .03 {
		t.Errorf("ATE %v", r.ATESE3M)
	}
}

// images writes a folder of PNG images of w x h pixels.
func images(t *testing.T, n int, size func(i int) (w, h int), grey func(i, x, y int) uint8) string {
	t.Helper()
	dir := t.TempDir()
	for i := range n {
		w, h := size(i)
		img := image.NewGray(image.Rect(0, 0, w, h))
		for y := range h {
			for x := range w {
				img.SetGray(x, y, color.Gray{Y: grey(i, x, y)})
			}
		}
		f, err := os.Create(filepath.Join(dir, fmt.Sprintf("%04d.png", i)))
		if err != nil {
			t.Fatal(err)
		}
		if err := png.Encode(f, img); err != nil {
			t.Fatal(err)
		}
		if err := f.Close(); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func fixed(w, h int) func(int) (int, int) { return func(int) (int, int) { return w, h } }

// Of images that show nothing nothing is mapped: the run fails with the reason,
// and the report has it.
func TestRunShowsNothing(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	noise := func(int, int, int) uint8 { return uint8(r.Uint32()) }
	for name, dir := range map[string]string{
		"black":            images(t, 8, fixed(160, 120), func(int, int, int) uint8 { return 0 }),
		"white":            images(t, 8, fixed(160, 120), func(int, int, int) uint8 { return 255 }),
		"noise":            images(t, 8, fixed(160, 120), noise),
		"one frame":        images(t, 1, fixed(160, 120), noise),
		"a size for a few": images(t, 8, func(i int) (int, int) { return 160 + 10*(i/6), 120 }, noise),
	} {
		for _, depth := range []string{"none", "auto"} {
			out := t.TempDir()
			status, _, stderr := capture(t, "run", dir, "--depth", depth, "--fov", "70", "-o", out, "--quiet")
			if status != statusFailed || !strings.Contains(stderr, "shows nothing") {
				t.Errorf("%s, depth %s: status %d: %s", name, depth, status, stderr)
			}
			if rep := readReport(t, out); rep.Status != report.Failed || !strings.Contains(strings.Join(rep.Warnings, "\n"), "shows nothing") {
				t.Errorf("%s, depth %s: report %+v", name, depth, rep)
			}
			if left, _ := filepath.Glob(filepath.Join(out, "*")); len(left) != 2 {
				t.Errorf("%s, depth %s: %v are left, want run.log and report.json", name, depth, left)
			}
		}
	}
}

func TestRunRefuses(t *testing.T) {
	empty, file := t.TempDir(), filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, []byte("no folder"), 0o644); err != nil {
		t.Fatal(err)
	}
	good := images(t, 2, fixed(64, 48), func(i, x, y int) uint8 { return uint8(x * y) })
	strange := t.TempDir() // depth of no frame
	if err := depthio.WritePNG(filepath.Join(strange, "other.png"), depthio.Image{W: 1, H: 1, Depth: []float32{1}}, 1000); err != nil {
		t.Fatal(err)
	}
	tiny := images(t, 3, fixed(1, 1), func(int, int, int) uint8 { return 9 })
	tests := map[string]struct {
		args []string
		want []string // in the message
	}{
		"no such source":     {[]string{"/no/such/place"}, []string{"/no/such/place"}},
		"empty folder":       {[]string{empty}, []string{empty}},
		"tiny images":        {[]string{tiny, "--fov", "70"}, []string{"1x1"}},
		"output is a file":   {[]string{good, "-o", file}, []string{file}},
		"no depth sensor":    {[]string{good, "--depth", "sensor"}, []string{"depth"}},
		"unknown depth":      {[]string{good, "--depth", "/no/model.onnx"}, []string{"/no/model.onnx"}},
		"depth of others":    {[]string{good, "--fov", "70", "--depth", strange}, []string{"none of the 2 frames", "other.png"}},
		"depth scale":        {[]string{good, "--depth", good, "--depth-scale", "-1"}, []string{"depth-scale"}},
		"field of view":      {[]string{good, "--fov", "200"}, []string{"fov"}},
		"settings that lack": {[]string{good, "--config", "/no/config.yaml"}, []string{"/no/config.yaml"}},
		"settings of junk":   {[]string{good, "--config", file}, []string{file}},
		"a negative height":  {[]string{good, "--camera-height", "-1"}, []string{"height"}},
		"height in cm":       {[]string{good, "--camera-height", "165"}, []string{"--camera-height", "165", "centimetres", "1.65"}},
		"height of nothing":  {[]string{good, "--camera-height", "nan"}, []string{"--camera-height NaN"}},
		"normalised focal":   {[]string{good, "--fx", ".825"}, []string{"--fx", "0.825", "normalised"}},
		"endless focal":      {[]string{good, "--fx", "1e9"}, []string{"--fx", "1e+09"}},
		"no focal":           {[]string{good, "--fx", "0"}, []string{"--fx 0"}},
		"focal of nothing":   {[]string{good, "--fx", "nan"}, []string{"--fx NaN"}},
		"fov of nothing":     {[]string{good, "--fov", "nan"}, []string{"--fov NaN"}},
		"readout in s":       {[]string{good, "--fov", "60", "--rolling-shutter", ".02"}, []string{"--rolling-shutter", "give 20"}},
		"readout of nothing": {[]string{good, "--fov", "60", "--rolling-shutter", "nan"}, []string{"--rolling-shutter NaN"}},
		"endless readout":    {[]string{good, "--fov", "60", "--rolling-shutter", "500"}, []string{"--rolling-shutter 500"}},
		"marker in mm":       {[]string{good, "--fov", "60", "--marker-size", "160"}, []string{"160", "millimetres", "0.16"}},
	}
	for name, tt := range tests {
		args := append([]string{"run"}, tt.args...)
		if !strings.Contains(strings.Join(tt.args, " "), "-o ") {
			args = append(args, "-o", filepath.Join(t.TempDir(), "out"))
		}
		status, _, stderr := capture(t, append(args, "--quiet")...)
		if status == 0 {
			t.Errorf("%s: succeeded", name)
		}
		for _, want := range tt.want {
			if !strings.Contains(stderr, want) {
				t.Errorf("%s: the message lacks %q: %s", name, want, stderr)
			}
		}
	}
}
