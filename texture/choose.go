package texture

import (
	"math"

	"github.com/metricslam/metricslam/internal/stats"
)

const (
	// seamShare is how long a seam, as a share of the distance that views have, weighs
	// as much as an area that long and wide taken at 1/e of the resolution: at 2 m a
	// view of half the resolution is kept on patches below some 25 cm.
	seamShare = .03
	sweeps    = 10
	// A view whose colour of a triangle is off the median of the others by more than
	// so many levels, and so many times their spread, shows something else, such as
	// somebody who walked by. It costs as much as being hidden.
	strangeLevels, strangeSpreads = 40, 5
)

// choose gives each triangle a view: the sum over triangles of area times the
// logarithm of what is lost against its best view, and over edges between different
// views of their length, is made small by passing messages (min-sum belief
// propagation, forward and backward over the triangles in turn). It returns the number
// of the candidate, -1 without any.
func (b *builder) choose() []int8 {
	b.judge()
	n := len(b.candidates)
	g := graph{b: b, seam: seamShare * b.distance(), loss: b.losses(), message: make([][3]costs, n)}
	for s := range sweeps {
		for i := range n {
			f := i
			if s%2 == 1 {
				f = n - 1 - i
			}
			g.send(f)
		}
	}
	out := make([]int8, n)
	for f := range out {
		out[f] = -1
		all, n := g.belief(f)
		for l, cost := range all[:n] {
			if out[f] < 0 || cost < all[out[f]] {
				out[f] = int8(l)
			}
		}
	}
	return out
}

// losses are what each candidate loses against the best of its triangle: the logarithm
// of the resolution times the area.
func (b *builder) losses() []costs {
	out := make([]costs, len(b.candidates))
	for f, list := range b.candidates {
		best := math.Inf(1)
		for i := range list {
			best = min(best, list[i].rank())
		}
		for i := range list {
			out[f][i] = b.surface.areas[f] * float32(list[i].rank()-best)
		}
	}
	return out
}

// judge takes sharpness and what others show into the candidates' costs.
func (b *builder) judge() {
	for _, list := range b.candidates {
		for i := range list {
			c := &list[i]
			c.cost -= float32(math.Log(b.balance.sharp[c.view]))
		}
		middle, spread := b.common(list)
		for i := range list {
			c := &list[i]
			if len(list) > 2 && c.whole {
				if off := distance(c.shown(b.balance.gain[c.view]), middle); off > strangeLevels && off > strangeSpreads*spread {
					c.cost, c.whole = c.cost+hiddenCost, false
				}
			}
		}
	}
}

// common is the median colour of a triangle's views, levelled, and the median
// distance from it.
func (b *builder) common(list []candidate) (middle rgb, spread float32) {
	var values [3][]float32
	for _, c := range list {
		if c.whole {
			for k, v := range c.shown(b.balance.gain[c.view]) {
				values[k] = append(values[k], v)
			}
		}
	}
	if len(values[0]) == 0 {
		return middle, 0
	}
	for k := range middle {
		middle[k] = median(values[k])
	}
	var off []float32
	for _, c := range list {
		if c.whole {
			off = append(off, distance(c.shown(b.balance.gain[c.view]), middle))
		}
	}
	return middle, median(off)
}

func distance(a, b rgb) float32 {
	return max(abs(a[0]-b[0]), abs(a[1]-b[1]), abs(a[2]-b[2]))
}

func abs(x float32) float32 { return max(x, -x) }

// median sorts few values in place.
func median(v []float32) float32 {
	for i := range v {
		for j := i; j > 0 && v[j-1] > v[j]; j-- {
			v[j-1], v[j] = v[j], v[j-1]
		}
	}
	return v[len(v)/2]
}

// distance is the median over some triangles of how far their best view is.
func (b *builder) distance() float64 {
	var v []float64
	for f := 0; f < len(b.candidates); f += len(b.candidates)/2000 + 1 {
		if list := b.candidates[f]; len(list) > 0 {
			view := &b.views.Of[list[0].view]
			v = append(v, view.Pose.T.Sub(b.surface.at(b.surface.Triangles[f][0])).Norm())
		}
	}
	return stats.Quantile(v, .5)
}

// graph is the triangles with the messages that each gets from its neighbours: for
// each of its own candidates, what that costs there.
type graph struct {
	b       *builder
	seam    float64
	loss    []costs // of each candidate by itself, m^2
	message [][3]costs
}

// costs are those of the candidates of a triangle.
type costs [mostCandidates]float32

// belief is the cost of each candidate of a triangle, with what its neighbours say.
func (g *graph) belief(f int) (out costs, n int) {
	m := &g.message[f]
	for i := range g.b.candidates[f] {
		out[i] = g.loss[f][i] + m[0][i] + m[1][i] + m[2][i]
	}
	return out, len(g.b.candidates[f])
}

// send tells the neighbours of a triangle what their candidates cost here.
func (g *graph) send(f int) {
	beliefs, count := g.belief(f)
	if count == 0 {
		return
	}
	all := beliefs[:count]
	for k, n := range g.b.surface.beside[f] {
		if n < 0 {
			continue
		}
		seam := float32(g.seam * g.b.surface.edgeM(f, k))
		own := &g.message[f][k] // what the neighbour said is not told to it again
		least := all[0] - own[0]
		for l := range all {
			least = min(least, all[l]-own[l])
		}
		back := 0 // the edge's number at the neighbour
		for g.b.surface.beside[n][back] != int32(f) {
			back++
		}
		for i := range g.b.candidates[n] {
			cost := least + seam
			for l := range all {
				if g.b.candidates[f][l].view == g.b.candidates[n][i].view {
					cost = min(cost, all[l]-own[l])
				}
			}
			g.message[n][back][i] = cost - least
		}
	}
}
