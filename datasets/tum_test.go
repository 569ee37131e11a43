package datasets_test

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/metricslam/metricslam/datasets"
	"github.com/metricslam/metricslam/geom"
)

func TestTUM(t *testing.T) {
	dir := t.TempDir()
	writeTUM(t, dir, 5)
	src := open(t, dir, datasets.Options{})
	info := src.Info()
	want := geom.Camera{W: tinyW, H: tinyH, Fx: 60, Fy: 61, Cx: 31, Cy: 23}
	if info.Kind != "tum" || info.Camera != want || info.Len != 5 || !info.HasTruth || !info.HasSensorDepth || math.Abs(info.FPS-10) > 1e-6 {
		t.Errorf("info %+v", info)
	}
	frames, skips := drain(t, src)
	if len(frames) != 5 || len(skips) != 0 {
		t.Fatalf("%d frames, %d skips", len(frames), len(skips))
	}
	for i, f := range frames {
		if f.Index != i || math.Abs(f.Time-(100+.1*float64(i))) > 1e-9 || f.Camera != want {
			t.Errorf("frame %d: %d %g %v", i, f.Index, f.Time, f.Camera)
		}
		if d := f.Truth.T.X - .1*float64(i); math.Abs(d) > 1e-9 {
			t.Errorf("frame %d: truth off by %g", i, d)
		}
		img := texture(tinyW, tinyH, i)
		for _, p := range [][2]int{{0, 0}, {10, 20}, {63, 47}} {
			c := img.NRGBAAt(p[0], p[1])
			if r, g, b := f.Color.At(p[0], p[1]); r != c.R || g != c.G || b != c.B {
				t.Errorf("frame %d pixel %v: %d %d %d, want %v", i, p, r, g, b, c)
			}
			gray := .299*float64(c.R) + .587*float64(c.G) + .114*float64(c.B)
			if d := float64(f.Gray.At(p[0], p[1])) - gray; math.Abs(d) > 1 {
				t.Errorf("frame %d pixel %v: grey %d, want %.1f", i, p, f.Gray.At(p[0], p[1]), gray)
			}
		}
		d, err := f.SensorDepth()
		if err != nil || d.Camera != want || d.W != tinyW || d.Depth[0] != 0 || d.Depth[1] != 0 || d.Depth[2] != 1 {
			t.Errorf("frame %d: depth %v, %v", i, d.Depth[:3], err)
		}
	}
	if frames[0].Name != "100.000000" {
		t.Errorf("name %q", frames[0].Name)
	}
}

func TestTUMSelection(t *testing.T) {
	dir := t.TempDir()
	writeTUM(t, dir, 10)
	src := open(t, dir, datasets.Options{Start: 1, Stride: 3, MaxFrames: 2, DepthScale: 2500})
	frames, _ := drain(t, src)
	if len(frames) != 2 || frames[0].Index != 1 || frames[1].Index != 4 || src.Info().Len != 2 {
		t.Errorf("%d frames, Len %d", len(frames), src.Info().Len)
	}
	if d, err := frames[0].SensorDepth(); err != nil || d.Depth[5] != 2 {
		t.Errorf("--depth-scale 2500 gives %v, %v", d.Depth[5], err)
	}
	if !hasWarning(src, "--depth-scale 2500", "5000 units", "2 times") {
		t.Errorf("another scale than the data's own is not told: %v", src.Warnings())
	}
}

// Lists may be out of order, repeat themselves, hold rubbish or name files that
// are not there.
func TestTUMDamagedLists(t *testing.T) {
	dir := t.TempDir()
	writeTUM(t, dir, 4)
	rgb, err := os.ReadFile(filepath.Join(dir, "rgb.txt"))
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(string(rgb)), "\n")
	write(t, dir, map[string]any{
		"rgb.txt": strings.Join([]string{
			"\ufeff" + lines[0], lines[2], lines[1], lines[1], "rubbish", "nan rgb/x.png", "100.25",
			"100.15 rgb/missing.png", lines[3], lines[4],
		}, "\n"),
		"groundtruth.txt": "100.0 0 0 0 0 0 0 1\n100.1 nan 0 0 0 0 0 1\n100.2 2 0 0 0 0 0 1\n100.2 9 0 0 0 0 0 1\n" +
			"100.05 .5 0 0 0 0 0 1\n100.3 3 0 0 0 0 0\n100.31 3 0 0 5 5 5 5\n",
	})
	src := open(t, dir, datasets.Options{})
	frames, skips := drain(t, src)
	if len(frames) != 4 || len(skips) != 1 || skips[0].Index != 2 || !strings.Contains(skips[0].Error(), "missing.png") {
		t.Errorf("%d frames, skips %v", len(frames), skips)
	}
	for _, want := range [][]string{
		{"rgb.txt", "not in order"}, {"rgb.txt", "1 lines repeat"}, {"rgb.txt", "3 malformed", "line 5"},
		{"groundtruth.txt", "3 malformed", "line 2", "not finite"}, {"groundtruth.txt", "not in order"}, {"groundtruth.txt", "1 poses repeat"},
	} {
		if !hasWarning(src, want...) {
			t.Errorf("no warning with %q in %q", want, src.Info().Warnings)
		}
	}
	if n := len(src.Truth()); n != 3 {
		t.Errorf("%d true poses, want 3", n)
	}
	// Truth between poses is interpolated, after the last it is unknown.
	if f := frames[1]; f.Truth == nil || math.Abs(f.Truth.T.X-1) > 1e-6 {
		t.Errorf("truth at %g: %v, want x = 1", f.Time, f.Truth)
	}
	if frames[3].Truth != nil {
		t.Errorf("truth at %g: %v, want none", frames[3].Time, frames[3].Truth)
	}
}

// A depth image belongs to the image nearest in time, within .02 s, and to
// one only.
func TestTUMAssociation(t *testing.T) {
	dir := t.TempDir()
	writeTUM(t, dir, 4)
	write(t, dir, map[string]any{
		"rgb.txt": "100.000 rgb/100.000000.png\n100.010 rgb/100.100000.png\n100.200 rgb/100.200000.png\n",
		// The first is nearer to the second image; the last is too far.
		"depth.txt":       "100.012 depth/100.000000.png\n100.221 depth/100.200000.png\n",
		"groundtruth.txt": "100 0 0 0 0 0 0 1\n100.2 0 0 0 0 0 0 1\n",
	})
	frames, _ := drain(t, open(t, dir, datasets.Options{}))
	for i, want := range []bool{false, true, false} {
		if got := frames[i].SensorDepth != nil; got != want {
			t.Errorf("image %d: depth %v, want %v", i, got, want)
		}
	}
}

// The calibrations of the data set's cameras go by the folder's name; a camera
// nobody calibrated is warned about.
func TestTUMDefaults(t *testing.T) {
	for name, fx := range map[string]float64{"rgbd_dataset_freiburg3_desk": 535.4, "mine": 525} {
		dir := filepath.Join(t.TempDir(), name)
		write(t, dir, map[string]any{
			"rgb.txt":   "1 rgb/1.jpg\n",
			"rgb/1.jpg": encodeJPEG(t, texture(640, 480, 0)),
		})
		src := open(t, dir, datasets.Options{})
		if got := src.Info().Camera.Fx; got != fx {
			t.Errorf("%s: fx %g, want %g", name, got, fx)
		}
		if warned := hasWarning(src, "--camera"); warned != (name == "mine") {
			t.Errorf("%s: warnings %q", name, src.Info().Warnings)
		}
	}
}

// Different images of one stamp, as rounding makes them, all come.
func TestEqualStamps(t *testing.T) {
	dir := t.TempDir()
	list := ""
	files := map[string]any{}
	for i, at := range []string{"1.0", "1.1", "1.1", "1.2", "1.3", "1.3"} {
		name := fmt.Sprintf("%d.png", i)
		files[name] = encodePNG(t, texture(tinyW, tinyH, i))
		list += at + " " + name + "\n"
	}
	files["rgb.txt"] = list
	write(t, dir, files)
	src := open(t, dir, datasets.Options{})
	frames, _ := drain(t, src)
	if len(frames) != 6 || !hasWarning(src, "2 frames have the time stamp of another") {
		t.Fatalf("%d frames, warnings %v", len(frames), src.Warnings())
	}
	for i, want := range []float64{1, 1.1, 1.15, 1.2, 1.3, 1.35} {
		if math.Abs(frames[i].Time-want) > 1e-9 {
			t.Errorf("frame %d at %g, want %g", i, frames[i].Time, want)
		}
	}
}
