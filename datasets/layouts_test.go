package datasets_test

import (
	"fmt"
	"image"
	"image/color"
	"math"
	"path/filepath"
	"strings"
	"testing"

	"github.com/metricslam/metricslam/datasets"
	"github.com/metricslam/metricslam/geom"
	"gocv.io/x/gocv"
)

// KITTI: P2 alone, a missing image, a stamp that goes backwards, a malformed
// pose, more stamps than images.
func TestKITTI(t *testing.T) {
	root := t.TempDir()
	dir := filepath.Join(root, "sequences", "07")
	files := map[string]any{
		"sequences/07/calib.txt": "P2: 50 0 30 -5 0 51 20 0 0 0 1 0\nTr: 1 0 0 0 0 1 0 0 0 0 1 0\n",
		"sequences/07/times.txt": "0\n0.1\n0.2\n0.05\n0.4\n0.5\n0.6\n0.7\n",
	}
	poses := ""
	for i := range 6 {
		if i != 1 {
			files[fmt.Sprintf("sequences/07/image_2/%06d.png", i)] = encodePNG(t, texture(tinyW, tinyH, i))
		}
		if i == 4 {
			poses += "1 0 0 0 0 nan 0 0 0 0 1 4\n"
			continue
		}
		poses += fmt.Sprintf("1 0 0 0 0 1 0 0 0 0 1 %d\n", i)
	}
	files["poses/07.txt"] = poses
	write(t, root, files)
	src := open(t, dir, datasets.Options{})
	if c := src.Info().Camera; c != (geom.Camera{W: tinyW, H: tinyH, Fx: 50, Fy: 51, Cx: 30, Cy: 20}) {
		t.Errorf("camera %+v", c)
	}
	frames, skips := drain(t, src)
	if len(frames) != 5 || len(skips) != 1 || skips[0].Index != 1 || !strings.Contains(skips[0].File, "000001.png") {
		t.Fatalf("%d frames, skips %v", len(frames), skips)
	}
	last := -1.
	for _, f := range frames {
		if f.Time <= last {
			t.Errorf("time %g after %g", f.Time, last)
		}
		last = f.Time
		if f.SensorDepth != nil || f.Name != fmt.Sprintf("%06d", f.Index) {
			t.Errorf("frame %d: name %q", f.Index, f.Name)
		}
		if f.Index == 4 {
			if f.Truth != nil {
				t.Errorf("a malformed pose is taken: %v", f.Truth)
			}
			continue
		}
		// Camera 2 sits at x = -P2[3]/fx = .1 m of camera 0.
		if want := (geom.Vec3{X: .1, Z: float64(f.Index)}); f.Truth.T.Sub(want).Norm() > 1e-9 {
			t.Errorf("frame %d: truth %v, want %v", f.Index, f.Truth.T, want)
		}
	}
	if math.Abs(frames[2].Time-.3) > 1e-9 {
		t.Errorf("repaired stamp %g, want .3", frames[2].Time)
	}
	if !hasWarning(src, "times.txt", "1 stamps") || !hasWarning(src, "07.txt", "line 5") {
		t.Errorf("warnings %q", src.Info().Warnings)
	}
}

func TestKITTIWithoutTimes(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "00")
	write(t, dir, map[string]any{
		"image_0/000000.png": encodePNG(t, image.NewGray(image.Rect(0, 0, tinyW, tinyH))),
		"image_0/000001.png": encodePNG(t, image.NewGray(image.Rect(0, 0, tinyW, tinyH))),
		"calib.txt":          "P0: 50 0 30 0 0 50 20 0 0 0 1 0\n",
	})
	src := open(t, dir, datasets.Options{})
	frames, _ := drain(t, src)
	if len(frames) != 2 || frames[1].Time != .1 || !frames[1].Color.Empty() || frames[1].Gray.Empty() || src.Truth() != nil || frames[0].Truth != nil {
		t.Errorf("frames %v", frames)
	}
	if !hasWarning(src, "times.txt", "missing") {
		t.Errorf("warnings %q", src.Info().Warnings)
	}
}

// 7-Scenes: the scene or its sequence, stamps by the camera file's rate, one
// pose that is not known, depth half the size of the image.
func TestSevenScenes(t *testing.T) {
	scene := t.TempDir()
	files := map[string]any{
		"camera-intrinsics.txt": "60 0 32\n0 60 24\n0 0 1\n",
		"camera.yml":            "Camera.fps: 20\nDepthMapFactor: 500\n",
	}
	for i := range 3 {
		name := fmt.Sprintf("seq-02/frame-%06d", i)
		files[name+".color.jpg"] = encodeJPEG(t, texture(tinyW, tinyH, i))
		files[name+".depth.png"] = depthPNG(t, tinyW/2, tinyH/2, 1000)
		files[name+".pose.txt"] = fmt.Sprintf("1\t0\t0\t%d\n0\t1\t0\t0\n0\t0\t1\t0\n0\t0\t0\t1\n", i)
	}
	files["seq-02/frame-000001.pose.txt"] = strings.Repeat("-inf ", 16)
	write(t, scene, files)
	for _, spec := range []string{scene, filepath.Join(scene, "seq-02")} {
		src := open(t, spec, datasets.Options{})
		if c := src.Info().Camera; c.Fx != 60 || c.Cx != 32 || src.Info().FPS != 20 || src.Info().Kind != "7scenes" {
			t.Errorf("info %+v", src.Info())
		}
		frames, _ := drain(t, src)
		if len(frames) != 3 || frames[2].Time != .1 || frames[2].Name != "frame-000002" || frames[1].Truth != nil || frames[2].Truth.T.X != 2 || len(src.Truth()) != 2 {
			t.Fatalf("frames %+v", frames)
		}
		d, err := frames[0].SensorDepth()
		if err != nil || d.W != tinyW/2 || d.Depth[1] != 0 || d.Depth[2] != 2 || d.Camera != frames[0].Camera.Resized(tinyW/2, tinyH/2) {
			t.Errorf("depth %dx%d %v, %v", d.W, d.H, d.Depth[:3], err)
		}
	}
}

func TestEuRoC(t *testing.T) {
	root := t.TempDir()
	// The camera looks along the body's x axis and sits 1 m ahead.
	write(t, root, map[string]any{
		"mav0/cam0/data.csv":                     "#timestamp [ns],filename\n1403636579763555584,1403636579763555584.png\r\n1403636579813555456,1403636579813555456.png\r\n",
		"mav0/cam0/sensor.yaml":                  "sensor_type: camera\nT_BS:\n  cols: 4\n  rows: 4\n  data: [0.0, 0.0, 1.0, 1.0,\n         -1.0, 0.0, 0.0, 0.0,\n         0.0, -1.0, 0.0, 0.0,\n         0.0, 0.0, 0.0, 1.0]\nrate_hz: 20\nresolution: [64, 48]\ncamera_model: pinhole\nintrinsics: [60., 61., 32., 24.] #fu, fv, cu, cv\ndistortion_model: radial-tangential\ndistortion_coefficients: [0.0, 0.0, 0.0, 0.0]\n",
		"mav0/cam0/data/1403636579763555584.png": encodePNG(t, texture(tinyW, tinyH, 0)),
		"mav0/cam0/data/1403636579813555456.png": encodePNG(t, texture(tinyW, tinyH, 1)),
		// At 579.76 the body is at the origin; 50 ms later at y = 2, turned by 90
		// degrees about z.
		"mav0/state_groundtruth_estimate0/data.csv": "#timestamp, p_RS_R_x [m], ...\n1403636579763555584,0,0,0,1,0,0,0,0,0,0\n1403636579813555456,0,2,0,0.70710678,0,0,0.70710678,0,0,0\n",
	})
	for _, spec := range []string{root, filepath.Join(root, "mav0"), filepath.Join(root, "mav0", "cam0")} {
		src := open(t, spec, datasets.Options{})
		if info := src.Info(); info.Kind != "euroc" || info.Camera.Fy != 61 || math.Abs(info.FPS-20) > .01 {
			t.Errorf("info %+v", info)
		}
		frames, _ := drain(t, src)
		if len(frames) != 2 || math.Abs(frames[1].Time-1403636579.813555456) > 1e-6 || frames[1].Name != "1403636579813555456" {
			t.Fatalf("%+v", frames)
		}
		for i, want := range []struct{ at, forward geom.Vec3 }{{geom.Vec3{X: 1}, geom.Vec3{X: 1}}, {geom.Vec3{Y: 3}, geom.Vec3{Y: 1}}} {
			pose := frames[i].Truth
			if pose == nil || pose.T.Sub(want.at).Norm() > 1e-6 || pose.R.MulVec(geom.Vec3{Z: 1}).Sub(want.forward).Norm() > 1e-6 {
				t.Errorf("frame %d: pose %v, want at %v looking along %v", i, pose, want.at, want.forward)
			}
		}
	}
}

// A folder's images come by their numbers; a change of size and a file that is
// no image are skipped; a single image is a sequence of one.
func TestFolder(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, map[string]any{
		"img10.png": encodePNG(t, texture(tinyW, tinyH, 10)),
		"img2.png":  encodePNG(t, texture(tinyW, tinyH, 2)),
		"img1.jpg":  encodeJPEG(t, texture(tinyW, tinyH, 1)),
		"img3.png":  encodePNG(t, texture(tinyH, tinyW, 3)),
		"img4.png":  "not an image",
		"img5.jpg":  "",
		"notes.txt": "hello",
	})
	src := open(t, dir, datasets.Options{})
	frames, skips := drain(t, src)
	var names []string
	for _, f := range frames {
		names = append(names, f.Name)
	}
	if got := strings.Join(names, " "); got != "img1 img2 img10" || frames[2].Time != 5./30 {
		t.Errorf("frames %s", got)
	}
	if len(skips) != 3 || !strings.Contains(skips[0].Error(), "48x64") || !strings.Contains(skips[2].Error(), "empty") {
		t.Errorf("skips %v", skips)
	}
	if c := src.Info().Camera; math.Abs(c.Fx-math.Sqrt(tinyW*tinyH)) > 1e-9 || !hasWarning(src, "--fov") {
		t.Errorf("camera %+v, warnings %q", c, src.Info().Warnings)
	}
	if frames, _ := drain(t, open(t, filepath.Join(dir, "img2.png"), datasets.Options{})); len(frames) != 1 || frames[0].Name != "img2" {
		t.Errorf("one image: %v", frames)
	}
}

// An image of 20 megapixels is an image. OpenCV writes it: Go takes seconds.
func TestTwentyMegapixels(t *testing.T) {
	m := gocv.NewMatWithSizeFromScalar(gocv.NewScalar(10, 20, 30, 0), 3648, 5472, gocv.MatTypeCV8UC3)
	defer m.Close()
	dir := t.TempDir()
	if !gocv.IMWrite(filepath.Join(dir, "a.jpg"), m) {
		t.Fatal("not written")
	}
	frames, skips := drain(t, open(t, dir, datasets.Options{}))
	if len(frames) != 1 || len(skips) != 0 || frames[0].Gray.W != 5472 || len(frames[0].Color.Pix) != 3*5472*3648 {
		t.Errorf("%d frames, skips %v", len(frames), skips)
	}
}

// Images of one pixel, all black and all white are images.
func TestExtremeImages(t *testing.T) {
	white := image.NewGray(image.Rect(0, 0, tinyW, tinyH))
	for i := range white.Pix {
		white.Pix[i] = 255
	}
	deep := image.NewRGBA64(image.Rect(0, 0, tinyW, tinyH))
	deep.Set(3, 4, color.RGBA64{R: 0xffff, A: 0xffff})
	tests := map[string]struct {
		img  image.Image
		gray uint8 // at 0, 0
	}{
		"one pixel": {image.NewGray(image.Rect(0, 0, 1, 1)), 0},
		"black":     {image.NewNRGBA(image.Rect(0, 0, tinyW, tinyH)), 0},
		"white":     {white, 255},
		"16 bit":    {deep, 0},
		"one row":   {image.NewGray(image.Rect(0, 0, 500, 1)), 0},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			write(t, dir, map[string]any{"a.png": encodePNG(t, tt.img)})
			frames, skips := drain(t, open(t, dir, datasets.Options{}))
			if len(frames) != 1 || len(skips) != 0 {
				t.Fatalf("%d frames, skips %v", len(frames), skips)
			}
			b := tt.img.Bounds()
			if g := frames[0].Gray; g.W != b.Dx() || g.H != b.Dy() || g.Pix[0] != tt.gray {
				t.Errorf("%dx%d, first %d", g.W, g.H, g.Pix[0])
			}
		})
	}
}

// A camera file of the user's replaces the intrinsics; frame rate and depth
// scale stay the data's where it does not name them.
func TestCameraFileKeepsDataSettings(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, map[string]any{
		"seq-01/frame-000000.color.png": encodePNG(t, texture(tinyW, tinyH, 0)),
		"seq-01/frame-000000.depth.png": depthPNG(t, tinyW, tinyH, 500),
		"camera.yaml":                   tinyCamera + "Camera.fps: 7\nDepthMapFactor: 250\n",
		"mine/other.yaml":               "fx: 70\nfy: 70\ncx: 30\ncy: 20\n",
	})
	src := open(t, dir, datasets.Options{CameraFile: filepath.Join(dir, "mine", "other.yaml")})
	frames, _ := drain(t, src)
	d, err := frames[0].SensorDepth()
	if err != nil || src.Info().Camera.Fx != 70 || src.Info().FPS != 7 || d.Depth[5] != 2 {
		t.Errorf("%+v, depth %v, %v", src.Info(), d.Depth[5], err)
	}
}
