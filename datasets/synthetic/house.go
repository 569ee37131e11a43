package synthetic

import (
	"math"
	"math/rand/v2"

	"github.com/metricslam/metricslam/geom"
)

// mason builds what stands along one side of a street. Its frames have x along
// the building line and y towards the middle of the street, as furniture has
// towards the middle of a room.
type mason struct {
	shell  *group   // what is seen from afar
	detail *group   // what is being built of things drawn only near the camera
	things []*group // all of those
	tex    []*texture
	light  *lighting
	r      *rand.Rand
}

// Ranges in metres of things by their size; beyond, they are below a pixel.
const (
	bigThingM   = detailRangeM
	smallThingM = 110
	tinyThingM  = 55
)

// begin starts another group of things that are seen from rangeM on; what it
// returns ends it.
func (m *mason) begin(rangeM float64) (end func()) {
	before := m.detail
	m.detail = &group{rangeM: rangeM}
	m.things = append(m.things, m.detail)
	return func() { m.detail = before }
}

func (m *mason) mat(tex int, widthM float64) material {
	return material{tex: m.tex[tex], widthM: widthM}
}

// paint is glossy paint of a random colour.
func (m *mason) paint(bright, saturation float64) material {
	c := randomColor(m.r, bright, saturation)
	p := m.mat(texPaint, 2).tinted(float64(c[0]), float64(c[1]), float64(c[2]))
	p.gloss = .05
	return p
}

// storeyM is the height of a storey.
const storeyM = 3.05

// houseStyle is what all walls of a house share.
type houseStyle struct {
	wall    material
	storeys int
	window  cut
	pitchM  float64 // distance of windows
	sill    material
	shop    bool
	balcony bool
}

func (m *mason) style() houseStyle {
	walls := []int{texBrickRed, texBrickPale, texRender, texRender, texStone}
	k := walls[m.r.IntN(len(walls))]
	widths := map[int]float64{texBrickRed: 2.1, texBrickPale: 2.1, texRender: 5, texStone: 4.4}
	wall := m.mat(k, widths[k])
	tint := randomColor(m.r, uniform(m.r, .62, .98), uniform(m.r, .02, .22))
	wall = wall.tinted(float64(tint[0]), float64(tint[1]), float64(tint[2]))
	i, j := float64(m.r.IntN(windowsAcross)), float64(m.r.IntN(windowsDown))
	return houseStyle{
		wall: wall, storeys: 2 + m.r.IntN(4), pitchM: uniform(m.r, 2.2, 3.2), sill: m.mat(texKerb, 1),
		window: cut{i / windowsAcross, j / windowsDown, (i + 1) / windowsAcross, (j + 1) / windowsDown},
		shop:   m.r.IntN(3) == 0, balcony: m.r.IntN(3) == 0,
	}
}

// house builds a house from x0 to x0+w behind the building line of frame a;
// sides facing a cross street get windows.
func (m *mason) house(a axes, x0, w float64, openLeft, openRight bool) {
	s := m.style()
	h := storeyM*float64(s.storeys) + uniform(m.r, .5, 1.1)
	m.front(a.moved(x0, 0, 0, 0), w, h, s)
	left, right := a.moved(x0, -houseDeepM, 0, math.Pi/2), a.moved(x0+w, 0, 0, -math.Pi/2)
	for _, side := range []struct {
		a    axes
		open bool
	}{{left, openLeft}, {right, openRight}} {
		if side.open {
			m.front(side.a, houseDeepM, h, s)
		} else {
			m.shell.quad(s.wall, side.a.p(houseDeepM, 0, h), side.a.x.Scale(-houseDeepM), geom.Vec3{Z: -h})
		}
	}
	m.roof(a.moved(x0, 0, h, 0), w, s)
}

// front builds a wall with its windows, doors and ornaments.
func (m *mason) front(a axes, w, h float64, s houseStyle) {
	defer m.begin(smallThingM)()
	m.shell.quad(s.wall, a.p(w, 0, h), a.x.Scale(-w), geom.Vec3{Z: -h})
	n := max(int(w/s.pitchM), 1)
	step := w / float64(n)
	glass := m.mat(texWindows, 1)
	glass.gloss = .07
	ww := min(1.25, step*.55)
	door := m.r.IntN(n)
	for k := range s.storeys {
		z := storeyM*float64(k) + 1
		for i := range n {
			x := step * (float64(i) + .5)
			switch {
			case k == 0 && s.shop:
				continue
			case k == 0 && i == door:
				m.entrance(a, x)
				continue
			}
			m.window(a, x, z, ww, glass, s, k > 0 && s.balcony && i%2 == 0)
		}
		if k > 0 && m.r.IntN(2) == 0 {
			m.detail.ledge(s.sill, a, 0, 0, z-1.02, w, .06, z-.9) // a string course
		}
	}
	if s.shop {
		m.shops(a, w)
	} else {
		m.detail.ledge(m.mat(texStone, 4), a, 0, 0, 0, w, .05, .55)
	}
	m.detail.ledge(s.sill, a, -.05, 0, h-.35, w+.05, .28, h)
	m.detail.prism(m.mat(texSteel, 1), a.moved(.12, .1, 0, 0), 5, .05, 0, .05, h-.35) // a drainpipe
}

func (m *mason) window(a axes, x, z, w float64, glass material, s houseStyle, balcony bool) {
	c := s.window
	if m.r.IntN(3) == 0 { // neighbours have other curtains
		i := float64(m.r.IntN(windowsAcross))
		c.u0, c.u1 = i/windowsAcross, (i+1)/windowsAcross
	}
	const h = 1.65
	m.shell.picture(glass, c, a.p(x+w/2, .012, z+h), a.x.Scale(-w), geom.Vec3{Z: -h})
	m.detail.ledge(s.sill, a, x-w/2-.1, 0, z-.08, x+w/2+.1, .14, z)
	m.detail.ledge(s.sill, a, x-w/2-.08, 0, z+h, x+w/2+.08, .05, z+h+.16)
	if balcony {
		m.detail.ledge(s.sill, a, x-w/2-.5, 0, z-.95, x+w/2+.5, 1, z-.8)
		m.railing(a, x-w/2-.5, x+w/2+.5, z-.8)
		if m.r.IntN(2) == 0 {
			scatterLeaves(m.detail, m.mat(texFoliage, .8), a.p(x, 1.05, z-.1), .5, .2, 10, .22, m.r)
		}
	}
}

// railing goes round a balcony from x0 to x1 at height z.
func (m *mason) railing(a axes, x0, x1, z float64) {
	defer m.begin(tinyThingM)()
	rail := m.mat(texSteel, .6)
	m.detail.box(rail, a, x0, .95, z+.75, x1, 1, z+.8)
	for _, x := range []float64{x0, x1 - .04} {
		m.detail.ledge(rail, a, x, 0, z+.75, x+.04, 1, z+.8)
	}
	for x := x0; x < x1; x += .2 {
		m.detail.prism(rail, a.moved(x+.02, .975, z, 0), 4, .02, 0, .02, .75)
	}
}

func (m *mason) entrance(a axes, x float64) {
	c := randomColor(m.r, .45, .5)
	door := m.mat(texFrontDoor, 1).tinted(float64(c[0]), float64(c[1]), float64(c[2]))
	m.shell.picture(door, whole, a.p(x+.55, .015, 2.4), a.x.Scale(-1.1), geom.Vec3{Z: -2.4})
	stone := m.mat(texStone, 3)
	m.detail.ledge(stone, a, x-.75, 0, 0, x-.55, .12, 2.55)
	m.detail.ledge(stone, a, x+.55, 0, 0, x+.75, .12, 2.55)
	m.detail.ledge(stone, a, x-.85, 0, 2.4, x+.85, .3, 2.65)
	m.detail.ledge(stone, a, x-.7, 0, 0, x+.7, .45, .2)
}

func (m *mason) shops(a axes, w float64) {
	n := max(int(w/5.5), 1)
	step := w / float64(n)
	for i := range n {
		x := step * float64(i)
		k := float64(m.r.IntN(shopsDown))
		front := m.mat(texShops, 1)
		front.gloss = .05
		m.shell.picture(front, cut{0, k / shopsDown, 1, (k + 1) / shopsDown}, a.p(x+step-.15, .02, 2.9), a.x.Scale(.3-step), geom.Vec3{Z: -2.9})
		if m.r.IntN(2) == 0 { // an awning
			cloth := m.paint(.55, .5)
			p := func(x, y, z float64) geom.Vec3 { return a.p(x, y, z) }
			m.detail.polygon(cloth, p(x+.2, .02, 2.6), p(x+.2, 1.2, 2.2), p(x+step-.2, 1.2, 2.2), p(x+step-.2, .02, 2.6))
			m.detail.polygon(cloth, p(x+step-.2, .02, 2.6), p(x+step-.2, 1.2, 2.2), p(x+.2, 1.2, 2.2), p(x+.2, .02, 2.6))
			m.detail.quad(cloth, p(x+step-.2, 1.2, 2.2), a.x.Scale(.4-step), geom.Vec3{Z: -.2})
		} else {
			m.detail.box(m.paint(.5, .5), a, x+step*.4, 0, 3.1, x+step*.4+.06, .8, 3.7) // a sign hung out
		}
	}
}

// roof puts a ridge along the street, or a flat roof behind a parapet; the
// frame lies at the eaves.
func (m *mason) roof(a axes, w float64, s houseStyle) {
	if m.r.IntN(3) == 0 {
		m.shell.quad(m.mat(texAsphalt, 6), a.p(0, 0, -.1), a.x.Scale(w), a.y.Scale(-houseDeepM))
		m.shell.box(s.wall, a, 0, -.25, -.2, w, 0, .5)
		return
	}
	rise := uniform(m.r, 2, 3.6)
	const half = houseDeepM / 2
	tiles := m.mat(texRoof, 2.6)
	p := a.p
	m.shell.polygon(tiles, p(w, .3, 0), p(0, .3, 0), p(0, -half, rise), p(w, -half, rise))
	m.shell.polygon(tiles, p(0, -houseDeepM, 0), p(w, -houseDeepM, 0), p(w, -half, rise), p(0, -half, rise))
	m.shell.polygon(s.wall, p(0, 0, 0), p(0, -houseDeepM, 0), p(0, -half, rise))
	m.shell.polygon(s.wall, p(w, -houseDeepM, 0), p(w, 0, 0), p(w, -half, rise))
	m.shell.box(m.mat(texBrickRed, 2), a, w*.3, -half-.4, rise-.6, w*.3+.7, -half+.4, rise+1)
}
