package progress

import (
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"
)

// bar is a bar on a terminal: share, frames per second and time left from the
// library, the state behind them.
type bar struct {
	mu   sync.Mutex
	w    io.Writer
	bar  *progressbar.ProgressBar
	text string
	done bool
}

const barThrottle = 100 * time.Millisecond

// barWidth is what the rest of a line leaves of a terminal: a line that wraps
// could not be drawn over.
func barWidth(w io.Writer) int {
	const rest = 74 // " 99% ... (10000/12399, 300 frames/s) [10m30s:1m10s] initialising, 12345 landmarks"
	columns := 80
	if f, ok := w.(*os.File); ok {
		if c, _, err := term.GetSize(int(f.Fd())); err == nil {
			columns = c
		}
	}
	return min(max(columns-rest, 3), 40)
}

func newBar(w io.Writer, total int, things string) *bar {
	if total <= 0 {
		total = -1 // the library's word for unknown: a spinner
	}
	return &bar{w: w, bar: progressbar.NewOptions(total,
		progressbar.OptionSetWriter(w),
		progressbar.OptionSetWidth(barWidth(w)),
		progressbar.OptionShowCount(),
		progressbar.OptionShowIts(),
		progressbar.OptionSetItsString(things),
		progressbar.OptionSetPredictTime(true),
		progressbar.OptionThrottle(barThrottle),
		progressbar.OptionShowDescriptionAtLineEnd(),
		progressbar.OptionSpinnerType(14),
		progressbar.OptionSetSpinnerChangeInterval(0), // turn with the updates, without a goroutine
		progressbar.OptionSetRenderBlankState(false),
		progressbar.OptionUseANSICodes(true),
		progressbar.OptionClearOnFinish(),
		progressbar.OptionSetTheme(progressbar.Theme{
			Saucer: "━", SaucerHead: "╸", SaucerPadding: " ", BarStart: "", BarEnd: "",
		}),
	)}
}

// Errors of the library are those of writing to the terminal: there is no one
// left to tell.

func (b *bar) Update(s State) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.done {
		return
	}
	if text := s.text(true); text != b.text {
		b.text = text
		b.bar.Describe(text)
	}
	_ = b.bar.Set(s.Frame)
}

func (b *bar) Stage(name string) { b.show(name + "\n") }

func (b *bar) Done(summary string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !b.done {
		b.done = true
		_ = b.bar.Clear()
	}
	if summary != "" {
		fmt.Fprintln(b.w, summary)
	}
}

func (b *bar) Write(p []byte) (int, error) {
	if err := b.show(string(p)); err != nil {
		return 0, err
	}
	return len(p), nil
}

// show writes lines where the bar was; the next update draws it below them.
func (b *bar) show(text string) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !b.done {
		_ = b.bar.Clear()
	}
	_, err := io.WriteString(b.w, text)
	return err
}
