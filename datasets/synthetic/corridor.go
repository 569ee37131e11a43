package synthetic

import (
	"math"

	"github.com/metricslam/metricslam/geom"
)

// The corridors of a public building: a ring on every floor, white and alike,
// joined by flights of stairs. Lengths in metres, of the middle line.
const (
	corridorAM      = 13.0
	corridorBM      = 7.5
	corridorWideM   = 2.2
	corridorStoreyM = 3.2
	corridorHighM   = 2.6
	corridorRadiusM = .8
	corridorModuleM = 2.4 // after which doors, cupboards and lamps repeat
	flightM         = 5.6 // level length of a flight between two floors
)

// ringRects are the strips of a ring's floor; they do not overlap.
func ringRects() []rect {
	const h, a, b = corridorWideM / 2, corridorAM, corridorBM
	return []rect{{-h, -h, a + h, h}, {-h, b - h, a + h, b + h}, {-h, h, h, b - h}, {a - h, h, a + h, b - h}}
}

// newCorridorPath walks round the ring and on over its beginning, then round to
// the stairs, up, and round the next floor.
func newCorridorPath(lengthM float64, seed uint64) (path *walkPath, storeys int) {
	const a, b = corridorAM, corridorBM
	points := longEnough(lengthM, geom.Vec3{X: a / 2}, func(k int) []geom.Vec3 {
		z := corridorStoreyM * float64(k)
		storeys = k + 1
		p := func(x, y, up float64) geom.Vec3 { return geom.Vec3{X: x, Y: y, Z: z + up} }
		const west, top = -corridorWideM / 2, -corridorWideM/2 - flightM
		return []geom.Vec3{
			p(a, 0, 0), p(a, b, 0), p(0, b, 0), p(0, 0, 0), p(a, 0, 0), p(a, b, 0),
			p(west, b, 0), p(top, b, corridorStoreyM), p(top-corridorWideM/2, b, corridorStoreyM), p(top-corridorWideM/2, 0, corridorStoreyM), p(0, 0, corridorStoreyM),
		}
	})
	const ringM = 2*(a+b) - 2*(4-math.Pi)*corridorRadiusM
	g := gait{lengthM: lengthM, loopM: ringM, scansALoop: 4, lookAheadM: .9, yawScan: .35, knots: routeThrough(points, corridorRadiusM)}
	return newWalk(g, seed), storeys
}

// corridorStyle is what the floors of a building share.
type corridorStyle struct {
	floorTex  int
	floorM    float64 // width of the floor's texture: four tiles
	wallTex   int
	wallM     float64
	cupboards bool // else noticeboards
}

// corridorStyles are chosen by the seed.
var corridorStyles = []corridorStyle{
	{floorTex: texTiles, floorM: 1.2, wallTex: texPlaster, wallM: 1.2, cupboards: true},
	{floorTex: texTiles, floorM: 2.4, wallTex: texPlaster, wallM: 1.2},
	{floorTex: texCarpet, floorM: .5, wallTex: texBrickwork, wallM: 1.1, cupboards: true},
}

// newCorridorScene builds the floors of a building.
func newCorridorScene(storeys int, tex []*texture, light lighting, seed uint64) *indoorScene {
	b := &corridorBuilder{interior: interior{seed: seed, tex: tex}, corridorStyle: corridorStyles[seed%uint64(len(corridorStyles))]}
	for k := range storeys {
		b.storey(k)
		if k+1 < storeys {
			b.flight(corridorStoreyM * float64(k))
		}
	}
	return b.finish(light)
}

type corridorBuilder struct {
	interior
	corridorStyle
}

// storey builds ring k, with the landing of the stairs that lead to it.
func (b *corridorBuilder) storey(k int) {
	const h, back = corridorWideM / 2, -corridorWideM/2 - flightM
	z := corridorStoreyM * float64(k)
	plan := floorPlan(ringRects())
	// The way to the stairs stays open where they begin and end.
	openings := []rect{{-h - .2, corridorBM - h, -h + .2, corridorBM + h}}
	if k > 0 {
		plan = append(plan, rect{back - corridorWideM, -h, back, corridorBM + h}, rect{back, -h, -h, h})
		openings = append(openings, rect{back - .2, corridorBM - h, back + .2, corridorBM + h})
	}
	b.cover(plan, b.floor, ceilingOf, z, corridorHighM)
	for _, r := range plan {
		b.panels(r, z+corridorHighM, corridorModuleM)
	}
	for _, w := range plan.walls(z, openings) {
		b.wall(w)
	}
}

func (b *corridorBuilder) floor(f *furnisher) material {
	m := f.mat(b.floorTex, b.floorM)
	m.gloss = .03
	return m
}

func ceilingOf(f *furnisher) material { return f.mat(texCeiling, 1.2) }

// wall raises a wall and furnishes it module by module, every module alike.
func (b *corridorBuilder) wall(w wallRun) {
	f := b.piece()
	up := geom.Vec3{Z: corridorHighM}
	f.quad(f.mat(b.wallTex, b.wallM), w.at.p(w.lengthM, 0, corridorHighM), w.at.x.Scale(-w.lengthM), up.Scale(-1))
	f.box(f.mat(texLacquer, .8), w.at, 0, 0, 0, w.lengthM, .015, .08)
	const corner = .3
	n := int((w.lengthM - 2*corner) / corridorModuleM)
	start := (w.lengthM - float64(n)*corridorModuleM) / 2
	for i := range n {
		a := w.at.moved(start+float64(i)*corridorModuleM, 0, 0, 0)
		b.door(a.moved(.15, 0, 0, 0))
		switch {
		case b.cupboards:
			b.cupboard(a.moved(1.4, 0, 0, 0))
		case i%2 == 1:
			b.noticeboard(a.moved(1.4, 0, 0, 0))
		}
	}
}

// door is .9 m wide, with a plate that alone tells it from the others.
func (b *corridorBuilder) door(a axes) {
	f := b.copyOf(kindDoor)
	f.picture(f.mat(texDoor, 1), whole, a.p(.95, .012, 2.05), a.x.Scale(-.9), geom.Vec3{Z: -2.05})
	frame := f.mat(texLacquer, .8).tinted(.6, .62, .65)
	f.box(frame, a, 0, 0, 0, .05, .03, 2.1)
	f.box(frame, a, .95, 0, 0, 1, .03, 2.1)
	f.box(frame, a, 0, 0, 2.05, 1, .03, 2.1)
	plate := b.piece()
	u, v := uniform(plate.r, 0, .8), uniform(plate.r, 0, .8)
	plate.picture(plate.mat(texPrint, 1), cut{u, v, u + .12, v + .08}, a.p(1.17, .01, 1.62), a.x.Scale(-.12), geom.Vec3{Z: -.08})
}

// cupboard is white and low.
func (b *corridorBuilder) cupboard(a axes) {
	f := b.copyOf(kindCupboard)
	body := f.mat(texLacquer, .8)
	body.gloss = .03
	f.box(body, a, 0, 0, .06, .8, .34, 1.2)
	for _, x := range []float64{.02, .41} {
		f.box(body.tinted(.93, .93, .93), a, x, .34, .09, x+.37, .355, 1.17)
	}
	for _, x := range []float64{.34, .44} {
		f.box(f.mat(texPlastic, .3), a, x, .355, .6, x+.02, .375, .72)
	}
}

// noticeboard has the same papers on every one.
func (b *corridorBuilder) noticeboard(a axes) {
	f := b.copyOf(kindNoticeboard)
	f.box(f.mat(texOak, .7), a, 0, 0, 1.1, .8, .02, 1.75)
	for i := range 3 {
		f.picture(f.mat(texPoster0+i, 1), whole, a.p(.26+.25*float64(i), .024, 1.65), a.x.Scale(-.2), geom.Vec3{Z: -.28})
	}
}

// flight builds the stairs from floor height z to the next, with their walls.
func (b *corridorBuilder) flight(z float64) {
	const h = corridorWideM / 2
	foot := at(-h, corridorBM, z, math.Pi) // x runs up the stairs, y to the right
	b.steps(foot, flightM, corridorStoreyM, corridorWideM)
	f := b.piece()
	wall := f.mat(b.wallTex, b.wallM)
	high := corridorStoreyM + corridorHighM
	f.quad(wall, foot.p(flightM, -h, high), foot.x.Scale(-flightM), geom.Vec3{Z: -high})
	f.quad(wall, foot.p(0, h, high), foot.x.Scale(flightM), geom.Vec3{Z: -high})
	// Above the foot's ceiling, and the ceiling over all of it.
	f.quad(wall, foot.p(0, -h, high), foot.y.Scale(corridorWideM), geom.Vec3{Z: corridorHighM - high})
	f.quad(ceilingOf(f), foot.p(0, h, high), foot.x.Scale(flightM), foot.y.Scale(-corridorWideM))
	// The ring above ends at a wall over the stairs.
	f.quad(wall, foot.p(-.01, h, high), foot.y.Scale(-corridorWideM), geom.Vec3{Z: -corridorHighM})
	mid := foot.p(flightM/2, 0, high)
	b.ceilingPanel(mid.X, mid.Y, mid.Z)
}
