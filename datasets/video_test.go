package datasets_test

import (
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/metricslam/metricslam/datasets"
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
	if len(skips) != 1 || !strings.Contains(skips[0].Error(), "cut off") {
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
