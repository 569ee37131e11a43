package synthetic

import (
	"math"

	"github.com/metricslam/metricslam/geom"
)

// A stairwell of two flights a storey, every storey alike. Lengths in metres.
const (
	wellStoreyM  = 3.06
	wellFlightM  = 2.52 // level length of a flight of nine steps
	wellWideM    = 1.2
	wellGapM     = .1
	wellLandingM = 1.3
	wellRadiusM  = .6
	stepRiseM    = .17
)

// newStairsPath climbs the stairwell.
func newStairsPath(lengthM float64, seed uint64) (path *walkPath, storeys int) {
	const back = wellWideM + wellGapM
	points := longEnough(lengthM, geom.Vec3{X: -wellLandingM / 2}, func(k int) []geom.Vec3 {
		storeys = k + 1
		z := wellStoreyM * float64(k)
		p := func(x, y, up float64) geom.Vec3 { return geom.Vec3{X: x, Y: y, Z: z + up*wellStoreyM} }
		const turn = wellFlightM + wellRadiusM + .05
		return []geom.Vec3{
			p(0, 0, 0), p(wellFlightM, 0, .5), p(turn, 0, .5), p(turn, back, .5), p(wellFlightM, back, .5),
			p(0, back, 1), p(-wellRadiusM-.05, back, 1), p(-wellRadiusM-.05, 0, 1),
		}
	})
	g := gait{lengthM: lengthM, loopM: 8.4, scansALoop: 1, lookAheadM: .7, yawScan: .2, knots: routeThrough(points, wellRadiusM)}
	return newWalk(g, seed), storeys
}

// newStairsScene builds a stairwell.
func newStairsScene(storeys int, tex []*texture, light lighting, seed uint64) *indoorScene {
	b := &corridorBuilder{interior: interior{seed: seed, tex: tex}, corridorStyle: corridorStyles[0]}
	const h, back, east = wellWideM / 2, wellWideM + wellGapM, wellFlightM + wellLandingM
	plan := floorPlan{{-wellLandingM, -h, east, back + h}}
	for k := range storeys + 1 {
		z := wellStoreyM * float64(k)
		for _, w := range plan.walls(z, nil) {
			f := b.piece()
			f.quad(f.mat(texPlaster, 1.2), w.at.p(w.lengthM, 0, wellStoreyM), w.at.x.Scale(-w.lengthM), geom.Vec3{Z: -wellStoreyM})
		}
		b.landing(rect{-wellLandingM, -h, 0, back + h}, z)
		b.door(at(-wellLandingM, back/2+.5, z, -math.Pi/2))
		if k == storeys {
			break
		}
		b.landing(rect{wellFlightM, -h, east, back + h}, z+wellStoreyM/2)
		b.steps(at(0, 0, z, 0), wellFlightM, wellStoreyM/2, wellWideM)
		b.steps(at(wellFlightM, back, z+wellStoreyM/2, math.Pi), wellFlightM, wellStoreyM/2, wellWideM)
		b.parapet(z)
	}
	top := b.piece()
	z := wellStoreyM * float64(storeys+1)
	top.quad(ceilingOf(top), geom.Vec3{X: -wellLandingM, Y: -h, Z: z}, geom.Vec3{X: east + wellLandingM}, geom.Vec3{Y: back + 2*h})
	return b.finish(light)
}

// landing is a slab with a lamp below it.
func (b *corridorBuilder) landing(r rect, z float64) {
	const thickM = .18
	f := b.piece()
	stone := f.mat(texTiles, 1.2)
	f.box(stone, at(0, 0, z, 0), r.x0, r.y0, -thickM, r.x1, r.y1, 0)
	if z == 0 {
		return
	}
	b.ceilingPanel((r.x0+r.x1)/2, (r.y0+r.y1)/2, z-thickM)
}

// parapet is the low wall between the two flights of a storey.
func (b *corridorBuilder) parapet(z float64) {
	f := b.piece()
	m := f.mat(texPlaster, 1.2)
	const y0, y1, half = wellWideM / 2, wellWideM/2 + wellGapM, wellStoreyM / 2
	// Two slanted walls, seen from both flights.
	side := func(y float64, z0, z1 float64, south bool) {
		p := func(x, up float64) geom.Vec3 { return geom.Vec3{X: x, Y: y, Z: z + up} }
		if south {
			f.polygon(m, p(0, z0-.3), p(wellFlightM, z1-.3), p(wellFlightM, z1+.9), p(0, z0+.9))
		} else {
			f.polygon(m, p(0, z0+.9), p(wellFlightM, z1+.9), p(wellFlightM, z1-.3), p(0, z0-.3))
		}
	}
	side(y0, 0, half, true)
	side(y1, wellStoreyM, half, false)
	side(y1, 0, half, false)
	side(y0, wellStoreyM, half, true)
}

// steps builds a flight that climbs riseM along the frame's x over lengthM; the
// frame's origin is the middle of its foot. Every step looks alike.
func (b *corridorBuilder) steps(a axes, lengthM, riseM, wideM float64) {
	n := int(math.Round(riseM / stepRiseM))
	run, rise, h := lengthM/float64(n), riseM/float64(n), wideM/2
	for i := range n {
		f := b.copyOf(kindStep)
		tread := f.mat(texTiles, 1.2)
		x, z := float64(i)*run, float64(i)*rise
		f.quad(tread.tinted(.8, .8, .8), a.p(x, h, z+rise), a.y.Scale(-wideM), geom.Vec3{Z: -rise})
		f.quad(tread, a.p(x+run, h, z+rise), a.y.Scale(-wideM), a.x.Scale(-run))
		f.quad(f.mat(texPlastic, .3), a.p(x+.04, h, z+rise+.002), a.y.Scale(-wideM), a.x.Scale(-.04))
	}
	f := b.piece()
	f.polygon(f.mat(texPlaster, 1.2), a.p(0, h, -.15), a.p(lengthM, h, riseM-.15), a.p(lengthM, -h, riseM-.15), a.p(0, -h, -.15))
}
