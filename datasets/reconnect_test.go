package datasets

import (
	"context"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/metricslam/metricslam/slam"
)

// flaky is a connection that hands out the given number of frames each time it is
// connected.
type flaky struct {
	Source
	runs   []int // frames of each connection; behind the last none succeeds
	run    int
	read   int
	mended tally
}

func (f *flaky) Info() slam.SourceInfo { return slam.SourceInfo{Name: "rtsp://camera"} }
func (f *flaky) tell(text string)      { f.mended.add(text) }
func (f *flaky) Next(context.Context) (*slam.Frame, error) {
	if f.runs[f.run] == 0 {
		return nil, &lostError{f.read, io.ErrUnexpectedEOF}
	}
	f.runs[f.run]--
	f.read++
	return &slam.Frame{Index: f.read - 1}, nil
}

func (f *flaky) connect(context.Context) error {
	if f.run+1 == len(f.runs) {
		return errors.New("no route to host")
	}
	f.run++
	return nil
}

// A stream that breaks off is connected again and goes on; one that stays away is
// told and ends.
func TestReconnect(t *testing.T) {
	f := &flaky{runs: []int{3, 2}}
	r := &reconnecting{connection: f, patience: firstPause / 2}
	var frames, skips int
	var told string
	for {
		frame, err := r.Next(t.Context())
		var skip *SkipError
		if errors.Is(err, io.EOF) {
			break
		}
		switch {
		case errors.As(err, &skip):
			skips++
			told += err.Error() + "\n"
		case err != nil:
			t.Fatal(err)
		case frame.Index != frames:
			t.Errorf("frame %d, want %d", frame.Index, frames)
			fallthrough
		default:
			frames++
		}
	}
	if frames != 5 || skips != 3 {
		t.Errorf("%d frames, %d skips: %s", frames, skips, told)
	}
	for _, want := range []string{"frame 3", "broke off", "connecting again", "did not come back", "no route to host"} {
		if !strings.Contains(told, want) {
			t.Errorf("%q is not told in %s", want, told)
		}
	}
	if w := f.mended.warnings(nil); len(w) != 1 || !strings.Contains(w[0], "1 times") {
		t.Errorf("warnings %v", w)
	}
}

// The search for a lost stream ends with the context.
func TestReconnectCancelled(t *testing.T) {
	r := &reconnecting{connection: &flaky{runs: []int{0}}, patience: time.Hour}
	if _, err := r.Next(t.Context()); err == nil {
		t.Fatal("the loss is not told")
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if _, err := r.Next(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("error %v", err)
	}
}
