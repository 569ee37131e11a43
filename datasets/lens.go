package datasets

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"github.com/metricslam/metricslam/geom"
)

// The distortion models.
const (
	modelNone    = ""        // pinhole
	modelRadTan  = "radtan"  // k1 k2 p1 p2 [k3]
	modelFisheye = "fisheye" // Kannala-Brandt k1 k2 k3 k4
	modelMEI     = "MEI"     // xi k1 k2 p1 p2
	modelFOV     = "fov"     // omega
)

// lens is a camera as calibrated, before its images are undistorted.
type lens struct {
	cam    geom.Camera // W and H are 0 where the calibration does not say
	model  string
	coeffs []float64
	from   string   // where it comes from, for the log
	guess  bool     // nobody measured this camera
	notes  []string // what the user should know of the file

	focalSigma float64 // deviation of the logarithm of its focal length, 0 where it was calibrated

	fps        float64 // 0 = not said
	depthScale float64 // units per metre, 0 = not said
	readoutS   float64 // from the first row's exposure to the last's, 0 = at once or not said
}

func (l *lens) note(format string, args ...any) {
	l.notes = append(l.notes, fmt.Sprintf(format, args...))
}

// modelName is the model in words.
func (l *lens) modelName() string {
	if l.model == modelNone {
		return "undistorted pinhole"
	}
	return l.model
}

// setCoefficients checks the number of coefficients of the model. The focal
// lengths of MEI and of the field of view become those of the middle of the
// image (see geom.MEI).
func (l *lens) setCoefficients() error {
	n := len(l.coeffs)
	zero := !slices.ContainsFunc(l.coeffs, func(c float64) bool { return c != 0 })
	switch {
	case l.model == modelNone:
		if !zero {
			return fmt.Errorf("the model is one without distortion, yet there are the coefficients %v", l.coeffs)
		}
		l.coeffs = nil
	case l.model == modelFisheye:
		if n != 4 && n != 0 {
			return fmt.Errorf("a fisheye distortion has the 4 coefficients k1 k2 k3 k4, not %d", n)
		}
	case l.model == modelMEI:
		if n != 5 || l.coeffs[0] < 0 {
			return fmt.Errorf("the MEI model has a mirror parameter xi of 0 or more and k1 k2 p1 p2, not %v", l.coeffs)
		}
		l.cam.Fx, l.cam.Fy = l.cam.Fx/(1+l.coeffs[0]), l.cam.Fy/(1+l.coeffs[0])
	case l.model == modelFOV:
		if n != 1 || !(l.coeffs[0] > 0 && l.coeffs[0] < math.Pi) {
			return fmt.Errorf("the fov model has one angle omega between 0 and pi, not %v", l.coeffs)
		}
		gain := geom.FieldOfView{Omega: l.coeffs[0]}.Gain()
		l.cam.Fx, l.cam.Fy = l.cam.Fx*gain, l.cam.Fy*gain
	case n == 0:
		l.model = modelNone
	case n == 4 || n == 5:
	case n == 8 || n == 12 || n == 14:
		if slices.ContainsFunc(l.coeffs[5:], func(c float64) bool { return c != 0 }) {
			return fmt.Errorf("the distortion has %d coefficients; only the first five (k1 k2 p1 p2 k3) are supported: calibrate again without the rational model", n)
		}
		l.coeffs = l.coeffs[:5]
	default:
		return fmt.Errorf("the distortion has %d coefficients, want 4 or 5 (k1 k2 p1 p2 k3)", n)
	}
	return nil
}

// distorter returns the lens's distortion, nil where there is none.
func (l lens) distorter() geom.Distorter {
	var c [5]float64
	copy(c[:], l.coeffs)
	switch {
	case l.model == modelFisheye: // without coefficients still no pinhole
		return geom.NewKannalaBrandt(c[0], c[1], c[2], c[3])
	case l.model == modelMEI:
		return geom.NewMEI(c[0], c[1], c[2], c[3], c[4])
	case l.model == modelFOV:
		return geom.FieldOfView{Omega: c[0]}
	case l.model == modelNone || c == [5]float64{}:
		return nil
	default:
		return geom.NewRadTan(c[0], c[1], c[2], c[3], c[4])
	}
}

// fit returns the lens for images of w x h pixels: scaled where they are a
// resized version of what was calibrated, refused where their shape differs.
func (l lens) fit(w, h int) (lens, error) {
	c := l.cam
	switch {
	case c.W == 0 || c.H == 0:
		l.cam.W, l.cam.H = w, h
	case c.W != w || c.H != h:
		if sameShape(c.H, c.W, w, h, shapeTol) {
			return l, fmt.Errorf("the calibration from %s is for %dx%d pixels, the images have %dx%d: they were turned by a quarter after it; give a calibration of the turned images", l.from, c.W, c.H, w, h)
		}
		if !sameShape(c.W, c.H, w, h, shapeTol) {
			return l, fmt.Errorf("the calibration from %s is for %dx%d pixels, the images have %dx%d, another shape: give a calibration of these images with --camera or --fx --fy --cx --cy", l.from, c.W, c.H, w, h)
		}
		l.cam = c.Resized(w, h)
		l.from = fmt.Sprintf("%s, scaled from %dx%d", l.from, c.W, c.H)
	}
	return l, cmp.Or(checkCamera(l.cam, l.from), checkDistortion(l))
}

// shapeTol is how far the ratio of an image's sides may be from that of another
// size of it: the rounding of a resize.
const shapeTol = .005

// sameShape reports whether two sizes have the same ratio of sides to within
// tol, or as near as whole pixels can come.
func sameShape(w, h, w2, h2 int, tol float64) bool {
	a, b := float64(w)*float64(h2), float64(w2)*float64(h)
	return math.Abs(a-b) <= max(tol*a, float64(max(w, h, w2, h2)))
}

// resolveLens chooses the calibration of images shown like d and warns of what
// is odd about it. photo is an image to look for EXIF in, empty for none.
func resolveLens(d display, opt Options, file *lens, l *listing, photo string) (lens, error) {
	w, h := d.size()
	if opt.Raw {
		return lens{cam: geom.GuessCamera(w, h), from: "nowhere: images as they were taken"}, nil
	}
	fitted, err := chooseLens(d, opt, file, l, photo).fit(w, h)
	if err != nil {
		return fitted, err
	}
	switch {
	case opt.ReadoutS != nil:
		fitted.readoutS = *opt.ReadoutS
	case fitted.readoutS == 0 && file != nil: // it belongs to the camera, whoever gave the focal length
		fitted.readoutS = file.readoutS
	}
	l.warnings = append(l.warnings, fitted.notes...)
	if note := offAxis(fitted.cam, fitted.from); note != "" {
		l.warn("%s", note)
	}
	if fitted.guess {
		l.warn("nothing says how the camera images: taking %s (focal length %.0f pixels); give --camera (auto finds it from a sequence that turns and moves), --fx or --fov, or the map's shape and scale will be off", fitted.from, fitted.cam.Fx)
	}
	return fitted, nil
}

// chooseLens takes what the user gave, then file (camera.yaml beside the data),
// then the data's own, then defaults by name, then EXIF, then a guess.
func chooseLens(d display, opt Options, file *lens, l *listing, photo string) lens {
	w, h := d.size()
	switch {
	case opt.Found != nil:
		return opt.Found.lens()
	case opt.Fx > 0:
		return flagLens(d, opt)
	case opt.FOVRad > 0:
		return lens{cam: geom.CameraFromFOV(w, h, opt.FOVRad), from: "--fov"}
	case file != nil && file.cam.Fx != 0:
		return file.asShown(d)
	case l.own != nil:
		return l.own.asShown(d)
	}
	if n := l.defaults; n != nil && sameShape(n.cam.W, n.cam.H, w, h, shapeTol) {
		return *n
	}
	if photo != "" {
		if c := CameraFromEXIF(photo); c.OK && sameShape(c.Camera.W, c.Camera.H, w, h, shapeTol) {
			return lens{cam: c.Camera, from: c.From, focalSigma: exifFocalSigma}
		}
	}
	return lens{cam: geom.GuessCamera(w, h), from: "a guess, the mean side of the image", guess: true, focalSigma: guessFocalSigma}
}

// Deviations of the logarithm of a focal length that nobody calibrated: of EXIF's,
// which is rounded and knows no cropping, of the nominal one of a kind of camera, and
// of a guess (see geom.GuessCamera).
const (
	exifFocalSigma    = .03
	nominalFocalSigma = .03
	guessFocalSigma   = .2
)

// flagLens is the camera of the flags, for the images shown or the stored ones
// as asShown chooses.
func flagLens(d display, opt Options) lens {
	w, h := d.size()
	l := lens{cam: flagCamera(w, h, opt), from: "--fx --fy --cx --cy"}
	if d.plain() {
		return l
	}
	stored := lens{cam: flagCamera(d.storedW, d.storedH, opt), from: l.from}.shown(d)
	if oddity(stored.cam) < oddity(l.cam) {
		return stored
	}
	return l
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
