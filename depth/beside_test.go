package depth_test

import (
	"context"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/metricslam/metricslam/datasets"
	"github.com/metricslam/metricslam/depth"
	"github.com/metricslam/metricslam/frontend"
	"github.com/metricslam/metricslam/geom"
	"github.com/metricslam/metricslam/internal/realdata"
	"github.com/metricslam/metricslam/internal/tinyonnx"
	"github.com/metricslam/metricslam/slam"
)

// heavy writes a network that multiplies matrices: some 50 GFLOP, about 2 s on
// one thread.
func heavy(b *testing.B) string {
	b.Helper()
	const n, rounds = 1024, 25
	g := tinyonnx.Gray("image", tinyonnx.Float, n, n)
	from := "gray"
	for i := range rounds {
		to := strings.Repeat("m", i+1)
		g.Node("MatMul", []string{from, "gray"}, []string{to})
		from = to
	}
	// Sums of products overflow; what comes out is made a depth again.
	g.Const("nought", []float32{0}).Const("two", []float32{2}).
		Node("Min", []string{from, "nought"}, []string{"low"}).Node("Max", []string{"low", "two"}, []string{"depth"}).
		Output("depth", tinyonnx.Float, 1, 1, n, n)
	path := filepath.Join(b.TempDir(), "heavy.onnx")
	os.WriteFile(path, g.Bytes(), 0o644)
	os.WriteFile(strings.TrimSuffix(path, ".onnx")+".yaml", []byte(`name: heavy
input: {name: image, shape: [1, 3, 1024, 1024], range: [0, 0.001]}
resize: {rule: stretch}
outputs: {depth: {name: depth}}
kind: depth
scale: {rule: none}
`), 0o644)
	return path
}

// processorTime is that of the calling thread (RUSAGE_THREAD) or of the process
// (RUSAGE_SELF).
func processorTime(b *testing.B, who int) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(who, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// BenchmarkTrackingBesideNetwork follows features through redkitchen, alone and
// while a worker computes a network without a pause on one thread. On two quiet
// cores the two must differ by less than 10 %; cpu-ns/frame, the time of the
// tracking thread itself, also tells on busy ones, and other-cores how much of a
// core the rest of the program, with the network, has had meanwhile.
func BenchmarkTrackingBesideNetwork(b *testing.B) {
	src, err := datasets.Open(context.Background(), realdata.Path(b, "tum/redkitchen"), datasets.Options{MaxFrames: 60})
	if err != nil {
		b.Fatal(err)
	}
	defer src.Close()
	var frames []*slam.Frame
	for {
		f, err := src.Next(context.Background())
		if err != nil {
			break
		}
		frames = append(frames, f)
	}
	net, err := depth.Open(heavy(b), depth.Options{Threads: 1})
	if err != nil {
		b.Skip(err)
	}
	defer net.Close()
	b.Run("alone", func(b *testing.B) { track(b, frames, nil) })
	b.Run("beside", func(b *testing.B) {
		w := depth.NewWorker(context.Background(), net, depth.WorkerOptions{Live: true})
		defer w.Close()
		track(b, frames, w)
		s := w.Stats()
		b.ReportMetric(float64(s.Computed), "depths")
		b.ReportMetric(s.Compute.P50, "depth-ms")
	})
}

// track follows features; every tenth frame is a keyframe that wants depth.
func track(b *testing.B, frames []*slam.Frame, w *depth.Worker) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	t := frontend.New(frontend.Default())
	defer t.Close()
	start, own, all, n := time.Now(), processorTime(b, unix.RUSAGE_THREAD), processorTime(b, unix.RUSAGE_SELF), 0
	for b.Loop() {
		i := n % (2*len(frames) - 2) // there and back, so that neighbours are alike
		if i >= len(frames) {
			i = 2*len(frames) - 2 - i
		}
		f := frames[i]
		if err := t.Track(f.Gray, func(tr slam.Track) geom.Vec2 { return tr.Pixel }); err != nil {
			b.Fatal(err)
		}
		if n%10 == 0 {
			if _, err := t.Detect(); err != nil {
				b.Fatal(err)
			}
			if w != nil {
				if _, err := w.Submit(context.Background(), f); err != nil {
					b.Fatal(err)
				}
			}
		}
		n++
	}
	own, all = processorTime(b, unix.RUSAGE_THREAD)-own, processorTime(b, unix.RUSAGE_SELF)-all
	b.ReportMetric(float64(own.Nanoseconds())/float64(n), "cpu-ns/frame")
	b.ReportMetric((all-own).Seconds()/time.Since(start).Seconds(), "other-cores")
}
