package depth

import (
	"context"
	"errors"
	"runtime"
	"testing"
	"time"

	"github.com/metricslam/metricslam/slam"
)

// gated is a source whose answers wait for the test.
type gated struct {
	begun chan int
	gate  chan struct{}
}

func newGated() *gated { return &gated{make(chan int, 100), make(chan struct{}, 100)} }

func (*gated) Name() string { return "gated" }
func (*gated) Close() error { return nil }
func (g *gated) Depth(ctx context.Context, f *slam.Frame) (slam.DepthMap, error) {
	g.begun <- f.Index
	select {
	case <-g.gate:
		return slam.DepthMap{W: f.Index}, nil
	case <-ctx.Done():
		return slam.DepthMap{}, ctx.Err()
	}
}

func submit(t *testing.T, w *Worker, index int) *Job {
	t.Helper()
	job, err := w.Submit(context.Background(), &slam.Frame{Index: index})
	if err != nil {
		t.Fatal(err)
	}
	return job
}

func TestWorkerLive(t *testing.T) {
	g := newGated()
	w := NewWorker(context.Background(), g, WorkerOptions{Live: true, Queue: 2})
	defer w.Close()
	jobs := []*Job{submit(t, w, 0)}
	<-g.begun
	for i := 1; i <= 4; i++ {
		jobs = append(jobs, submit(t, w, i)) // never waits
	}
	for _, i := range []int{1, 2} {
		if _, err := jobs[i].Wait(context.Background()); !errors.Is(err, ErrDropped) {
			t.Errorf("job %d: got %v, want ErrDropped", i, err)
		}
	}
	for range 3 {
		g.gate <- struct{}{}
	}
	for _, i := range []int{0, 3, 4} {
		d, err := jobs[i].Wait(context.Background())
		if err != nil || d.W != i {
			t.Errorf("job %d: got %v, %v", i, d.W, err)
		}
	}
	if first := <-g.begun; first != 4 {
		t.Errorf("began %d next, want the newest, 4", first)
	}
	if s := w.Stats(); s.Submitted != 5 || s.Computed != 3 || s.Dropped != 2 || s.MaxQueue != 2 || s.Queue != 0 {
		t.Errorf("stats %+v", s)
	}
}

// TestWorkerOffline: every keyframe is computed, in order, and Submit waits for
// room.
func TestWorkerOffline(t *testing.T) {
	g := newGated()
	w := NewWorker(context.Background(), g, WorkerOptions{Queue: 2})
	defer w.Close()
	const n = 20
	jobs := make(chan *Job, n)
	go func() {
		for i := range n {
			job, err := w.Submit(context.Background(), &slam.Frame{Index: i})
			if err != nil {
				t.Error(err)
			}
			jobs <- job
		}
		close(jobs)
	}()
	for i := range n {
		if got := <-g.begun; got != i {
			t.Fatalf("began %d, want %d", got, i)
		}
		if s := w.Stats(); s.Queue > 2 {
			t.Fatalf("queue of %d", s.Queue)
		}
		g.gate <- struct{}{}
	}
	i := 0
	for job := range jobs {
		if d, err := job.Wait(context.Background()); err != nil || d.W != i {
			t.Errorf("job %d: got %v, %v", i, d.W, err)
		}
		i++
	}
	if s := w.Stats(); s.Computed != n || s.Dropped != 0 || s.Compute.P50 > s.Compute.Max {
		t.Errorf("stats %+v", s)
	}
}

// TestWorkerClose: the running job is cancelled, waiting ones and later ones
// end with ErrWorkerClosed, a waiting Submit too, and no goroutine is left.
func TestWorkerClose(t *testing.T) {
	before := runtime.NumGoroutine()
	g := newGated()
	w := NewWorker(context.Background(), g, WorkerOptions{Queue: 1})
	running := submit(t, w, 0)
	<-g.begun
	waiting := submit(t, w, 1)
	blocked := make(chan error)
	go func() {
		_, err := w.Submit(context.Background(), &slam.Frame{Index: 2})
		blocked <- err
	}()
	time.Sleep(time.Millisecond)
	w.Close()
	w.Close()
	if _, err := running.Wait(context.Background()); !errors.Is(err, context.Canceled) {
		t.Errorf("running: got %v", err)
	}
	if _, err := waiting.Wait(context.Background()); !errors.Is(err, ErrWorkerClosed) {
		t.Errorf("waiting: got %v", err)
	}
	if err := <-blocked; !errors.Is(err, ErrWorkerClosed) {
		t.Errorf("blocked Submit: got %v", err)
	}
	if _, err := w.Submit(context.Background(), &slam.Frame{}); !errors.Is(err, ErrWorkerClosed) {
		t.Errorf("late Submit: got %v", err)
	}
	for i := 0; runtime.NumGoroutine() > before && i < 100; i++ {
		time.Sleep(time.Millisecond)
	}
	if n := runtime.NumGoroutine(); n > before {
		t.Errorf("%d goroutines left", n-before)
	}
}

func TestWaitEndsWithContext(t *testing.T) {
	g := newGated()
	w := NewWorker(context.Background(), g, WorkerOptions{})
	defer w.Close()
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := submit(t, w, 0).Wait(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

func TestPercentiles(t *testing.T) {
	var r ring
	if r.latency() != (Latency{}) {
		t.Error("latency of nothing")
	}
	for i := range 3000 {
		r.add(time.Duration(i+1) * time.Millisecond)
	}
	if got, want := r.latency(), (Latency{P50: 2489, P90: 2898, P99: 2990, Max: 3000}); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
}
