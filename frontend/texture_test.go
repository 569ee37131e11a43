package frontend

import (
	"math"
	"math/rand/v2"

	"github.com/metricslam/metricslam/geom"
	"github.com/metricslam/metricslam/slam"
)

// texture is an image without end, as a function of real coordinates: smooth
// random values at the points of two grids, so that any motion is exact.
type texture struct{ seed uint64 }

func (t texture) lattice(x, y int, size float64) float64 {
	h := uint64(x)*0x9e3779b97f4a7c15 ^ uint64(y)*0xc2b2ae3d27d4eb4f ^ t.seed ^ uint64(size)<<32
	h ^= h >> 29
	h *= 0xbf58476d1ce4e5b9
	h ^= h >> 32
	return float64(h&0xffff)/65535 - .5
}

// layer interpolates the values of a grid, with a smooth step between points.
func (t texture) layer(x, y, size float64) float64 {
	x, y = x/size, y/size
	ix, iy := math.Floor(x), math.Floor(y)
	smooth := func(f float64) float64 { return f * f * (3 - 2*f) }
	fx, fy := smooth(x-ix), smooth(y-iy)
	i, j := int(ix), int(iy)
	return (1-fy)*((1-fx)*t.lattice(i, j, size)+fx*t.lattice(i+1, j, size)) +
		fy*((1-fx)*t.lattice(i, j+1, size)+fx*t.lattice(i+1, j+1, size))
}

func (t texture) at(x, y float64) float64 {
	return 128 + 110*t.layer(x, y, 7) + 90*t.layer(x, y, 31) + 60*t.layer(x, y, 120)
}

// image draws the texture seen through a map from pixels to the texture, with
// gain, offset and noise in grey levels.
func (t texture) image(w, h int, from func(u geom.Vec2) geom.Vec2, gain, offset, noise float64) slam.Gray {
	r := rand.New(rand.NewPCG(t.seed, 77))
	g := slam.NewGray(w, h)
	for y := range h {
		for x := range w {
			p := from(geom.Vec2{X: float64(x), Y: float64(y)})
			v := gain*t.at(p.X, p.Y) + offset + noise*r.NormFloat64()
			g.Pix[y*w+x] = uint8(min(max(v+.5, 0), 255))
		}
	}
	return g
}

// shifted draws it moved by d pixels.
func (t texture) shifted(w, h int, d geom.Vec2) slam.Gray {
	return t.image(w, h, func(u geom.Vec2) geom.Vec2 { return u.Sub(d) }, 1, 0, 0)
}

func plain(w, h int, v uint8) slam.Gray {
	g := slam.NewGray(w, h)
	for i := range g.Pix {
		g.Pix[i] = v
	}
	return g
}
