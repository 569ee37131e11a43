package datasets

import (
	"fmt"
	"math"
	"slices"

	"github.com/metricslam/metricslam/datasets/ffmpeg"
	"github.com/metricslam/metricslam/geom"
	"gocv.io/x/gocv"
)

// display is how stored images are shown: pixels that are not square are
// stretched first, then the image is turned.
type display struct {
	storedW, storedH int // pixels in the file
	squareW, squareH int // the same with square pixels
	orientation      int // EXIF's 1 to 8: how that is turned upright
}

// plainDisplay is that of images which are shown as they are stored.
func plainDisplay(w, h int) display { return display{w, h, w, h, 1} }

// size returns the width and height of the image shown.
func (d display) size() (w, h int) {
	if d.orientation >= 5 {
		return d.squareH, d.squareW
	}
	return d.squareW, d.squareH
}

func (d display) plain() bool { return d == plainDisplay(d.storedW, d.storedH) }

// The shapes of a pixel, width over height, that are believed: real ones lie
// between 1/2 and 2 (anamorphic film). One within squareTol is the rounding of a
// square, a pixel in 200.
const (
	maxPixelShape = 4
	squareTol     = .005
)

// squarePixels returns the size at which a stored image has square pixels; the
// height stays, as players do it.
func squarePixels(w, h int, shape float64) (int, int) {
	if !(shape > 1./maxPixelShape && shape < maxPixelShape) || math.Abs(shape-1) < squareTol {
		return w, h
	}
	return max(int(math.Round(float64(w)*shape)), 1), h
}

// orientationOf returns the orientation of a display matrix. Players turn by any
// angle; exact is false where the matrix is none of the eight.
func orientationOf(m *ffmpeg.Matrix) (orientation int, exact bool) {
	if m == nil || *m == (ffmpeg.Matrix{}) {
		return 1, true
	}
	sign := func(v float64) int {
		switch {
		case v > .5:
			return 1
		case v < -.5:
			return -1
		}
		return 0
	}
	known := map[[4]int]int{ // A, B, C, D: x' = A x + C y, y' = B x + D y
		{1, 0, 0, 1}: 1, {-1, 0, 0, 1}: 2, {-1, 0, 0, -1}: 3, {1, 0, 0, -1}: 4,
		{0, 1, 1, 0}: 5, {0, 1, -1, 0}: 6, {0, -1, -1, 0}: 7, {0, -1, 1, 0}: 8,
	}
	o, exact := known[[4]int{sign(m.A), sign(m.B), sign(m.C), sign(m.D)}]
	if !exact {
		return 1, false
	}
	const straight = .01 // of a pixel a pixel
	rest := [2]float64{m.A, m.D}
	if o <= 4 {
		rest = [2]float64{m.B, m.C}
	}
	return o, math.Abs(rest[0]) < straight && math.Abs(rest[1]) < straight
}

// turned returns the lens for its images turned upright from an orientation;
// its size must be known.
func (l lens) turned(orientation int) lens {
	c := l.cam
	right, down := float64(c.W-1)-c.Cx, float64(c.H-1)-c.Cy // the centre from the other borders
	switch orientation {
	case 2:
		l.cam.Cx = right
	case 3:
		l.cam.Cx, l.cam.Cy = right, down
	case 4:
		l.cam.Cy = down
	case 5:
		l.cam.Cx, l.cam.Cy = c.Cy, c.Cx
	case 6:
		l.cam.Cx, l.cam.Cy = down, c.Cx
	case 7:
		l.cam.Cx, l.cam.Cy = down, right
	case 8:
		l.cam.Cx, l.cam.Cy = c.Cy, right
	}
	if orientation >= 5 {
		l.cam.W, l.cam.H, l.cam.Fx, l.cam.Fy = c.H, c.W, c.Fy, c.Fx
	}
	l.coeffs = turnedTangential(l.coeffs, tangentialAt[l.model], orientation)
	return l
}

// tangentialAt is where p1 and p2 stand among the coefficients of a model; 0 for
// one that is the same all around.
var tangentialAt = map[string]int{modelRadTan: 2, modelMEI: 3}

// turnedTangential returns the coefficients for turned images. Tangential
// distortion is 2 (p.x) x + (x.x) p with the vector p = (p2, p1), which turns as
// any vector does.
func turnedTangential(coeffs []float64, at, orientation int) []float64 {
	if at == 0 || len(coeffs) < at+2 {
		return coeffs
	}
	p1, p2 := coeffs[at], coeffs[at+1]
	p, ok := map[int][2]float64{
		2: {p1, -p2}, 3: {-p1, -p2}, 4: {-p1, p2}, 5: {p2, p1}, 6: {p2, -p1}, 7: {-p2, -p1}, 8: {-p2, p1},
	}[orientation]
	if !ok {
		return coeffs
	}
	out := slices.Clone(coeffs)
	out[at], out[at+1] = p[0], p[1]
	return out
}

// shown returns a calibration of the stored images as one of those shown.
func (l lens) shown(d display) lens {
	if l.cam.W == 0 || l.cam.H == 0 {
		l.cam.W, l.cam.H = d.storedW, d.storedH
	}
	l.cam = l.cam.Resized(d.squareW, d.squareH)
	l = l.turned(d.orientation)
	w, h := d.size()
	l.from = fmt.Sprintf("%s, taken from the stored %dx%d pixels to the %dx%d shown", l.from, d.storedW, d.storedH, w, h)
	return l
}

// asShown returns a calibration for images that are not shown as they are
// stored. It may be of either: its size tells, else which of them has the
// squarer pixels and the more central optical axis.
func (l lens) asShown(d display) lens {
	w, h := d.size()
	c := l.cam
	switch {
	case d.plain():
	case c.W > 0 && c.H > 0:
		if !sameShape(c.W, c.H, w, h, shapeTol) && sameShape(c.W, c.H, d.storedW, d.storedH, shapeTol) {
			return l.shown(d)
		}
	default:
		shown, stored := l, l.shown(d)
		shown.cam.W, shown.cam.H = w, h
		if oddity(stored.cam) < oddity(shown.cam) {
			return stored
		}
	}
	return l
}

// oddity is how far a camera is from square pixels and a central optical axis.
func oddity(c geom.Camera) float64 {
	return math.Abs(math.Log(c.Fx/c.Fy)) + math.Abs((c.Cx+.5)/float64(c.W)-.5) + math.Abs((c.Cy+.5)/float64(c.H)-.5)
}

// bgrMat returns an image of w x h pixels of blue, green and red as a Mat, which
// the caller closes.
func bgrMat(pix []byte, w, h int) (gocv.Mat, error) {
	m := gocv.NewMatWithSize(h, w, gocv.MatTypeCV8UC3)
	to, err := m.DataPtrUint8()
	if err != nil {
		m.Close()
		return gocv.Mat{}, err
	}
	copy(to, pix)
	return m, nil
}
