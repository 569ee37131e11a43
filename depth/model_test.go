package depth

import (
	"context"
	"errors"
	"fmt"
	"image"
	"image/draw"
	_ "image/jpeg"
	_ "image/png"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/metricslam/metricslam/depth/depthio"
	"github.com/metricslam/metricslam/depth/models"
	"github.com/metricslam/metricslam/depth/network"
	"github.com/metricslam/metricslam/depth/onnx"
	"github.com/metricslam/metricslam/geom"
	"github.com/metricslam/metricslam/internal/realdata"
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

func loadRGB(t testing.TB, path string) slam.RGB {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	img, _, err := image.Decode(f)
	if err != nil {
		t.Fatal(err)
	}
	rgba := image.NewRGBA(image.Rect(0, 0, img.Bounds().Dx(), img.Bounds().Dy()))
	draw.Draw(rgba, rgba.Rect, img, img.Bounds().Min, draw.Src)
	c := slam.NewRGB(rgba.Rect.Dx(), rgba.Rect.Dy())
	for i := range c.W * c.H {
		copy(c.Pix[3*i:3*i+3], rgba.Pix[4*i:])
	}
	return c
}

// absRel is the mean of |predicted - true| / true over the true depth between
// .1 m and far, the prediction brought to the truth's pixels.
func absRel(pred slam.DepthMap, truth depthio.Image, far float32) float64 {
	d := network.Upsample(pred, truth.W, truth.H, 0)
	var sum float64
	n := 0
	for i, z := range truth.Depth {
		if z < .1 || z > far || d.Depth[i] <= 0 {
			continue
		}
		sum += math.Abs(float64(d.Depth[i]-z)) / float64(z)
		n++
	}
	return sum / float64(n)
}

// TestFeeding runs the network that ships on rooms it never saw. Training measured
// the same images (depth/models/README.md) in Python. Equal figures prove that both
// feed the network alike.
func TestFeeding(t *testing.T) {
	if _, ok := models.Shipped(); !ok {
		t.Skip("no network ships with this program")
	}
	needLibrary(t)
	src, err := Open("auto", Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer src.Close()
	tests := []struct {
		name       string
		cam        geom.Camera
		from, to   int
		step       int
		rgb, depth func(int) string
		scale      float64
		published  float64
		within     float64
	}{
		{"nyu 860-899", geom.Camera{W: 320, H: 240, Fx: 259.429, Fy: 259.735, Cx: 162.791, Cy: 126.868}, 860, 900, 1,
			func(i int) string { return fmt.Sprintf("nyu/rgb/%05d.jpg", i) },
			func(i int) string { return fmt.Sprintf("nyu/depth/%05d.png", i) }, 1000, .147, .012},
		{"redkitchen, every 20th", geom.Camera{W: 640, H: 480, Fx: 528, Fy: 528, Cx: 320, Cy: 240}, 0, 400, 20,
			nil, nil, 5000, .132, .012},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if tt.rgb == nil {
				dir := "tum/redkitchen"
				rgb, depth := listing(t, realdata.Path(t, dir, "rgb.txt")), listing(t, realdata.Path(t, dir, "depth.txt"))
				tt.rgb = func(i int) string { return filepath.Join(dir, rgb[i]) }
				tt.depth = func(i int) string { return filepath.Join(dir, depth[i]) }
			}
			var sum float64
			n := 0
			for i := tt.from; i < tt.to; i += tt.step {
				f := &slam.Frame{Index: i, Camera: tt.cam, Color: loadRGB(t, realdata.Path(t, tt.rgb(i)))}
				d, err := src.Depth(context.Background(), f)
				if err != nil {
					t.Fatal(err)
				}
				truth, err := depthio.Read(realdata.Path(t, tt.depth(i)), tt.scale)
				if err != nil {
					t.Fatal(err)
				}
				sum += absRel(d, truth, 10)
				n++
			}
			mean := sum / float64(n)
			t.Logf("AbsRel %.4f over %d images; published %.3f", mean, n, tt.published)
			if math.Abs(mean-tt.published) > tt.within {
				t.Errorf("AbsRel %.4f, published %.3f: the network is fed in another way", mean, tt.published)
			}
		})
	}
}

// TestShipped: the network inside the program measures rooms and streets of the
// demonstration images of Metric3D, nothing scaled.
func TestShipped(t *testing.T) {
	if _, ok := models.Shipped(); !ok {
		t.Skip("no network ships with this program")
	}
	needLibrary(t)
	src, err := Open("auto", Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer src.Close()
	for dir, demo := range map[string]struct {
		cam   geom.Camera
		ext   string
		scale float64
		most  float64 // AbsRel
	}{
		"nyu_demo":   {geom.Camera{Fx: 518.8579, Fy: 519.46961, Cx: 325.58245, Cy: 253.73617}, "jpg", 1000, .3},
		"kitti_demo": {geom.Camera{Fx: 707.0493, Fy: 707.0493, Cx: 604.0814, Cy: 180.5066}, "png", 256, .4},
	} {
		root := realdata.Path(t, "metric3d_demo", dir)
		rgb, _ := filepath.Glob(filepath.Join(root, "rgb", "*."+demo.ext))
		depth, _ := filepath.Glob(filepath.Join(root, "depth", "*.png"))
		if len(rgb) != 3 || len(depth) != 3 {
			t.Fatalf("%s: %d images, %d depth images", root, len(rgb), len(depth))
		}
		var sum float64
		for i := range rgb {
			f := &slam.Frame{Index: i, Camera: demo.cam, Color: loadRGB(t, rgb[i])}
			f.Camera.W, f.Camera.H = f.Color.W, f.Color.H
			d, err := src.Depth(context.Background(), f)
			if err != nil {
				t.Fatal(err)
			}
			truth, err := depthio.Read(depth[i], demo.scale)
			if err != nil {
				t.Fatal(err)
			}
			sum += absRel(d, truth, 80)
		}
		t.Logf("%s: AbsRel %.3f", dir, sum/3)
		if sum/3 > demo.most {
			t.Errorf("%s: AbsRel %.3f, want at most %v", dir, sum/3, demo.most)
		}
	}
}

// listing returns the file names of a TUM list.
func listing(t *testing.T, path string) []string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for line := range strings.Lines(string(data)) {
		if f := strings.Fields(line); len(f) == 2 && !strings.HasPrefix(line, "#") {
			names = append(names, f[1])
		}
	}
	return names
}

func TestOpenModelRefuses(t *testing.T) {
	dir := t.TempDir()
	if _, err := Open(filepath.Join(dir, "my.onnx"), Options{}); err == nil || !strings.Contains(err.Error(), "my.yaml") {
		t.Errorf("without a contract: got %v", err)
	}
	if _, err := Open(filepath.Join(dir, "my.onnx"), Options{Contract: "no-such"}); err == nil || !strings.Contains(err.Error(), "no-such") {
		t.Errorf("unknown contract: got %v", err)
	}
}

func TestAutoIsNeverASensor(t *testing.T) {
	src, err := Open("auto", Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer src.Close()
	if _, ok := models.Shipped(); !ok {
		if _, err := src.Depth(context.Background(), sensorFrame(0, 2)); !errors.Is(err, ErrNoDepth) {
			t.Errorf("got %v, want ErrNoDepth", err)
		}
	}
	if src.Name() == "sensor" {
		t.Error("auto opened a sensor")
	}
}
