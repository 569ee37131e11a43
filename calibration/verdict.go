package calibration

import (
	"fmt"
	"math"
	"slices"
)

// Grade says how far a calibration can be trusted.
type Grade string

// The grades.
const (
	Good   Grade = "good"
	Usable Grade = "usable"
	Poor   Grade = "not good enough"
)

// limit is what a figure must not exceed for a grade.
type limit struct {
	good, usable float64
	advice       string
}

// The limits. A map adjusts a focal length by .3 % and rays by about a pixel at the
// border, which sets the first column; beyond the second the error shows in the
// map's shape. Distances in pixels are for images of 1000 pixels width.
var limits = []struct {
	what  string
	value func(*Result) float64
	unit  string
	limit
}{
	{"deviation of the focal length", func(r *Result) float64 { return 100 * r.FocalSigma() }, "%", limit{.2, 1, "take more views, with the board tilted by 20 to 45 degrees to all sides"}},
	{"deviation at the image's corners", (*Result).borderScaled, "px", limit{1, 4, "bring the board into the corners of the image"}},
	{"distance of a corner from where it should be", func(r *Result) float64 { return r.scaled(r.RMSPx) }, "px", limit{.6, 1.5, "hold the camera still, give more light, fix the board to something flat"}},
	{"what the corners of a part of the image are off together", func(r *Result) float64 { return r.scaled(r.SystematicPx) }, "px", limit{.25, .8, "try the other --model; a board that is bent, or a lens that zooms or stabilises, shows like this too"}},
	{"share of the image without a corner", func(r *Result) float64 { return 100 * (1 - r.Coverage) }, "%", limit{45, 75, "move the board through the whole image"}},
	{"views short of ten", func(r *Result) float64 { return float64(max(10-len(r.Views), 0)) }, "", limit{0, 5, "take more views: some dozens, each different"}},
}

// FocalSigma is the relative deviation of the focal length.
func (r *Result) FocalSigma() float64 {
	return max(r.Sigma[0]/r.Camera.Values[0], r.Sigma[1]/r.Camera.Values[1])
}

func (r *Result) borderScaled() float64 { return r.scaled(r.BorderPx) }

// scaled is a distance in pixels for an image of 1000 pixels width.
func (r *Result) scaled(px float64) float64 { return px * 1000 / float64(r.Camera.W) }

// Verdict grades the calibration, and says what is not good and what to do.
func (r *Result) Verdict() (Grade, []string) {
	grade := Good
	var reasons []string
	for _, l := range limits {
		v := l.value(r)
		if v <= l.good {
			continue
		}
		reasons = append(reasons, fmt.Sprintf("%s is %.3g %s, %.3g is good: %s", l.what, v, l.unit, l.good, l.advice))
		switch {
		case !(v <= l.usable):
			grade = Poor
		case grade == Good:
			grade = Usable
		}
	}
	return grade, reasons
}

// quantile returns the value that a share q of the values does not exceed.
func quantile(values []float64, q float64) float64 {
	if len(values) == 0 {
		return math.NaN()
	}
	s := slices.Sorted(slices.Values(values))
	return s[min(int(q*float64(len(s))), len(s)-1)]
}
