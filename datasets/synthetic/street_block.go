package synthetic

import (
	"math"

	"github.com/metricslam/metricslam/geom"
)

// street builds a street of the given length between the middles of two
// crossings, along x of the frame; houses begin lotsM from either end.
func (m *mason) street(a axes, lengthM, lotsM float64) {
	road := m.mat(texAsphalt, 5)
	m.shell.quad(road, a.p(facadeM, kerbM, 0), a.x.Scale(lengthM-2*facadeM), a.y.Scale(-2*kerbM))
	m.markings(a, lengthM)
	m.side(a.moved(0, -facadeM, 0, 0), lengthM, lotsM)
	m.side(a.moved(lengthM, facadeM, 0, math.Pi), lengthM, lotsM)
}

// mark paints a rectangle on the road, a hair above it.
func (m *mason) mark(a axes, x0, y0, x1, y1 float64) {
	m.shell.quad(m.mat(texMarking, 1.5), a.p(x0, y1, .004), a.x.Scale(x1-x0), a.y.Scale(y0-y1))
}

func (m *mason) markings(a axes, lengthM float64) {
	for x := facadeM + 7; x < lengthM-facadeM-10; x += 9 {
		m.mark(a, x, -.06, x+3.5, .06)
	}
	for _, e := range []float64{0, 1} { // stop line and zebra crossing
		end := a
		if e > 0 {
			end = a.moved(lengthM, 0, 0, math.Pi)
		}
		m.mark(end, facadeM+4.6, 0, facadeM+5, 3.4)
		for y := -kerbM + .4; y < kerbM-.5; y += 1 {
			m.mark(end, facadeM+.6, y, facadeM+3.6, y+.5)
		}
	}
	patch := m.mat(texAsphalt, 3.1)
	for n := 3 + m.r.IntN(5); n > 0; n-- { // repairs, covers of manholes
		x, y := uniform(m.r, facadeM+6, lengthM-facadeM-9), uniform(m.r, -3, 2)
		shade := uniform(m.r, .6, .9)
		m.shell.quad(patch.tinted(shade, shade, shade), a.p(x, y+uniform(m.r, .6, 1.6), .002), a.x.Scale(uniform(m.r, .8, 5)), a.y.Scale(uniform(m.r, -1.6, -.5)))
		cover := a.moved(uniform(m.r, facadeM+6, lengthM-facadeM-9), uniform(m.r, -2.5, 2.5), 0, 0)
		var ring [8]geom.Vec3
		for i := range ring {
			s, c := math.Sincos(math.Pi / 4 * float64(i))
			ring[i] = cover.p(.33*c, .33*s, .006)
		}
		m.shell.polygon(m.mat(texPaving, .8).tinted(.45, .45, .45), ring[:]...)
	}
}

// side builds one side of a street: pavement, houses, trees, parked cars. The
// frame lies on the building line.
func (m *mason) side(a axes, lengthM, lotsM float64) {
	const wide = facadeM - kerbM
	from, length := facadeM, lengthM-2*facadeM
	m.shell.quad(m.mat(texPaving, 3.2), a.p(from, wide, kerbHighM), a.x.Scale(length), a.y.Scale(-wide))
	kerb := m.mat(texKerb, 1)
	m.shell.quad(kerb, a.p(from+length, wide, kerbHighM), a.x.Scale(-length), geom.Vec3{Z: -kerbHighM})
	m.shell.quad(kerb.tinted(.8, .8, .8), a.p(from, wide, kerbHighM+.002), a.x.Scale(length), a.y.Scale(-.15))
	m.lots(a, lotsM, lengthM-lotsM)
	onPath := a.moved(0, 0, kerbHighM, 0)
	for x := facadeM + 4 + 5*m.r.Float64(); x < lengthM-facadeM-3; x += uniform(m.r, 4, 8) {
		y := wide - .55
		switch m.r.IntN(5) {
		case 0, 1:
			m.tree(onPath.moved(x, y, 0, 0))
		case 2:
			m.lampPost(onPath.moved(x, y+.1, 0, 0))
		default:
			m.smallThing(onPath.moved(x, y, 0, 0))
		}
	}
	for x := facadeM + 11; x < lengthM-facadeM-11; x += uniform(m.r, 5.8, 7.5) {
		if m.r.IntN(9) < 5 {
			turn := 0.
			if m.r.IntN(6) == 0 {
				turn = math.Pi
			}
			end := m.begin(bigThingM)
			m.car(a.moved(x, wide+1.15+uniform(m.r, -.12, .12), 0, turn+uniform(m.r, -.03, .03)))
			end()
		}
	}
}

// lots fills the building line from x to end with houses and some gaps.
func (m *mason) lots(a axes, x, end float64) {
	open := true // the first house stands at a corner
	for end-x > 6 {
		w := uniform(m.r, 9, 16)
		if end-x-w < 8 {
			w = end - x
		}
		if !open && m.r.IntN(7) == 0 && w < end-x {
			w = uniform(m.r, 3, 6)
			m.gap(a, x, w)
			x += w
			open = true
			continue
		}
		last := x+w > end-.01
		m.house(a, x, w, open, last)
		x += w
		open = false
	}
}

// gap closes the space between two houses with a wall or a hedge; bushes stand
// behind.
func (m *mason) gap(a axes, x, w float64) {
	if m.r.IntN(2) == 0 {
		m.shell.box(m.mat(texBrickRed, 2.1), a, x, -.3, 0, x+w, 0, 1.7)
	} else {
		m.shell.box(m.mat(texHedge, 1.2), a, x, -.9, 0, x+w, -.1, 1.5)
	}
	m.shell.quad(m.mat(texRender, 4), a.p(x+w, -houseDeepM, 5), a.x.Scale(-w), geom.Vec3{Z: -5})
	m.tree(a.moved(x+w/2, -4, 0, 0))
}

// crossing builds the square where two streets meet; the frame is its middle.
func (m *mason) crossing(a axes) {
	m.shell.quad(m.mat(texAsphalt, 5), a.p(-facadeM, facadeM, 0), a.x.Scale(2*facadeM), a.y.Scale(-2*facadeM))
	for q := range 4 {
		b := a.moved(0, 0, 0, math.Pi/2*float64(q))
		const wide = facadeM - kerbM
		m.shell.quad(m.mat(texPaving, 3.2), b.p(kerbM, facadeM, kerbHighM), b.x.Scale(wide), b.y.Scale(-wide))
		kerb := m.mat(texKerb, 1)
		m.shell.quad(kerb, b.p(kerbM, facadeM, kerbHighM), b.y.Scale(-wide), geom.Vec3{Z: -kerbHighM})
		m.shell.quad(kerb, b.p(kerbM, kerbM, kerbHighM), b.x.Scale(wide), geom.Vec3{Z: -kerbHighM})
		corner := b.moved(kerbM+.6, kerbM+.6, kerbHighM, 0)
		switch m.r.IntN(3) {
		case 0:
			m.lampPost(corner)
		case 1:
			end := m.begin(smallThingM)
			m.sign(corner.moved(0, 0, 0, math.Pi/4))
			end()
		default:
			m.trafficLight(corner)
		}
		m.smallThing(b.moved(kerbM+1.6, kerbM+1.6, kerbHighM, math.Pi/4))
	}
}

// trafficLight is a mast with two heads.
func (m *mason) trafficLight(a axes) {
	defer m.begin(smallThingM)()
	m.detail.prism(m.mat(texSteel, .8), a, 7, .07, 0, .06, 3.4)
	dark := m.mat(texGlass, 1)
	for i := range 4 {
		b := a.moved(0, 0, 0, math.Pi/2*float64(i))
		m.detail.box(dark, b, .08, -.15, 2.4, .3, .15, 3.3)
		lit := m.r.IntN(3)
		for k, c := range [][3]float64{{.7, .06, .04}, {.7, .5, .05}, {.05, .6, .3}} {
			glass := m.mat(texPaint, 1).tinted(c[0]*.25, c[1]*.25, c[2]*.25)
			if k == lit {
				glass = m.mat(texPaint, 1).tinted(c[0], c[1], c[2])
				glass.emit = 2.5
			}
			m.detail.quad(glass, b.p(.305, -.1, 3.25-.29*float64(k)), b.y.Scale(.2), geom.Vec3{Z: -.2})
		}
	}
}
