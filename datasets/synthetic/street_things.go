package synthetic

import (
	"math"

	"github.com/metricslam/metricslam/geom"
)

// tree stands at the frame's origin.
func (m *mason) tree(a axes) {
	defer m.begin(bigThingM)()
	trunk := uniform(m.r, 2, 2.6)
	m.detail.prism(m.mat(texBark, .6), a, 7, .16, 0, .11, trunk+1)
	radius, half := uniform(m.r, 1.2, 1.7), uniform(m.r, 1.5, 2.3)
	shade := uniform(m.r, .75, 1.15)
	leaves := m.mat(texFoliage, 1.1).tinted(shade, shade*uniform(m.r, .9, 1.05), shade*.9)
	first := len(m.detail.surfaces)
	centre := a.p(0, 0, trunk+half)
	scatterLeaves(m.detail, leaves, centre, radius, half, 70, .5, m.r)
	// Leaves are lit by where they are in the crown: no ray is worth its time.
	for i := first; i < len(m.detail.surfaces); i++ {
		s := &m.detail.surfaces[i]
		out := s.verts[0].Sub(centre)
		depth := math.Min(math.Hypot(math.Hypot(out.X, out.Y)/radius, out.Z/half), 1)
		l := m.light.open(s.n)
		for k := range 3 {
			s.flat[k] = l[k] * (.25 + .75*depth) * (.85 + .15*out.Z/half)
		}
	}
}

func (m *mason) lampPost(a axes) {
	defer m.begin(bigThingM)()
	steel := m.mat(texSteel, .8)
	m.detail.prism(steel, a, 7, .09, 0, .06, 6)
	m.detail.box(steel, a, -.04, 0, 5.9, .04, 1.6, 6)
	m.detail.box(m.paint(.8, .02), a, -.14, 1.2, 5.8, .14, 1.9, 5.95)
	if m.r.IntN(2) == 0 {
		m.board(a, 2.2, .45, .6, m.mat(texBill0+m.r.IntN(numBills), 1), whole)
	}
}

// board hangs a picture facing along -x at the height z, as drivers see it.
func (m *mason) board(a axes, z, w, h float64, pic material, c cut) {
	m.detail.picture(pic, c, a.p(-.06, w/2, z+h), a.y.Scale(-w), geom.Vec3{Z: -h})
	m.detail.picture(pic, c, a.p(.06, -w/2, z+h), a.y.Scale(w), geom.Vec3{Z: -h})
	m.detail.box(m.mat(texSteel, 1), a, -.055, -w/2, z, .055, w/2, z+h)
}

func (m *mason) sign(a axes) {
	m.detail.prism(m.mat(texSteel, .8), a, 6, .035, 0, .035, 2.9)
	k := float64(m.r.IntN(signsAcross))
	m.board(a, 2.2, .65, .65, m.mat(texSigns, 1), cut{k / signsAcross, 0, (k + 1) / signsAcross, 1})
}

// column is a round advertising pillar.
func (m *mason) column(a axes) {
	const r, n = .6, 10
	for i := range n {
		s0, c0 := math.Sincos(2 * math.Pi * float64(i) / n)
		s1, c1 := math.Sincos(2 * math.Pi * float64(i+1) / n)
		k := float64(i%5) / 5
		tl := a.p(r*c0, r*s0, 2.7)
		m.detail.picture(m.mat(texBill0+(i/5)%numBills, 1), cut{k, 0, k + .2, 1}, tl, a.p(r*c1, r*s1, 2.7).Sub(tl), geom.Vec3{Z: -2.4})
	}
	m.detail.prism(m.mat(texSteel, 1), a, n, r+.1, 0, r+.1, .3)
	m.detail.prism(m.mat(texSteel, 1), a, n, r+.15, 2.7, r-.1, 3.1)
}

func (m *mason) smallThing(a axes) {
	defer m.begin(smallThingM)()
	switch m.r.IntN(6) {
	case 0:
		m.detail.prism(m.paint(.35, .4), a, 8, .2, 0, .25, .85) // a litter bin
		m.detail.prism(m.mat(texSteel, 1), a, 8, .27, .85, .24, .92)
	case 1:
		m.detail.box(m.paint(.4, .5), a, -.5, -.2, 0, .5, .2, 1.25) // a switch cabinet
	case 2:
		for k := range 4 {
			m.detail.prism(m.paint(.3, .1), a.moved(1.2*float64(k), 0, 0, 0), 6, .07, 0, .06, .9)
		}
	case 3:
		wood := m.mat(texBark, .8)
		m.detail.box(wood, a, -.8, -.25, .38, .8, .2, .45)
		m.detail.box(wood, a, -.8, -.3, .5, .8, -.25, .85)
		m.detail.box(m.mat(texSteel, 1), a, -.7, -.25, 0, -.62, .2, .38)
		m.detail.box(m.mat(texSteel, 1), a, .62, -.25, 0, .7, .2, .38)
	case 4:
		m.column(a)
	default:
		m.sign(a)
	}
}

// car adds a car whose middle stands at the frame's origin, driving along x.
func (m *mason) car(a axes) {
	g := m.detail
	van := m.r.IntN(6) == 0
	body := m.paint(uniform(m.r, .2, .95), uniform(m.r, 0, .5))
	body.gloss = .1
	dark := m.mat(texWheel, 8).tinted(.5, .5, .5)
	glass := m.mat(texGlass, 2)
	glass.gloss = .14
	half, top := 2.1+uniform(m.r, -.2, .15), uniform(m.r, 1.4, 1.55)
	rear, front, roofRear, roofFront := -half+.25, .95, -half+.75, .2
	if van {
		half, top = 2.5, 2.1
		rear, front, roofRear, roofFront = -half, 1.7, -half+.05, 1.1
	}
	const wide = .87
	g.box(dark, a, -half+.1, -wide+.06, .14, half-.1, wide-.06, .34)
	g.box(body, a, -half, -wide, .3, half, wide, .84)
	cabin := func(x, y, z float64) geom.Vec3 { return a.p(x, y, z) }
	const in = .7 // half width of the roof
	g.polygon(glass, cabin(front, -wide, .84), cabin(front, wide, .84), cabin(roofFront, in, top), cabin(roofFront, -in, top))
	g.polygon(glass, cabin(rear, wide, .84), cabin(rear, -wide, .84), cabin(roofRear, -in, top), cabin(roofRear, in, top))
	side := glass
	if van {
		side = body
	}
	g.polygon(side, cabin(rear, -wide, .84), cabin(front, -wide, .84), cabin(roofFront, -in, top), cabin(roofRear, -in, top))
	g.polygon(side, cabin(front, wide, .84), cabin(rear, wide, .84), cabin(roofRear, in, top), cabin(roofFront, in, top))
	g.quad(body, cabin(roofRear, in, top), a.x.Scale(roofFront-roofRear), a.y.Scale(-2*in))
	mid := (front + rear) / 2
	for _, s := range []float64{-1, 1} { // door pillars
		b := a.moved(mid, 0, 0, 0)
		if s > 0 {
			b = a.moved(mid, 0, 0, math.Pi)
		}
		g.polygon(body, b.p(-.06, -wide-.008, .83), b.p(.06, -wide-.008, .83), b.p(.06, -in-.008, top), b.p(-.06, -in-.008, top))
	}
	m.wheels(a, half, wide)
	m.carEnds(a, half, wide)
}

func (m *mason) wheels(a axes, half, wide float64) {
	wheel := m.mat(texWheel, .64)
	for _, x := range []float64{-half + .75, half - .8} {
		for _, s := range []float64{0, math.Pi} {
			b := a.moved(x, 0, 0, s)
			o := b.p(-.32, -wide-.006, .64)
			hub := m.detail.picture(wheel, whole, o, b.x.Scale(.64), geom.Vec3{Z: -.64})
			// Cut the square to an octagon.
			c := .64 * (1 - math.Sqrt2/2)
			at := func(x, z float64) geom.Vec3 { return o.Add(b.x.Scale(x)).Add(geom.Vec3{Z: -z}) }
			hub.verts = []geom.Vec3{at(0, c), at(0, .64-c), at(c, .64), at(.64-c, .64), at(.64, .64-c), at(.64, c), at(.64-c, 0), at(c, 0)}
		}
	}
}

// carEnds adds lamps, plates and bumpers.
func (m *mason) carEnds(a axes, half, wide float64) {
	g := m.detail
	dark := m.mat(texWheel, 8).tinted(.6, .6, .6)
	for i, yaw := range []float64{0, math.Pi} {
		b := a.moved(0, 0, 0, yaw) // its +x end
		g.box(dark, b, half-.05, -wide+.02, .3, half+.07, wide-.02, .46)
		lamp := m.mat(texPaint, 1).tinted(.9, .9, .85)
		if i == 1 {
			lamp = lamp.tinted(.55, .05, .04)
		}
		lamp.gloss = .15
		for _, y := range []float64{-wide + .03, wide - .38} {
			g.quad(lamp, b.p(half+.008, y, .8), b.y.Scale(.35), geom.Vec3{Z: -.17})
		}
		plate := m.mat(texSigns, 1)
		g.picture(plate, cut{.75, .1, 1, .45}, b.p(half+.076, -.26, .45), b.y.Scale(.52), geom.Vec3{Z: -.11})
	}
}
