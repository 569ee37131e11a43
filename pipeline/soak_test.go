package pipeline

import (
	"context"
	"io"
	"os"
	"runtime"
	"strconv"
	"testing"

	"github.com/metricslam/metricslam/datasets"
	"github.com/metricslam/metricslam/internal/realdata"
	"github.com/metricslam/metricslam/slam"
)

// A scene that is seen again and again takes no more memory: between the middle of
// the run and its end the heap may grow by this much, most of it for the frames'
// own poses and tracks.
const (
	soakShort  = 1000     // frames; METRICSLAM_SOAK sets another number
	soakScene  = 60       // of the sequence, played forward and backward
	soakGrowth = 12 << 20 // bytes
	soakOpenMB = 64       // less than what the scene's keyframes take
)

// swing plays frames forward and backward, and measures the heap.
type swing struct {
	datasets.Source
	frames []*slam.Frame
	n, at  int
	heap   map[int]int64 // by frame
}

func (s *swing) Next(context.Context) (*slam.Frame, error) {
	if s.at == s.n/2 || s.at == s.n {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		s.heap[s.at] = int64(m.HeapAlloc)
	}
	if s.at == s.n {
		return nil, io.EOF
	}
	i := s.at % (2*len(s.frames) - 2)
	f := *s.frames[min(i, 2*len(s.frames)-2-i)]
	f.Index, f.Time = s.at, float64(s.at)/30
	s.at++
	return &f, nil
}

func (*swing) Close() error { return nil }

func TestSoak(t *testing.T) {
	if testing.Short() {
		t.Skip("maps a real sequence for hundreds of frames")
	}
	frames := soakShort
	if v := os.Getenv("METRICSLAM_SOAK"); v != "" {
		var err error
		if frames, err = strconv.Atoi(v); err != nil {
			t.Fatalf("METRICSLAM_SOAK: %v", err)
		}
	}
	src, err := datasets.Open(t.Context(), realdata.Path(t, "tum/redkitchen"), datasets.Options{Stride: 3, MaxFrames: soakScene})
	if err != nil {
		t.Fatal(err)
	}
	defer src.Close()
	s := &swing{Source: src, n: frames, heap: make(map[int]int64)}
	for {
		f, err := src.Next(t.Context())
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		f.Color = slam.RGB{}
		s.frames = append(s.frames, f)
	}
	cfg := Default()
	cfg.Mapping.OpenMB = soakOpenMB
	res := mapSilently(t, s, "sensor", cfg)
	kept := len(res.keyframes())
	growth := s.heap[frames] - s.heap[frames/2]
	t.Logf("%d frames: %d of %d keyframes kept, heap %d MB, grown by %.1f MB in the second half", frames, kept, len(res.Keyframes), s.heap[frames]>>20, float64(growth)/(1<<20))
	if growth > soakGrowth {
		t.Errorf("the heap has grown by %.1f MB in a scene that is known", float64(growth)/(1<<20))
	}
	if kept > cullEnough {
		t.Errorf("%d keyframes are kept of a scene of %d images", kept, soakScene)
	}
}

// cullEnough bounds the keyframes of the scene: some 100 are never culled.
const cullEnough = 130
