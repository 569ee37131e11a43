package ground

import "github.com/metricslam/metricslam/photometric"

// What is tuned here was chosen on KITTI (docs/scale.md).
const (
	samples          = 4000 // pixels that take part
	roadTopTan       = .12  // tangent below the horizon where the road begins: 7 degrees
	roadHalfWidth    = .9   // of the road, in camera heights: 1.5 m to each side at a height of 1.65 m
	borderPx         = 3    // margin that the support of the gradient needs
	minNCC           = .45  // correlation of the two images below which the plane is refused
	independentShare = .1   // of the pixels: neighbours share texture and blur, and so their error
	floorLogStd      = .02  // of log h: a road is no plane
	maxSteps         = 8    // Gauss-Newton steps at each radius of the smoothing box
	convergedShare   = 1e-4 // of |q|: a step that ends them
	tiltSigmas       = 3    // deviations of the normal beyond which a plane is refused

	// TiltStd is the deviation of the normal's two angles around the expected
	// ones while a map grows, in radians.
	TiltStd = .02
	// MountedTiltStd is the same once the normal is known by the steps of the
	// adjusted map: what is left are springs and crests.
	MountedTiltStd = .006

	// Heights that are tried where nothing is known, in baselines.
	searchNear = .5
	searchFar  = 30
	searchStep = 1.08 // ratio of one to the next
	// searchRadius is that of the boxes that smooth the images meanwhile, in pixels.
	searchRadius = 2
	// Pitches that are tried, in degrees.
	searchPitch     = 6
	searchPitchStep = 2

	minStepM = .1 // metres between two views that are compared
	gateLog  = .3 // largest surprise in log scale once the map is metric
	// A plane that the map does not confirm is believed when agreePlanes of the last
	// recentPlanes before it say the same to agreeLog, in log scale. On kitti_small from
	// frame 48 on the first plane is off by 1.65 times, and the next ones scatter by .1.
	recentPlanes = 5
	agreePlanes  = 2
	agreeLog     = .15
	learnRate    = .1  // at which the expected normal follows the measured ones
	climbStd     = .01 // radians between a step and the ground
	climbGate    = .1  // a step that climbs more than this tells nothing of the ground
)

var settings = photometric.Settings{
	HuberGrey: 12,   // what is no road counts less
	MaxGain:   2,    // of the exposure between two keyframes
	Matched:   true, // least squares biases the height by .5 % to 1 %
	BorderPx:  borderPx,
	NearM:     .1,
	MinPixels: 50, // below which an exposure cannot be fitted
}
