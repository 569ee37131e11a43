package texture

import (
	"fmt"
	"math/bits"
	"runtime"
)

// Config holds the package's parameters. Start from Default.
type Config struct {
	SizePx   int // edge of the largest page; a power of two
	MaxPages int // where they do not hold the images' pixels, those are taken coarser
	Quality  int // of the pages as JPEG
	Workers  int // goroutines; 0: one a core. Results do not depend on it
}

// Default returns the configuration used unless flags say otherwise: one page of
// 4096 pixels is what phones still take.
func Default() Config { return Config{SizePx: 4096, MaxPages: 4, Quality: 90} }

const minSizePx, maxSizePx = 256, 16384 // a graphics card takes no more

// Validate returns an error that names the first parameter out of range.
func (c Config) Validate() error {
	switch {
	case c.SizePx < minSizePx || c.SizePx > maxSizePx || bits.OnesCount(uint(c.SizePx)) != 1:
		return fmt.Errorf("texture: a page of %d pixels; want a power of two from %d to %d", c.SizePx, minSizePx, maxSizePx)
	case c.MaxPages < 1 || c.MaxPages > 1000:
		return fmt.Errorf("texture: %d pages, want 1 to 1000", c.MaxPages)
	case c.Quality < 1 || c.Quality > 100:
		return fmt.Errorf("texture: quality %d, want 1 to 100", c.Quality)
	}
	return nil
}

func (c Config) workers() int {
	if c.Workers > 0 {
		return c.Workers
	}
	return runtime.GOMAXPROCS(0)
}
