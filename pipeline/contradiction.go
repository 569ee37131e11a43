package pipeline

import (
	"fmt"
	"math"

	"github.com/metricslam/metricslam/geom"
	"github.com/metricslam/metricslam/report"
)

// What the map's own geometry says of the camera.
const (
	// focalSigma is how far the focal length of a calibration may be from the truth,
	// as a share: what the last adjustment holds it by.
	focalSigma = .003
	// focalPull is how many deviations the adjusted focal length may differ from the
	// calibrated one: 3.4 at most on the six sequences of the tests with their
	// calibrations, 5.3 where the lens zooms by 1.5 midway.
	focalPull = 4
	// lensDoubt is the deviation of the logarithm of the metres of a map whose lens
	// was not the calibrated one: such a zoom put them off by .62.
	lensDoubt = .5
	// sameFocal is how far the focal lengths of two calibrations of one camera, one
	// of them adjusted, may be apart.
	sameFocal = .02
)

// judgeLens compares the adjusted focal length of the largest part with that of the
// calibration. Where they contradict each other, the metres are in doubt.
func (r *Result) judgeLens(rep *report.Report, doubt func(format string, args ...any)) {
	keys := r.keyframes()
	if r.job.Map != nil || len(keys) == 0 {
		return // cameras of other runs
	}
	info := r.job.Source.Info()
	sigma := math.Max(focalSigma, info.FocalSigma)
	pull := math.Log(keys[0].Camera.Fx / info.Camera.Fx)
	if !(math.Abs(pull) > focalPull*sigma) {
		return
	}
	doubt("the map asks for a focal length %+.1f %% from that of %s, %.0f times its deviation: the lens zoomed or was refocused, or the calibration is of another lens or size; shape and metres are off",
		100*pull, info.CameraFrom, math.Abs(pull)/sigma)
	if rep.ScaleStd != nil {
		std := math.Hypot(*rep.ScaleStd, lensDoubt)
		rep.ScaleStd = &std
	}
}

// otherFocal says that a loaded map was made with another focal length at the same
// size of the images; empty where it was not.
func otherFocal(of, now geom.Camera) string {
	ratio := now.Fx / of.Fx
	if of.W != now.W || of.H != now.H || math.Abs(math.Log(ratio)) < sameFocal {
		return ""
	}
	return fmt.Sprintf("the map was made with images of the same size and a focal length of %.1f pixels, these are taken with %.1f: of one camera one of the two is wrong, and poses are off by up to that", of.Fx, now.Fx)
}
