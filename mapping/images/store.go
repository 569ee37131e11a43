package images

import (
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/metricslam/metricslam/mapping/recognition"
	"github.com/metricslam/metricslam/slam"
)

// Watcher is told which grey images lie decoded, to keep what it makes of them.
type Watcher interface {
	Keep(id int, g slam.Gray)
	Forget(id int)
}

// Options of a store.
type Options struct {
	Budget  int     // bytes that decoded images may take
	Scratch string  // folder of a nameless file for packed images; empty: memory holds them
	Watcher Watcher // may be nil
}

// Store keeps the images of keyframes by id. Several goroutines may use it.
type Store struct {
	mu      sync.Mutex
	items   []*Item // by id; nil where there is none
	open    []entry // decoded ones, least recently used first
	budget  int
	scratch scratch
	watcher Watcher
}

type entry struct {
	id   int
	item *Item
}

// minOpen is the number of keyframes that lie decoded whatever they take: two that
// are matched.
const minOpen = 2

// New returns an empty store.
func New(o Options) *Store {
	return &Store{budget: o.Budget, scratch: newScratch(o.Scratch), watcher: o.Watcher}
}

// Put stores images under an id, in place of what it had. Others may be packed for
// them, which is where an error comes from.
func (s *Store) Put(id int, im Images) error {
	color := im.Color
	if !color.jpeg.empty() {
		color.jpeg = s.scratch.move(color.jpeg)
	}
	im.Color, im.Keypoints = color, im.Keypoints.packed(&s.scratch)
	return s.put(id, &Item{images: im, open: true})
}

func (s *Store) put(id int, item *Item) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.drop(id)
	if id >= len(s.items) {
		s.items = append(s.items, make([]*Item, id+1-len(s.items))...)
	}
	s.items[id] = item
	if !item.isOpen() {
		return nil
	}
	return s.opened(id, item)
}

// opened enters a decoded item as the one used last.
func (s *Store) opened(id int, item *Item) error {
	if s.watcher != nil {
		s.watcher.Keep(id, item.images.Gray)
	}
	s.open = append(s.open, entry{id, item})
	return s.pack(s.surplus())
}

// Get returns the images of an id, none where nothing was put.
func (s *Store) Get(id int) (Images, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if id < 0 || id >= len(s.items) || s.items[id] == nil {
		return Images{}, nil
	}
	item := s.items[id]
	if n := len(s.open); n > 0 && s.open[n-1].id == id {
		return item.images, nil
	}
	if i := slices.IndexFunc(s.open, func(e entry) bool { return e.id == id }); i >= 0 {
		e := s.open[i]
		s.open = append(slices.Delete(s.open, i, i+1), e)
		return item.images, nil
	}
	im, err := item.decode(true)
	if err != nil {
		return Images{}, fmt.Errorf("images of keyframe %d: %w", id, err)
	}
	return im, s.opened(id, item)
}

// Keypoints returns those of an id, none where nothing was put. The other images
// stay packed.
func (s *Store) Keypoints(id int) ([]recognition.Keypoint, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if id < 0 || id >= len(s.items) || s.items[id] == nil {
		return nil, nil
	}
	list, err := s.items[id].images.Keypoints.All()
	if err != nil {
		return nil, fmt.Errorf("keypoints of keyframe %d: %w", id, err)
	}
	return list, nil
}

// Drop forgets the images of an id.
func (s *Store) Drop(id int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.drop(id)
}

func (s *Store) drop(id int) {
	if id < 0 || id >= len(s.items) || s.items[id] == nil {
		return
	}
	s.items[id] = nil
	if i := slices.IndexFunc(s.open, func(e entry) bool { return e.id == id }); i >= 0 {
		s.open = slices.Delete(s.open, i, i+1)
	}
	if s.watcher != nil {
		s.watcher.Forget(id)
	}
}

// Spare packs all that lies decoded, unless everything fits anyway: what comes next
// needs the memory.
func (s *Store) Spare() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if slices.ContainsFunc(s.items, func(it *Item) bool { return it != nil && !it.isOpen() }) {
		return s.pack(len(s.open))
	}
	return nil
}

// surplus is the number of items to be packed.
func (s *Store) surplus() int {
	bytes := 0
	for i := len(s.open) - 1; i >= 0; i-- {
		if bytes += s.open[i].item.images.bytes(); bytes > s.budget && len(s.open)-i > minOpen {
			return i + 1
		}
	}
	return 0
}

// pack packs the first n of those that lie decoded. What cannot be packed stays
// decoded and is an error.
func (s *Store) pack(n int) error {
	var failed []error
	for _, e := range s.open[:n] {
		if err := e.item.pack(&s.scratch); err != nil {
			failed = append(failed, fmt.Errorf("images of keyframe %d: %w", e.id, err))
		} else if s.watcher != nil {
			s.watcher.Forget(e.id)
		}
	}
	s.open = slices.Delete(s.open, 0, n)
	return errors.Join(failed...)
}

// Snapshot is the images of a store at one moment, by id; nil where there are none.
type Snapshot []*Item

// Snapshot returns what is stored now. It does not change any more.
func (s *Store) Snapshot() Snapshot {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.items)
}

// Get returns the images of an id, none where there are none.
func (s Snapshot) Get(id int) (Images, error) {
	item := s.Item(id)
	if item == nil {
		return Images{}, nil
	}
	im, err := item.decode(false)
	if err != nil {
		return Images{}, fmt.Errorf("images of keyframe %d: %w", id, err)
	}
	return im, nil
}

// Item returns the item of an id, nil where there is none.
func (s Snapshot) Item(id int) *Item {
	if id < 0 || id >= len(s) {
		return nil
	}
	return s[id]
}

// Adopt stores the items of a snapshot that no store holds any more, under their ids
// plus shift.
func (s *Store) Adopt(o Snapshot, shift int) error {
	for id, item := range o {
		if item == nil {
			continue
		}
		item.settle(&s.scratch)
		if err := s.put(id+shift, item); err != nil {
			return err
		}
	}
	return nil
}
