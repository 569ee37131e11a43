package datasets_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/metricslam/metricslam/datasets"
	"github.com/metricslam/metricslam/slam"
)

// texture is a smooth colour pattern, different for every frame.
func texture(w, h, frame int) *image.NRGBA {
	img := image.NewNRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			img.SetNRGBA(x, y, color.NRGBA{uint8(2*x + 7*frame), uint8(3*y + frame), uint8(x + y), 255})
		}
	}
	return img
}

func encodePNG(t testing.TB, img image.Image) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func encodeJPEG(t testing.TB, img image.Image) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := jpeg.Encode(&b, img, &jpeg.Options{Quality: 95}); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// depthPNG is a 16-bit image with the given value everywhere but for its first
// two pixels, which are 0 and 65535.
func depthPNG(t testing.TB, w, h int, value uint16) []byte {
	t.Helper()
	img := image.NewGray16(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			img.SetGray16(x, y, color.Gray16{Y: value})
		}
	}
	img.SetGray16(0, 0, color.Gray16{Y: 0})
	img.SetGray16(1, 0, color.Gray16{Y: 65535})
	return encodePNG(t, img)
}

// write makes files below dir from their contents, string or []byte.
func write(t testing.TB, dir string, files map[string]any) {
	t.Helper()
	for name, content := range files {
		data, ok := content.([]byte)
		if !ok {
			data = []byte(content.(string))
		}
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

const (
	tinyW = 64
	tinyH = 48
)

// writeTUM makes a TUM sequence of n frames at 10 Hz from stamp 100, with depth
// 8 ms later, truth along x at one metre a second, and a camera file.
func writeTUM(t testing.TB, dir string, n int) {
	t.Helper()
	files := map[string]any{"camera.yaml": tinyCamera}
	rgb, depth, truth := "# colour\n", "# depth\n", "# truth\n"
	for i := range n {
		at := 100 + .1*float64(i)
		name := fmt.Sprintf("%.6f", at)
		files["rgb/"+name+".png"] = encodePNG(t, texture(tinyW, tinyH, i))
		files["depth/"+name+".png"] = depthPNG(t, tinyW, tinyH, 5000)
		rgb += fmt.Sprintf("%s rgb/%s.png\n", name, name)
		depth += fmt.Sprintf("%.6f depth/%s.png\n", at+.008, name)
		truth += fmt.Sprintf("%.6f %g 0 0 0 0 0 1\n", at, .1*float64(i))
	}
	files["rgb.txt"], files["depth.txt"], files["groundtruth.txt"] = rgb, depth, truth
	write(t, dir, files)
}

const tinyCamera = `Camera.fx: 60
Camera.fy: 61
Camera.cx: 31
Camera.cy: 23
Camera.width: 64
Camera.height: 48
`

// open opens a source that is closed when the test ends.
func open(t testing.TB, spec string, opt datasets.Options) datasets.Source {
	t.Helper()
	src, err := datasets.Open(context.Background(), spec, opt)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { src.Close() })
	return src
}

// drain reads a source to its end.
func drain(t testing.TB, src datasets.Source) (frames []*slam.Frame, skips []*datasets.SkipError) {
	t.Helper()
	for {
		f, err := src.Next(context.Background())
		var skip *datasets.SkipError
		switch {
		case errors.Is(err, io.EOF):
			return frames, skips
		case errors.As(err, &skip):
			skips = append(skips, skip)
		case err != nil:
			t.Fatal(err)
		default:
			frames = append(frames, f)
		}
	}
}

// noLeak fails the test where it ends with more goroutines than it began with.
func noLeak(t testing.TB) {
	before := runtime.NumGoroutine()
	t.Cleanup(func() {
		var after int
		for range 100 {
			if after = runtime.NumGoroutine(); after <= before {
				return
			}
			time.Sleep(10 * time.Millisecond)
		}
		buf := make([]byte, 1<<16)
		t.Errorf("%d goroutines, %d at the start:\n%s", after, before, buf[:runtime.Stack(buf, true)])
	})
}

// hasWarning reports whether a warning of the source contains all the words.
func hasWarning(src datasets.Source, words ...string) bool {
	for _, w := range src.Warnings() {
		all := true
		for _, word := range words {
			all = all && strings.Contains(w, word)
		}
		if all {
			return true
		}
	}
	return false
}
