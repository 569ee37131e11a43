package synthetic

import (
	"math"

	"github.com/metricslam/metricslam/geom"
)

// Sizes of the flat in metres.
const (
	ceilingM   = 2.6
	wallM      = .12 // thickness of the dividing wall
	doorwayM   = 1.15
	doorTopM   = 2.1
	wallMargin = 1.4 // from the loop to the walls around it
)

// plan is the floor plan: the loop is a rectangle a x b with its corner at the
// origin; the walls stand wallMargin outside it. A divided flat has two rooms,
// whose dividing wall the loop crosses by two doorways.
type plan struct {
	a, b    float64
	divided bool
}

func (p plan) x0() float64 { return -wallMargin }
func (p plan) x1() float64 { return p.a + wallMargin }
func (p plan) y0() float64 { return -wallMargin }
func (p plan) y1() float64 { return p.b + wallMargin }

// roomBuilder gathers the flat.
type roomBuilder struct {
	plan
	interior
}

// newRoomScene builds and lights the flat with the indoor textures tex.
func newRoomScene(p plan, tex []*texture, light lighting, seed uint64) *indoorScene {
	b := &roomBuilder{plan: p, interior: interior{seed: seed, tex: tex}}
	b.shell()
	b.furnish()
	return b.finish(light)
}

// indoorLight is the light of a flat but for its lamps and windows.
var indoorLight = lighting{ambient: [3]float64{.05, .05, .05}, leak: 1, bounce: .3, cellM: .2, rays: 10, shadow: 3}

// shell builds floors, ceilings and walls.
func (b *roomBuilder) shell() {
	rooms := [][2]float64{{b.x0(), b.x1()}}
	if b.divided {
		m := b.a / 2
		rooms = [][2]float64{{b.x0(), m}, {m, b.x1()}} // the floors meet in the doorways
		b.dividingWall(m)
	}
	for i, x := range rooms {
		f := b.piece()
		w, d := x[1]-x[0], b.y1()-b.y0()
		floor := f.mat(texFloorboards, 1.6)
		floor.gloss = .05
		if i == 1 {
			floor = f.mat(texCarpet, .5)
		}
		f.quad(floor, geom.Vec3{X: x[0], Y: b.y1()}, geom.Vec3{X: w}, geom.Vec3{Y: -d})
		f.quad(f.mat(texCeiling, 1.2), geom.Vec3{X: x[0], Y: b.y0(), Z: ceilingM}, geom.Vec3{X: w}, geom.Vec3{Y: d})
		b.ceilingLamp((x[0]+x[1])/2, (b.y0()+b.y1())/2)
	}
}

// dividingWall stands across the loop and is open where the loop passes.
func (b *roomBuilder) dividingWall(x float64) {
	f := b.piece()
	m := f.mat(texPlasterTinted, 1.1)
	a := at(x-wallM/2, 0, 0, 0)
	h := doorwayM / 2
	for _, y := range [][2]float64{{b.y0(), -h}, {h, b.b - h}, {b.b + h, b.y1()}} {
		f.box(m, a, 0, y[0], 0, wallM, y[1], ceilingM)
	}
	frame := f.painted(.8)
	for _, y := range []float64{0, b.b} {
		f.box(m, a, 0, y-h, doorTopM, wallM, y+h, ceilingM)
		for _, s := range []float64{-h, h - .04} {
			f.box(frame, a, -.03, y+s, 0, wallM+.03, y+s+.04, doorTopM)
		}
		f.box(frame, a, -.03, y-h-.04, doorTopM-.04, wallM+.03, y+h+.04, doorTopM+.03)
	}
}

// ceilingLamp hangs a lamp whose lower face shines.
func (b *roomBuilder) ceilingLamp(x, y float64) {
	f := b.piece()
	const r, drop = .22, .25
	glass := f.mat(texLacquer, .5)
	glass.emit = 3.2
	z := ceilingM - drop
	f.box(f.painted(.7), at(x, y, z, 0), -r, -r, .02, r, r, .1)
	f.quad(glass, geom.Vec3{X: x - r, Y: y - r, Z: z + .015}, geom.Vec3{X: 2 * r}, geom.Vec3{Y: 2 * r})
	f.box(f.mat(texPlastic, .3), at(x, y, z, 0), -.01, -.01, .1, .01, .01, drop)
	l := areaLight{centre: geom.Vec3{X: x, Y: y, Z: z - .01}, n: geom.Vec3{Z: -1},
		e1: geom.Vec3{X: r}, e2: geom.Vec3{Y: r}, radiance: [3]float64{11, 9.6, 7.6}}
	b.areas = append(b.areas, l)
	b.lamps = append(b.lamps, lamp{pos: l.centre, radiance: [3]float64{5, 4.5, 3.8}, sharp: 180})
}

// window is a bright view with a sill and, below, a radiator.
func (b *roomBuilder) window(f *furnisher, a axes, w float64) {
	const sill, top = .92, 2.15
	view := f.mat(texView, 1)
	view.emit = 2.4
	f.picture(view, whole, a.p(w, .004, top), a.x.Scale(-w), geom.Vec3{Z: sill - top})
	frame := f.painted(.85)
	for _, x := range []float64{-.06, w - .01} {
		f.box(frame, a, x, 0, sill-.05, x+.07, .05, top+.06)
	}
	f.box(frame, a, -.06, 0, top-.01, w+.06, .05, top+.06)
	f.box(frame, a, -.1, 0, sill-.06, w+.1, .2, sill-.02)
	f.clutter(a, 0, w, .03, .17, sill-.02, .2)
	for x := .1; x < w-.1; x += .075 {
		f.box(frame, a, x, .04, .15, x+.05, .12, .75)
	}
	curtain := f.mat(texFabricPattern, .7)
	for _, x := range []float64{-.38, w + .08} {
		for k := range 6 {
			x0 := x + .05*float64(k)
			f.box(curtain, a, x0, .06+.03*float64(k%2), .1, x0+.05, .1+.03*float64(k%2), 2.35)
		}
	}
	l := areaLight{centre: a.p(w/2, .03, (sill+top)/2), n: a.y, e1: a.x.Scale(w / 2),
		e2: geom.Vec3{Z: (top - sill) / 2}, radiance: [3]float64{2.5, 2.8, 3.2}}
	b.areas = append(b.areas, l)
	b.lamps = append(b.lamps, lamp{pos: l.centre, radiance: [3]float64{1.6, 1.8, 2}, sharp: 25})
}

// furnish covers the walls and fills the middle of the rooms.
func (b *roomBuilder) furnish() {
	w, d := b.x1()-b.x0(), b.y1()-b.y0()
	m := (b.x0() + b.x1()) / 2
	// Frames of the walls: x along the wall, y into the room.
	south, north := at(b.x0(), b.y0(), 0, 0), at(b.x1(), b.y1(), 0, math.Pi)
	east, west := at(b.x1(), b.y0(), 0, math.Pi/2), at(b.x0(), b.y1(), 0, -math.Pi/2)
	if !b.divided {
		b.wall(0, south, w)
		b.wall(1, east, d)
		b.wall(2, north, w)
		b.wall(3, west, d)
		b.middle(m, b.b/2, b.a, b.b)
		return
	}
	half := w/2 - wallM/2
	b.wall(0, south, half)
	b.wall(4, south.moved(half+wallM, 0, 0, 0), half)
	b.wall(1, east, d)
	b.wall(5, north, half)
	b.wall(2, north.moved(half+wallM, 0, 0, 0), half)
	b.wall(3, west, d)
	// The dividing wall between the doorways, from both sides.
	between := b.b - doorwayM
	b.along(6, at(b.a/2+wallM/2, b.b-doorwayM/2, 0, -math.Pi/2), .15, between-.15)
	b.along(7, at(b.a/2-wallM/2, doorwayM/2, 0, math.Pi/2), .15, between-.15)
	b.middle(b.a*.25-.1, b.b/2, b.a/2, b.b)
	b.middle(b.a*.75+.1, b.b/2, b.a/2, b.b)
}

// wall raises wall k of the given length, with its own paper, and furniture.
func (b *roomBuilder) wall(k int, a axes, length float64) {
	f := b.piece()
	paper := [...]struct {
		tex    int
		widthM float64
	}{{texPlaster, 1.2}, {texWallpaper, .9}, {texPlaster, 1.2}, {texBrickwork, 1.1}, {texPlasterTinted, 1.2}, {texPlasterTinted, 1.2}}[k]
	f.quad(f.mat(paper.tex, paper.widthM), a.p(length, 0, ceilingM), a.x.Scale(-length), geom.Vec3{Z: -ceilingM})
	skirting := f.painted(.8)
	f.box(skirting, a, 0, 0, 0, length, .018, .09)
	const corner = .62 // furniture of the next wall stands there
	b.along(k, a, corner, length-corner)
}

// along stands furniture along a wall from x to end.
func (b *roomBuilder) along(k int, a axes, x, end float64) {
	windows := k == 0 || k == 2 || k == 4 // these walls look outside
	last := -1
	for n := 0; x < end-.5; n++ {
		f := b.piece()
		room := end - x
		kind := f.r.IntN(8)
		if kind == last {
			kind = (kind + 1) % 8
		}
		if windows && n == 1 && room > 2.2 {
			w := min(uniform(f.r, 1.1, 1.6), room-.9)
			b.window(f, a.moved(x+.42, 0, 0, 0), w)
			x += w + .9
			continue
		}
		last = kind
		x += b.place(f, kind, a.moved(x, .02, 0, 0), room) + uniform(f.r, .04, .3)
	}
}

// place stands one piece of furniture in at most room metres and returns its
// width.
func (b *roomBuilder) place(f *furnisher, kind int, a axes, room float64) float64 {
	w := min(room, uniform(f.r, .8, 1.3))
	switch kind {
	case 0, 1:
		w = min(room, uniform(f.r, .75, 1.05))
		f.bookshelf(a, w)
	case 2:
		w = min(room, uniform(f.r, 1.2, 1.7))
		f.sideboard(a, w)
	case 3:
		if w = min(room, uniform(f.r, 1.5, 2)); w > 1.2 {
			f.sofa(a, w)
		} else {
			f.plant(a.moved(w/2, .35, 0, 0))
		}
	case 4:
		if w = min(room, uniform(f.r, 1.3, 1.6)); w > 1.1 {
			f.desk(a, w)
			f.poster(a, .2, 1.85, w*.4, .5)
		} else {
			f.cartons(a, w)
		}
	case 5:
		f.wardrobe(a, w)
	case 6:
		if w = min(room, uniform(f.r, 1.4, 2.1)); w > 1 {
			f.counter(a, w)
		} else {
			f.bookshelf(a, w)
		}
	default:
		f.plant(a.moved(.3, .35, 0, 0))
		f.cartons(a.moved(.62, 0, 0, 0), w-.62)
		f.poster(a, .1, 1.8, w-.2, .7)
	}
	return w
}

// middle puts a rug and a table inside the loop where there is room for them.
func (b *roomBuilder) middle(x, y, w, d float64) {
	if w < 2.6 || d < 2.4 {
		return
	}
	f := b.piece()
	a := at(x, y, 0, uniform(f.r, -.2, .2)+math.Pi/2)
	f.picture(f.mat(texRug, 1), whole, a.p(-1.1, .8, .006), a.x.Scale(2.2), a.y.Scale(-1.6))
	f.table(a, min(1.5, d-1.6), .8)
}
