package texture

import (
	"context"
	"image"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/metricslam/metricslam/geom"
	"github.com/metricslam/metricslam/slam"
)

const (
	// Weights of what a view shows of a texel: near a silhouette, and of views that
	// were not chosen, which count only where the chosen one is hidden.
	doubtWeight, otherWeight = 1e-4, 1e-2
)

// plain is the colour of what nothing is known of.
var plain = rgb{128, 128, 128}

// stroke is what one view gives to a triangle of a chart.
type stroke struct {
	canvas *canvas
	number int        // of the triangle in its chart
	weight [3]float32 // at the corners
	other  bool       // the view was not chosen: it counts where the others are hidden
	whole  bool       // the view sees all of the triangle
}

// draw draws the charts of a page, view after view, and returns how many of its texels
// show the surface.
func (b *builder) draw(ctx context.Context, charts []chart, page int, scale float64, to *image.RGBA) (filled int, err error) {
	var all []*canvas
	strokes := make([][]stroke, len(b.views.Of))
	for i := range charts {
		if charts[i].page == page {
			c := b.newCanvas(&charts[i], scale)
			all = append(all, c)
			b.plan(c, strokes)
		}
	}
	for i, list := range strokes {
		if err := ctx.Err(); err != nil {
			return 0, err
		}
		if len(list) == 0 {
			continue
		}
		img, err := b.images.get(i)
		if err != nil {
			return 0, err
		}
		var depth *depthBuffer
		if slices.ContainsFunc(list, func(s stroke) bool { return !s.whole }) {
			depth = newDepthBuffer(b.surface, b.views.Of[i], b.surface.inSight(b.views.Of[i]))
		}
		b.each(len(list), func(k int) { b.paint(&list[k], i, img, depth, scale) })
	}
	b.each(len(all), func(k int) { b.finish(all[k], scale, to) })
	for i := range to.Pix {
		if i%4 == 3 {
			to.Pix[i] = 255
		}
	}
	for _, c := range all {
		filled += c.filled
	}
	return filled, nil
}

// each calls f for 0 to n-1, on all cores.
func (b *builder) each(n int, f func(i int)) {
	const grain = 64
	var wg sync.WaitGroup
	var next atomic.Int64
	for range b.cfg.workers() {
		wg.Go(func() {
			for {
				first := int(next.Add(grain)) - grain
				if first >= n {
					return
				}
				for i := first; i < min(first+grain, n); i++ {
					f(i)
				}
			}
		})
	}
	wg.Wait()
}

// canvas is the texels of a chart while it is drawn.
type canvas struct {
	*chart
	owner  []int32 // triangle that a texel belongs to, -1: none
	color  []rgb   // sum, by weight
	weight []float32
	filled int
}

func (b *builder) newCanvas(c *chart, scale float64) *canvas {
	n := c.w * c.h
	v := &canvas{chart: c, owner: make([]int32, n), color: make([]rgb, n), weight: make([]float32, n)}
	for i := range v.owner {
		v.owner[i] = -1
	}
	for k, f := range c.faces {
		t := b.texels(c, k, scale)
		t.fill(c.w, c.h, func(i int, _ [3]float32) {
			if v.owner[i] < 0 {
				v.owner[i] = int32(f)
				v.filled++
			}
		})
	}
	return v
}

// texels is where the corners of a chart's k-th triangle lie on its canvas.
func (b *builder) texels(c *chart, k int, scale float64) (t flat) {
	for corner := range t {
		x, y := c.corner(b, k, corner, scale)
		t[corner].x, t[corner].y = x-float64(c.x), y-float64(c.y)
	}
	return t
}

// plan lists for each view the triangles that it gives colours to: those that it was
// chosen for, those beside, towards the seam, and where something hides a part of a
// triangle, all that it may help out.
func (b *builder) plan(v *canvas, strokes [][]stroke) {
	if v.view < 0 {
		return
	}
	for k, f := range v.faces {
		own := b.candidates[f][b.chosen[f]]
		for _, c := range b.candidates[f] {
			w := b.cornerWeights(b.surface.Triangles[f], c, own)
			other := w == [3]float32{}
			if other && own.whole {
				continue
			}
			strokes[c.view] = append(strokes[c.view], stroke{canvas: v, number: k, weight: w, other: other, whole: c.whole})
		}
	}
}

// cornerWeights is how much a candidate counts at the corners of a triangle that was
// given another, or itself: as its share of the triangles around. Of the views of
// neighbours those that do not see this one whole are left to its own.
func (b *builder) cornerWeights(t [3]uint32, c, own candidate) (w [3]float32) {
	if c.view != own.view && !c.whole {
		return w
	}
	for k, v := range t {
		for _, s := range b.shares[v] {
			if s.view == c.view {
				w[k] += s.weight
			}
		}
	}
	return w
}

// paint adds what a view shows of a triangle to the texels that belong to it.
func (b *builder) paint(s *stroke, view int, img slam.RGB, depth *depthBuffer, scale float64) {
	v, gain, face := &b.views.Of[view], b.balance.gain[view], s.canvas.faces[s.number]
	var corners [3]geom.Vec3
	for k, p := range b.surface.Triangles[face] {
		corners[k] = b.surface.at(p)
	}
	slope := float32(0)
	if !s.whole {
		seen := b.pixels(int32(view), face)
		for k := range seen {
			seen[k] = depth.at(seen[k])
		}
		slope = seen.slope()
	}
	t := b.texels(s.canvas.chart, s.number, scale)
	t.fill(s.canvas.w, s.canvas.h, func(i int, l [3]float32) {
		if s.canvas.owner[i] != int32(face) {
			return
		}
		// The fourth power makes the blend narrow, and is the same on both sides.
		w := l[0]*s.weight[0] + l[1]*s.weight[1] + l[2]*s.weight[2]
		w *= w
		w *= w
		if s.other {
			w = otherWeight
		}
		at := corners[0].Scale(float64(l[0])).Add(corners[1].Scale(float64(l[1]))).Add(corners[2].Scale(float64(l[2])))
		u, ok := v.see(at)
		if w == 0 || !ok || !v.inside(u) {
			return
		}
		if !s.whole {
			switch depth.askPoint(u, slope) {
			case hidden:
				return
			case doubtful:
				w *= doubtWeight
			}
		}
		s.canvas.color[i] = s.canvas.color[i].add(cubic(img, u.x, u.y).times(gain).scale(w))
		s.canvas.weight[i] += w
	})
}

// finish gives a chart's texels their colours, its padding those of its edge, and puts
// it on the page.
func (b *builder) finish(v *canvas, scale float64, to *image.RGBA) {
	known := make([]bool, len(v.owner))
	for k, f := range v.faces {
		fix, vertex := b.corners(f)
		t := b.texels(v.chart, k, scale)
		t.fill(v.w, v.h, func(i int, l [3]float32) {
			if v.owner[i] != int32(f) || known[i] {
				return
			}
			known[i] = true
			if v.weight[i] > 0 {
				v.color[i] = v.color[i].scale(1 / v.weight[i]).add(mix(fix, l))
			} else {
				v.color[i] = mix(vertex, l)
			}
		})
	}
	v.pad(known)
	for i, col := range v.color {
		at := to.PixOffset(v.x+i%v.w, v.y+i/v.w)
		for k, x := range col {
			to.Pix[at+k] = uint8(min(max(x, 0), 255) + .5)
		}
	}
}

// corners returns the corrections at the corners of a triangle, and the colours of its
// vertices.
func (b *builder) corners(f uint32) (fix, vertex [3]rgb) {
	for k, v := range b.surface.Triangles[f] {
		for _, s := range b.shares[v] {
			fix[k] = fix[k].add(s.fix.scale(s.weight))
		}
		vertex[k] = plain
		if b.surface.Colors != nil {
			for c, x := range b.surface.Colors[v] {
				vertex[k][c] = float32(x)
			}
		}
	}
	return fix, vertex
}

func mix(c [3]rgb, l [3]float32) rgb {
	return c[0].scale(l[0]).add(c[1].scale(l[1])).add(c[2].scale(l[2]))
}

// pad lets the known texels grow by padPx and one more, and gives the rest their mean.
func (v *canvas) pad(known []bool) {
	var sum rgb
	n := 0
	for i, ok := range known {
		if ok {
			sum = sum.add(v.color[i])
			n++
		}
	}
	rest := plain
	if n > 0 {
		rest = sum.scale(1 / float32(n))
	}
	for range padPx + 1 {
		var fresh []int
		for i, ok := range known {
			if !ok && v.grow(known, i) {
				fresh = append(fresh, i)
			}
		}
		for _, i := range fresh {
			known[i] = true
		}
	}
	for i, ok := range known {
		if !ok {
			v.color[i] = rest
		}
	}
}

// grow gives a texel the mean of its known neighbours; false without any.
func (v *canvas) grow(known []bool, i int) bool {
	var sum rgb
	n := 0
	x, y := i%v.w, i/v.w
	for j := max(y-1, 0); j <= min(y+1, v.h-1); j++ {
		for k := max(x-1, 0); k <= min(x+1, v.w-1); k++ {
			if known[j*v.w+k] {
				sum = sum.add(v.color[j*v.w+k])
				n++
			}
		}
	}
	if n > 0 {
		v.color[i] = sum.scale(1 / float32(n))
	}
	return n > 0
}
