package synthetic

import (
	"math"

	"github.com/metricslam/metricslam/geom"
)

// surface is a convex planar polygon with its texture and light.
type surface struct {
	verts  []geom.Vec3 // counter-clockwise seen from the front
	n      geom.Vec3   // unit normal, to the front
	d      float64     // n.p of its points
	uA, vA geom.Vec3   // texel = (uA.p + u0, vA.p + v0)
	u0, v0 float64
	tex    *texture
	tint   [3]float64 // multiplies the texture's linear albedo
	gloss  float64    // share of light mirrored at normal incidence
	emit   float64    // own radiance; such a surface receives no light
	light  *lightmap  // nil: lit by flat
	flat   [3]float64 // light where there is no light map
}

// material is how a surface looks.
type material struct {
	tex    *texture
	widthM float64 // the texture repeats after so many metres
	tint   [3]float64
	gloss  float64
	emit   float64
}

// tinted returns the material multiplied by a linear colour.
func (m material) tinted(r, g, b float64) material {
	m.tint = [3]float64{r, g, b}
	return m
}

// cut is a part of a texture, in shares of its width and height.
type cut struct{ u0, v0, u1, v1 float64 }

var whole = cut{0, 0, 1, 1}

// textureOffset keeps texture coordinates positive, where cutting off decimals
// is rounding down; it is a multiple of every texture's size.
const textureOffset = 1 << 26

// group is a set of surfaces that are seen or culled together.
type group struct {
	surfaces []surface
	rangeM   float64 // from how near it is drawn; 0: always
	centre   geom.Vec3
	radius   float64
}

// bound computes the enclosing ball of the finished group.
func (g *group) bound() {
	lo, hi := geom.Vec3{X: math.Inf(1), Y: math.Inf(1), Z: math.Inf(1)}, geom.Vec3{X: math.Inf(-1), Y: math.Inf(-1), Z: math.Inf(-1)}
	for i := range g.surfaces {
		for _, p := range g.surfaces[i].verts {
			lo = geom.Vec3{X: min(lo.X, p.X), Y: min(lo.Y, p.Y), Z: min(lo.Z, p.Z)}
			hi = geom.Vec3{X: max(hi.X, p.X), Y: max(hi.Y, p.Y), Z: max(hi.Z, p.Z)}
		}
	}
	g.centre = lo.Add(hi).Scale(.5)
	g.radius = hi.Sub(lo).Norm() / 2
}

// add appends a polygon; its normal points to where its corners run
// counter-clockwise.
func (g *group) add(m material, uA, vA geom.Vec3, u0, v0 float64, verts ...geom.Vec3) *surface {
	n := verts[1].Sub(verts[0]).Cross(verts[2].Sub(verts[0])).Unit()
	tint := m.tint
	if tint == ([3]float64{}) {
		tint = [3]float64{1, 1, 1}
	}
	g.surfaces = append(g.surfaces, surface{
		verts: verts, n: n, d: n.Dot(verts[0]),
		uA: uA, vA: vA, u0: u0 + textureOffset, v0: v0 + textureOffset,
		tex: m.tex, tint: tint, gloss: m.gloss, emit: m.emit,
	})
	return &g.surfaces[len(g.surfaces)-1]
}

// quad adds the rectangle with the corner o at its top left, seen from the
// front, and the edges right and down; the texture repeats by the material's
// width, in register with the world so that neighbours join.
func (g *group) quad(m material, o, right, down geom.Vec3) *surface {
	s := float64(m.tex.w) / m.widthM
	ru, dv := right.Unit().Scale(s), down.Unit().Scale(s)
	return g.add(m, ru, dv, 0, 0, o, o.Add(down), o.Add(down).Add(right), o.Add(right))
}

// picture is quad with one part of the texture stretched over the rectangle.
func (g *group) picture(m material, c cut, o, right, down geom.Vec3) *surface {
	w, h := float64(m.tex.w), float64(m.tex.h)
	uA := right.Scale((c.u1 - c.u0) * w / right.Norm2())
	vA := down.Scale((c.v1 - c.v0) * h / down.Norm2())
	return g.add(m, uA, vA, c.u0*w-uA.Dot(o), c.v0*h-vA.Dot(o), o, o.Add(down), o.Add(down).Add(right), o.Add(right))
}

// polygon adds any convex polygon; the texture lies level, repeating by the
// material's width.
func (g *group) polygon(m material, verts ...geom.Vec3) *surface {
	n := verts[1].Sub(verts[0]).Cross(verts[2].Sub(verts[0])).Unit()
	right := geom.Vec3{Z: 1}.Cross(n)
	if right.Norm() < 1e-6 {
		right = geom.Vec3{X: 1}
	}
	right = right.Unit()
	down := right.Cross(n).Unit()
	s := float64(m.tex.w) / m.widthM
	return g.add(m, right.Scale(s), down.Scale(s), 0, 0, verts...)
}

// axes is the local frame of a piece of furniture: x and y turned by a heading
// about the vertical through the origin.
type axes struct{ o, x, y geom.Vec3 }

// at returns the frame at (x, y, z), turned by yaw radians.
func at(x, y, z, yaw float64) axes {
	s, c := math.Sincos(yaw)
	return axes{o: geom.Vec3{X: x, Y: y, Z: z}, x: geom.Vec3{X: c, Y: s}, y: geom.Vec3{X: -s, Y: c}}
}

// p returns the world point of local coordinates.
func (a axes) p(x, y, z float64) geom.Vec3 {
	return a.o.Add(a.x.Scale(x)).Add(a.y.Scale(y)).Add(geom.Vec3{Z: z})
}

// moved returns the frame shifted within itself and turned further.
func (a axes) moved(x, y, z, yaw float64) axes {
	s, c := math.Sincos(yaw)
	return axes{o: a.p(x, y, z), x: a.x.Scale(c).Add(a.y.Scale(s)), y: a.y.Scale(c).Sub(a.x.Scale(s))}
}

// box adds the five faces that can be seen of a box standing on x0..x1, y0..y1,
// z0..z1 of the frame, or six where its bottom is above the frame's ground.
func (g *group) box(m material, a axes, x0, y0, z0, x1, y1, z1 float64) {
	dx, dy, dz := a.x.Scale(x1-x0), a.y.Scale(y1-y0), geom.Vec3{Z: z0 - z1}
	neg := func(v geom.Vec3) geom.Vec3 { return v.Scale(-1) }
	g.quad(m, a.p(x0, y0, z1), dx, dz)      // front, facing -y
	g.quad(m, a.p(x1, y1, z1), neg(dx), dz) // back
	g.quad(m, a.p(x0, y1, z1), neg(dy), dz) // left, facing -x
	g.quad(m, a.p(x1, y0, z1), dy, dz)      // right
	g.quad(m, a.p(x0, y1, z1), dx, neg(dy)) // top
	if a.o.Z+z0 > .01 {
		g.quad(m, a.p(x0, y0, z0), dx, dy)
	}
}

// ledge adds the faces of a box that stands out from a wall behind it: all but
// the back.
func (g *group) ledge(m material, a axes, x0, y0, z0, x1, y1, z1 float64) {
	dx, dy, dz := a.x.Scale(x1-x0), a.y.Scale(y1-y0), geom.Vec3{Z: z0 - z1}
	g.quad(m, a.p(x1, y1, z1), dx.Scale(-1), dz)
	g.quad(m, a.p(x0, y1, z1), dy.Scale(-1), dz)
	g.quad(m, a.p(x1, y0, z1), dy, dz)
	g.quad(m, a.p(x0, y1, z1), dx, dy.Scale(-1))
	if z0 > 0 {
		g.quad(m, a.p(x0, y0, z0), dx, dy)
	}
}

// prism adds a vertical cylinder of n sides between two heights; radii may
// differ.
func (g *group) prism(m material, a axes, n int, r0, z0, r1, z1 float64) {
	corner := func(i int, r, z float64) geom.Vec3 {
		s, c := math.Sincos(2 * math.Pi * float64(i) / float64(n))
		return a.p(r*c, r*s, z)
	}
	top := make([]geom.Vec3, n)
	for i := range n {
		g.polygon(m, corner(i, r0, z0), corner(i+1, r0, z0), corner(i+1, r1, z1), corner(i, r1, z1))
		top[i] = corner(i, r1, z1)
	}
	g.polygon(m, top...)
}
