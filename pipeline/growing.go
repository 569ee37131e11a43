package pipeline

import (
	"log/slog"
	"sync"

	"github.com/metricslam/metricslam/fusion"
	"github.com/metricslam/metricslam/geom"
	"github.com/metricslam/metricslam/mapping"
	"github.com/metricslam/metricslam/slam"
)

// growing fuses the dense map beside a run that is watched, on a goroutine of its
// own. A keyframe is fused once it has left the window of bundle adjustment;
// where a loop moves what was fused, everything is fused again.
type growing struct {
	cfg    fusion.Config
	window int // keyframes that are not final yet
	log    *slog.Logger

	fused map[int]geom.SE3 // poses that were handed over, by keyframe; the mapper's side
	part  int

	mu    sync.Mutex
	queue []slam.KeyframeView
	anew  bool // forget what was fused before the queue
	mesh  *slam.Mesh
	wake  chan struct{}
	done  chan struct{}
}

// Poses may move by this much before what was fused at them is wrong.
const (
	growShiftM = .03
	growTurn   = .015 // radians
)

func newGrowing(cfg Config, log *slog.Logger) *growing {
	g := &growing{
		cfg: cfg.Fusion, window: cfg.Mapping.Window, log: log, fused: make(map[int]geom.SE3),
		wake: make(chan struct{}, 1), done: make(chan struct{}),
	}
	go g.run()
	return g
}

// offer hands over the keyframes that have become final; it is called by the
// mapper's side between two keyframes.
func (g *growing) offer(m *mapping.Mapper) error {
	if g == nil {
		return nil
	}
	final := g.final(m)
	anew := g.part != m.Part()
	for _, k := range final {
		if at, ok := g.fused[k.ID]; ok && moved(at, k.Pose) {
			anew = true
		}
	}
	if anew {
		g.part = m.Part()
		clear(g.fused)
	}
	var views []slam.KeyframeView
	for _, k := range final {
		if _, ok := g.fused[k.ID]; !ok {
			v, err := m.Map.View(k)
			if err != nil {
				return err
			}
			g.fused[k.ID] = k.Pose
			views = append(views, v)
		}
	}
	if len(views) == 0 && !anew {
		return nil
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if anew {
		g.queue, g.anew = nil, true
	}
	g.queue = append(g.queue, views...)
	select {
	case g.wake <- struct{}{}:
	default:
	}
	return nil
}

// final lists the keyframes of the current part that have depth and have left
// the window.
func (g *growing) final(m *mapping.Mapper) (out []*mapping.Keyframe) {
	all := m.Map.Keyframes
	for _, k := range all[:max(len(all)-g.window, 0)] {
		if k.Part == m.Part() && !k.Depth.Empty() {
			out = append(out, k)
		}
	}
	return out
}

func moved(a, b geom.SE3) bool {
	d := a.Between(b)
	return d.T.Norm() > growShiftM || geom.RotationAngle(d.R) > growTurn
}

// run fuses what was handed over until wake is closed.
func (g *growing) run() {
	defer close(g.done)
	var dense *fusion.Growing
	for range g.wake {
		g.mu.Lock()
		views, anew := g.queue, g.anew
		g.queue, g.anew = nil, false
		g.mu.Unlock()
		if dense == nil || anew {
			var err error
			if dense, err = fusion.NewGrowing(g.cfg); err != nil {
				g.log.Warn("no dense map while the run goes on", "reason", err)
				return
			}
		}
		for _, v := range views {
			if err := dense.Add(v); err != nil {
				g.log.Warn("a keyframe is missing in the growing map", "keyframe", v.ID, "reason", err)
			}
		}
		mesh, err := dense.Mesh()
		if err != nil {
			g.log.Warn("the dense map does not show what is new", "reason", err)
			continue
		}
		g.mu.Lock()
		g.mesh = mesh
		g.mu.Unlock()
	}
}

// current returns the last mesh, nil before the first.
func (g *growing) current() *slam.Mesh {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.mesh
}

// stop ends the goroutine; nothing may be offered afterwards.
func (g *growing) stop() {
	if g == nil {
		return
	}
	close(g.wake)
	<-g.done
}
