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
// depth. It never changes the depth.
type Witness struct {
	Source
	open func() (Source, error)

	mu         sync.Mutex
	network    Source // nil before the first question and after the last
	calls      int
	done       bool
	logs, same []float64 // of each frame asked: logarithm of network over depth, correlation of the two
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

// ask compares a depth with the network's, of every few frames.
func (w *Witness) ask(ctx context.Context, f *slam.Frame, d slam.DepthMap) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.calls++; w.done || (w.calls-1)%witnessEvery != 0 {
		return
	}
	if w.network == nil {
		var err error
		if w.network, err = w.open(); err != nil {
			w.network, w.done = nil, true
			return
		}
	}
	n, err := w.network.Depth(ctx, f)
	if err != nil || n.Empty() {
		return
	}
	if log, same, ok := compareDepths(d, n); ok {
		w.logs, w.same = append(w.logs, log), append(w.same, same)
	}
	if len(w.logs) == witnessFrames {
		w.done = true
		w.network.Close()
		w.network = nil
	}
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
// metres has then; empty where nothing speaks against it.
func (w *Witness) Doubt() (text string, sigma float64) {
	w.mu.Lock()
	defer w.mu.Unlock()
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
	w.mu.Lock()
	defer w.mu.Unlock()
	w.done = true
	if w.network != nil {
		w.network.Close()
		w.network = nil
	}
	return w.Source.Close()
}
