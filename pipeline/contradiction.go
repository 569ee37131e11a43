package pipeline

import (
	"fmt"
	"math"

	"github.com/metricslam/metricslam/geom"
	"github.com/metricslam/metricslam/internal/stats"
)

// sameFocal is how far the focal lengths of two calibrations of one camera, one of
// them adjusted, may be apart, as a share.
const sameFocal = .02

// otherFocal says that a loaded map was made with another focal length; empty where
// it was not.
func otherFocal(of, now geom.Camera) string {
	ratio := now.Fx / float64(now.W) / (of.Fx / float64(of.W))
	switch {
	case math.Abs(math.Log(ratio)) < sameFocal:
		return ""
	case of.W != now.W || of.H != now.H:
		return fmt.Sprintf("the map was made with images of %dx%d and a focal length of %.1f pixels, these have %dx%d and %.1f, another field of view: unless it is another camera, or they are cropped, one of the two is wrong, and poses are off by up to that", of.W, of.H, of.Fx, now.W, now.H, now.Fx)
	}
	return fmt.Sprintf("the map was made with images of the same size and a focal length of %.1f pixels, these are taken with %.1f: of one camera one of the two is wrong, and poses are off by up to that", of.Fx, now.Fx)
}

// What frames that are localised say of the focal length that they came with.
const (
	toldFocalSigma = .05 // deviation of what one frame says, above which it is not asked
	leastFocals    = 5   // frames that are believed
	// wrongFocal is how far their median may be from what was told: on redkitchen it finds
	// focal lengths wrong by 6 to 21 % to .1 %, and adjusting a map moves its own by up to .9 %.
	wrongFocal = .03
)

// judge says why the poses cannot be vouched for, by what each frame says of the
// focal length.
func (l *Localisation) judge(focal []float64, of, cam geom.Camera) {
	doubt := func(format string, args ...any) {
		text := fmt.Sprintf(format, args...)
		l.Doubts, l.Warnings = append(l.Doubts, text), append(l.Warnings, text)
	}
	if log := stats.Median(focal); len(focal) >= leastFocals && math.Abs(log) > wrongFocal {
		doubt("the landmarks of the map contradict the camera that was told: they ask for a focal length of %.0f pixels, not %.0f; poses are off along the line of sight by %.0f %% of the distance. Give the camera of these images", cam.Focal()*math.Exp(log), cam.Focal(), 100*math.Abs(math.Expm1(log)))
	}
	if of.W != cam.W && l.Localised > 0 && len(focal) < leastFocals {
		doubt("the map was made with images of %dx%d, these have %dx%d: places were recognised, but no landmark found by its patch, so that poses are rough and the focal length is not checked. Scale the images to the map's size (`ffmpeg -i IN -vf scale=%d:%d OUT.mp4`) and the calibration with them", of.W, of.H, cam.W, cam.H, of.W, of.H)
	}
	if l.Localised < l.Frames/2 {
		doubt("only %d of %d frames were found in the map", l.Localised, l.Frames)
	}
}
