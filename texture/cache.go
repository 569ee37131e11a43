package texture

import (
	"slices"
	"sync"

	"github.com/metricslam/metricslam/slam"
)

// cache keeps the images that were asked for last.
type cache struct {
	mu   sync.Mutex
	load func(i int) (slam.RGB, error)
	most int // images
	kept map[int]slam.RGB
	last []int // their numbers, those asked for longest ago first
}

func newCache(most int, load func(int) (slam.RGB, error)) *cache {
	return &cache{load: load, most: most, kept: map[int]slam.RGB{}}
}

func (c *cache) get(i int) (slam.RGB, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if img, ok := c.kept[i]; ok {
		k := slices.Index(c.last, i)
		c.last = append(slices.Delete(c.last, k, k+1), i)
		return img, nil
	}
	img, err := c.load(i)
	if err != nil {
		return img, err
	}
	if len(c.last) >= c.most {
		delete(c.kept, c.last[0])
		c.last = c.last[1:]
	}
	c.kept[i] = img
	c.last = append(c.last, i)
	return img, nil
}
