package synthetic

import (
	"math"
	"math/rand/v2"
)

// The textures of the city, in the order of streetRecipes.
const (
	texAsphalt = iota
	texPaving
	texBrickRed
	texBrickPale
	texRender
	texStone
	texWindows
	texShops
	texRoof
	texPaint
	texGlass
	texWheel
	texSigns
	texFoliage
	texBark
	texMarking
	texKerb
	texSteel
	texHedge
	texClouds
	texFrontDoor
	texBill0
	numBills   = 5
	numStreets = texBill0 + numBills

	windowsAcross, windowsDown = 4, 2 // in texWindows
	shopsDown                  = 4    // in texShops
	signsAcross                = 4    // in texSigns
)

// streetRecipes returns the painters of the textures of the city.
func streetRecipes() []recipe {
	r := make([]recipe, numStreets)
	r[texAsphalt] = paintAsphalt
	r[texPaving] = paintPaving
	r[texBrickRed] = func(r *rand.Rand) *canvas { return paintBrick(rgb{.52, .3, .24}, rgb{.6, .57, .52}, r) }
	r[texBrickPale] = func(r *rand.Rand) *canvas { return paintBrick(rgb{.68, .6, .46}, rgb{.55, .52, .48}, r) }
	r[texRender] = paintRender
	r[texStone] = paintStone
	r[texWindows] = paintWindows
	r[texShops] = paintShops
	r[texRoof] = paintRoof
	r[texPaint] = func(r *rand.Rand) *canvas { return paintPlaster(rgb{.9, .9, .9}, .012, r) }
	r[texGlass] = func(r *rand.Rand) *canvas { return paintPlaster(rgb{.17, .19, .21}, .12, r) }
	r[texWheel] = paintWheel
	r[texSigns] = paintSigns
	r[texFoliage] = paintLeaves
	r[texBark] = func(r *rand.Rand) *canvas { return paintWood(rgb{.34, .29, .24}, r) }
	r[texMarking] = paintMarking
	r[texKerb] = func(r *rand.Rand) *canvas { return paintPlaster(rgb{.55, .54, .52}, .06, r) }
	r[texSteel] = func(r *rand.Rand) *canvas { return paintPlaster(rgb{.36, .38, .4}, .06, r) }
	r[texHedge] = paintLeaves
	r[texClouds] = paintClouds
	r[texFrontDoor] = paintDoor
	for i := range numBills {
		r[texBill0+i] = paintPoster
	}
	return r
}

// paintAsphalt has stones of many shades, repairs and cracks.
func paintAsphalt(r *rand.Rand) *canvas {
	c := newCanvas(1024, 1024, rgb{.37, .37, .38})
	c.mottle(256, 1, .07, r)
	c.mottle(8, .3, .09, r)
	c.blobs(128, 1, 1.2, .15, rgb{.28, .28, .29}, .7, r)
	for range 14 {
		x, y, dir := uniform(r, 0, 1024), uniform(r, 0, 1024), uniform(r, 0, 2*math.Pi)
		for range 160 + r.IntN(240) {
			dir += .25 * r.NormFloat64()
			x, y = x+math.Cos(dir), y+math.Sin(dir)
			c.disc(math.Mod(x+2048, 1024), math.Mod(y+2048, 1024), 1, rgb{.2, .2, .2})
		}
	}
	for range 160 { // chewing gum, oil, leaves
		c.disc(uniform(r, 0, 1024), uniform(r, 0, 1024), uniform(r, 1.5, 6), rgb{.37, .37, .38}.mul(float32(uniform(r, .6, 1.5))))
	}
	c.grain(.14, r)
	return c
}

func paintPaving(r *rand.Rand) *canvas {
	c := newCanvas(512, 512, rgb{.33, .32, .3})
	for j := range 8 {
		for i := range 8 {
			x := (i*64 + (j%2)*32) % 512
			shade := rgb{.58, .56, .53}.mul(float32(1 + .07*r.NormFloat64()))
			c.rect(x+1, j*64+1, x+63, j*64+63, shade)
			if x > 448 {
				c.rect(0, j*64+1, x-512+63, j*64+63, shade)
			}
		}
	}
	c.mottle(64, .8, .05, r)
	c.blobs(64, .9, 1.6, .2, rgb{.36, .35, .33}, .5, r)
	c.grain(.07, r)
	return c
}

// paintRender is outdoor plaster with streaks of dirt.
func paintRender(r *rand.Rand) *canvas {
	c := newCanvas(512, 512, rgb{.86, .85, .83})
	dirt := fractal(512, 512, 64, .9, r)
	for i := range dirt {
		x, y := i%512, i/512
		s := 1 + .045*dirt[(y/8)*512+x]
		for k := range 3 {
			c.pix[3*i+k] *= s
		}
	}
	c.mottle(128, .9, .035, r)
	c.mottle(4, .5, .03, r)
	c.grain(.03, r)
	return c
}

func paintStone(r *rand.Rand) *canvas {
	c := newCanvas(512, 512, rgb{.42, .4, .37})
	for j := range 8 {
		for x := -r.IntN(60); x < 512; {
			w := 60 + r.IntN(80)
			c.rect(x+2, j*64+2, x+w-1, j*64+62, rgb{.66, .62, .56}.mul(float32(1+.09*r.NormFloat64())))
			x += w
		}
	}
	c.mottle(32, .8, .09, r)
	c.grain(.06, r)
	return c
}

// paintWindows paints frames, glazing bars and what is behind the panes.
func paintWindows(r *rand.Rand) *canvas {
	const w, h = 128, 256
	c := newCanvas(windowsAcross*w, windowsDown*h, rgb{})
	for j := range windowsDown {
		for i := range windowsAcross {
			x, y := i*w, j*h
			frame := rgb{.85, .84, .8}
			if r.IntN(3) == 0 {
				frame = randomColor(r, .35, .3)
			}
			c.rect(x, y, x+w, y+h, frame)
			c.rect(x+10, y+12, x+w-10, y+h-12, rgb{.16, .18, .2}.mul(float32(uniform(r, .6, 1.6))))
			c.mottleRect(x+10, y+12, x+w-10, y+h-12, 64, 1.1, .3, r)
			switch r.IntN(4) {
			case 0: // curtains
				cloth := randomColor(r, .66, .15)
				for k := range 9 {
					c.rect(x+10+k*4, y+12, x+13+k*4, y+h-12, cloth.mul(float32(.8+.2*float64(k%2))))
					c.rect(x+w-13-k*4, y+12, x+w-10-k*4, y+h-12, cloth.mul(float32(.8+.2*float64(k%2))))
				}
			case 1: // a blind
				for k := range (40 + r.IntN(120)) / 6 {
					c.rect(x+10, y+12+6*k, x+w-10, y+16+6*k, rgb{.7, .68, .62})
				}
			case 2: // a plant on the sill
				for range 24 {
					c.disc(float64(x)+uniform(r, 26, 100), float64(y+h)-uniform(r, 16, 80), uniform(r, 3, 8), rgb{.25, .36, .18}.mul(float32(uniform(r, .6, 1.3))))
				}
			}
			c.rect(x+w/2-4, y+12, x+w/2+4, y+h-12, frame)
			c.rect(x+10, y+80, x+w-10, y+87, frame)
			c.frame(x, y, x+w, y+h, 5, frame.mul(.75))
		}
	}
	c.grain(.02, r)
	return c
}

// paintShops paints shop fronts: a sign of large print over panes with goods.
func paintShops(r *rand.Rand) *canvas {
	const w, h = 512, 256
	c := newCanvas(w, shopsDown*h, rgb{})
	for j := range shopsDown {
		y := j * h
		board := randomColor(r, uniform(r, .2, .6), .6)
		c.rect(0, y, w, y+h, board.mul(.7))
		c.rect(0, y, w, y+56, board)
		c.print(30+r.IntN(60), y+10, w-30-r.IntN(100), y+50, 34, rgb{.93, .92, .85}, r)
		for i := range 3 {
			x := 14 + i*166
			c.rect(x, y+68, x+152, y+h-26, rgb{.2, .2, .2})
			c.photo(x+6, y+74, x+146, y+h-32, randomColor(r, .2, .4), randomColor(r, .5, .5), r)
			for range 7 {
				k := x + 8 + r.IntN(120)
				t := y + h - 40 - r.IntN(90)
				c.rect(k, t, k+10+r.IntN(18), y+h-32, randomColor(r, uniform(r, .3, .8), .5))
			}
			if r.IntN(2) == 0 {
				c.print(x+20, y+90, x+130, y+120, 18, rgb{.95, .9, .6}, r)
			}
		}
	}
	c.grain(.025, r)
	return c
}

func paintRoof(r *rand.Rand) *canvas {
	c := newCanvas(256, 256, rgb{.4, .22, .17})
	for j := range 16 {
		for i := range 16 {
			x, y := i*16, j*16
			shade := rgb{.48, .27, .2}.mul(float32(1 + .12*r.NormFloat64()))
			c.rect(x, y, x+15, y+12, shade)
			c.rect(x, y+9, x+15, y+12, shade.mul(1.15))
		}
	}
	c.mottle(64, .9, .1, r)
	c.grain(.05, r)
	return c
}

func paintWheel(r *rand.Rand) *canvas {
	c := newCanvas(128, 128, rgb{.09, .09, .09})
	c.disc(64, 64, 42, rgb{.55, .56, .57})
	for k := range 5 {
		a := 2 * math.Pi * float64(k) / 5
		c.disc(64+24*math.Cos(a), 64+24*math.Sin(a), 9, rgb{.12, .12, .12})
	}
	c.disc(64, 64, 7, rgb{.3, .3, .3})
	c.grain(.05, r)
	return c
}

// paintSigns paints traffic signs: a ban, a warning, a parking and a name sign.
func paintSigns(r *rand.Rand) *canvas {
	const w = 128
	c := newCanvas(signsAcross*w, w, rgb{.5, .5, .5})
	c.rect(0, 0, w, w, rgb{.75, .75, .73})
	c.disc(64, 64, 60, rgb{.72, .1, .1})
	c.disc(64, 64, 46, rgb{.93, .93, .92})
	c.print(36, 46, 96, 84, 36, rgb{.08, .08, .08}, r)
	c.rect(w, 0, 2*w, w, rgb{.75, .75, .73})
	c.triangle(w+64, 4, w+4, 120, w+124, 120, rgb{.72, .1, .1})
	c.triangle(w+64, 28, w+24, 108, w+104, 108, rgb{.93, .93, .9})
	c.rect(w+60, 52, w+68, 98, rgb{.08, .08, .08})
	c.rect(2*w, 0, 3*w, w, rgb{.1, .25, .6})
	c.print(2*w+30, 20, 2*w+100, 110, 80, rgb{.95, .95, .95}, r)
	c.rect(3*w, 0, 4*w, w, rgb{.92, .92, .88})
	c.print(3*w+8, 14, 4*w-8, 110, 26, rgb{.08, .1, .2}, r)
	c.frame(3*w, 0, 4*w, w, 5, rgb{.1, .12, .3})
	c.grain(.02, r)
	return c
}

// paintMarking is worn white road paint.
func paintMarking(r *rand.Rand) *canvas {
	c := newCanvas(256, 256, rgb{.8, .8, .77})
	c.blobs(16, .5, .9, .3, rgb{.4, .4, .4}, .8, r)
	c.grain(.08, r)
	return c
}

func paintClouds(r *rand.Rand) *canvas {
	c := newCanvas(512, 512, rgb{.62, .73, .88})
	c.blobs(256, 1.3, -.6, 2.2, rgb{.97, .97, .97}, 1, r)
	c.blobs(64, 1.1, .8, 2, rgb{.72, .74, .78}, .7, r)
	return c
}
