package pipeline

import (
	"bytes"
	"errors"

	"github.com/metricslam/metricslam/slam"
)

// blankBlock is the side of the blocks whose means tell an image from noise.
const blankBlock = 8

// Bounds of what shows something, from images of seven places (desk, kitchen,
// offices, streets, NYU's rooms) and of nothing (covered lenses with leaks of
// light, noise of all strengths, raw and compressed).
const (
	// blankStd is the least deviation of the blocks' means in grey levels: 16 at
	// least in images of places, 1.6 at most in those of nothing.
	blankStd = 2
	// noiseRatio is how many times the variance of the blocks' means must be what
	// it is where each pixel is by itself: 29 at least in images of places, 2.3 at
	// most in those of noise that blankStd lets pass.
	noiseRatio = 6
	// blankLeast is the fewest blocks that tell anything.
	blankLeast = 64
)

var (
	errBlank = errors.New("it shows nothing: black, white, or a covered lens")
	errNoise = errors.New("it shows nothing but noise")
)

// blank says why an image shows nothing that could be mapped; nil where it does.
func blank(g slam.Gray) error {
	nx, ny := g.W/blankBlock, g.H/blankBlock
	if nx*ny < blankLeast {
		return nil
	}
	var sum, squares, blocks float64 // of pixels, and of the squares of blocks' means
	for by := range ny {
		for bx := range nx {
			var s, q int
			for y := by * blankBlock; y < (by+1)*blankBlock; y++ {
				at := y*g.W + bx*blankBlock
				for _, v := range g.Pix[at : at+blankBlock] {
					s += int(v)
					q += int(v) * int(v)
				}
			}
			mean := float64(s) / (blankBlock * blankBlock)
			sum += float64(s)
			squares += float64(q)
			blocks += mean * mean
		}
	}
	n := float64(nx * ny)
	pixels := n * blankBlock * blankBlock
	mean := sum / pixels
	ofBlocks, ofPixels := blocks/n-mean*mean, squares/pixels-mean*mean
	switch {
	case ofBlocks < blankStd*blankStd:
		if blankBlock*blankBlock*ofBlocks < noiseRatio*ofPixels && ofPixels > blankStd*blankStd {
			return errNoise
		}
		return errBlank
	case blankBlock*blankBlock*ofBlocks < noiseRatio*ofPixels:
		return errNoise
	}
	return nil
}

// frozen counts images that are the same to the last bit as the one before: no
// camera gives two of those.
type frozen struct {
	last    []uint8
	run     int // of the same so far
	longest int
	total   int
}

func (f *frozen) see(g slam.Gray) {
	if bytes.Equal(f.last, g.Pix) {
		f.run++
		f.total++
		f.longest = max(f.longest, f.run)
	} else {
		f.run = 0
	}
	f.last = g.Pix
}

// frozenRun is how many repeats in a row are more than a converted frame rate or a
// camera that hesitates makes: a second of a usual camera.
const frozenRun = 30
