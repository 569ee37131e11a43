package synthetic

import (
	"math"
	"math/rand/v2"
)

func paintScreen(r *rand.Rand) *canvas {
	c := newCanvas(512, 256, rgb{.16, .2, .28})
	for range 4 {
		x, y := r.IntN(300), r.IntN(120)
		w, h := 120+r.IntN(90), 80+r.IntN(60)
		c.rect(x, y, x+w, y+h, rgb{.92, .92, .94})
		c.rect(x, y, x+w, y+10, randomColor(r, .45, .5))
		c.print(x+6, y+16, x+w-6, y+h-4, 5, rgb{.15, .15, .2}, r)
	}
	c.rect(0, 244, 512, 256, rgb{.1, .1, .12})
	return c
}

// paintView is what is seen through a window: sky, roofs, a tree line.
func paintView(r *rand.Rand) *canvas {
	c := newCanvas(256, 256, rgb{.86, .91, .97})
	c.blobs(64, 1.2, .2, 1, rgb{.99, .99, .99}, .8, r)
	for x := -10; x < 256; {
		w, top := 30+r.IntN(40), 120+r.IntN(60)
		col := randomColor(r, .62, .1)
		c.rect(x, top, x+w, 256, col)
		for y := top + 8; y < 250; y += 18 {
			for k := x + 5; k < x+w-8; k += 14 {
				c.rect(k, y, k+7, y+10, col.mul(.7))
			}
		}
		x += w + r.IntN(12)
	}
	for range 60 {
		c.disc(uniform(r, 0, 256), uniform(r, 205, 256), uniform(r, 5, 14), rgb{.35, .45, .3}.mul(float32(uniform(r, .7, 1.2))))
	}
	// Glazing bars.
	c.rect(124, 0, 132, 256, rgb{.7, .7, .68})
	c.rect(0, 78, 256, 85, rgb{.7, .7, .68})
	c.frame(0, 0, 256, 256, 9, rgb{.66, .66, .64})
	return c
}

func paintTiles(r *rand.Rand) *canvas {
	c := newCanvas(256, 256, rgb{.55, .54, .52})
	base := randomColor(r, .78, .05)
	for j := range 4 {
		for i := range 4 {
			c.rect(i*64+2, j*64+2, i*64+62, j*64+62, base.mul(float32(1+.03*r.NormFloat64())))
		}
	}
	c.mottle(32, .8, .015, r)
	c.grain(.01, r)
	return c
}

func paintLeaves(r *rand.Rand) *canvas {
	c := newCanvas(256, 256, rgb{.14, .2, .1})
	for range 420 {
		x, y, a := uniform(r, 0, 256), uniform(r, 0, 256), uniform(r, 0, 2*math.Pi)
		l, w := uniform(r, 10, 22), uniform(r, 3, 6)
		s, co := math.Sincos(a)
		col := rgb{.28, .42, .17}.mul(float32(uniform(r, .45, 1.45)))
		tipX, tipY := x+l*co, y+l*s
		c.triangle(x-w*s, y+w*co, x+w*s, y-w*co, tipX, tipY, col)
		c.triangle(x-w*s, y+w*co, x+w*s, y-w*co, x-l*co/2, y-l*s/2, col.mul(.9))
	}
	c.mottle(64, .9, .15, r)
	return c
}

func paintDoor(r *rand.Rand) *canvas {
	c := newCanvas(128, 256, rgb{.74, .7, .62})
	for j := range 2 {
		for i := range 2 {
			x, y := 14+i*54, 16+j*120
			c.frame(x, y, x+46, y+104, 5, rgb{.56, .52, .45})
			c.frame(x+2, y+2, x+44, y+102, 2, rgb{.85, .82, .75})
		}
	}
	c.rect(112, 126, 122, 131, rgb{.25, .24, .22})
	c.mottle(64, .8, .03, r)
	c.grain(.015, r)
	return c
}

func paintRug(r *rand.Rand) *canvas {
	base, a, b := randomColor(r, .4, .4), randomColor(r, .55, .4), randomColor(r, .3, .4)
	c := newCanvas(512, 256, base)
	c.frame(10, 10, 502, 246, 14, a)
	c.frame(34, 34, 478, 222, 6, b)
	for j := range 4 {
		for i := range 9 {
			x, y := float64(64+i*48), float64(58+j*46)
			c.triangle(x-18, y, x, y-18, x+18, y, a)
			c.triangle(x-18, y, x, y+18, x+18, y, b)
			c.disc(x, y, 6, base.mul(1.5))
		}
	}
	c.mottle(64, .8, .08, r)
	c.grain(.09, r)
	return c
}

// paintPoster is a photograph, a page of print, or shapes, with a caption.
func paintPoster(r *rand.Rand) *canvas {
	c := newCanvas(256, 256, rgb{.9, .9, .87})
	switch r.IntN(3) {
	case 0:
		c.photo(10, 10, 246, 200, randomColor(r, .3, .5), randomColor(r, .7, .4), r)
	case 1:
		c.rect(0, 0, 256, 256, randomColor(r, .5, .5))
		for range 14 {
			col := randomColor(r, uniform(r, .2, .8), .6)
			if r.IntN(2) == 0 {
				c.disc(uniform(r, 0, 256), uniform(r, 0, 200), uniform(r, 8, 45), col)
			} else {
				c.triangle(uniform(r, 0, 256), uniform(r, 0, 200), uniform(r, 0, 256), uniform(r, 0, 200), uniform(r, 0, 256), uniform(r, 0, 200), col)
			}
		}
		c.mottle(32, .7, .08, r)
	default:
		c.print(16, 14, 240, 60, 36, randomColor(r, .3, .6), r)
		c.print(16, 70, 120, 200, 8, rgb{.15, .15, .15}, r)
		c.photo(132, 72, 240, 196, randomColor(r, .4, .4), randomColor(r, .6, .4), r)
	}
	c.print(14, 212, 240, 246, 14, rgb{.12, .12, .14}, r)
	c.frame(0, 0, 256, 256, 5, randomColor(r, .25, .2))
	c.grain(.02, r)
	return c
}
