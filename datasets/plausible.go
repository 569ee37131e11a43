package datasets

import (
	"fmt"
	"math"

	"github.com/metricslam/metricslam/geom"
)

// plausible accepts focal lengths between those of a 170 degree lens and of a
// 2000 mm one on film.
func plausible(px, diagonal float64) bool { return px > .04*diagonal && px < 50*diagonal }

// maxAnamorphic is how much fx and fy may differ: cinema lenses squeeze an image
// by 2 at most, and video pixels by less.
const maxAnamorphic = 2.5

// maxOffAxis is how far from the middle of the image, in sides, the principal
// point of a whole image lies at most: cameras assembled badly reach 5 %.
const maxOffAxis = .15

// checkCamera refuses intrinsics that no camera has, with what they may have
// been meant as.
func checkCamera(c geom.Camera, from string) error {
	diagonal := math.Hypot(float64(c.W), float64(c.H))
	for i, f := range [2]float64{c.Fx, c.Fy} {
		name, side := [2]string{"fx", "fy"}[i], [2]int{c.W, c.H}[i]
		if !(f > 0) || math.IsInf(f, 0) {
			return fmt.Errorf("the calibration from %s has %s = %g; focal lengths must be positive numbers of pixels", from, name, f)
		}
		if plausible(f, diagonal) {
			continue
		}
		hint := "images of that size have some hundred to some thousand pixels"
		switch scaled := f * float64(side); {
		case f < 10 && plausible(scaled, diagonal):
			hint = fmt.Sprintf("if it is normalised by the image, %g x %d = %.1f is meant; if it is in millimetres, give --fov", f, side, scaled)
		case plausible(f/1000, diagonal):
			hint = fmt.Sprintf("if it was written without its decimal point, %g is meant", f/1000)
		}
		return fmt.Errorf("the calibration from %s has %s = %g pixels for images of %dx%d, a view of %.0f degrees: %s", from, name, f, c.W, c.H, 2*math.Atan(float64(side)/2/f)*180/math.Pi, hint)
	}
	if r := c.Fx / c.Fy; r > maxAnamorphic || r < 1/maxAnamorphic {
		return fmt.Errorf("the calibration from %s has fx = %g and fy = %g; pixels are not so far from square", from, c.Fx, c.Fy)
	}
	if !(c.Cx > -.5 && c.Cy > -.5 && c.Cx < float64(c.W)-.5 && c.Cy < float64(c.H)-.5) {
		return fmt.Errorf("the calibration from %s has its principal point (%g, %g) outside the image of %dx%d pixels: it belongs to images of another size", from, c.Cx, c.Cy, c.W, c.H)
	}
	if c.W > 2 && c.H > 2 && c.Cx <= 1 && c.Cy <= 1 {
		return fmt.Errorf("the calibration from %s has its principal point at (%g, %g), in the corner of the image: if it is normalised, multiply by %d and %d", from, c.Cx, c.Cy, c.W, c.H)
	}
	return nil
}

// Where a lens shows what is at the border of the image, over where a straight one (of a
// fisheye: an equidistant one) has it. The barrel of k1 = -.35 at 45 degrees comes to 1.5,
// a cushion of k1 = .2 there to .83; orthographic and stereographic fisheyes at 90 degrees
// to 1.6 and .8.
const (
	leastBend, mostBend       = .6, 4
	leastFisheye, mostFisheye = .6, 1.7
)

// checkDistortion refuses coefficients that no lens has: of another model, order or unit.
func checkDistortion(l lens) error {
	d := l.distorter()
	least, most := leastBend, float64(mostBend)
	switch {
	case d == nil || l.model == modelMEI || l.model == modelFOV: // of one parameter that is bounded, or a mirror's
		return nil
	case l.model == modelFisheye:
		least, most = leastFisheye, mostFisheye
	}
	w, h := float64(l.cam.W-1), float64(l.cam.H-1)
	for _, p := range []geom.Vec2{{X: 0, Y: h / 2}, {X: w, Y: h / 2}, {X: w / 2, Y: 0}, {X: w / 2, Y: h}, {}, {X: w}, {Y: h}, {X: w, Y: h}} {
		seen := geom.Vec2{X: (p.X - l.cam.Cx) / l.cam.Fx, Y: (p.Y - l.cam.Cy) / l.cam.Fy}
		ideal := d.Undistort(seen) // NaN beyond the field of the lens
		straight := math.Hypot(ideal.X, ideal.Y)
		if l.model == modelFisheye {
			straight = math.Atan(straight)
		}
		if bend := straight / math.Hypot(seen.X, seen.Y); bend < least || bend > most {
			return fmt.Errorf("the distortion %v of the calibration from %s moves pixel (%.0f, %.0f) by a factor of %.2g from the middle: no lens does; the coefficients may be in another order, of another model or of an image in pixels", l.coeffs, l.from, p.X, p.Y, 1/bend)
		}
	}
	return nil
}

// offAxis is a note where the principal point lies far from the middle: the
// calibration may belong to images of another size, or the images are cut.
func offAxis(c geom.Camera, from string) string {
	x, y := (c.Cx+.5)/float64(c.W)-.5, (c.Cy+.5)/float64(c.H)-.5
	if math.Abs(x) < maxOffAxis && math.Abs(y) < maxOffAxis {
		return ""
	}
	return fmt.Sprintf("the principal point (%.1f, %.1f) of the calibration from %s lies %.0f %% of the width and %.0f %% of the height from the middle of the %dx%d images: unless they are cut out of larger ones, it belongs to another size", c.Cx, c.Cy, from, 100*math.Abs(x), 100*math.Abs(y), c.W, c.H)
}
