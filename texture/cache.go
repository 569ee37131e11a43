package texture

import (
	"slices"
	"sync"

	"github.com/metricslam/metricslam/slam"
)

// cache keeps the images that were asked for last. Several are loaded at a time.
type cache struct {
	mu   sync.Mutex
	load func(i int) (slam.RGB, error)
	most int // images
	kept map[int]*cached
	last []int // their numbers, those asked for longest ago first
}

// cached is an image that is there, or is being loaded.
type cached struct {
	once sync.Once
	img  slam.RGB
	err  error
}

func newCache(most int, load func(int) (slam.RGB, error)) *cache {
	return &cache{load: load, most: most, kept: map[int]*cached{}}
}

func (c *cache) get(i int) (slam.RGB, error) {
	e := c.entry(i)
	e.once.Do(func() { e.img, e.err = c.load(i) })
	return e.img, e.err
}

func (c *cache) entry(i int) *cached {
	c.mu.Lock()
	defer c.mu.Unlock()
	if e, ok := c.kept[i]; ok {
		k := slices.Index(c.last, i)
		c.last = append(slices.Delete(c.last, k, k+1), i)
		return e
	}
	if len(c.last) >= c.most {
		delete(c.kept, c.last[0])
		c.last = c.last[1:]
	}
	e := &cached{}
	c.kept[i] = e
	c.last = append(c.last, i)
	return e
}
