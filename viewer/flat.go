package viewer

import (
	"math"

	"github.com/metricslam/metricslam/geom"
)

// flatVertex is a corner of something drawn over the scene, in pixels from the
// image's upper left corner (edges, not pixel centres).
type flatVertex struct {
	x, y  float32
	uv    [2]float32
	color rgba
}

// flat collects triangles drawn over the scene.
type flat struct {
	atlas    *atlas
	vertices []flatVertex
}

func (f *flat) quad(corners [4]geom.Vec2, uv [4][2]float32, colors [4]rgba) {
	for _, i := range [6]int{0, 1, 2, 0, 2, 3} {
		f.vertices = append(f.vertices, flatVertex{float32(corners[i].X), float32(corners[i].Y), uv[i], colors[i]})
	}
}

func corners(x, y, w, h float64) [4]geom.Vec2 {
	return [4]geom.Vec2{{X: x, Y: y}, {X: x + w, Y: y}, {X: x + w, Y: y + h}, {X: x, Y: y + h}}
}

// rect adds a filled rectangle.
func (f *flat) rect(x, y, w, h float64, c rgba) {
	f.shade(x, y, w, h, c, c)
}

// shade adds a rectangle whose colour goes from top to bottom.
func (f *flat) shade(x, y, w, h float64, top, bottom rgba) {
	s := f.atlas.solid()
	f.quad(corners(x, y, w, h), [4][2]float32{s, s, s, s}, [4]rgba{top, top, bottom, bottom})
}

// stroke adds a straight line.
func (f *flat) stroke(a, b geom.Vec2, widthPx float64, c rgba) {
	d := b.Sub(a)
	if d.Norm() == 0 {
		return
	}
	side := geom.Vec2{X: -d.Y, Y: d.X}.Scale(widthPx / 2 / d.Norm())
	s := f.atlas.solid()
	f.quad([4]geom.Vec2{a.Add(side), b.Add(side), b.Sub(side), a.Sub(side)}, [4][2]float32{s, s, s, s}, [4]rgba{c, c, c, c})
}

// text adds a line of text whose upper left corner is given, and returns its
// width.
func (f *flat) text(x, y float64, text string, c rgba) float64 {
	a := f.atlas
	x, y = math.Round(x), math.Round(y)
	start := x
	for _, r := range text {
		i := index(r)
		cx, cy := a.cell(i)
		x0, y0, x1, y1 := float64(cx), float64(cy), float64(cx+a.cellW), float64(cy+a.cellH)
		if r != ' ' {
			f.quad(corners(math.Round(x)-2, y-1, x1-x0, y1-y0),
				[4][2]float32{a.uv(x0, y0), a.uv(x1, y0), a.uv(x1, y1), a.uv(x0, y1)}, [4]rgba{c, c, c, c})
		}
		x += a.advance[i]
	}
	return x - start
}
