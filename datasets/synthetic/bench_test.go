package synthetic

import (
	"context"
	"syscall"
	"testing"
	"time"
)

// cpuTime returns the processor time this process has used: on a shared machine
// it says more than the clock.
func cpuTime() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// BenchmarkNewRoom measures the painting of textures and the baking of light.
func BenchmarkNewRoom(b *testing.B) {
	start := cpuTime()
	for b.Loop() {
		if _, err := New("synthetic:room", Options{}); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64((cpuTime()-start).Microseconds())/1e3/float64(b.N), "cpu-ms/op")
}

// benchmarkFrames measures one frame on one goroutine, spread over the path.
func benchmarkFrames(b *testing.B, spec string) {
	s, err := New(spec, Options{Workers: 1})
	if err != nil {
		b.Fatal(err)
	}
	frames := s.Info().Len
	w := <-s.benches
	s.render(w, 0)
	i := 0
	start := cpuTime()
	for b.Loop() {
		i = (i + 3) % frames
		s.render(w, i)
	}
	b.ReportMetric(float64((cpuTime()-start).Microseconds())/1e3/float64(b.N), "cpu-ms/op")
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
