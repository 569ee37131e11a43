package depth

import (
	"context"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/metricslam/metricslam/slam"
)

// nicely answers with the niceness of the thread it is asked on.
type nicely struct{ None }

func (nicely) Depth(context.Context, *slam.Frame) (slam.DepthMap, error) {
	p, err := unix.Getpriority(unix.PRIO_PROCESS, unix.Gettid())
	return slam.DepthMap{W: 20 - p}, err // the system call gives 20 - nice
}

func TestLiveWorkerYields(t *testing.T) {
	before, err := unix.Getpriority(unix.PRIO_PROCESS, unix.Gettid())
	if err != nil {
		t.Fatal(err)
	}
	for _, live := range []bool{false, true} {
		w := NewWorker(context.Background(), nicely{}, WorkerOptions{Live: live})
		d, err := submit(t, w, 0).Wait(context.Background())
		w.Close()
		want := 20 - before
		if live {
			want = max(want, workerNice)
		}
		if err != nil || d.W != want {
			t.Errorf("live %v: niceness %d, %v, want %d", live, d.W, err, want)
		}
	}
}
