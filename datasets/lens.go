package datasets

import (
	"fmt"
	"math"

	"github.com/metricslam/metricslam/geom"
)

// The distortion models.
const (
	modelNone    = ""        // pinhole
	modelRadTan  = "radtan"  // k1 k2 p1 p2 [k3]
	modelFisheye = "fisheye" // Kannala-Brandt k1 k2 k3 k4
)

// lens is a camera as calibrated, before its pictures are undistorted.
type lens struct {
	cam    geom.Camera // W and H are 0 where the calibration does not say
	model  string
	coeffs []float64
	from   string // where it comes from, for the log
	guess  bool   // nobody measured this camera

	fps        float64 // 0 = not said
	depthScale float64 // units per metre, 0 = not said
}

// distorter returns the lens's distortion, nil where there is none.
func (l lens) distorter() geom.Distorter {
	var c [5]float64
	copy(c[:], l.coeffs)
	switch {
	case l.model == modelFisheye: // without coefficients still no pinhole
		return geom.NewKannalaBrandt(c[0], c[1], c[2], c[3])
	case l.model == modelNone || c == [5]float64{}:
		return nil
	default:
		return geom.NewRadTan(c[0], c[1], c[2], c[3], c[4])
	}
}

// fit returns the lens for pictures of w x h pixels: scaled where they are a
// resized version of what was calibrated, refused where their shape differs.
func (l lens) fit(w, h int) (lens, error) {
	c := l.cam
	switch {
	case c.W == 0 || c.H == 0:
		l.cam.W, l.cam.H = w, h
	case c.W != w || c.H != h:
		if !sameShape(c.W, c.H, w, h, .005) {
			return l, fmt.Errorf("the calibration from %s is for %dx%d pixels, the pictures have %dx%d, another shape: give a calibration of these pictures with --camera or --fx --fy --cx --cy", l.from, c.W, c.H, w, h)
		}
		l.cam = c.Resized(w, h)
		l.from = fmt.Sprintf("%s, scaled from %dx%d", l.from, c.W, c.H)
	}
	c = l.cam
	if !(c.Fx > 0 && c.Fy > 0) || math.IsInf(c.Fx+c.Fy, 0) {
		return l, fmt.Errorf("the calibration from %s has focal lengths %g and %g; they must be positive", l.from, c.Fx, c.Fy)
	}
	if !(c.Cx > -.5 && c.Cy > -.5 && c.Cx < float64(w)-.5 && c.Cy < float64(h)-.5) {
		return l, fmt.Errorf("the calibration from %s has its principal point (%g, %g) outside the picture of %dx%d pixels: it belongs to pictures of another size", l.from, c.Cx, c.Cy, w, h)
	}
	return l, nil
}

// sameShape reports whether two sizes have the same ratio of sides to within
// tol, or as near as whole pixels can come.
func sameShape(w, h, w2, h2 int, tol float64) bool {
	a, b := float64(w)*float64(h2), float64(w2)*float64(h)
	return math.Abs(a-b) <= max(tol*a, float64(max(w, h, w2, h2)))
}

// resolveLens chooses the calibration of pictures of w x h pixels: what the
// user gave, then file (camera.yaml beside the data), then the data's own, then
// defaults by name, then EXIF, then a guess. photo is a picture to look for
// EXIF in, empty for none.
func resolveLens(w, h int, opt Options, file *lens, l *listing, photo string) (lens, error) {
	switch {
	case opt.Fx > 0:
		return lens{cam: flagCamera(w, h, opt), from: "--fx --fy --cx --cy"}.fit(w, h)
	case opt.FOVRad > 0:
		return lens{cam: geom.CameraFromFOV(w, h, opt.FOVRad), from: "--fov"}.fit(w, h)
	case file != nil && file.cam.Fx > 0:
		return file.fit(w, h)
	case l.own != nil:
		return l.own.fit(w, h)
	}
	if d := l.defaults; d != nil && sameShape(d.cam.W, d.cam.H, w, h, .005) {
		return d.fit(w, h)
	}
	if photo != "" {
		if c := CameraFromEXIF(photo); c.OK && sameShape(c.Camera.W, c.Camera.H, w, h, .005) {
			return lens{cam: c.Camera, from: c.From}.fit(w, h)
		}
	}
	return guessCamera(w, h).fit(w, h)
}

// flagCamera completes what the flags leave out.
func flagCamera(w, h int, opt Options) geom.Camera {
	c := geom.Camera{W: w, H: h, Fx: opt.Fx, Fy: opt.Fy, Cx: opt.Cx, Cy: opt.Cy}
	if c.Fy == 0 {
		c.Fy = c.Fx
	}
	if c.Cx == 0 {
		c.Cx = float64(w-1) / 2
	}
	if c.Cy == 0 {
		c.Cy = float64(h-1) / 2
	}
	return c
}

// guessCamera is a camera of ordinary field of view: 1.2 times the longer side
// as focal length, what COLMAP starts from.
func guessCamera(w, h int) lens {
	f := 1.2 * float64(max(w, h))
	return lens{
		cam:  geom.Camera{W: w, H: h, Fx: f, Fy: f, Cx: float64(w-1) / 2, Cy: float64(h-1) / 2},
		from: "a guess, 1.2 times the longer side", guess: true,
	}
}

// warnGuess says that nobody calibrated this camera.
func (l *listing) warnGuess(c lens) {
	if c.guess {
		l.warn("nothing says how the camera images: taking %s (focal length %.0f pixels); give --camera, --fx or --fov, or the map's shape and scale will be off", c.from, c.cam.Fx)
	}
}
