package datasets_test

import (
	"bytes"
	"context"
	"errors"
	"image"
	"io"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/metricslam/metricslam/datasets"
	"github.com/metricslam/metricslam/internal/realdata"
)

// readAll returns the number of frames a source yields.
func readAll(tb testing.TB, src datasets.Source) (n int) {
	tb.Helper()
	for {
		_, err := src.Next(context.Background())
		if errors.Is(err, io.EOF) {
			return n
		}
		if err != nil {
			tb.Fatal(err)
		}
		n++
	}
}

// BenchmarkNext is the whole cost of a frame: reading, decoding, grey and colour.
func BenchmarkNext(b *testing.B) {
	for _, path := range []string{"tum/redkitchen", "kitti/sequences/00", "kitti_small/sequences/00"} {
		b.Run(path, func(b *testing.B) { benchmarkNext(b, path, datasets.Options{MaxFrames: 40}) })
	}
	distorted := filepath.Join(b.TempDir(), "camera.yaml")
	err := os.WriteFile(distorted, []byte("Camera.fx: 528\nCamera.fy: 528\nCamera.cx: 320\nCamera.cy: 240\nCamera.k1: -.28\nCamera.k2: .07\nCamera.p1: 0\nCamera.p2: 0\n"), 0o644)
	if err != nil {
		b.Fatal(err)
	}
	b.Run("undistorted", func(b *testing.B) {
		benchmarkNext(b, "tum/redkitchen", datasets.Options{MaxFrames: 40, CameraFile: distorted})
	})
}

func benchmarkNext(b *testing.B, path string, opt datasets.Options) {
	dir := realdata.Path(b, path)
	src, err := datasets.Open(context.Background(), dir, opt)
	if err != nil {
		b.Fatal(err)
	}
	src.Close()
	frames, start := 0, cpuSeconds(b)
	for b.Loop() {
		src, err := datasets.Open(context.Background(), dir, opt)
		if err != nil {
			b.Fatal(err)
		}
		frames += readAll(b, src)
		src.Close()
	}
	b.ReportMetric(1000*(cpuSeconds(b)-start)/float64(frames), "cpu-ms/frame")
}

// cpuSeconds is the time the process has had a processor: unlike the wall clock
// it says what a frame costs on a busy computer too.
func cpuSeconds(b *testing.B) float64 {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return float64(u.Utime.Sec+u.Stime.Sec) + 1e-6*float64(u.Utime.Usec+u.Stime.Usec)
}

// BenchmarkGoDecoder is Go's own decoder on the same images, for comparison.
func BenchmarkGoDecoder(b *testing.B) {
	for _, pattern := range []string{"tum/redkitchen/rgb", "kitti/sequences/00/image_0", "tum/redkitchen/depth"} {
		files, _ := filepath.Glob(realdata.Path(b, pattern) + "/*")
		data, err := os.ReadFile(files[10])
		if err != nil {
			b.Fatal(err)
		}
		b.Run(pattern, func(b *testing.B) {
			for b.Loop() {
				if _, _, err := image.Decode(bytes.NewReader(data)); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkSensorDepth(b *testing.B) {
	src, err := datasets.Open(context.Background(), realdata.Path(b, "tum/redkitchen"), datasets.Options{MaxFrames: 1})
	if err != nil {
		b.Fatal(err)
	}
	defer src.Close()
	f, err := src.Next(context.Background())
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if _, err := f.SensorDepth(); err != nil {
			b.Fatal(err)
		}
	}
}
