package texture

import (
	"cmp"
	"context"
	"slices"
)

const (
	// A seam's step is taken as the difference of the means of so many pixels around
	// its vertices: the error of poses, some pixels, moves edges by less.
	seamReach = 3
	// mostStep bounds it, in levels: more is another surface, not exposure.
	mostStep = 40
	// A correction fades over so many vertices, by smoothness against what keeps it
	// at zero; the step at the seam weighs as much as several neighbours.
	fadeSmooth, fadeZero, stepWeight = 1, .02, 4
	fadeSweeps                       = 60
)

// share is a view of the triangles around a vertex.
type share struct {
	view   int32
	weight float32 // of the vertex's triangles
	color  rgb     // that the view shows there, levelled
	fix    rgb     // that is added to it
	part   bool    // something hides a part of one of the triangles: the colour is not sure
}

// shares lists for each vertex the views around it, by number.
func (b *builder) findShares() [][]share {
	out := make([][]share, len(b.surface.Vertices))
	for f, t := range b.surface.Triangles {
		view := b.viewOf(uint32(f))
		if view < 0 {
			continue
		}
		for _, v := range t {
			i, found := slices.BinarySearchFunc(out[v], view, func(s share, view int32) int { return cmp.Compare(s.view, view) })
			if !found {
				out[v] = slices.Insert(out[v], i, share{view: view})
			}
			out[v][i].weight++
			out[v][i].part = out[v][i].part || !b.candidates[f][b.chosen[f]].whole
		}
	}
	for _, list := range out {
		var sum float32
		for _, s := range list {
			sum += s.weight
		}
		for i := range list {
			list[i].weight /= sum
		}
	}
	return out
}

// levelSeams makes the views' colours meet at the seams: what is added to each fades away
// from there.
func (b *builder) levelSeams(ctx context.Context) error {
	b.shares = b.findShares()
	of := make([][]uint32, len(b.views.Of)) // vertices by view
	for v, list := range b.shares {
		for _, s := range list {
			of[s.view] = append(of[s.view], uint32(v))
		}
	}
	for i, list := range of {
		if len(list) == 0 {
			continue
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		img, err := b.images.get(i)
		if err != nil {
			return err
		}
		for _, v := range list {
			u, _ := b.views.Of[i].see(b.surface.at(v))
			s := b.share(v, int32(i))
			s.color = mean(img, int(u.x+.5), int(u.y+.5), seamReach).times(b.balance.gain[i])
		}
	}
	b.fade()
	return nil
}

// vertexColors are those of the views around each vertex, levelled; the mesh's own where
// no view sees it.
func (b *builder) vertexColors() [][3]uint8 {
	out := make([][3]uint8, len(b.surface.Vertices))
	for v := range out {
		c := plain
		if b.surface.Colors != nil {
			for k, x := range b.surface.Colors[v] {
				c[k] = float32(x)
			}
		}
		if list := b.shares[v]; len(list) > 0 {
			c = rgb{}
			for _, s := range list {
				c = c.add(s.color.add(s.fix).scale(s.weight))
			}
		}
		for k, x := range c {
			out[v][k] = uint8(min(max(x, 0), 255) + .5)
		}
	}
	return out
}

// share returns that of a view at a vertex, nil without.
func (b *builder) share(v uint32, view int32) *share {
	for i := range b.shares[v] {
		if b.shares[v][i].view == view {
			return &b.shares[v][i]
		}
	}
	return nil
}

// fade solves for the corrections, one after the other, again and again.
func (b *builder) fade() {
	around := b.vertexNeighbours()
	for range fadeSweeps {
		for v := range b.shares {
			for i := range b.shares[v] {
				s := &b.shares[v][i]
				var sum rgb
				weight := float32(fadeZero)
				for _, n := range around[v] {
					if o := b.share(n, s.view); o != nil {
						sum = sum.add(o.fix.scale(fadeSmooth))
						weight += fadeSmooth
					}
				}
				for j := range b.shares[v] {
					if o := &b.shares[v][j]; j != i && !o.part && !s.part {
						step := rgb{}
						for k := range step {
							step[k] = min(max(o.color[k]-s.color[k], -mostStep), mostStep)
						}
						sum = sum.add(o.fix.add(step).scale(stepWeight))
						weight += stepWeight
					}
				}
				s.fix = sum.scale(1 / weight)
			}
		}
	}
}

// vertexNeighbours lists the vertices at the other end of each vertex's edges.
func (b *builder) vertexNeighbours() [][]uint32 {
	out := make([][]uint32, len(b.surface.Vertices))
	for _, t := range b.surface.Triangles {
		for k := range 3 {
			for _, n := range [2]uint32{t[(k+1)%3], t[(k+2)%3]} {
				if !slices.Contains(out[t[k]], n) {
					out[t[k]] = append(out[t[k]], n)
				}
			}
		}
	}
	return out
}
