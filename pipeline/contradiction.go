package pipeline

import (
	"fmt"
	"math"

	"github.com/metricslam/metricslam/geom"
)

// sameFocal is how far the focal lengths of two calibrations of one camera, one of
// them adjusted, may be apart, as a share.
const sameFocal = .02

// otherFocal says that a loaded map was made with another focal length at the same
// size of the images; empty where it was not.
func otherFocal(of, now geom.Camera) string {
	ratio := now.Fx / of.Fx
	if of.W != now.W || of.H != now.H || math.Abs(math.Log(ratio)) < sameFocal {
		return ""
	}
	return fmt.Sprintf("the map was made with images of the same size and a focal length of %.1f pixels, these are taken with %.1f: of one camera one of the two is wrong, and poses are off by up to that", of.Fx, now.Fx)
}
