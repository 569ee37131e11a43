package colormap

import (
	"image"
	"image/color"
	"image/draw"
	"strconv"

	"golang.org/x/image/font"
	"golang.org/x/image/font/basicfont"
	"golang.org/x/image/math/fixed"
)

const (
	legendBar  = 14 // pixels
	legendText = 18
)

// WithLegend returns the image with a bar of the scale's colours and its
// depths in metres below.
func WithLegend(img image.Image, s Scale) *image.NRGBA {
	b := img.Bounds()
	w, h := b.Dx(), b.Dy()
	out := image.NewNRGBA(image.Rect(0, 0, w, h+4+legendBar+legendText))
	draw.Draw(out, out.Bounds(), image.White, image.Point{}, draw.Src)
	draw.Draw(out, image.Rect(0, 0, w, h), img, b.Min, draw.Src)
	for x := range w {
		c := At(1 - float64(x)/float64(max(w-1, 1)))
		for y := range legendBar {
			out.SetNRGBA(x, h+4+y, c)
		}
	}
	d := font.Drawer{Dst: out, Src: image.NewUniform(color.Black), Face: basicfont.Face7x13}
	for _, t := range s.Ticks() {
		label := strconv.FormatFloat(t, 'g', 3, 64) + " m"
		x := (1 - s.At(t)) * float64(w-1)
		width := font.MeasureString(d.Face, label).Ceil()
		left := min(max(int(x)-width/2, 1), w-width-1)
		for y := range 4 {
			out.SetNRGBA(int(x), h+4+legendBar-y, color.NRGBA{A: 255})
		}
		d.Dot = fixed.P(left, h+4+legendBar+13)
		d.DrawString(label)
	}
	return out
}
