package synthetic

import (
	"math"
	"slices"

	"github.com/metricslam/metricslam/geom"
)

// interior gathers what stands in a building.
type interior struct {
	seed  uint64
	tex   []*texture
	all   []*group
	areas []areaLight
	lamps []lamp
}

// indoorScene is a lighted interior; nothing in it moves.
type indoorScene struct {
	all    []*group
	around surroundings
}

func (s *indoorScene) groups(_ geom.SE3, _ float64, dst []*group) []*group {
	return append(dst, s.all...)
}

func (s *indoorScene) surroundings() *surroundings { return &s.around }

// finish lights what was built.
func (b *interior) finish(light lighting) *indoorScene {
	light.areas = b.areas
	bake(b.all, light, hash(b.seed, 2))
	for _, g := range b.all {
		g.bound()
	}
	return &indoorScene{all: b.all, around: surroundings{haze: [3]float64{.35, .33, .3}, zenith: [3]float64{.5, .48, .45}, lamps: b.lamps}}
}

// piece starts a new group with a random stream of its own.
func (b *interior) piece() *furnisher {
	return b.pieceOf(3, int64(len(b.all)+1))
}

// copyOf starts a new group whose random stream is that of its kind, so that
// all pieces of a kind are equal.
func (b *interior) copyOf(kind int) *furnisher { return b.pieceOf(8, int64(kind)) }

func (b *interior) pieceOf(words ...int64) *furnisher {
	g := &group{}
	b.all = append(b.all, g)
	return &furnisher{group: g, tex: b.tex, r: stream(b.seed, words...)}
}

// panelM is the side of a lamp that is let into a ceiling.
const panelM = .6

// ceilingPanel lets a shining square into a ceiling at height z.
func (b *interior) ceilingPanel(x, y, z float64) {
	f := b.copyOf(kindPanel)
	glass := f.mat(texLacquer, .5)
	glass.emit = 2.6
	const h = panelM / 2
	f.quad(glass, geom.Vec3{X: x - h, Y: y - h, Z: z - .01}, geom.Vec3{X: panelM}, geom.Vec3{Y: panelM})
	b.areas = append(b.areas, areaLight{centre: geom.Vec3{X: x, Y: y, Z: z - .02}, n: geom.Vec3{Z: -1},
		e1: geom.Vec3{X: h}, e2: geom.Vec3{Y: h}, radiance: [3]float64{3.4, 3.5, 3.5}})
}

// rect is a rectangle of a floor plan in metres.
type rect struct{ x0, y0, x1, y1 float64 }

func (r rect) contains(x, y float64) bool { return x > r.x0 && x < r.x1 && y > r.y0 && y < r.y1 }

// floorPlan is the union of rectangles that can be walked on.
type floorPlan []rect

func (p floorPlan) contains(x, y float64) bool {
	return slices.ContainsFunc(p, func(r rect) bool { return r.contains(x, y) })
}

// wallRun is a straight piece of wall: the frame's x runs along it and y into
// the room.
type wallRun struct {
	at      axes
	lengthM float64
}

// walls returns the border of the plan, but for what lies in an opening. A
// wall's frame stands at height z.
func (p floorPlan) walls(z float64, openings []rect) (out []wallRun) {
	var xs, ys []float64
	for _, r := range slices.Concat(p, openings) {
		xs, ys = append(xs, r.x0, r.x1), append(ys, r.y0, r.y1)
	}
	xs, ys = distinct(xs), distinct(ys)
	// Along x: what lies to both sides of a line y.
	for _, y := range ys {
		out = append(out, p.border(xs, openings, func(x, side float64) (float64, float64) { return x, y + side*sideM },
			func(from, to float64, up bool) wallRun {
				if up {
					return wallRun{at(from, y, z, 0), to - from}
				}
				return wallRun{at(to, y, z, math.Pi), to - from}
			})...)
	}
	for _, x := range xs {
		out = append(out, p.border(ys, openings, func(y, side float64) (float64, float64) { return x + side*sideM, y },
			func(from, to float64, right bool) wallRun {
				if right {
					return wallRun{at(x, to, z, -math.Pi/2), to - from}
				}
				return wallRun{at(x, from, z, math.Pi/2), to - from}
			})...)
	}
	return out
}

// sideM is how far from a wall its two sides are asked for.
const sideM = 1e-3

// border returns the runs along a line whose two sides differ; beside gives the
// point of the plan at a place along the line on one side (-1 or 1).
func (p floorPlan) border(along []float64, openings floorPlan, beside func(at, side float64) (x, y float64), run func(from, to float64, positive bool) wallRun) (out []wallRun) {
	start, state := 0., 0
	for i := 0; i < len(along); i++ {
		now := 0
		if i+1 < len(along) {
			middle := (along[i] + along[i+1]) / 2
			below, above := p.contains(beside(middle, -1)), p.contains(beside(middle, 1))
			x, y := beside(middle, 0)
			switch {
			case openings.contains(x, y):
			case above && !below:
				now = 1
			case below && !above:
				now = -1
			}
		}
		if now == state {
			continue
		}
		if state != 0 {
			out = append(out, run(start, along[i], state > 0))
		}
		start, state = along[i], now
	}
	return out
}

func distinct(v []float64) []float64 {
	slices.Sort(v)
	return slices.CompactFunc(v, func(a, b float64) bool { return math.Abs(a-b) < sideM })
}

// cover lays floor and ceiling over the rectangles of a plan, which must not
// overlap, at heights z and z + highM.
func (b *interior) cover(p floorPlan, floor, ceiling func(f *furnisher) material, z, highM float64) {
	for _, r := range p {
		f := b.piece()
		w, d := geom.Vec3{X: r.x1 - r.x0}, geom.Vec3{Y: r.y1 - r.y0}
		f.quad(floor(f), geom.Vec3{X: r.x0, Y: r.y1, Z: z}, w, d.Scale(-1))
		f.quad(ceiling(f), geom.Vec3{X: r.x0, Y: r.y0, Z: z + highM}, w, d)
	}
}

// routeThrough lays knots along the straight lines between points, with corners
// rounded by the radius; heights rise evenly along a line.
func routeThrough(points []geom.Vec3, radiusM float64) []geom.Vec3 {
	var out []geom.Vec3
	last := points[0]
	line := func(to geom.Vec3) {
		d := to.Sub(last)
		n := max(int(math.Round(d.Norm()/pathStepM)), 1)
		for i := range n {
			out = append(out, last.Add(d.Scale(float64(i+1)/float64(n))))
		}
		last = to
	}
	for i := 1; i+1 < len(points); i++ {
		in, away := points[i].Sub(points[i-1]).Unit(), points[i+1].Sub(points[i]).Unit()
		turn := math.Atan2(in.X*away.Y-in.Y*away.X, in.X*away.X+in.Y*away.Y)
		if math.Abs(turn) < 1e-3 {
			line(points[i])
			continue
		}
		cut := radiusM * math.Tan(math.Abs(turn)/2)
		line(points[i].Sub(in.Scale(cut)))
		way := route{pos: last, yaw: math.Atan2(in.Y, in.X)}
		way.arc(radiusM*math.Abs(turn), turn)
		out, last = append(out, way.points...), way.pos
	}
	line(points[len(points)-1])
	return smooth(out, 2)
}

// longEnough repeats a lap of corners, each time shifted by step, until the way
// through them has lengthM.
func longEnough(lengthM float64, first geom.Vec3, lap func(k int) []geom.Vec3) []geom.Vec3 {
	points, sum := []geom.Vec3{first}, 0.
	for k := 0; sum < 1.2*lengthM+5; k++ { // rounding corners saves a fifth at most
		for _, p := range lap(k) {
			sum += p.Sub(points[len(points)-1]).Norm()
			points = append(points, p)
		}
	}
	return points
}

// The kinds of equal pieces, each built from one random stream.
const (
	kindPanel = iota
	kindCupboard
	kindDoor
	kindNoticeboard
	kindWorkplace
	kindShelf
	kindStep
	kindBench
)

// widest returns the larger side of a rectangle and whether it lies along x.
func (r rect) widest() (lengthM float64, alongX bool) {
	w, d := r.x1-r.x0, r.y1-r.y0
	return max(w, d), w >= d
}

// panels lets lamps into the ceiling along the middle of a rectangle.
func (b *interior) panels(r rect, z, everyM float64) {
	length, alongX := r.widest()
	n := max(int(length/everyM), 1)
	for i := range n {
		s := length * (float64(i) + .5) / float64(n)
		if alongX {
			b.ceilingPanel(r.x0+s, (r.y0+r.y1)/2, z)
		} else {
			b.ceilingPanel((r.x0+r.x1)/2, r.y0+s, z)
		}
	}
}
