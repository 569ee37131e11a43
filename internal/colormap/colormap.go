// Package colormap turns numbers into colours and depth into images.
package colormap

import (
	"image"
	"image/color"
	"math"
	"slices"
)

// anchors of the spectrum, evenly spaced from 0 to 1: a rainbow from deep blue
// to dark red whose lightness rises to the middle and falls again without
// jumps, so that neighbouring values never look far apart.
var anchors = [...][3]float64{
	{48, 18, 59}, {64, 76, 178}, {66, 133, 244}, {36, 188, 222}, {40, 220, 150},
	{136, 240, 80}, {214, 226, 54}, {250, 178, 48}, {240, 106, 24}, {200, 42, 10}, {122, 4, 3},
}

// At returns the colour of t in [0, 1]; values outside take the nearest end.
func At(t float64) color.NRGBA {
	x := min(max(t, 0), 1) * float64(len(anchors)-1)
	if math.IsNaN(x) {
		x = 0
	}
	i := min(int(x), len(anchors)-2)
	f := x - float64(i)
	mix := func(k int) uint8 {
		return uint8(math.Round(anchors[i][k]*(1-f) + anchors[i+1][k]*f))
	}
	return color.NRGBA{mix(0), mix(1), mix(2), 255}
}

// Scale maps depth in metres to [0, 1] by its logarithm, near to 1 (red) and
// far to 0 (blue), so that a change of as many per cent has the same size at
// every distance.
type Scale struct{ MinM, MaxM float64 }

// At returns the place of a depth on the scale.
func (s Scale) At(depthM float64) float64 {
	return 1 - math.Log(depthM/s.MinM)/math.Log(s.MaxM/s.MinM)
}

// Ticks returns round depths within the scale, few enough to be labelled side
// by side, near first.
func (s Scale) Ticks() []float64 {
	for _, steps := range [][]float64{{1, 1.5, 2, 3, 4, 5, 7}, {1, 2, 3, 5}, {1, 2, 5}, {1, 3}, {1}} {
		var ticks []float64
		for e := math.Floor(math.Log10(s.MinM)); e <= math.Log10(s.MaxM); e++ {
			for _, v := range steps {
				if d := v * math.Pow(10, e); d >= s.MinM && d <= s.MaxM {
					ticks = append(ticks, d)
				}
			}
		}
		if len(ticks) <= 7 {
			return ticks
		}
	}
	return []float64{s.MinM, s.MaxM}
}

// FitScale returns the scale from the 1st to the 99th percentile of the known
// depths of several maps, so that stray pixels do not wash out the rest, and
// spanning at least a factor of 1.5; .5 to 10 m where nothing is known. Of
// large maps a regular sample is enough.
func FitScale(maps ...[]float32) Scale {
	const sample = 20000 // of a map
	var known []float32
	for _, m := range maps {
		step := max(1, len(m)/sample)
		for i := 0; i < len(m); i += step {
			if d := m[i]; d > 0 && !math.IsInf(float64(d), 0) {
				known = append(known, d)
			}
		}
	}
	if len(known) == 0 {
		return Scale{.5, 10}
	}
	slices.Sort(known)
	n := float64(len(known) - 1)
	s := Scale{float64(known[int(.01*n)]), float64(known[int(math.Ceil(.99*n))])}
	if grow := 1.5 * s.MinM / s.MaxM; grow > 1 {
		s.MinM /= math.Sqrt(grow)
		s.MaxM *= math.Sqrt(grow)
	}
	return s
}

// Depth paints a depth map of w pixels a row; unknown depth is black.
func Depth(depthM []float32, w int, s Scale) *image.NRGBA {
	img := image.NewNRGBA(image.Rect(0, 0, w, len(depthM)/max(w, 1)))
	// One colour a step is finer than the eye; looking them up saves a
	// logarithm's worth of mixing a pixel.
	var table [512]color.NRGBA
	for i := range table {
		table[i] = At(float64(i) / float64(len(table)-1))
	}
	for i := range len(img.Pix) / 4 {
		c := color.NRGBA{A: 255}
		if d := float64(depthM[i]); d > 0 {
			t := min(max(s.At(d), 0), 1)
			c = table[int(t*float64(len(table)-1)+.5)]
		}
		img.Pix[4*i], img.Pix[4*i+1], img.Pix[4*i+2], img.Pix[4*i+3] = c.R, c.G, c.B, c.A
	}
	return img
}
