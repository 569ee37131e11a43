package synthetic

import (
	"math"

	"github.com/metricslam/metricslam/geom"
)

// lightmap is the light that falls on a surface (its irradiance over pi, so
// that a white surface has this radiance), on a grid over the surface's plane.
type lightmap struct {
	w, h   int
	pix    [][3]float32
	uA, vA geom.Vec3 // grid coordinates (uA.p + u0, vA.p + v0), nodes at integers
	u0, v0 float64
}

// at interpolates the light at grid coordinates, held at the border.
func (l *lightmap) at(u, v float64) [3]float32 {
	u, v = min(max(u, 0), float64(l.w-1)), min(max(v, 0), float64(l.h-1))
	x, y := int(u), int(v)
	fx, fy := float32(u-float64(x)), float32(v-float64(y))
	x1, y1 := min(x+1, l.w-1), min(y+1, l.h-1)
	a, b := &l.pix[y*l.w+x], &l.pix[y*l.w+x1]
	c, d := &l.pix[y1*l.w+x], &l.pix[y1*l.w+x1]
	var out [3]float32
	for k := range 3 {
		top, bottom := a[k]+fx*(b[k]-a[k]), c[k]+fx*(d[k]-c[k])
		out[k] = top + fy*(bottom-top)
	}
	return out
}

// glowAt returns the light at pixel (x, y) of polygon q, under the gain.
func (p *painter) glowAt(q *projected, sh *shading, x, y float64) (g glow) {
	s := q.surf
	z := 1 / max(q.w0+q.wx*x+q.wy*y, 1e-9)
	var light [3]float32
	switch {
	case s.emit > 0:
		light = [3]float32{float32(s.emit), float32(s.emit), float32(s.emit)}
	case s.light != nil:
		light = s.light.at(sh.lu.at(x, y, z), sh.lv.at(x, y, z))
	default:
		for k := range 3 {
			light[k] = float32(s.flat[k])
		}
	}
	through := 1.0
	if p.around.hazePerM > 0 {
		through = math.Exp(-p.around.hazePerM * z)
	}
	var mirror [3]float64
	if s.gloss > 0 {
		mirror = p.mirrored(s, x, y, z)
	}
	k := p.gain * fullScale
	for i := range 3 {
		g.mul[i] = float32(k*through*s.tint[i]) * light[i]
		g.add[i] = float32(k * (through*mirror[i] + (1-through)*p.around.haze[i]))
	}
	return g
}

// mirrored returns the radiance that a glossy surface reflects to the camera:
// Schlick's approximation of Fresnel's share times lamps, seen as Phong lobes,
// and the surroundings.
func (p *painter) mirrored(s *surface, x, y, z float64) (out [3]float64) {
	ray := p.pose.R.MulVec(p.cam.Ray(geom.Vec2{X: x, Y: y}))
	at := p.pose.T.Add(ray.Scale(z))
	d := ray.Unit()
	cos := max(-d.Dot(s.n), 0)
	share := s.gloss + (1-s.gloss)*math.Pow(1-cos, 5)*min(4*s.gloss, .6)
	r := d.Add(s.n.Scale(2 * cos))
	for _, l := range p.around.lamps {
		to := l.pos
		if !l.far {
			to = l.pos.Sub(at).Unit()
		}
		c := r.Dot(to)
		if c <= .5 {
			continue
		}
		lobe := math.Exp(l.sharp * (c - 1)) // c^sharp, near 1
		for k := range 3 {
			out[k] += share * lobe * l.radiance[k]
		}
	}
	up := .5 + .5*r.Z
	for k := range 3 {
		out[k] += share * (p.around.haze[k]*(1-up) + p.around.zenith[k]*up) * .6
	}
	return out
}

// skyAt returns texture level and glow of the sky at a place of the picture;
// below the horizon and indoors all is haze.
func (p *painter) skyGlow(x, y float64) (g glow, z float64) {
	w := p.sky.w0 + p.sky.wx*x + p.sky.wy*y
	through := 0.0
	z = math.Inf(1)
	if p.around.sky != nil && w > 1e-6 {
		z = 1 / w
		through = math.Exp(-z / (6 * skyHeightM))
	}
	k := p.gain * fullScale
	for i := range 3 {
		g.mul[i] = float32(k * through * p.around.zenith[i])
		g.add[i] = float32(k * (1 - through) * p.around.haze[i])
	}
	return g, z
}

func (p *painter) skyPoint(x, y float64) uint64 {
	g, z := p.skyGlow(x, y)
	if g.mul[1] == 0 {
		return texel(0).lit(&g, &g, 0)
	}
	sh := p.shadingOf(&p.sky)
	f := p.footprint(&p.sky, sh, x, y)
	return f.sample(int64(sh.u.at(x, y, z)), int64(sh.v.at(x, y, z))).lit(&g, &g, 0)
}

func (p *painter) runSky(y, x0, x1 int) {
	row := y * p.cam.W
	for x := x0; x < x1; x++ {
		p.light[row+x] = p.skyPoint(float64(x), float64(y))
		p.depthM[row+x] = 0
	}
}
