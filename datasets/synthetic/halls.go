package synthetic

import (
	"math"

	"github.com/metricslam/metricslam/geom"
)

// hall is a large room with equal rows of things, walked round row by row.
type hall struct {
	rows   int
	rowM   float64 // length of a row, along x from 0
	pitchM float64 // distance of the rows' middle lines; row k is at y = k pitchM
	deepM  float64 // of a row
	aisleM float64 // at both ends of the rows
	highM  float64
}

// The halls, by name of their kind.
var (
	officeHall      = hall{rows: 4, rowM: 8, pitchM: 3.2, deepM: 1.5, aisleM: 1.9, highM: 2.8}
	supermarketHall = hall{rows: 5, rowM: 10, pitchM: 2.7, deepM: .9, aisleM: 2.2, highM: 3.4}
)

const hallRadiusM = .7

// newHallPath walks round the first row and on over its beginning, round the
// second, and so on.
func newHallPath(h hall, lengthM float64, seed uint64) *walkPath {
	west, east := -h.aisleM/2, h.rowM+h.aisleM/2
	points := longEnough(lengthM, geom.Vec3{X: h.rowM / 2, Y: -h.pitchM / 2}, func(k int) []geom.Vec3 {
		low := (float64(k%(h.rows-1)) - .5) * h.pitchM
		p := func(x, rows float64) geom.Vec3 { return geom.Vec3{X: x, Y: low + rows*h.pitchM} }
		lap := []geom.Vec3{p(east, 0), p(east, 1), p(west, 1), p(west, 0), p(east, 0)}
		if k%(h.rows-1) == h.rows-2 { // back to the first row, west about
			first := -.5 * h.pitchM
			return append(lap, p(east, 2), p(west, 2), geom.Vec3{X: west, Y: first})
		}
		return append(lap, p(east, 2), p(west, 2), p(west, 1))
	})
	loop := 2 * (east - west + h.pitchM)
	g := gait{lengthM: lengthM, loopM: loop, scansALoop: 3, lookAheadM: .9, yawScan: .4, knots: routeThrough(points, hallRadiusM)}
	return newWalk(g, seed)
}

// hallLight is that of a flat, coarser: a hall has many lamps and little shade.
func hallLight(l lighting) lighting {
	l.cellM *= 2
	l.rays = (l.rays + 1) / 2
	l.shadow = (l.shadow + 2) / 3
	return l
}

// shell builds floor, ceiling, lamps and walls of a hall.
func (b *interior) shell(h hall, floor material, wallTex int) {
	r := rect{-h.aisleM - .3, -h.pitchM, h.rowM + h.aisleM + .3, float64(h.rows) * h.pitchM}
	plan := floorPlan{r}
	b.cover(plan, func(*furnisher) material { return floor }, ceilingOf, 0, h.highM)
	for k := range h.rows + 1 {
		y := (float64(k) - .5) * h.pitchM
		b.panels(rect{r.x0, y - .3, r.x1, y + .3}, h.highM, 2.4)
	}
	for _, w := range plan.walls(0, nil) {
		f := b.piece()
		f.quad(f.mat(wallTex, 1.2), w.at.p(w.lengthM, 0, h.highM), w.at.x.Scale(-w.lengthM), geom.Vec3{Z: -h.highM})
		for x := 1.5; x+1 < w.lengthM; x += 3 {
			f.poster(w.at, x, 1.9, .9, .65)
		}
	}
}

// newOfficeScene is an open-plan office: rows of equal workplaces, back to back
// along a screen of cloth.
func newOfficeScene(h hall, tex []*texture, light lighting, seed uint64) *indoorScene {
	b := &interior{seed: seed, tex: tex}
	b.shell(h, material{tex: tex[texCarpet], widthM: .5}, texPlaster)
	const placeM = 1.6
	for k := range h.rows {
		y := float64(k) * h.pitchM
		f := b.piece()
		f.box(f.mat(texFabric, .5), at(0, 0, 0, 0), 0, y-.02, .3, h.rowM, y+.02, 1.25)
		for i := range int(h.rowM / placeM) {
			x := float64(i) * placeM
			b.copyOf(kindWorkplace).desk(at(x, y+.03, 0, 0), placeM)
			b.copyOf(kindWorkplace).desk(at(x+placeM, y-.03, 0, math.Pi), placeM)
		}
	}
	return b.finish(hallLight(light))
}

// Sizes of a supermarket's shelves in metres.
const (
	shelfHighM  = 1.9
	boardGapM   = .37
	boardThickM = .025
	bayM        = 1.25 // after which the posts and often the goods repeat
)

// newSupermarketScene is a shop: equal shelves whose boards hold runs of equal
// goods.
func newSupermarketScene(h hall, tex []*texture, light lighting, seed uint64) *indoorScene {
	b := &interior{seed: seed, tex: tex}
	b.shell(h, material{tex: tex[texTiles], widthM: 2.4, gloss: .05}, texPlasterTinted)
	for k := range h.rows {
		y := float64(k) * h.pitchM
		b.shelfSide(at(0, y, 0, 0), h)
		b.shelfSide(at(h.rowM, y, 0, math.Pi), h)
		// The ends.
		for _, a := range []axes{at(0, y-h.deepM/2, 0, math.Pi/2), at(h.rowM, y+h.deepM/2, 0, -math.Pi/2)} {
			f := b.copyOf(kindBench)
			f.quad(f.painted(.75), a.p(h.deepM, 0, shelfHighM), a.x.Scale(-h.deepM), geom.Vec3{Z: -shelfHighM})
			f.poster(a, .1, 1.7, h.deepM-.2, .9)
		}
	}
	return b.finish(hallLight(light))
}

// shelfSide fills one side of a row, from the middle line of the frame's y = 0
// to its front; bays of a side are equal but for every third.
func (b *interior) shelfSide(a axes, h hall) {
	front := h.deepM / 2
	for i := range int(h.rowM / bayM) {
		bay := a.moved(float64(i)*bayM, 0, 0, 0)
		f := b.copyOf(kindShelf + 8*(i%3/2)) // two alike, then another
		metal := f.mat(texLacquer, .8)
		f.box(metal, bay, 0, 0, 0, .03, front, shelfHighM)
		for z := .12; z+boardGapM < shelfHighM+.1; z += boardGapM {
			f.box(metal.tinted(.85, .85, .85), bay, .03, 0, z-boardThickM, bayM, front, z)
			f.goods(bay, .05, bayM-.02, front-.03, z)
		}
	}
	back := b.piece()
	back.quad(back.mat(texLacquer, .8).tinted(.7, .7, .7), a.p(h.rowM, .01, shelfHighM), a.x.Scale(-h.rowM), geom.Vec3{Z: -shelfHighM})
}

// goods stands runs of equal packets on a board from x to end.
func (f *furnisher) goods(a axes, x, end, front, z float64) {
	for x < end-.1 {
		w, height := uniform(f.r, .06, .16), uniform(f.r, .12, boardGapM-.07)
		n := min(2+f.r.IntN(5), int((end-x)/w))
		if n < 1 {
			return
		}
		deep := front - uniform(f.r, .02, .12)
		m, c := f.packet()
		for range n {
			f.carton(m, c, a, x+.002, .02, z, x+w-.002, deep, z+height)
			x += w
		}
	}
}

// packet picks what a kind of goods looks like.
func (f *furnisher) packet() (material, cut) {
	switch f.r.IntN(3) {
	case 0:
		k := float64(f.r.IntN(cartonSides)) / cartonSides
		return f.mat(texCardboard, 1), cut{k, 0, k + .25, 1}
	case 1:
		return f.mat(texBooks, 1), f.spine()
	}
	m := f.mat(texPoster0+f.r.IntN(numPosters), 1)
	m.gloss = .02
	return m, whole
}
