package depth

import (
	"context"
	"fmt"
	"math"
	"sync"

	"github.com/metricslam/metricslam/geom"
	"github.com/metricslam/metricslam/internal/stats"
	"github.com/metricslam/metricslam/slam"
)

// Witness hands on depth that says it measures metres, and asks a network now and
// then whether that can be: units that were misread, disparity that was taken for
// depth. It never changes the depth, and nobody waits for the network.
type Witness struct {
	Source
	open func() (Source, error)

	mu        sync.Mutex
	calls     int
	questions chan question // nil before the first and after the last
	answered  chan struct{} // closed after the last answer

	// Of the goroutine that asks, until answered is closed: of each frame asked the
	// logarithm of network over depth, and the correlation of the two.
	logs, same []float64
}

// question is a frame and its depth.
type question struct {
	ctx   context.Context
	frame *slam.Frame
	depth slam.DepthMap
}

const (
	witnessFrames = 6  // that are asked
	witnessEvery  = 4  // keyframes
	witnessGrid   = 24 // pixels a side that are compared
	witnessFewest = 60 // of them with depth of both

	// witnessLog is the logarithm of network over depth that cannot be: three
	// deviations of a network at a place (docs/scale.md). A factor of two is .69.
	witnessLog = .5
	// witnessTurned is the correlation of the two logarithms below which one is the
	// inverse of the other.
	witnessTurned = -.3
)

// Watch returns src with a network beside it that open gives; an error of open ends
// the questions.
func Watch(src Source, open func() (Source, error)) *Witness {
	return &Witness{Source: src, open: open}
}

// Depth returns the depth of the source.
func (w *Witness) Depth(ctx context.Context, f *slam.Frame) (slam.DepthMap, error) {
	d, err := w.Source.Depth(ctx, f)
	if err == nil && !d.Empty() && d.ScaleSigma == 0 {
		w.ask(ctx, f, d)
	}
	return d, err
}

// ask hands every few frames to the goroutine that asks the network.
func (w *Witness) ask(ctx context.Context, f *slam.Frame, d slam.DepthMap) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.calls++
	switch {
	case (w.calls-1)%witnessEvery != 0:
		return
	case w.answered == nil:
		w.questions, w.answered = make(chan question, 1), make(chan struct{})
		go w.answer(w.questions)
	case w.questions == nil:
		return
	}
	select {
	case w.questions <- question{ctx, f, d}:
	case <-w.answered:
	}
}

// answer asks the network until enough frames have an answer, in their order: which
// these are does not depend on time.
func (w *Witness) answer(questions <-chan question) {
	defer close(w.answered)
	network, err := w.open()
	if err != nil {
		return
	}
	defer network.Close()
	for q := range questions {
		n, err := network.Depth(q.ctx, q.frame)
		if err != nil || n.Empty() {
			continue
		}
		if log, same, ok := compareDepths(q.depth, n); ok {
			w.logs, w.same = append(w.logs, log), append(w.same, same)
		}
		if len(w.logs) == witnessFrames {
			return
		}
	}
}

// end waits for the answers to what was asked. Nothing is asked any more.
func (w *Witness) end() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.questions != nil {
		close(w.questions)
		w.questions = nil
	}
	if w.answered == nil { // nothing was asked
		w.answered = make(chan struct{})
		close(w.answered)
	}
	<-w.answered
}

// compareDepths returns the median logarithm of n over d, and the correlation of their
// logarithms.
func compareDepths(d, n slam.DepthMap) (log, same float64, ok bool) {
	var x, y, ratio []float64
	for i := range witnessGrid * witnessGrid {
		u := geom.Vec2{X: (float64(i%witnessGrid) + .5) / witnessGrid * float64(d.W), Y: (float64(i/witnessGrid) + .5) / witnessGrid * float64(d.H)}
		a, _, ok := d.At(u)
		b, _, ok2 := n.At(n.Camera.Project(d.Camera.Ray(u)))
		if ok && ok2 && a > 0 && b > 0 {
			x, y, ratio = append(x, math.Log(a)), append(y, math.Log(b)), append(ratio, math.Log(b/a))
		}
	}
	if len(x) < witnessFewest {
		return 0, 0, false
	}
	var mx, my, xy, xx, yy float64
	for i := range x {
		mx, my = mx+x[i]/float64(len(x)), my+y[i]/float64(len(x))
	}
	for i := range x {
		p, q := x[i]-mx, y[i]-my
		xy, xx, yy = xy+p*q, xx+p*p, yy+q*q
	}
	if xx > 0 && yy > 0 {
		same = xy / math.Sqrt(xx*yy)
	}
	return stats.Median(ratio), same, true
}

// Doubt says what of the depth cannot be, and the deviation that the logarithm of its
// metres has then; empty where nothing speaks against it. It ends the questions.
func (w *Witness) Doubt() (text string, sigma float64) {
	w.end()
	if len(w.logs) == 0 {
		return "", 0
	}
	log, same := stats.Median(append([]float64(nil), w.logs...)), stats.Median(append([]float64(nil), w.same...))
	switch {
	case same < witnessTurned:
		return fmt.Sprintf("the depth images grow where a depth network sees things come nearer (correlation %.2f of %d images): they hold disparity or inverse depth, not depth", same, len(w.logs)), math.Max(witnessLog, math.Abs(log))
	case math.Abs(log) > witnessLog:
		return fmt.Sprintf("the depth images say %.3g times the depth that a network sees in %d images, which is good to some 20 %%: their units are misread (--depth-scale, DepthMapFactor), or they belong to other images", math.Exp(-log), len(w.logs)), math.Abs(log)
	}
	return "", 0
}

// Close ends the questions and closes the source.
func (w *Witness) Close() error {
	w.end()
	return w.Source.Close()
}
