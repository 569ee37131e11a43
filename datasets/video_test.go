package datasets_test

import (
	"bytes"
	"encoding/binary"
	"image"
	"image/color"
	"image/draw"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/metricslam/metricslam/datasets"
	"github.com/metricslam/metricslam/datasets/ffmpeg"
	"github.com/metricslam/metricslam/internal/realdata"
	"github.com/metricslam/metricslam/slam"
	"gocv.io/x/gocv"
)

const (
	videoW = 160
	videoH = 120
)

// writeVideo encodes n frames whose brightness rises by 8 a frame.
func writeVideo(t *testing.T, path, codec string, n int) {
	t.Helper()
	w, err := gocv.VideoWriterFile(path, codec, 10, videoW, videoH, true)
	if err != nil || !w.IsOpened() {
		t.Skipf("this OpenCV writes no %s: %v", codec, err)
	}
	defer w.Close()
	for i := range n {
		m := gocv.NewMatWithSizeFromScalar(gocv.NewScalar(0, 40, float64(40+8*i), 0), videoH, videoW, gocv.MatTypeCV8UC3)
		err := w.Write(m)
		m.Close()
		if err != nil {
			t.Fatal(err)
		}
	}
}

func TestVideo(t *testing.T) {
	noLeak(t)
	for file, codec := range map[string]string{"a.mp4": "mp4v", "b.avi": "MJPG", "c.mkv": "mp4v", "d.webm": "VP80"} {
		t.Run(file, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), file)
			writeVideo(t, path, codec, 20)
			src := open(t, path, datasets.Options{Start: 2, Stride: 3, MaxFrames: 5, FOVRad: 1})
			info := src.Info()
			if info.Kind != "video" || info.Camera.W != videoW || info.Camera.H != videoH || math.Abs(info.FPS-10) > .01 || info.Len != 5 || info.CameraFrom != "--fov" {
				t.Errorf("info %+v", info)
			}
			frames, skips := drain(t, src)
			if len(frames) != 5 || len(skips) != 0 {
				t.Fatalf("%d frames, skips %v", len(frames), skips)
			}
			for i, f := range frames {
				index := 2 + 3*i
				if f.Index != index || math.Abs(f.Time-float64(index)/10) > .02 {
					t.Errorf("frame %d at %g, want %d", f.Index, f.Time, index)
				}
				r, _, b := f.Color.At(80, 60)
				if want := 40 + 8*index; math.Abs(float64(int(r)-want)) > 6 || b > 12 {
					t.Errorf("frame %d: red %d, want %d; blue %d, want 0", index, r, want, b)
				}
			}
		})
	}
}

// A video that is cut off gives what it has, and says so.
func TestTruncatedVideo(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.avi")
	writeVideo(t, path, "MJPG", 40)
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, data[:len(data)/2], 0o644); err != nil {
		t.Fatal(err)
	}
	frames, skips := drain(t, open(t, path, datasets.Options{}))
	if len(frames) == 0 || len(frames) > 25 {
		t.Errorf("%d frames of 40 in half the file", len(frames))
	}
	if len(skips) == 0 || !strings.Contains(skips[len(skips)-1].Error(), "cut off") {
		t.Errorf("skips %v", skips)
	}
}

func TestVideoStartTooLate(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.avi")
	writeVideo(t, path, "MJPG", 5)
	if _, err := datasets.Open(t.Context(), path, datasets.Options{Start: 5}); err == nil || !strings.Contains(err.Error(), "--start 5") {
		t.Errorf("error %v", err)
	}
}

// writeJPEGs makes a video of motion JPEG: nothing but images in a row.
func writeJPEGs(t *testing.T, images ...[]byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "a.mjpeg")
	if err := os.WriteFile(path, bytes.Join(images, nil), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

// marked is a dark image whose upper left quarter is red.
func marked(w, h int) *image.NRGBA {
	img := image.NewNRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			c := color.NRGBA{20, 20, 20, 255}
			if x < w/2 && y < h/2 {
				c.R = 220
			}
			img.SetNRGBA(x, y, c)
		}
	}
	return img
}

// redQuarter tells which quarter of a frame is red: ul, ur, ll or lr.
func redQuarter(f *slam.Frame) string {
	red, where := 0, ""
	for y, row := range []string{"u", "l"} {
		for x, col := range []string{"l", "r"} {
			r, _, _ := f.Color.At(f.Color.W/4+x*f.Color.W/2, f.Color.H/4+y*f.Color.H/2)
			if int(r) > red {
				red, where = int(r), row+col
			}
		}
	}
	return where
}

// An image of another size in the middle of a video is another size of the same
// view where its shape is the same, else it is skipped; images in another pixel
// format are what they are. Nothing of one image is left in the next.
func TestVideoChangesMidway(t *testing.T) {
	gray := image.NewGray(image.Rect(0, 0, videoW, videoH))
	draw.Draw(gray, gray.Rect, marked(videoW, videoH), image.Point{}, draw.Src)
	first := encodeJPEG(t, marked(videoW, videoH))
	path := writeJPEGs(t, first, first, encodeJPEG(t, marked(videoW/2, videoH/2)), encodeJPEG(t, gray), encodeJPEG(t, marked(videoW, videoW)), first)
	for range 2 { // the same again
		src := open(t, path, datasets.Options{FOVRad: 1})
		frames, skips := drain(t, src)
		if len(frames) != 5 || len(skips) != 1 || skips[0].Index != 4 || !strings.Contains(skips[0].Error(), "another shape") {
			t.Fatalf("%d frames, skips %v", len(frames), skips)
		}
		for _, f := range frames {
			if f.Gray.W != videoW || f.Gray.H != videoH {
				t.Fatalf("frame %d has %dx%d pixels", f.Index, f.Gray.W, f.Gray.H)
			}
			bright, dark := f.Gray.Pix[30*videoW+40], f.Gray.Pix[90*videoW+120]
			if want := frames[0].Gray.Pix[30*videoW+40]; math.Abs(float64(bright)-float64(want)) > 4 || dark < 14 || dark > 26 {
				t.Errorf("frame %d: %d in the red, want %d; %d in the dark, want 20", f.Index, bright, want, dark)
			}
			if f.Index != 3 && redQuarter(f) != "ul" {
				t.Errorf("frame %d: red is %s", f.Index, redQuarter(f))
			}
		}
		if !hasWarning(src, "1 frames of 80x60 pixels", "160x120") {
			t.Errorf("warnings %v", src.Warnings())
		}
	}
}

// withPixelShape writes a shape of the pixels into a JPEG, by a JFIF header.
func withPixelShape(jpg []byte, x, y byte) []byte {
	jfif := []byte{0xff, 0xe0, 0, 16, 'J', 'F', 'I', 'F', 0, 1, 1, 0, 0, 1, 0, 1, 0, 0}
	jfif[13], jfif[15] = x, y // FFmpeg takes the densities without unit as the shape itself
	return slices.Concat(jpg[:2], jfif, jpg[2:])
}

// Pixels that are not square are stretched, and calibrations of the stored
// images with them.
func TestPixelShape(t *testing.T) {
	path := writeJPEGs(t, withPixelShape(encodeJPEG(t, marked(videoW, videoH)), 3, 2))
	for name, tt := range map[string]struct {
		camera string
		fx, fy float64
	}{
		"of the stored images":                {"Camera.fx: 100\nCamera.fy: 150\nCamera.cx: 79.5\nCamera.cy: 59.5\nCamera.width: 160\nCamera.height: 120\n", 150, 150},
		"of those shown":                      {"Camera.fx: 150\nCamera.fy: 150\nCamera.cx: 119.5\nCamera.cy: 59.5\nCamera.width: 240\nCamera.height: 120\n", 150, 150},
		"of the stored images, size not told": {"Camera.fx: 100\nCamera.fy: 150\nCamera.cx: 79.5\nCamera.cy: 59.5\n", 150, 150},
		"of those shown, size not told":       {"Camera.fx: 150\nCamera.fy: 150\nCamera.cx: 119.5\nCamera.cy: 59.5\n", 150, 150},
		"none":                                {"Camera.fps: 25\n", 169.7056, 169.7056},
	} {
		t.Run(name, func(t *testing.T) {
			write(t, filepath.Dir(path), map[string]any{"camera.yaml": tt.camera})
			src := open(t, path, datasets.Options{})
			c := src.Info().Camera
			if c.W != 240 || c.H != 120 || math.Abs(c.Fx-tt.fx) > .01 || math.Abs(c.Fy-tt.fy) > .01 || math.Abs(c.Cx-119.5) > .01 || math.Abs(c.Cy-59.5) > .01 {
				t.Errorf("camera %+v", c)
			}
			if !hasWarning(src, "not square", "240x120") {
				t.Errorf("warnings %v", src.Warnings())
			}
			if frames, _ := drain(t, src); len(frames) != 1 || frames[0].Gray.W != 240 || redQuarter(frames[0]) != "ul" {
				t.Errorf("%d frames", len(frames))
			}
		})
	}
}

// setMatrix writes the linear part of a display matrix into the track header of
// an mp4 file (ISO 14496-12, 8.3.2).
func setMatrix(t *testing.T, path string, m ffmpeg.Matrix) {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	at := bytes.Index(data, []byte("tkhd"))
	if at < 0 || data[at+4] != 0 {
		t.Fatal("no track header of version 0")
	}
	for i, v := range []float64{m.A, m.B, 0, m.C, m.D} {
		binary.BigEndian.PutUint32(data[at+44+4*i:], uint32(int32(v*65536)))
	}
	if err := os.WriteFile(path, data, 0o644); err != nil {
		t.Fatal(err)
	}
}

// Phones store images as the sensor lies and say how to turn them. They come as
// players show them, and a calibration of the stored ones is turned with them.
func TestDisplayMatrix(t *testing.T) {
	matrices := map[string]ffmpeg.Matrix{
		"ul": {A: 1, D: 1}, "ur": {A: -1, D: 1}, "lr": {A: -1, D: -1}, "ll": {A: 1, D: -1},
		"ul transposed": {B: 1, C: 1}, "ur by 90": {B: 1, C: -1}, "lr transposed": {B: -1, C: -1}, "ll by 270": {B: -1, C: 1},
	}
	for name, m := range matrices {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "a.mp4")
			w, err := gocv.VideoWriterFile(path, "mp4v", 10, videoW, videoH, true)
			if err != nil {
				t.Skipf("this OpenCV writes no mp4v: %v", err)
			}
			img, err := gocv.ImageToMatRGB(marked(videoW, videoH))
			if err != nil {
				t.Fatal(err)
			}
			defer img.Close()
			for range 2 {
				if err := w.Write(img); err != nil {
					t.Fatal(err)
				}
			}
			w.Close()
			setMatrix(t, path, m)
			write(t, filepath.Dir(path), map[string]any{"camera.yaml": "Camera.fx: 100\nCamera.fy: 101\nCamera.cx: 70\nCamera.cy: 50\nCamera.width: 160\nCamera.height: 120\n"})
			src := open(t, path, datasets.Options{})
			frames, _ := drain(t, src)
			if len(frames) != 2 || redQuarter(frames[1]) != name[:2] {
				t.Errorf("%d frames, red %s, want %s", len(frames), redQuarter(frames[1]), name[:2])
			}
			c := src.Info().Camera
			sideways := m.A == 0
			if sideways != (c.W == videoH) || sideways != (c.Fx == 101) {
				t.Errorf("camera %+v", c)
			}
			// The stored axis (70, 50) goes where the matrix says; 90 degrees leave a
			// calibration that cannot be of the images shown.
			if sideways {
				x, y := m.C*(50-59.5)+59.5, m.B*(70-79.5)+79.5
				if c.Cx != x || c.Cy != y {
					t.Errorf("axis (%g, %g), want (%g, %g)", c.Cx, c.Cy, x, y)
				}
			}
		})
	}
}

// Files of action cameras hold streams of data between the images; all images
// come, in display order, each stamp after the one before.
func TestActionCameras(t *testing.T) {
	for file, want := range map[string]int{"max-heromode.mp4": 315, "karma.mp4": 90} {
		t.Run(file, func(t *testing.T) {
			frames, skips := drain(t, open(t, realdata.Path(t, "gopro", file), datasets.Options{}))
			if len(frames) != want || len(skips) != 0 {
				t.Errorf("%d frames of %d, skips %v", len(frames), want, skips)
			}
			for i := 1; i < len(frames); i++ {
				if frames[i].Time-frames[i-1].Time < 1e-6 {
					t.Errorf("frame %d at %.7f after %.7f", i, frames[i].Time, frames[i-1].Time)
				}
			}
		})
	}
}
