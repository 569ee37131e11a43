package viewer

import (
	"fmt"
	"image"
	"math"
	"sync"

	"golang.org/x/image/font"
	"golang.org/x/image/font/gofont/gomedium"
	"golang.org/x/image/font/opentype"
	"golang.org/x/image/math/fixed"
)

// atlas holds the letters of a font at one size: their coverage in one image,
// and one cell that is covered fully, for areas without letters.
type atlas struct {
	image        *image.Alpha
	cellW, cellH int
	ascent       int
	advance      [lastRune - firstRune + 1]float64 // pixels
	sizePx       int
}

const (
	firstRune, lastRune = ' ', '~'
	atlasColumns        = 16
)

var parseFont = sync.OnceValues(func() (*opentype.Font, error) { return opentype.Parse(gomedium.TTF) })

// newAtlas draws the printable ASCII characters at a size in pixels.
func newAtlas(sizePx int) (*atlas, error) {
	f, err := parseFont()
	if err != nil {
		return nil, fmt.Errorf("font: %w", err)
	}
	face, err := opentype.NewFace(f, &opentype.FaceOptions{Size: float64(sizePx), DPI: 72, Hinting: font.HintingFull})
	if err != nil {
		return nil, fmt.Errorf("font: %w", err)
	}
	defer face.Close()
	m := face.Metrics()
	a := &atlas{sizePx: sizePx, ascent: m.Ascent.Ceil(), cellH: m.Ascent.Ceil() + m.Descent.Ceil() + 2}
	var widest float64
	for i := range a.advance {
		adv, _ := face.GlyphAdvance(rune(firstRune + i))
		a.advance[i] = float64(adv) / 64
		widest = max(widest, a.advance[i])
	}
	a.cellW = int(math.Ceil(widest)) + 4
	rows := (len(a.advance) + 1 + atlasColumns - 1) / atlasColumns
	a.image = image.NewAlpha(image.Rect(0, 0, a.cellW*atlasColumns, a.cellH*rows))
	d := font.Drawer{Dst: a.image, Src: image.Opaque, Face: face}
	for i := range a.advance {
		x, y := a.cell(i)
		d.Dot = fixed.P(x+2, y+1+a.ascent)
		d.DrawString(string(rune(firstRune + i)))
	}
	x, y := a.cell(len(a.advance))
	for j := range a.cellH {
		for i := range a.cellW {
			a.image.Pix[(y+j)*a.image.Stride+x+i] = 255
		}
	}
	return a, nil
}

// cell returns the upper left corner of the i-th character's.
func (a *atlas) cell(i int) (x, y int) {
	return i % atlasColumns * a.cellW, i / atlasColumns * a.cellH
}

// uv returns a place of the atlas as a texture coordinate.
func (a *atlas) uv(x, y float64) [2]float32 {
	return [2]float32{float32(x / float64(a.image.Rect.Dx())), float32(y / float64(a.image.Rect.Dy()))}
}

// solid returns the texture coordinate of full coverage.
func (a *atlas) solid() [2]float32 {
	x, y := a.cell(len(a.advance))
	return a.uv(float64(x)+float64(a.cellW)/2, float64(y)+float64(a.cellH)/2)
}

// index returns the number of a character, that of '?' for one without a letter.
func index(c rune) int {
	if c < firstRune || c > lastRune {
		c = '?'
	}
	return int(c - firstRune)
}

// width returns the length of a text in pixels.
func (a *atlas) width(text string) (w float64) {
	for _, c := range text {
		w += a.advance[index(c)]
	}
	return w
}
