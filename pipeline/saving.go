package pipeline

import (
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"github.com/metricslam/metricslam/mapping"
	"github.com/metricslam/metricslam/report"
)

// Saving says into which file the map of a run goes, as it grows and when it is
// finished.
type Saving struct {
	Path  string        // empty: none
	Every time.Duration // least time between two saves of a run that goes on
}

// saveShare bounds the time spent on saving: a save that took long makes the next
// one wait this many times as long.
const saveShare = 10

// saver writes the map beside the run. All its methods but save belong to the
// owner of the map.
type saver struct {
	Saving
	origins []mapping.Origin
	store   *mapping.Store
	stages  *report.Stages
	log     *slog.Logger

	busy chan struct{} // closed when the save on its way is done; nil before the first
	next time.Time     // no save before; written by save, read once busy is closed
	// failed is why the last save left the file as it was; written and read as next is.
	failed error
}

// newSaver returns the saver of a job whose first new keyframe has the given id.
func newSaver(job Job, first int, stages *report.Stages) *saver {
	var loaded []*mapping.Loaded
	var origins []mapping.Origin
	if job.Map != nil {
		loaded, origins = []*mapping.Loaded{job.Map}, job.Map.State.Origins
	}
	clearPath(job.Saving.Path)
	info := job.Source.Info()
	origins = append(origins, mapping.Origin{Source: info.Name, Kind: info.Kind, Keyframe: first})
	return &saver{
		Saving: job.Saving, origins: origins, store: mapping.NewStore(loaded...), stages: stages, log: job.Log,
		next: time.Now().Add(job.Saving.Every),
	}
}

// clearPath removes what a run that was killed may have left of a save.
func clearPath(path string) {
	if path == "" {
		return
	}
	left, _ := filepath.Glob(filepath.Join(filepath.Dir(path), "."+filepath.Base(path)+".tmp*")) // a pattern it cannot read finds nothing
	for _, name := range left {
		os.Remove(name)
	}
}

// offer starts a save where the last one is long enough ago. The map is copied
// before it returns; all else happens beside.
func (s *saver) offer(m *mapping.Mapper) {
	if s == nil || s.Path == "" || !s.idle() || time.Now().Before(s.next) {
		return
	}
	st, err := s.copyOf(m)
	if err != nil {
		s.warn(err)
		return
	}
	s.start(st)
}

// start saves a state beside.
func (s *saver) start(st *mapping.State) {
	busy := make(chan struct{})
	s.busy = busy
	go func() {
		defer close(busy)
		s.save(st)
	}()
}

// idle reports whether no save is on its way.
func (s *saver) idle() bool {
	if s.busy == nil {
		return true
	}
	select {
	case <-s.busy:
		return true
	default:
		return false
	}
}

func (s *saver) copyOf(m *mapping.Mapper) (*mapping.State, error) {
	defer s.stages.Start("map copy")()
	st, err := m.State()
	if err != nil {
		return nil, err
	}
	st.Origins = s.origins
	return st, nil
}

// save writes a state. A map that cannot be written is a warning: the run goes
// on, and tries again.
func (s *saver) save(st *mapping.State) {
	defer s.stages.Start("map file")()
	start := time.Now()
	if s.failed = s.store.Save(s.Path, st); s.failed != nil {
		s.warn(s.failed)
	} else {
		s.log.Info("map saved", "keyframes", len(st.Keyframes), "seconds", time.Since(start).Seconds())
	}
	s.next = time.Now().Add(max(s.Every, saveShare*time.Since(start)))
}

// warn says that the map file is what it was before.
func (s *saver) warn(err error) {
	s.log.Warn("the map was not saved; the map file is that of the last save", "file", s.Path, "reason", err)
}

// wait returns when no save is on its way.
func (s *saver) wait() {
	if s != nil && s.busy != nil {
		<-s.busy
	}
}

// finish saves the finished map, beside what is made of it.
func (s *saver) finish(m *mapping.Mapper) {
	if s.Path == "" {
		return
	}
	s.wait()
	st, err := s.copyOf(m)
	if err != nil {
		s.failed = err
		s.warn(err)
		return
	}
	s.start(st)
}

// close waits for the save on its way and lets the last file go.
func (s *saver) close() {
	if s != nil {
		s.wait()
		s.store.Close()
	}
}
