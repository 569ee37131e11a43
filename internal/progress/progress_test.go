package progress

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/metricslam/metricslam/slam"
)

// clock is a time that a test moves.
type clock struct{ t time.Time }

func (c *clock) now() time.Time { return c.t }

func TestLines(t *testing.T) {
	var b bytes.Buffer
	c := &clock{time.Unix(1000, 0)}
	d := newLines(&b, 400, c.now)
	for i := 1; i <= 400; i++ {
		c.t = c.t.Add(50 * time.Millisecond) // 20 fps: a line every 100 frames
		s := State{Frame: i, Tracking: slam.Tracking, Landmarks: 512, Keyframes: i / 10}
		if i >= 150 && i < 160 {
			s.Tracking = slam.Lost
		}
		d.Update(s)
	}
	d.Stage("meshing")
	fmt.Fprintln(d, "a log line")
	d.Done("done")
	want := `frame 100 of 400 (25 %), 20.0 fps, 15s left, tracking, 512 landmarks, 10 keyframes
frame 150 of 400 (37 %), 20.0 fps, 13s left, lost, 512 landmarks, 15 keyframes
frame 160 of 400 (40 %), 20.0 fps, 12s left, tracking, 512 landmarks, 16 keyframes
frame 260 of 400 (65 %), 20.0 fps, 7s left, tracking, 512 landmarks, 26 keyframes
frame 360 of 400 (90 %), 20.0 fps, 2s left, tracking, 512 landmarks, 36 keyframes
frame 400 of 400 (100 %), 20.0 fps, tracking, 512 landmarks, 40 keyframes
meshing
a log line
done
`
	if b.String() != want {
		t.Errorf("got\n%swant\n%s", b.String(), want)
	}
}

func TestLinesUnknownTotal(t *testing.T) {
	var b bytes.Buffer
	c := &clock{time.Unix(1000, 0)}
	d := newLines(&b, 0, c.now)
	d.Update(State{Tracking: slam.Lost}) // no time has passed, no frame is done
	c.t = c.t.Add(6 * time.Second)
	d.Update(State{Frame: 60, Tracking: slam.Lost})
	d.Done("")
	want := "frame 0, lost, 0 landmarks, 0 keyframes\nframe 60, 10.0 fps, lost, 0 landmarks, 0 keyframes\n"
	if b.String() != want {
		t.Errorf("got\n%swant\n%s", b.String(), want)
	}
}

func TestQuiet(t *testing.T) {
	var b bytes.Buffer
	d := New(&b, 10, true)
	d.Update(State{Frame: 1})
	d.Stage("meshing")
	fmt.Fprintln(d, "an error")
	d.Done("done")
	if b.String() != "an error\n" {
		t.Errorf("got %q, want what was written alone", b.String())
	}
}

func TestNewPicks(t *testing.T) {
	f, err := os.Create(filepath.Join(t.TempDir(), "out"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for _, w := range []interface{ Write([]byte) (int, error) }{f, &bytes.Buffer{}} {
		if _, ok := New(w, 10, false).(*lines); !ok {
			t.Errorf("%T, which is no terminal, does not get plain lines", w)
		}
	}
}

func TestBar(t *testing.T) {
	for _, total := range []int{0, 3} {
		var b bytes.Buffer
		d := newBar(&b, total, "frames")
		for i := 1; i <= 3; i++ {
			d.Update(State{Frame: i, Tracking: slam.Tracking, Landmarks: 100 + i})
			time.Sleep(barThrottle + 10*time.Millisecond)
			if i == 1 {
				fmt.Fprintln(d, "a log line")
			}
		}
		d.Update(State{Frame: 7, Tracking: slam.Tracking}) // more than announced
		d.Done("all done")
		d.Update(State{Frame: 8})
		d.Done("")
		out := b.String()
		for _, want := range []string{"\ra log line\n", "tracking, 102 landmarks"} {
			if !strings.Contains(out, want) {
				t.Errorf("total %d: %q lacks %q", total, out, want)
			}
		}
		if !strings.HasSuffix(out, "\rall done\n") {
			t.Errorf("total %d: %q does not end with the summary on a line of its own", total, out)
		}
	}
}

func TestConcurrent(t *testing.T) {
	var b bytes.Buffer
	for _, d := range []Display{newBar(&b, 1000, "frames"), newBar(&b, 0, "frames"), newLines(&b, 1000, time.Now)} {
		var wg sync.WaitGroup
		for g := range 4 {
			wg.Go(func() {
				for i := range 200 {
					d.Update(State{Frame: i, Landmarks: g})
					fmt.Fprintln(d, i)
				}
			})
		}
		wg.Wait()
		d.Done("done")
	}
}

func BenchmarkUpdate(b *testing.B) {
	for name, d := range map[string]Display{"lines": newLines(&bytes.Buffer{}, 1<<40, time.Now), "bar": newBar(&bytes.Buffer{}, 1<<40, "frames")} {
		b.Run(name, func(b *testing.B) {
			i := 0
			for b.Loop() {
				i++
				d.Update(State{Frame: i, Tracking: slam.Tracking, Landmarks: i % 50})
			}
		})
	}
}

// TestTask: what tracks nothing says what it does instead.
func TestTask(t *testing.T) {
	s := State{Frame: 3, Tracking: slam.Tracking, Landmarks: 5, Task: "fusing"}
	if long, short := s.text(false), s.text(true); long != "fusing" || short != "fusing" {
		t.Errorf("%q, %q", long, short)
	}
}
