package viewer

import (
	"sync"

	"github.com/metricslam/metricslam/geom"
	"github.com/metricslam/metricslam/slam"
)

// Feed hands scenes to a window: one that stays, or the snapshots of a run. It
// holds the last one only, and may be used from many goroutines. As an observer
// of a run it takes a snapshot when the window has shown the one before, so that
// a slow window never holds up the run.
type Feed struct {
	mu    sync.Mutex
	last  *Scene
	fresh bool
	title []string
	truth slam.Trajectory
}

// NewFeed returns a feed that shows a scene.
func NewFeed(s *Scene) *Feed { return &Feed{last: s} }

// NewLiveFeed returns a feed for the snapshots of a run: status are the lines
// that head the text, truth, where known, is shown aligned to the path.
func NewLiveFeed(truth slam.Trajectory, status ...string) *Feed {
	return &Feed{last: &Scene{Snapshot: slam.Snapshot{Pose: geom.IdentitySE3()}, Live: true, Status: status}, title: status, truth: truth}
}

// Wants reports whether the window has taken the last snapshot.
func (f *Feed) Wants(int) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return !f.fresh
}

// Publish shows a snapshot of a run. The mesh stays where the snapshot has none.
// One that cannot be drawn is passed over.
func (f *Feed) Publish(snap slam.Snapshot) {
	if len(snap.Truth) == 0 && len(f.truth) > 0 {
		// Too few poses to align yet is no fault: the truth is shown later.
		snap.Truth, _ = AlignTruth(f.truth, snap.Trajectory)
	}
	s := &Scene{Snapshot: snap, Live: true, Status: f.title}
	f.mu.Lock()
	defer f.mu.Unlock()
	if s.Mesh == nil {
		s.Mesh = f.last.Mesh
	}
	if err := s.Check(); err != nil && !s.empty() || !snap.Pose.IsFinite() {
		return
	}
	f.last, f.fresh = s, true
}

// Finish shows a finished map in place of the snapshots.
func (f *Feed) Finish(s *Scene) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.last, f.fresh = s, true
}

func (f *Feed) scene() *Scene {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.last
}

// take returns the last scene; ok is false where it was taken before.
func (f *Feed) take() (s *Scene, ok bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	ok, f.fresh = f.fresh, false
	return f.last, ok
}
