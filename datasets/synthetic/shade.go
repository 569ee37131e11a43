package synthetic

import (
	"math"

	"github.com/metricslam/metricslam/geom"
)

// fullScale is the largest value of linear light in a rendered picture: 12
// bits, like a camera's converter. Three colours travel in one word, in lanes
// of 16 bits (red lowest), so that up to 16 samples can be summed at once.
const fullScale = 4095

// segment is the run of pixels over which light and texture level are
// interpolated.
const segment = 16

// inverse[n] is 1/n.
var inverse = func() (t [segment + 1]float32) {
	for n := 1; n <= segment; n++ {
		t[n] = 1 / float32(n)
	}
	return t
}()

// planar is an affine function of the point on a surface, as a function of the
// pixel: f = z (x fx + y fy + f0) + fc.
type planar struct{ x, y, f0, c float64 }

func (f *planar) at(x, y, z float64) float64 { return z*(x*f.x+y*f.y+f.f0) + f.c }

// shading is what a polygon needs to be shaded in one picture.
type shading struct {
	u, v   planar // texture, in 1/256 texels
	lu, lv planar // light map, in its texels
	tile   tileShade
}

// painter shades polygons into linear light under a gain.
type painter struct {
	*raster
	around *surroundings
	gain   float64
	sky    projected
	shades []shading // of the sky, where there is one, and of the polygons in sight
	light  []uint64  // W*H pixels of three lanes
	depthM []float32 // W*H, 0 for the sky
}

func newPainter(cam geom.Camera, around *surroundings) *painter {
	n := cam.W * cam.H
	return &painter{raster: newRaster(cam), around: around, light: make([]uint64, n), depthM: make([]float32, n)}
}

// poseRows is how many rows of a rolling picture share a pose: a camera that turns
// by a radian a second, read in 20 ms, shows steps of a tenth of a pixel.
const poseRows = bandRows / 2

// paint fills light and depthM with the picture from pose.
func (p *painter) paint(pose geom.SE3, groups []*group, gain float64) {
	p.gain = gain
	p.aim(pose, groups)
	for y0 := 0; y0 < p.cam.H; y0 += bandRows {
		p.band(y0)
		p.rows(y0, y0, bandRows)
	}
}

// paintRolling is paint of a picture whose rows are seen from where pose says the
// camera is when they are exposed.
func (p *painter) paintRolling(pose func(row float64) geom.SE3, groups []*group, gain float64) {
	p.gain = gain
	for y0 := 0; y0 < p.cam.H; y0 += bandRows {
		for y := y0; y < min(y0+bandRows, p.cam.H); y += poseRows {
			p.aim(pose(float64(y)+(poseRows-1)/2.), groups)
			p.band(y0)
			p.rows(y, y0, poseRows)
		}
	}
}

// aim projects everything for a pose.
func (p *painter) aim(pose geom.SE3, groups []*group) {
	p.begin(pose, groups)
	p.shades = p.shades[:0]
	p.setSky()
}

// rows shades n rows from y on, of the band that begins at bandY.
func (p *painter) rows(y, bandY, n int) {
	for end := min(y+n, p.cam.H); y < end; y++ {
		p.row(y, bandY)
	}
}

// planarOf returns the function a.p + c of the points p on a plane.
func (p *painter) planarOf(a geom.Vec3, c, scale float64) planar {
	ac := p.pose.R.TMulVec(a).Scale(scale)
	fx, fy := ac.X/p.cam.Fx, ac.Y/p.cam.Fy
	return planar{x: fx, y: fy, f0: ac.Z - fx*p.cam.Cx - fy*p.cam.Cy, c: (a.Dot(p.pose.T) + c) * scale}
}

// shadingOf returns the shading of q, set up when first needed.
func (p *painter) shadingOf(q *projected) *shading {
	if q.shade == 0 {
		p.shades = append(p.shades, p.newShading(q.surf))
		q.shade = int32(len(p.shades))
	}
	return &p.shades[q.shade-1]
}

func (p *painter) newShading(s *surface) (sh shading) {
	sh.u = p.planarOf(s.uA, s.u0, 256)
	sh.v = p.planarOf(s.vA, s.v0, 256)
	if l := s.light; l != nil {
		sh.lu = p.planarOf(l.uA, l.u0, 1)
		sh.lv = p.planarOf(l.vA, l.v0, 1)
	}
	return sh
}

// skyHeightM is the height of the clouds over the camera.
const skyHeightM = 1000

// setSky lays the clouds on a plane that moves with the camera.
func (p *painter) setSky() {
	p.sky = projected{}
	if p.around.sky == nil {
		return
	}
	up := p.pose.R.TMulVec(geom.Vec3{Z: 1}).Scale(1 / skyHeightM)
	p.sky.wx, p.sky.wy = up.X/p.cam.Fx, up.Y/p.cam.Fy
	p.sky.w0 = up.Z - p.sky.wx*p.cam.Cx - p.sky.wy*p.cam.Cy
	const widthM = 3000
	s := 256 * float64(p.around.sky.w) / widthM
	here := p.pose.T
	offset := textureOffset * widthM / float64(p.around.sky.w)
	p.shades = append(p.shades, shading{
		u: p.planarOf(geom.Vec3{X: 1}, offset-here.X, s),
		v: p.planarOf(geom.Vec3{Y: 1}, offset-here.Y, s),
	})
	p.sky.shade = 1
}

func (p *painter) polygon(id int32) *projected {
	if id == 0 {
		return &p.sky
	}
	return &p.polys[id-1]
}

// row shades one row of pixels: runs of pixels with one surface behind them in
// one go, pixels with an edge by each of their surfaces.
func (p *painter) row(y, bandY int) {
	mid := (2*(y-bandY) + 1) * p.sw
	up, own, down := p.id[mid-p.sw:mid], p.id[mid:mid+p.sw], p.id[mid+p.sw:mid+2*p.sw]
	start := 0
	for x := 0; x < p.cam.W; x++ {
		i := 2*x + 1
		c := own[i]
		if own[i-1] == c && own[i+1] == c && up[i] == c && down[i] == c &&
			up[i-1] == c && up[i+1] == c && down[i-1] == c && down[i+1] == c {
			if x > start && own[2*start+1] != c {
				p.run(p.polygon(own[2*start+1]), y, start, x)
				start = x
			}
			continue
		}
		if x > start {
			p.run(p.polygon(own[2*start+1]), y, start, x)
		}
		p.mixed(x, y, up[i-1:i+2], own[i-1:i+2], down[i-1:i+2])
		start = x + 1
	}
	if start < p.cam.W {
		p.run(p.polygon(own[2*start+1]), y, start, p.cam.W)
	}
}

// glow is light on a surface: what multiplies its texture (12 bits and 8 binary
// places) and what is added.
type glow struct{ mul, add [3]float32 }

// run shades pixels [x0, x1) of row y, all of polygon q.
func (p *painter) run(q *projected, y, x0, x1 int) {
	if q.surf == nil {
		p.runSky(y, x0, x1)
		return
	}
	sh := p.shadingOf(q)
	fy := float64(y)
	wRow := q.w0 + q.wy*fy
	out, depth := p.light[y*p.cam.W:][:p.cam.W], p.depthM[y*p.cam.W:][:p.cam.W]
	uRow, vRow := sh.u.y*fy+sh.u.f0, sh.v.y*fy+sh.v.f0
	g0 := p.glowAt(q, sh, float64(x0), fy)
	for x0 < x1 {
		n := min(segment, x1-x0)
		g1 := g0
		if n > 1 {
			g1 = p.glowAt(q, sh, float64(min(x0+n, x1-1)), fy)
		}
		k := inverse[max(min(n, x1-1-x0), 1)]
		s := p.footprint(q, sh, float64(x0)+float64(n)/2, fy)
		for x := x0; x < x0+n; x++ {
			fx := float64(x)
			z := 1 / (wRow + q.wx*fx)
			depth[x] = float32(z)
			u := int64(z*(uRow+sh.u.x*fx) + sh.u.c)
			v := int64(z*(vRow+sh.v.x*fx) + sh.v.c)
			t := float32(x-x0) * k
			out[x] = s.sample(u, v).lit(&g0, &g1, t)
		}
		g0 = g1
		x0 += n
	}
}

// texel is a filtered texture colour, lanes of 8 bits in the order of spread.
type texel uint64

// lit returns the three lanes of linear light of the texel under the glow t of
// the way from g0 to g1.
func (c texel) lit(g0, g1 *glow, t float32) uint64 {
	r := linearLight[uint8(c)]*(g0.mul[0]+t*(g1.mul[0]-g0.mul[0])) + g0.add[0] + t*(g1.add[0]-g0.add[0])
	g := linearLight[uint8(c>>32)]*(g0.mul[1]+t*(g1.mul[1]-g0.mul[1])) + g0.add[1] + t*(g1.add[1]-g0.add[1])
	b := linearLight[uint8(c>>16)]*(g0.mul[2]+t*(g1.mul[2]-g0.mul[2])) + g0.add[2] + t*(g1.add[2]-g0.add[2])
	return uint64(min(int32(r), fullScale)) | uint64(min(int32(g), fullScale))<<16 | uint64(min(int32(b), fullScale))<<32
}

// footprint is how a texture is filtered around a pixel: the pyramid level and,
// on slanted surfaces, probes along the longer axis of the pixel's footprint.
type footprint struct {
	tex    *texture
	level  int
	frac   uint64
	probes int // 1, 2 or 4
	du, dv int64
}

// footprint measures how far the texture coordinates move from pixel to pixel.
func (p *painter) footprint(q *projected, sh *shading, x, y float64) footprint {
	w := max(q.w0+q.wx*x+q.wy*y, 1e-9)
	z := 1 / w
	u, v := &sh.u, &sh.v
	ru, rv := z*(x*u.x+y*u.y+u.f0), z*(x*v.x+y*v.y+v.f0)
	ux, uy := z*(u.x-ru*q.wx), z*(u.y-ru*q.wy)
	vx, vy := z*(v.x-rv*q.wx), z*(v.y-rv*q.wy)
	return newFootprint(p.texture(q), ux, vx, uy, vy)
}

func (p *painter) texture(q *projected) *texture {
	if q.surf == nil {
		return p.around.sky
	}
	return q.surf.tex
}

// newFootprint takes the derivatives of (u, v), in 1/256 texels, along a row
// and along a column.
func newFootprint(tex *texture, ux, vx, uy, vy float64) footprint {
	major, minor := ux*ux+vx*vx, uy*uy+vy*vy
	du, dv := ux, vx
	if minor > major {
		major, minor = minor, major
		du, dv = uy, vy
	}
	f := footprint{tex: tex, probes: 1}
	switch ratio := major / max(minor, 1); {
	case ratio > 9:
		f.probes = 4
	case ratio > 2.2:
		f.probes = 2
	}
	n := float64(f.probes)
	f.du, f.dv = int64(du/n), int64(dv/n)
	// Squared texels of the side of one probe's footprint.
	side := max(major/(n*n), minor) / (256 * 256)
	if side > 1 {
		lod := math.Log2(side) / 2
		f.level = int(lod)
		f.frac = uint64((lod - float64(f.level)) * 256)
		switch { // almost one level: that alone
		case f.frac < 16:
			f.frac = 0
		case f.frac > 240:
			f.level, f.frac = f.level+1, 0
		}
		if f.level >= len(tex.levels)-1 {
			f.level, f.frac = len(tex.levels)-1, 0
		}
	}
	return f
}

func (f *footprint) sample(u, v int64) texel {
	switch f.probes {
	case 1:
		return texel(f.tex.trilinear(f.level, f.frac, u, v))
	case 2:
		a := f.tex.trilinear(f.level, f.frac, u-f.du/2, v-f.dv/2)
		b := f.tex.trilinear(f.level, f.frac, u+f.du/2, v+f.dv/2)
		return texel((a + b + 0x0001_0001_0001) >> 1 & laneMask)
	default:
		u, v = u-f.du*3/2, v-f.dv*3/2
		sum := uint64(0x0002_0002_0002)
		for range 4 {
			sum += f.tex.trilinear(f.level, f.frac, u, v)
			u, v = u+f.du, v+f.dv
		}
		return texel(sum >> 2 & laneMask)
	}
}

// mixed shades a pixel with edges: its nine sub-samples carry the weights of a
// tent of one pixel's half width, and every surface is shaded once, in the
// middle of its share.
func (p *painter) mixed(x, y int, rows ...[]int32) {
	type share struct {
		id        int32
		w, sx, sy int
	}
	var shares [9]share
	n := 0
	for j := range 3 {
		for i := range 3 {
			id, w := rows[j][i], (2-abs(i-1))*(2-abs(j-1))
			k := 0
			for k < n && shares[k].id != id {
				k++
			}
			if k == n {
				shares[n] = share{id: id}
				n++
			}
			shares[k].w += w
			shares[k].sx += w * (i - 1)
			shares[k].sy += w * (j - 1)
		}
	}
	var sum uint64
	for _, s := range shares[:n] {
		fw := float64(s.w)
		px, py := float64(x)+float64(s.sx)/fw/2, float64(y)+float64(s.sy)/fw/2
		sum += p.point(p.polygon(s.id), px, py) * uint64(s.w)
	}
	i := y*p.cam.W + x
	p.light[i] = sum >> 4 & 0x0fff_0fff_0fff
	p.depthM[i] = 0
	if q := p.polygon(rows[1][1]); q.surf != nil {
		p.depthM[i] = float32(1 / (q.w0 + q.wx*float64(x) + q.wy*float64(y)))
	}
}

// tileShade is the light and the filter of a polygon in a tile of the picture,
// which its pixels with edges share.
type tileShade struct {
	key  int32 // place of the tile + 1; 0: none
	glow glow
	foot footprint
}

// tileBits is the logarithm of a tile's side in pixels.
const tileBits = 3

// point shades polygon q at one place of the picture.
func (p *painter) point(q *projected, x, y float64) uint64 {
	if q.surf == nil {
		return p.skyPoint(x, y)
	}
	sh := p.shadingOf(q)
	t := &sh.tile
	z := 1 / max(q.w0+q.wx*x+q.wy*y, 1e-9)
	if key := int32(x+.5)>>tileBits + int32(y+.5)>>tileBits<<12 + 1; t.key != key {
		t.key = key
		t.glow = p.glowAt(q, sh, x, y)
		t.foot = p.footprint(q, sh, x, y)
	}
	return t.foot.sample(int64(sh.u.at(x, y, z)), int64(sh.v.at(x, y, z))).lit(&t.glow, &t.glow, 0)
}

func abs(i int) int { return max(i, -i) }
