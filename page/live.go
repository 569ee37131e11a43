package page

import (
	"context"
	"fmt"
	"math"
	"sync"
	"time"

	"github.com/metricslam/metricslam/export"
	"github.com/metricslam/metricslam/geom"
	"github.com/metricslam/metricslam/slam"
)

const (
	frameEvery = 100 * time.Millisecond // between two images of the camera
	mapEvery   = time.Second            // between two maps,
	mapShare   = 10                     // or as many times what making one took

	liveTriangles = 150_000 // of the mesh of a run that goes on
)

// Live shows a run in browsers: an observer of it. It keeps the last snapshot
// only, makes messages of it on a goroutine of its own, and where nobody watches
// asks for none, so that no watcher holds up the run.
type Live struct {
	title string

	mu       sync.Mutex
	watchers map[*watcher]struct{}
	next     *slam.Snapshot // not yet made a message
	asked    time.Time      // when the last one was taken
	kept     [kinds][]byte  // the last messages, for who comes later
	finished bool

	wake   chan struct{}
	cancel context.CancelFunc
	done   chan struct{}
	conns  sync.WaitGroup
	ctx    context.Context

	mesh    *slam.Mesh // of the last map
	keys    int
	nextMap time.Time
}

// NewLive returns an observer that waits for watchers; Close ends it.
func NewLive(title string) *Live {
	ctx, cancel := context.WithCancel(context.Background())
	l := &Live{
		title: title, watchers: make(map[*watcher]struct{}), ctx: ctx, cancel: cancel,
		wake: make(chan struct{}, 1), done: make(chan struct{}),
	}
	go l.run()
	return l
}

// Wants reports whether somebody watches and is to see something new.
func (l *Live) Wants(int) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.watchers) > 0 && l.next == nil && time.Since(l.asked) >= frameEvery
}

// Publish takes a snapshot of the run.
func (l *Live) Publish(s slam.Snapshot) {
	l.mu.Lock()
	l.next, l.asked = &s, time.Now()
	l.mu.Unlock()
	select {
	case l.wake <- struct{}{}:
	default:
	}
}

// Finish shows the finished map in place of the snapshots.
func (l *Live) Finish(s *Scene) error {
	data, err := s.encode(map[string]any{"finished": true})
	if err != nil {
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.finished, l.next = true, nil
	l.send(wholeMap, data)
	return nil
}

// Close ends all connections and waits for them.
func (l *Live) Close() {
	l.cancel()
	<-l.done
	l.conns.Wait()
}

// run makes messages of snapshots until Close.
func (l *Live) run() {
	defer close(l.done)
	for {
		select {
		case <-l.ctx.Done():
			return
		case <-l.wake:
		}
		l.mu.Lock()
		s := l.next
		l.next = nil
		l.mu.Unlock()
		if s != nil {
			l.tell(s)
		}
	}
}

// tell sends what is new. A snapshot that cannot be drawn is passed over: there
// will be others.
func (l *Live) tell(s *slam.Snapshot) {
	var messages [kinds][]byte
	if l.mapDue(s) {
		start := time.Now()
		if data, err := l.scene(s).encode(nil); err == nil {
			messages[wholeMap] = data
		}
		l.mesh, l.keys = s.Mesh, len(s.Keyframes)
		l.nextMap = time.Now().Add(max(mapEvery, mapShare*time.Since(start)))
	}
	if data, err := frameMessage(s); err == nil {
		messages[frame] = data
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.finished {
		return
	}
	for kind, data := range messages {
		if data != nil {
			l.send(kind, data)
		}
	}
}

// mapDue reports whether the map has changed and was not shown just now.
func (l *Live) mapDue(s *slam.Snapshot) bool {
	return (s.Mesh != l.mesh || len(s.Keyframes) != l.keys) && time.Now().After(l.nextMap)
}

// send gives a message to all watchers and keeps it. l.mu is held.
func (l *Live) send(kind int, data []byte) {
	l.kept[kind] = data
	for w := range l.watchers {
		w.offer(kind, data)
	}
}

// scene is the map of a snapshot.
func (l *Live) scene(s *slam.Snapshot) *Scene {
	out := &Scene{
		Title: l.title, Up: export.Upright(s.Keyframes, s.Mesh), ScaleStd: s.ScaleSigma,
		Trajectory: s.Trajectory, Truth: s.Truth, Landmarks: s.Points, Loops: s.Loops, fast: true,
	}
	for i, k := range s.Keyframes {
		out.Keyframes = append(out.Keyframes, Keyframe{ID: i, Time: k.Time, Pose: k.Pose, Camera: s.Camera})
	}
	if s.Mesh != nil {
		out.Mesh, out.MeshErrorM = Thin(s.Mesh, liveTriangles)
	}
	return out
}

// frameMessage is what the camera sees now and how the run stands.
func frameMessage(s *slam.Snapshot) ([]byte, error) {
	c := newContainer()
	c.fast = true
	c.meta["frame"], c.meta["lines"] = true, statusLines(s)
	if s.State != slam.Initialising {
		q := geom.QuatFromMat3(s.Pose.R)
		c.meta["camera"] = map[string]any{
			"t": list(s.Pose.T), "q": [4]float64{q.X, q.Y, q.Z, q.W},
			"w": s.Camera.W, "h": s.Camera.H, "fx": s.Camera.Fx, "fy": s.Camera.Fy, "cx": s.Camera.Cx, "cy": s.Camera.Cy,
		}
	}
	img, err := trackedImage(s)
	if err != nil {
		return nil, err
	}
	c.bytes("image", img)
	return c.pack()
}

// statusLines says in words how a run stands.
func statusLines(s *slam.Snapshot) []string {
	lines := []string{
		fmt.Sprintf("%s, frame %d, %d features", s.State, s.Frame, len(s.Tracks)),
		fmt.Sprintf("%d keyframes, %d landmarks, %.1f m", len(s.Keyframes), len(s.Points), s.Trajectory.Length()),
	}
	if math.IsInf(s.ScaleSigma, 0) {
		lines = append(lines, "scale unknown")
	} else {
		lines = append(lines, fmt.Sprintf("scale %.3f ± %.1f %%", math.Exp(s.LogScale), 100*s.ScaleSigma))
	}
	return append(lines, s.Warnings...)
}
