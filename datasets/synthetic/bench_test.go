package synthetic

import (
	"context"
	"runtime"
	"syscall"
	"testing"
	"time"
)

// Whose processor time cpuTime returns; rusageThread is Linux's RUSAGE_THREAD.
const (
	rusageProcess = syscall.RUSAGE_SELF
	rusageThread  = 1
)

// cpuTime returns used processor time: on a shared machine it says more than
// the clock.
func cpuTime(whose int) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(whose, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// BenchmarkNewRoom measures the painting of textures and the baking of light.
func BenchmarkNewRoom(b *testing.B) {
	start := cpuTime(rusageProcess)
	for b.Loop() {
		if _, err := New("synthetic:room", Options{}); err != nil {
			b.Fatal(err)
		}
	}
	reportCPU(b, cpuTime(rusageProcess)-start)
}

func reportCPU(b *testing.B, used time.Duration) {
	b.ReportMetric(float64(used.Microseconds())/1e3/float64(b.N), "cpu-ms/op")
}

// benchmarkFrames measures one frame on one goroutine, in order.
func benchmarkFrames(b *testing.B, spec string) {
	s, err := New(spec, Options{Workers: 1})
	if err != nil {
		b.Fatal(err)
	}
	frames := s.Info().Len
	w := <-s.benches
	s.render(w, 0)
	i := 0
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	start := cpuTime(rusageThread)
	for b.Loop() {
		i = (i + 1) % frames
		s.render(w, i)
	}
	reportCPU(b, cpuTime(rusageThread)-start)
	if err := s.Close(); err != nil {
		b.Fatal(err)
	}
}

func BenchmarkRoomFrame(b *testing.B) { benchmarkFrames(b, "synthetic:room") }

func BenchmarkStreetFrame(b *testing.B) { benchmarkFrames(b, "synthetic:street") }

// BenchmarkRoomNext measures frames as a reader gets them.
func BenchmarkRoomNext(b *testing.B) {
	s, err := New("synthetic:room:200", Options{})
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if _, err := s.Next(context.Background()); err != nil {
			b.Fatal(err)
		}
	}
	if err := s.Close(); err != nil {
		b.Fatal(err)
	}
}
