package datasets

import (
	"math"
	"testing"
)

// Whatever a file's clock does, frames keep their order and stamps increase by
// what a trajectory file can tell apart; good stamps stay.
func TestFileClock(t *testing.T) {
	nan := math.NaN()
	for name, tt := range map[string]struct{ file, want []float64 }{
		"good":          {[]float64{5, 5.1, 5.25}, []float64{0, .1, .25}},
		"repeated":      {[]float64{0, .1, .1, .2}, []float64{0, .1, .15, .2}},
		"rounded":       {[]float64{0, .1, .1 + 1e-8, .2}, []float64{0, .1, .15, .2}},
		"missing":       {[]float64{0, nan, .1, nan}, []float64{0, .05, .1, .15}},
		"none":          {[]float64{nan, nan, nan}, []float64{0, .1, .2}},
		"late":          {[]float64{nan, nan, 7, 7.2}, []float64{0, .1, .2, .4}},
		"back":          {[]float64{0, .1, .05, .2}, []float64{0, .1, .15, .2}},
		"another clock": {[]float64{9, 9.1, 0, .1, .2}, []float64{0, .1, .2, .3, .4}},
	} {
		var mended tally
		c := fileClock{step: .1, mended: &mended}
		for i, at := range tt.file {
			if got := c.next(at); math.Abs(got-tt.want[i]) > 1e-9 {
				t.Errorf("%s: frame %d at %g, want %g", name, i, got, tt.want[i])
			}
		}
		if told := len(mended.warnings(nil)) > 0; told != (name != "good") {
			t.Errorf("%s: warnings %v", name, mended.warnings(nil))
		}
	}
}
