package datasets

import "math"

// stampTick is the shortest step between two stamps, in seconds: trajectory files
// write microseconds.
const stampTick = 1e-6

// ticks is a stamp as trajectory files write it.
func ticks(t float64) float64 { return math.Round(t / stampTick) }

// breakS is by how much a video's clock must go back to count as another clock,
// as behind a cut: reordered or rounded stamps are off by a frame or two.
const breakS = .5

// fileClock makes a video's stamps strictly increasing from 0, however the file
// stamps its frames. step is the time between two frames.
type fileClock struct {
	step   float64
	zero   float64 // stamp of the file that is 0
	last   float64
	began  bool
	blind  bool // no frame had a stamp yet
	mended *tally
}

// next returns the time of the next frame in display order, stamped t by the
// file, NaN where it is not.
func (c *fileClock) next(t float64) float64 {
	if !c.began {
		c.began, c.blind = true, true
		if !math.IsNaN(t) && !math.IsInf(t, 0) {
			c.zero, c.blind = t, false
		}
		return 0
	}
	out := t - c.zero
	if c.blind && out > 0 { // the first stamp is that of its frame, not of the first
		c.zero, c.blind = t-c.last-c.step, false
		out = t - c.zero
	}
	switch {
	case c.blind && (math.IsNaN(out) || math.IsInf(out, 0)): // as of a bare stream
		c.mended.add("%d frames have no time stamp, nor do those before them: they were placed at an even rate")
		c.last += c.step
	case math.IsNaN(out) || math.IsInf(out, 0):
		c.mended.add("%d frames have no time stamp and were placed half a frame after the one before")
		c.last += c.step / 2
	case ticks(out) > ticks(c.last):
		c.last = out
	case out < c.last-breakS:
		c.mended.add("the video's clock goes back %d times; its frames were placed one after the other")
		c.last += c.step
		c.zero = t - c.last
	default:
		c.mended.add("%d frames have the time stamp of the one before or an earlier one; they keep their place and were placed half a frame after it")
		c.last += c.step / 2
	}
	return c.last
}
