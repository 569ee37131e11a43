package floorplan

import (
	"container/heap"
	"math"

	"github.com/metricslam/metricslam/geom"
	"github.com/metricslam/metricslam/slam"
)

const (
	tileM      = 4.0  // side of a tile: more than a table, less than a street takes to climb
	binM       = .05  // of heights: the noise of a fused surface
	levelCos   = .966 // a surface that leans by less than 15 degrees is level
	leastShare = .15  // of a tile's level surface: less is clutter below the floor's noise
	leastM2    = .1   // a floor of less is none
	startShare = .3   // of the largest floor of a tile: where the search may start
	climb      = .1   // slope between tiles: ramps and streets; a table is a step
	stepM      = .05  // noise of a tile's height
)

// sample is a piece of surface.
type sample struct {
	geom.Vec3
	areaM2 float64
	level  bool // seen from above
}

// samples cuts a mesh into pieces no wider than about m.
func samples(mesh *slam.Mesh, m float64, each func(sample)) {
	for _, t := range mesh.Triangles {
		var p [3]geom.Vec3
		for i, v := range t {
			c := mesh.Vertices[v]
			p[i] = geom.Vec3{X: float64(c[0]), Y: float64(c[1]), Z: float64(c[2])}
		}
		a, b := p[1].Sub(p[0]), p[2].Sub(p[0])
		n := a.Cross(b)
		twice := n.Norm()
		if twice == 0 {
			continue
		}
		longest := max(a.Norm(), b.Norm(), b.Sub(a).Norm())
		k := min(int(math.Ceil(longest/m)), 200)
		level := n.Z > levelCos*twice
		for i := range k {
			for j := range k - i {
				for h := range min(2, k-i-j) { // the two triangles of each cell
					u := (float64(i) + float64(1+h)/3) / float64(k)
					v := (float64(j) + float64(1+h)/3) / float64(k)
					each(sample{p[0].Add(a.Scale(u)).Add(b.Scale(v)), twice / 2 / float64(k*k), level})
				}
			}
		}
	}
}

// Floor is the height of the ground in tiles.
type Floor struct {
	x0, y0 float64 // corner of the first tile
	w, h   int
	z      []float64
	stdM   float64
}

// StdM returns the standard deviation of the level surface from the floor.
func (f Floor) StdM() float64 { return f.stdM }

// tile is what is seen in a tile.
type tile struct {
	level map[int]bin // by height
	z     float64     // of the floor it would have
	m2    float64     // of that floor, 0 for none
	miss  float64     // squared distances of its surface from it, by area
}

// bin is the level surface of a range of heights: its size, and mean height and mean
// square of the height times that.
type bin struct{ m2, moment, square float64 }

// FindFloor finds the floor below the cameras of a mesh with z up; ok is false where
// nothing level is seen below them.
func FindFloor(mesh *slam.Mesh, path []geom.Vec3) (f Floor, ok bool) {
	if len(mesh.Triangles) == 0 || len(path) == 0 {
		return f, false
	}
	lo, hi := extent(mesh, path)
	return findFloor(mesh, path, lo, hi)
}

// findFloor finds the floor below a path; ok is false where nothing level is seen.
func findFloor(mesh *slam.Mesh, path []geom.Vec3, lo, hi [2]float64) (f Floor, ok bool) {
	f = Floor{x0: lo[0], y0: lo[1], w: int((hi[0]-lo[0])/tileM) + 1, h: int((hi[1]-lo[1])/tileM) + 1}
	tiles := make([]tile, f.w*f.h)
	samples(mesh, tileM/4, func(s sample) {
		if s.level {
			t := &tiles[f.tile(s.X, s.Y)]
			if t.level == nil {
				t.level = make(map[int]bin)
			}
			i := int(math.Floor(s.Z / binM))
			b := t.level[i]
			t.level[i] = bin{b.m2 + s.areaM2, b.moment + s.areaM2*s.Z, b.square + s.areaM2*s.Z*s.Z}
		}
	})
	var best float64
	for i := range tiles {
		t := &tiles[i]
		t.find(below(path, f.x0+tileM*(float64(i%f.w)+.5), f.y0+tileM*(float64(i/f.w)+.5)))
		best = max(best, t.m2)
	}
	if best == 0 {
		return f, false
	}
	f.spread(tiles, best)
	return f, true
}

func (f Floor) tile(x, y float64) int {
	return min(max(int((y-f.y0)/tileM), 0), f.h-1)*f.w + min(max(int((x-f.x0)/tileM), 0), f.w-1)
}

// below returns the height of the path nearest to a place: a floor lies below it.
func below(path []geom.Vec3, x, y float64) float64 {
	z, nearest := math.Inf(1), math.Inf(1)
	for _, p := range path {
		if d := math.Hypot(p.X-x, p.Y-y); d < nearest {
			z, nearest = p.Z, d
		}
	}
	return z
}

// find finds the floor that a tile would have by itself, below a height.
func (t *tile) find(under float64) {
	sum := func(b int) float64 { return t.level[b-1].m2 + t.level[b].m2 + t.level[b+1].m2 }
	var most float64
	lowest := math.MaxInt
	for b := range t.level {
		if float64(b)*binM < under {
			most = max(most, sum(b))
		}
	}
	for b := range t.level {
		if s := sum(b); float64(b)*binM < under && s >= leastShare*most && s >= leastM2 {
			lowest = min(lowest, b)
		}
	}
	if lowest == math.MaxInt {
		return
	}
	if sum(lowest+1) > sum(lowest) {
		lowest++
	}
	for b := lowest - 1; b <= lowest+1; b++ {
		t.z += t.level[b].moment
		t.miss += t.level[b].square
	}
	t.m2 = sum(lowest)
	t.z /= t.m2
	t.miss = max(t.miss-t.m2*t.z*t.z, 0)
}

// spread gives every tile its floor, from the lowest of the large ones on: a tile's
// own where it can be reached from its neighbour, else the neighbour's.
func (f *Floor) spread(tiles []tile, best float64) {
	start := -1
	for i, t := range tiles {
		if t.m2 >= startShare*best && (start < 0 || t.z < tiles[start].z) {
			start = i
		}
	}
	f.z = make([]float64, len(tiles))
	done := make([]bool, len(tiles))
	var miss, m2 float64 // of the tiles that have their own floor
	front := &tileQueue{{start, tiles[start].z, tiles[start].m2}}
	for front.Len() > 0 {
		at := heap.Pop(front).(reached)
		if done[at.tile] {
			continue
		}
		done[at.tile], f.z[at.tile] = true, at.z
		if at.m2 > 0 {
			miss, m2 = miss+tiles[at.tile].miss, m2+at.m2
		}
		x, y := at.tile%f.w, at.tile/f.w
		for _, d := range [4][2]int{{1, 0}, {-1, 0}, {0, 1}, {0, -1}} {
			if x+d[0] < 0 || y+d[1] < 0 || x+d[0] >= f.w || y+d[1] >= f.h {
				continue
			}
			i := (y+d[1])*f.w + x + d[0]
			next := reached{i, at.z, 0}
			if t := tiles[i]; t.m2 > 0 && math.Abs(t.z-at.z) < climb*tileM+stepM {
				next.z, next.m2 = t.z, t.m2
			}
			heap.Push(front, next)
		}
	}
	f.stdM = math.Sqrt(miss / m2)
}

// reached is a tile with the height that it would take, and how much floor says so.
type reached struct {
	tile  int
	z, m2 float64
}

// tileQueue has the tile with most floor first.
type tileQueue []reached

func (q tileQueue) Len() int { return len(q) }
func (q tileQueue) Less(i, j int) bool {
	return q[i].m2 > q[j].m2 || q[i].m2 == q[j].m2 && q[i].tile < q[j].tile
}
func (q tileQueue) Swap(i, j int) { q[i], q[j] = q[j], q[i] }
func (q *tileQueue) Push(x any)   { *q = append(*q, x.(reached)) }
func (q *tileQueue) Pop() any {
	last := (*q)[len(*q)-1]
	*q = (*q)[:len(*q)-1]
	return last
}

// At interpolates the floor between the centres of tiles.
func (f Floor) At(x, y float64) float64 {
	u := min(max((x-f.x0)/tileM-.5, 0), float64(f.w-1))
	v := min(max((y-f.y0)/tileM-.5, 0), float64(f.h-1))
	i, j := int(u), int(v)
	i1, j1 := min(i+1, f.w-1), min(j+1, f.h-1)
	fu, fv := u-float64(i), v-float64(j)
	return (f.z[j*f.w+i]*(1-fu)+f.z[j*f.w+i1]*fu)*(1-fv) + (f.z[j1*f.w+i]*(1-fu)+f.z[j1*f.w+i1]*fu)*fv
}
