// Package progress shows how far a run is: a bar on a terminal, plain lines
// elsewhere, nothing when it shall be quiet.
package progress

import (
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"github.com/mattn/go-isatty"

	"github.com/metricslam/metricslam/slam"
)

// State is what is shown of a run.
type State struct {
	Frame     int // frames done
	Tracking  slam.TrackState
	Landmarks int
	Keyframes int
	Task      string // shown instead where nothing is tracked
}

// text is what is shown of a state beside the frames, short for a bar.
func (s State) text(short bool) string {
	switch {
	case s.Task != "":
		return s.Task
	case short:
		return fmt.Sprintf("%v, %d landmarks", s.Tracking, s.Landmarks)
	}
	return fmt.Sprintf("%v, %d landmarks, %d keyframes", s.Tracking, s.Landmarks, s.Keyframes)
}

// Display shows the progress of a run. Its methods may be called from many
// goroutines; they never block on more than the writer.
type Display interface {
	// Update shows a state. Calls in quick succession cost next to nothing.
	Update(State)
	// Stage names what is done after the last frame, such as meshing.
	Stage(name string)
	// Write shows lines of a log without damage to a bar.
	io.Writer
	// Done takes the bar away and shows a last line, unless that is empty.
	Done(summary string)
}

// New returns the display for a writer: a bar where it is a terminal, else
// plain lines. total is the number of frames, 0 where unknown. A quiet one
// shows what is written to it and nothing else.
func New(w io.Writer, total int, quiet bool) Display {
	switch {
	case quiet:
		return silent{w}
	case isTerminal(w):
		return newBar(w, total, "frames")
	default:
		return newLines(w, total, time.Now)
	}
}

// NewCount returns the display of things other than frames, such as "steps": a bar where
// w is a terminal. Elsewhere, and where it is quiet, it shows what is written to it.
func NewCount(w io.Writer, total int, things string, quiet bool) Display {
	if quiet || !isTerminal(w) {
		return silent{w}
	}
	return newBar(w, total, things)
}

// isTerminal reports whether w is a terminal that can move its cursor.
func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && isatty.IsTerminal(f.Fd()) && os.Getenv("TERM") != "dumb"
}

// silent shows nothing.
type silent struct{ io.Writer }

func (silent) Update(State) {}
func (silent) Stage(string) {}
func (silent) Done(string)  {}

// lineInterval is the time between two plain lines.
const lineInterval = 5 * time.Second

// lines writes a line every lineInterval and whenever tracking is lost or
// found again.
type lines struct {
	mu        sync.Mutex
	w         io.Writer
	total     int
	now       func() time.Time
	start     time.Time
	shown     time.Time
	lastState slam.TrackState
}

func newLines(w io.Writer, total int, now func() time.Time) *lines {
	t := now()
	return &lines{w: w, total: total, now: now, start: t, shown: t}
}

func (l *lines) Update(s State) {
	l.mu.Lock()
	defer l.mu.Unlock()
	t := l.now()
	changed := s.Tracking != l.lastState && (s.Tracking == slam.Lost || l.lastState == slam.Lost)
	l.lastState = s.Tracking
	if !changed && t.Sub(l.shown) < lineInterval && s.Frame != l.total {
		return
	}
	l.shown = t
	fmt.Fprintln(l.w, l.line(s, t.Sub(l.start)))
}

// line is "frame 120 of 400 (30 %), 31.2 fps, 9 s left, tracking, ...".
func (l *lines) line(s State, elapsed time.Duration) string {
	text := fmt.Sprintf("frame %d", s.Frame)
	if l.total > 0 && s.Frame <= l.total { // the headers of some videos estimate their length
		text += fmt.Sprintf(" of %d (%d %%)", l.total, 100*s.Frame/l.total)
	}
	if fps := float64(s.Frame) / elapsed.Seconds(); elapsed > 0 && s.Frame > 0 {
		text += fmt.Sprintf(", %.1f fps", fps)
		if rest := l.total - s.Frame; rest > 0 {
			left := time.Duration(float64(rest) / fps * float64(time.Second))
			text += fmt.Sprintf(", %v left", left.Round(time.Second))
		}
	}
	return text + ", " + s.text(false)
}

func (l *lines) Stage(name string) { l.println(name) }

func (l *lines) Done(summary string) {
	if summary != "" {
		l.println(summary)
	}
}

func (l *lines) println(text string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	fmt.Fprintln(l.w, text)
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.w.Write(p)
}
