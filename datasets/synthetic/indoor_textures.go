package synthetic

import (
	"math"
	"math/rand/v2"
)

// The textures of the flat, in the order of indoorRecipes.
const (
	texPlaster = iota
	texPlasterTinted
	texWallpaper
	texBrickwork
	texFloorboards
	texCarpet
	texCeiling
	texOak
	texDarkWood
	texLacquer
	texFabric
	texFabricPattern
	texBooks
	texPrint
	texCardboard
	texPlastic
	texScreen
	texView
	texTiles
	texLeaves
	texDoor
	texRug
	texPoster0
	numPosters  = 12
	numIndoors  = texPoster0 + numPosters
	cartonSides = 4 // of different print in texCardboard
)

// Width of texBooks and of one spine in it, in texels.
const (
	booksPx  = 2048
	spinePx  = 48
	numBooks = booksPx / spinePx
)

// indoorRecipes returns the painters of the indoor textures.
func indoorRecipes() []recipe {
	r := make([]recipe, numIndoors)
	r[texPlaster] = func(r *rand.Rand) *canvas { return paintPlaster(rgb{.83, .81, .77}, .010, r) }
	r[texPlasterTinted] = func(r *rand.Rand) *canvas { return paintPlaster(randomColor(r, .7, .12), .016, r) }
	r[texWallpaper] = paintWallpaper
	r[texBrickwork] = func(r *rand.Rand) *canvas { return paintBrick(rgb{.56, .33, .26}, rgb{.68, .65, .6}, r) }
	r[texFloorboards] = paintFloorboards
	r[texCarpet] = func(r *rand.Rand) *canvas { return paintWoven(randomColor(r, .42, .2), 4, .2, r) }
	r[texCeiling] = func(r *rand.Rand) *canvas { return paintPlaster(rgb{.88, .88, .86}, .012, r) }
	r[texOak] = func(r *rand.Rand) *canvas { return paintWood(rgb{.66, .5, .33}, r) }
	r[texDarkWood] = func(r *rand.Rand) *canvas { return paintWood(rgb{.36, .23, .16}, r) }
	r[texLacquer] = func(r *rand.Rand) *canvas { return paintPlaster(rgb{.8, .8, .8}, .02, r) }
	r[texFabric] = func(r *rand.Rand) *canvas { return paintWoven(randomColor(r, .45, .25), 3, .12, r) }
	r[texFabricPattern] = paintPatternedFabric
	r[texBooks] = paintBooks
	r[texPrint] = paintPage
	r[texCardboard] = paintCardboard
	r[texPlastic] = func(r *rand.Rand) *canvas { return paintPlaster(rgb{.17, .17, .18}, .05, r) }
	r[texScreen] = paintScreen
	r[texView] = paintView
	r[texTiles] = paintTiles
	r[texLeaves] = paintLeaves
	r[texDoor] = paintDoor
	r[texRug] = paintRug
	for i := range numPosters {
		r[texPoster0+i] = paintPoster
	}
	return r
}

// paintPlaster is nearly without texture, as painted walls are.
func paintPlaster(col rgb, amp float32, r *rand.Rand) *canvas {
	c := newCanvas(256, 256, col)
	c.mottle(128, .8, amp, r)
	c.mottle(4, .5, amp, r)
	c.grain(amp/2, r)
	return c
}

func paintWallpaper(r *rand.Rand) *canvas {
	base := randomColor(r, .72, .08)
	ink := randomColor(r, .5, .25)
	c := newCanvas(256, 256, base)
	const pitch = 64
	for j := range 4 {
		for i := range 4 {
			x, y := float64(i*pitch+16+(j%2)*pitch/2), float64(j*pitch+32)
			if x+24 > 256 {
				x -= 256
			}
			for k := range 6 {
				a := float64(k) * math.Pi / 3
				c.disc(x+11*math.Cos(a), y+11*math.Sin(a), 5, ink)
			}
			c.disc(x, y, 6, ink.mul(.7))
		}
	}
	c.mottle(64, .8, .02, r)
	c.grain(.012, r)
	return c
}

// paintBrick lays courses of half-bond bricks, each with its own shade.
func paintBrick(brick, mortar rgb, r *rand.Rand) *canvas {
	c := newCanvas(512, 512, mortar)
	c.grain(.06, r)
	const bw, bh = 64, 32 // eight bricks and sixteen courses
	for j := range 512 / bh {
		for i := range 512/bw + 1 {
			x := i*bw - (j%2)*bw/2
			shade := brick.mul(float32(1 + .13*r.NormFloat64()))
			shade[0] *= float32(1 + .06*r.NormFloat64())
			if i == 512/bw { // the brick that goes round the edge
				shade = rgb{c.pix[3*((j*bh+bh/2)*512)], c.pix[3*((j*bh+bh/2)*512)+1], c.pix[3*((j*bh+bh/2)*512)+2]}
			}
			c.rect(x+2, j*bh+2, x+bw-2, j*bh+bh-2, shade)
			c.rect(x+2, j*bh+bh-4, x+bw-2, j*bh+bh-2, shade.mul(.8))
		}
	}
	c.mottle(16, .7, .08, r)
	c.mottle(128, .9, .05, r)
	c.grain(.06, r)
	return c
}

func paintFloorboards(r *rand.Rand) *canvas {
	c := newCanvas(1024, 512, rgb{.55, .4, .26})
	const planks = 8
	h := c.h / planks
	grain := fractal(c.w, c.h, 64, .8, r)
	for j := range planks {
		shift, joint := r.IntN(c.h), r.IntN(c.w)
		shade := [2]float64{1 + .12*r.NormFloat64(), 1 + .12*r.NormFloat64()}
		for y := j * h; y < (j+1)*h; y++ {
			for x := range c.w {
				k := 0
				if (x+c.w-joint)%c.w > c.w*6/10 {
					k = 1
				}
				// Grain runs along the plank: the field is stretched eightfold.
				f := grain[((y+shift)%c.h)*c.w+(x/8+k*317)%c.w]
				p := c.pix[3*(y*c.w+x):][:3]
				s := float32(shade[k]) * (1 + .12*f)
				p[0], p[1], p[2] = p[0]*s, p[1]*s, p[2]*s
			}
		}
		c.rect(0, j*h, c.w, j*h+2, rgb{.2, .13, .08})
		c.rect(joint, j*h, joint+2, (j+1)*h, rgb{.2, .13, .08})
		end := (joint + c.w*6/10) % c.w
		c.rect(end, j*h, end+2, (j+1)*h, rgb{.2, .13, .08})
	}
	c.mottle(128, 1, .05, r)
	c.grain(.03, r)
	return c
}

// paintWood has rings cut lengthwise: bands along y bent by a slow field.
func paintWood(col rgb, r *rand.Rand) *canvas {
	c := newCanvas(256, 512, col)
	bend, fine := fractal(c.w, c.h, 128, 1.2, r), fractal(c.w, c.h, 16, .6, r)
	for i := range bend {
		x, y := i%c.w, i/c.w
		ring := math.Sin(2*math.Pi*(6*float64(x)/256) + 3*float64(bend[i]))
		streak := fine[(y/16)*c.w+x]
		s := float32(1 + .08*ring + .09*float64(streak))
		p := c.pix[3*i:][:3]
		p[0], p[1], p[2] = p[0]*s, p[1]*s, p[2]*s
	}
	c.mottle(64, .9, .05, r)
	c.grain(.02, r)
	return c
}

// paintWoven has threads of the given pitch in pixels.
func paintWoven(col rgb, pitch int, amp float64, r *rand.Rand) *canvas {
	c := newCanvas(256, 256, col)
	for y := range c.h {
		for x := range c.w {
			s := 1.0
			if (x/pitch+y/pitch)%2 == 0 {
				s -= amp
			}
			p := c.pix[3*(y*c.w+x):][:3]
			for k := range 3 {
				p[k] *= float32(s)
			}
		}
	}
	c.mottle(16, .6, float32(amp)/2, r)
	c.grain(float32(amp)/2, r)
	return c
}

func paintPatternedFabric(r *rand.Rand) *canvas {
	c := paintWoven(randomColor(r, .5, .2), 2, .1, r)
	a, b := randomColor(r, .35, .4), randomColor(r, .65, .3)
	for i := range 4 {
		c.rect(i*64, 0, i*64+14, 256, a)
		c.rect(0, i*64+24, 256, i*64+30, b)
	}
	c.mottle(32, .8, .08, r)
	c.grain(.06, r)
	return c
}

// paintBooks paints numBooks spines side by side.
func paintBooks(r *rand.Rand) *canvas {
	const w = spinePx
	c := newCanvas(booksPx, 256, rgb{.1, .1, .1})
	for i := range numBooks {
		x := i * w
		col := randomColor(r, uniform(r, .2, .7), uniform(r, 0, .6))
		c.rect(x, 0, x+w, c.h, col)
		ink := rgb{.93, .9, .8}
		if col[0]+col[1]+col[2] > 1.4 {
			ink = rgb{.12, .1, .1}
		}
		band := r.IntN(60)
		c.rect(x, band, x+w, band+6+r.IntN(24), randomColor(r, .5, .6))
		top := 60 + r.IntN(50)
		c.print(x+8, top, x+w-8, top+40+r.IntN(90), 10+r.IntN(12), ink, r)
		c.rect(x+10, 225, x+w-10, 225+r.IntN(20), ink)
		c.rect(x, 0, x+3, c.h, col.mul(.6))
		c.rect(x+w-3, 0, x+w, c.h, col.mul(.7))
	}
	c.mottle(32, .7, .06, r)
	c.grain(.03, r)
	return c
}

func paintPage(r *rand.Rand) *canvas {
	c := newCanvas(256, 256, rgb{.9, .89, .85})
	c.print(20, 16, 200, 40, 20, rgb{.1, .1, .12}, r)
	c.print(20, 52, 120, 244, 6, rgb{.2, .2, .2}, r)
	c.print(136, 52, 236, 140, 6, rgb{.2, .2, .2}, r)
	c.photo(136, 150, 236, 240, randomColor(r, .4, .4), randomColor(r, .6, .4), r)
	c.grain(.02, r)
	return c
}

func paintCardboard(r *rand.Rand) *canvas {
	c := newCanvas(512, 128, rgb{.6, .47, .33})
	for i := range cartonSides {
		x := i * 128
		switch i {
		case 0:
			c.rect(x, 54, x+128, 74, rgb{.72, .62, .45}) // tape
		case 1:
			c.rect(x+20, 20, x+100, 80, rgb{.9, .9, .88})
			c.print(x+26, 26, x+94, 76, 7, rgb{.1, .1, .1}, r)
		case 2:
			c.rect(x, 0, x+128, 128, randomColor(r, .5, .6))
			c.photo(x+10, 40, x+118, 118, randomColor(r, .4, .5), randomColor(r, .7, .5), r)
			c.print(x+12, 8, x+116, 34, 22, rgb{.95, .95, .9}, r)
		default:
			c.print(x+12, 16, x+110, 60, 18, rgb{.2, .12, .08}, r)
			c.triangle(float64(x)+30, 110, float64(x)+50, 78, float64(x)+70, 110, rgb{.2, .12, .08})
		}
	}
	c.mottle(32, .8, .06, r)
	c.grain(.04, r)
	return c
}
