package synthetic

import (
	"math"
	"math/rand/v2"

	"github.com/metricslam/metricslam/geom"
)

// furnisher places furniture of ordinary sizes. Every piece stands in a frame
// whose x runs along the wall to its back and whose y points into the room.
type furnisher struct {
	*group
	tex []*texture
	r   *rand.Rand
}

func (f *furnisher) mat(tex int, widthM float64) material {
	return material{tex: f.tex[tex], widthM: widthM}
}

// painted is lacquer of a random muted colour.
func (f *furnisher) painted(bright float64) material {
	c := randomColor(f.r, bright, .35)
	m := f.mat(texLacquer, .8).tinted(float64(c[0]), float64(c[1]), float64(c[2]))
	m.gloss = .04
	return m
}

func (f *furnisher) wood() material {
	m := f.mat(texOak+f.r.IntN(2), .7)
	m.gloss = .03
	return m
}

// poster hangs a picture of the given size, its top left at (x, z) on the wall.
func (f *furnisher) poster(a axes, x, z, w, h float64) {
	const off = .012
	back := f.mat(texDarkWood, .5)
	f.box(back, a, x-.02, 0, z-h-.02, x+w+.02, off-.004, z+.02)
	m := f.mat(texPoster0+f.r.IntN(numPosters), w)
	m.gloss = .02
	f.picture(m, whole, a.p(x+w, off, z), a.x.Scale(-w), geom.Vec3{Z: -h})
}

// books fills a board of width w at height z with upright and leaning books, at
// most h high, standing about depth into the shelf.
func (f *furnisher) books(a axes, x, w, z, h, depth float64) {
	m := f.mat(texBooks, 1)
	for end := x + w; x < end-.03; {
		if f.r.IntN(9) == 0 {
			x += uniform(f.r, .04, .15)
			continue
		}
		t := uniform(f.r, .018, .05)
		height := h * uniform(f.r, .62, .95)
		front := depth - uniform(f.r, .01, .07)
		if x+t > end {
			return
		}
		f.carton(m, f.spine(), a, x, .03, z, x+t, front, z+height)
		x += t + .001
	}
}

// spine picks a book's part of texBooks.
func (f *furnisher) spine() cut {
	u := float64(f.r.IntN(numBooks)) * spinePx / booksPx
	return cut{u, 0, u + (spinePx-2.)/booksPx, 1}
}

// carton is a box whose sides all show the same part of a texture.
func (f *furnisher) carton(m material, c cut, a axes, x0, y0, z0, x1, y1, z1 float64) {
	dx, dy, dz := a.x.Scale(x1-x0), a.y.Scale(y1-y0), geom.Vec3{Z: z0 - z1}
	f.picture(m, c, a.p(x0, y0, z1), dx, dz)
	f.picture(m, c, a.p(x1, y1, z1), dx.Scale(-1), dz)
	f.picture(m, c, a.p(x0, y1, z1), dy.Scale(-1), dz)
	f.picture(m, c, a.p(x1, y0, z1), dy, dz)
	f.picture(m, c, a.p(x0, y1, z1), dx, dy.Scale(-1))
}

// cartons stacks cardboard boxes within a width.
func (f *furnisher) cartons(a axes, w float64) {
	x := 0.
	for x < w-.3 {
		size := uniform(f.r, .28, .45)
		z := 0.
		for n := 1 + f.r.IntN(3); n > 0; n-- {
			h := uniform(f.r, .2, .35)
			k := float64(f.r.IntN(cartonSides)) / cartonSides
			b := a.moved(x+size/2, .05+size/2, z, uniform(f.r, -.15, .15))
			f.carton(f.mat(texCardboard, 1), cut{k, 0, k + .25, 1}, b, -size/2, -size*.4, 0, size/2, size*.4, h)
			z += h
		}
		x += size + .04
	}
}

func (f *furnisher) bookshelf(a axes, w float64) {
	m := f.wood()
	const depth, height, board = .3, 1.95, .022
	f.box(m, a, 0, 0, 0, board, depth, height)
	f.box(m, a, w-board, 0, 0, w, depth, height)
	f.quad(m.tinted(.7, .7, .7), a.p(w-board, .012, height), a.x.Scale(2*board-w), geom.Vec3{Z: -height})
	gap := uniform(f.r, .3, .38)
	for z := .06; z < height; z += gap {
		f.box(m, a, board, 0, z-board, w-board, depth-.005, z)
		if z+gap > height {
			break
		}
		switch f.r.IntN(5) {
		case 0:
			f.clutter(a, board, w-board, .05, depth-.03, z, .22)
		case 1:
			f.books(a, board+.02, w*.5, z, gap-board, depth)
			f.clutter(a, w*.55, w-board, .05, depth-.03, z, .2)
		default:
			f.books(a, board+.01, w-2*board-.02, z, gap-board, depth)
		}
	}
	f.box(m, a, 0, 0, height, w, depth, height+board)
	f.clutter(a, .02, w-.02, .05, depth-.05, height+board, .2)
}

// clutter strews small things over x0..x1, y0..y1 at height z.
func (f *furnisher) clutter(a axes, x0, x1, y0, y1, z, maxH float64) {
	for x := x0 + .04; x < x1-.08; {
		b := a.moved(x+.05, uniform(f.r, y0+.05, max(y1-.05, y0+.06)), z, uniform(f.r, -.6, .6))
		w, h := uniform(f.r, .06, .16), uniform(f.r, .06, maxH)
		switch f.r.IntN(5) {
		case 0:
			f.prism(f.painted(.6), b, 8, w*.35, 0, w*.4, h*.7) // a mug or vase
		case 1:
			k := float64(f.r.IntN(cartonSides)) / cartonSides
			f.carton(f.mat(texCardboard, 1), cut{k, 0, k + .25, 1}, b, -w/2, -w/3, 0, w/2, w/3, h)
		case 2:
			f.pile(b)
		case 3:
			f.prism(f.painted(.45), b, 7, w*.3, 0, w*.3, h*.6) // a jar and its lid
			f.prism(f.mat(texPlastic, .3), b, 7, w*.32, h*.6, w*.32, h*.6+.02)
		default:
			f.sheet(b)
		}
		x += w + uniform(f.r, .02, .2)
	}
}

// pile is a stack of magazines lying flat.
func (f *furnisher) pile(a axes) {
	z := 0.
	for n := 1 + f.r.IntN(4); n > 0; n-- {
		t := uniform(f.r, .012, .03)
		b := a.moved(0, 0, z, uniform(f.r, -.3, .3))
		f.carton(f.mat(texBooks, 1), f.spine(), b, -.07, -.1, 0, .07, .1, t)
		f.picture(f.mat(texPoster0+f.r.IntN(numPosters), 1), whole, b.p(-.069, .099, t+.001), b.x.Scale(.138), b.y.Scale(-.198))
		z += t + .001
	}
}

// sheet is a printed page lying on something.
func (f *furnisher) sheet(a axes) {
	f.picture(f.mat(texPrint, 1), whole, a.p(-.105, .148, .002), a.x.Scale(.21), a.y.Scale(-.297))
}

func (f *furnisher) desk(a axes, w float64) {
	const depth, height = .7, .74
	m := f.wood()
	f.box(m, a, 0, .02, height-.03, w, depth, height)
	for _, x := range []float64{.03, w - .08} {
		for _, y := range []float64{.06, depth - .08} {
			f.box(m, a, x, y, 0, x+.05, y+.05, height-.03)
		}
	}
	f.box(f.painted(.5), a, w-.5, .08, .1, w-.1, .6, height-.06) // drawers
	cx := w * .42
	dark := f.mat(texPlastic, .4)
	f.box(dark, a, cx-.12, .12, height, cx+.12, .3, height+.015)
	f.box(dark, a, cx-.02, .16, height, cx+.02, .2, height+.2)
	f.box(dark, a, cx-.28, .18, height+.12, cx+.28, .215, height+.46)
	screen := f.mat(texScreen, 1)
	screen.emit = uniform(f.r, .5, 1.1)
	f.picture(screen, whole, a.p(cx+.265, .218, height+.445), a.x.Scale(-.53), geom.Vec3{Z: -.3})
	keyboard := a.moved(cx, .5, height, uniform(f.r, -.1, .1))
	f.box(dark, keyboard, -.21, -.07, 0, .21, .06, .02)
	for _, x := range []float64{.14, w - .2, w - .42} {
		f.sheet(a.moved(x, uniform(f.r, .35, .5), height, uniform(f.r, -.5, .5)))
	}
	f.clutter(a, .03, w*.2, .05, .3, height, .2)
	f.clutter(a, w*.7, w-.05, .05, .3, height, .25)
	f.chair(a.moved(cx, depth+.12, 0, math.Pi+uniform(f.r, -.3, .3)))
}

// chair has its seat's middle at the frame's origin and its back at -y.
func (f *furnisher) chair(a axes) {
	m, seat := f.wood(), f.mat(texFabric+f.r.IntN(2), .4)
	for _, x := range []float64{-.2, .165} {
		f.box(m, a, x, .16, 0, x+.035, .195, .44)
		f.box(m, a, x, -.2, 0, x+.035, -.165, .88)
	}
	f.box(seat, a, -.21, -.2, .44, .21, .21, .48)
	f.box(seat, a, -.17, -.2, .6, .17, -.17, .86)
}

func (f *furnisher) table(a axes, w, d float64) {
	m := f.wood()
	f.box(m, a, -w/2, -d/2, .71, w/2, d/2, .74)
	for _, x := range []float64{-w/2 + .05, w/2 - .11} {
		for _, y := range []float64{-d/2 + .05, d/2 - .11} {
			f.box(m, a, x, y, 0, x+.06, y+.06, .71)
		}
	}
	f.clutter(a, -w/2+.05, w/2-.05, -d/2+.05, d/2-.05, .74, .28)
	f.clutter(a, -w/2+.1, w/2-.05, -d/2+.15, d/2-.1, .74, .12)
	for _, s := range []float64{-1, 1} {
		for x := -w/2 + .35; x < w/2-.2; x += .65 {
			f.chair(a.moved(x, s*(d/2+.12), 0, math.Pi*(s+1)/2+uniform(f.r, -.35, .35)))
		}
	}
}

func (f *furnisher) sofa(a axes, w float64) {
	m := f.mat(texFabric, .5)
	f.box(m, a, 0, .04, .08, w, .85, .26)
	f.box(m, a, 0, .02, .26, w, .24, .8)
	f.box(m, a, 0, .24, .26, .18, .85, .58)
	f.box(m, a, w-.18, .24, .26, w, .85, .58)
	n := max(int((w-.36)/.65), 1)
	c := (w - .36) / float64(n)
	for i := range n {
		x := .18 + c*float64(i)
		f.box(m, a, x+.005, .24, .26, x+c-.005, .83, .43)
		b := a.moved(x+c/2+uniform(f.r, -.08, .08), .34, .43, uniform(f.r, -.3, .3))
		f.box(f.mat(texFabricPattern, .5), b, -.2, -.06, 0, .2, .06, .36)
	}
	f.poster(a, w*.15, 1.8, w*.3, .5)
	f.poster(a, w*.58, 1.75, w*.25, .38)
}

func (f *furnisher) sideboard(a axes, w float64) {
	m := f.painted(uniform(f.r, .35, .75))
	const depth, height = .45, .78
	f.box(m, a, 0, 0, .08, w, depth, height)
	n := max(int(w/.45), 1)
	door := m.tinted(m.tint[0]*.85, m.tint[1]*.85, m.tint[2]*.85)
	for i := range n {
		x := w * float64(i) / float64(n)
		f.box(door, a, x+.015, depth, .11, x+w/float64(n)-.015, depth+.018, height-.03)
		f.box(f.mat(texPlastic, .3), a, x+.05, depth+.018, .5, x+.065, depth+.04, .62)
	}
	f.clutter(a, .03, w-.03, .06, depth-.06, height, .35)
	f.poster(a, w*.2, 1.75, min(w*.55, .9), .6)
}

func (f *furnisher) wardrobe(a axes, w float64) {
	m := f.wood()
	const depth, height = .58, 2.05
	f.box(m, a, 0, 0, 0, w, depth, height)
	for i := range 2 {
		x := w / 2 * float64(i)
		f.box(m.tinted(.85, .85, .85), a, x+.012, depth, .06, x+w/2-.012, depth+.02, height-.03)
	}
	for _, x := range []float64{w/2 - .06, w/2 + .04} {
		f.box(f.mat(texPlastic, .3), a, x, depth+.02, .95, x+.02, depth+.05, 1.15)
	}
	f.cartons(a.moved(.05, .05, height, 0), w-.1)
}

func (f *furnisher) counter(a axes, w float64) {
	m := f.painted(.75)
	f.box(m, a, 0, 0, .1, w, .58, .86)
	top := f.mat(texDarkWood, .8)
	top.gloss = .06
	f.box(top, a, 0, 0, .86, w, .62, .9)
	f.quad(f.mat(texTiles, .6), a.p(w, .008, 1.5), a.x.Scale(-w), geom.Vec3{Z: -.6})
	f.box(m, a, 0, 0, 1.5, w, .34, 2.1)
	for x := 0.; x < w-.3; x += .5 {
		end := min(x+.49, w)
		f.box(m.tinted(.6, .6, .58), a, x+.01, .58, .13, end, .595, .83)
		f.box(m.tinted(.6, .6, .58), a, x+.01, .34, 1.51, end, .355, 2.09)
	}
	f.clutter(a, .05, w-.05, .1, .5, .9, .3)
}

// plant is a pot with a ball of leaves.
func (f *furnisher) plant(a axes) {
	f.prism(f.painted(.5), a, 10, .12, 0, .16, .3)
	f.foliage(f.mat(texLeaves, .5), a.p(0, 0, .75), .32, .45, 46, .11)
}

// foliage fills an ellipsoid with randomly turned leafy patches that are seen
// from both sides.
func (f *furnisher) foliage(m material, c geom.Vec3, radius, half float64, n int, size float64) {
	scatterLeaves(f.group, m, c, radius, half, n, size, f.r)
}

func scatterLeaves(g *group, m material, c geom.Vec3, radius, half float64, n int, size float64, r *rand.Rand) {
	for range n {
		dir := geom.Vec3{X: r.NormFloat64(), Y: r.NormFloat64(), Z: r.NormFloat64()}.Unit()
		k := math.Cbrt(r.Float64())
		p := c.Add(geom.Vec3{X: dir.X * k * radius, Y: dir.Y * k * radius, Z: dir.Z * k * half})
		e1 := geom.Vec3{X: r.NormFloat64(), Y: r.NormFloat64(), Z: r.NormFloat64()}.Unit()
		e2 := e1.Cross(geom.Vec3{X: r.NormFloat64(), Y: r.NormFloat64(), Z: r.NormFloat64()}).Unit()
		s := size * uniform(r, .6, 1.3)
		v := [5]geom.Vec3{}
		for i := range v {
			si, co := math.Sincos(2*math.Pi*float64(i)/5 + uniform(r, -.4, .4))
			v[i] = p.Add(e1.Scale(co * s)).Add(e2.Scale(si * s)) // on a circle: convex
		}
		g.polygon(m, v[0], v[1], v[2], v[3], v[4])
		g.polygon(m, v[4], v[3], v[2], v[1], v[0])
	}
}
