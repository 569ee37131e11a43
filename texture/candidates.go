package texture

import (
	"context"
	"math"
	"sync"

	"github.com/metricslam/metricslam/geom"
	"github.com/metricslam/metricslam/slam"
)

const (
	// mostCandidates are kept of the views that see a triangle: of a room's keyframes
	// ten see a place, and the last of them are not chosen.
	mostCandidates = 8
	// A view sees a triangle from the side below a cosine of leastFacing, 10 degrees.
	// Down to turnedFacing it is taken for a bump of a rough surface, which is painted
	// as the image shows the place, where no view sees it straight: at turnedCost.
	leastFacing, turnedFacing, turnedCost = .17, -.7, 3
	// doubtCost and hiddenCost are what a triangle wholly near a silhouette, or wholly
	// behind something, costs, as logarithms of resolution: e^1.5 = 4.5 times coarser
	// is taken before the first; the second is for triangles that no view sees whole.
	doubtCost, hiddenCost = 1.5, 4
	mostHidden            = .5 // share of a triangle that may be hidden
)

// candidate is a view that sees a triangle.
type candidate struct {
	view    int32
	density float32  // pixels a metre of the surface
	cost    float32  // of what hides it; of the logarithm of the density
	whole   bool     // nothing near hides any of it
	color   [3]uint8 // mean of it
}

// shown is the mean colour of a candidate, levelled by the gain of its view.
func (c *candidate) shown(gain rgb) rgb {
	return rgb{float32(c.color[0]), float32(c.color[1]), float32(c.color[2])}.times(gain)
}

// rank is lower for better views.
func (c *candidate) rank() float64 { return float64(c.cost) - math.Log(float64(c.density)) }

// sample is what a view shows of a triangle: logarithms of red, green, blue, and of
// the contrast.
type sample struct {
	face, view int32
	log        [4]float32
}

const contrastChannel = 3

const (
	mostSampled = 6000 // triangles by which views are levelled
	// Windows around a triangle's middle for its colour, where it is smaller than that,
	// and contrast, in pixels: small against what surfaces show, large against the
	// error of poses.
	colorReach, contrastReach = 2, 4
	// Colours near black and white do not tell exposure: noise, and saturation.
	darkest, brightest = 10, 245
	// contrastFloor is that of the noise of pixels, a level or two.
	contrastFloor = 4
)

// seen is what one view shows.
type seen struct {
	faces      []uint32
	candidates []candidate // of each of them
	samples    []sample
	err        error
}

// look asks all views, some at a time, and gathers what they show in their order.
func (b *builder) look(ctx context.Context) error {
	b.candidates = make([][]candidate, len(b.surface.Triangles))
	every := uint32(len(b.surface.Triangles)/mostSampled + 1)
	n := b.cfg.workers()
	results := make([]seen, n)
	for first := 0; first < len(b.views.Of); first += n {
		var wg sync.WaitGroup
		batch := min(n, len(b.views.Of)-first)
		for i := range batch {
			if err := ctx.Err(); err != nil {
				return err
			}
			wg.Go(func() { results[i] = b.lookFrom(first+i, every) })
		}
		wg.Wait()
		for i := range batch {
			if err := results[i].err; err != nil {
				return err
			}
			b.take(&results[i])
		}
	}
	return nil
}

// take keeps the best candidates of each triangle, the best first.
func (b *builder) take(r *seen) {
	for i, f := range r.faces {
		list, c := b.candidates[f], r.candidates[i]
		at := len(list)
		for at > 0 && list[at-1].rank() > c.rank() {
			at--
		}
		if at == mostCandidates {
			continue
		}
		list = append(list, c)
		copy(list[at+1:], list[at:])
		list[at] = c
		b.candidates[f] = list[:min(len(list), mostCandidates)]
	}
	b.samples = append(b.samples, r.samples...)
}

// lookFrom gathers what view i shows.
func (b *builder) lookFrom(i int, every uint32) (out seen) {
	v := b.views.Of[i]
	faces := b.surface.inSight(v)
	if len(faces) == 0 {
		return out
	}
	img, err := b.images.get(i)
	if err != nil {
		return seen{err: err}
	}
	d := newDepthBuffer(b.surface, v, faces)
	for _, f := range faces {
		front := facing(b.surface, f, v.Pose.T)
		if front < turnedFacing {
			continue
		}
		if c, ok := b.candidate(d, &v, f, img); ok {
			c.view = int32(i)
			if front < leastFacing {
				c.cost += turnedCost
			}
			out.faces, out.candidates = append(out.faces, f), append(out.candidates, c)
			if c.whole && front >= leastFacing && f%every == 0 {
				if s, ok := b.sample(&v, f, c, img); ok {
					s.view = int32(i)
					out.samples = append(out.samples, s)
				}
			}
		}
	}
	return out
}

// candidate judges how a view sees a triangle; ok is false where not well enough.
func (b *builder) candidate(d *depthBuffer, v *View, f uint32, img slam.RGB) (c candidate, ok bool) {
	var t flat
	for k, p := range b.surface.Triangles[f] {
		u, ok := v.see(b.surface.at(p))
		if !ok || !v.inside(u) {
			return c, false
		}
		t[k] = u
	}
	area := math.Abs(t.area())
	if area == 0 || b.surface.areas[f] == 0 {
		return c, false
	}
	c.density = float32(math.Sqrt(area / float64(b.surface.areas[f])))
	var count [hidden + 1]int
	var sum rgb
	shown := 0
	note := func(s sight, x, y float64) {
		count[s]++
		if s == visible {
			sum = sum.add(mean(img, int(x+.5), int(y+.5), 0))
			shown++
		}
	}
	small := t
	for k := range small {
		small[k] = d.at(t[k])
	}
	slope := small.slope()
	for k := range t {
		note(d.askPoint(t[k], slope), t[k].x, t[k].y)
	}
	small.fill(d.w, d.h, func(i int, l [3]float32) {
		note(d.ask(i, small.inverse(l), slope), (float64(i%d.w)+.5)/d.sx-.5, (float64(i/d.w)+.5)/d.sy-.5)
	})
	n := float32(count[visible] + count[doubtful] + count[hidden])
	behind := float32(count[hidden]) / n
	if behind > mostHidden {
		return c, false
	}
	c.cost = doubtCost*float32(count[doubtful])/n + hiddenCost*behind
	c.whole = shown == int(n)
	for k, x := range sum {
		c.color[k] = uint8(x/float32(max(shown, 1)) + .5)
	}
	return c, true
}

// sample is what an image shows of a triangle; ok is false where that does not tell the
// exposure.
func (b *builder) sample(v *View, f uint32, c candidate, img slam.RGB) (s sample, ok bool) {
	var middle geom.Vec3
	for _, p := range b.surface.Triangles[f] {
		middle = middle.Add(b.surface.at(p).Scale(1. / 3))
	}
	u, ok := v.see(middle)
	if !ok {
		return s, false
	}
	x, y := int(u.x+.5), int(u.y+.5)
	t, color := b.pixelsOf(v, f), c.shown(rgb{1, 1, 1})
	if window := 2*colorReach + 1; math.Abs(t.area()) < float64(window*window) {
		color = mean(img, x, y, colorReach)
	}
	s.face = int32(f)
	for k, c := range color {
		if c < darkest || c > brightest {
			return s, false
		}
		s.log[k] = float32(math.Log(float64(c)))
	}
	s.log[contrastChannel] = float32(.5 * math.Log(contrastFloor+contrast(img, x, y, contrastReach)))
	return s, true
}
