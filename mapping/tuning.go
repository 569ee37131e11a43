package mapping

// What is tuned of this package stands here, but for the settings in Config, and for
// loop closing, which has a list of its own (loop_config.go). A number without a
// source beside it was set by hand on the sequences of docs/noise.md, docs/map.md and
// docs/links.md; docs/constants.md has what half or twice of some of them does.

// What is believed at all.
const (
	minDepthM   = .05  // nearest depth
	minInvDepth = 1e-4 // 1/m; keeps far landmarks in front of the camera: 10 km
)

// A camera that the last adjustment contradicts.
const (
	focalConflictSigmas = 2    // deviations that its focal length has moved by
	focalSystematic     = .005 // beside that of the calibration: distortion and rolling shutters move those of good ones by .1 to .9 %; focal lengths wrong by a quarter move by 1.2 to 1.9 %
	focalDoubtLeast     = .2   // deviation of the focal length then: that of a guess
)

// A lens that zooms or breathes, and a focal length that is wrong (docs/calibration.md
// has the sequences).
const (
	zoomRun          = 120 // keyframes that are adjusted at once, overlapping by zoomOverlap
	zoomOverlap      = 12
	sameCenter       = .02    // widths of the image that the principal points of one camera, adjusted or not, may differ by
	zoomObservations = 60_000 // of landmarks, spread over the images: more change nothing
	zoomIterations   = 20
	zoomFocalSigma   = 1    // logarithm; holds nothing but what the images leave open
	zoomGauge        = .02  // over the deviation of a log depth: a thousand of them hold the scale of a map without depth, and nothing else
	zoomStepSigma    = .003 // logarithm, between neighbours: .001 hides a step of .03 on kitti, .003 lets the others wander by .015
	zoomSide         = 3    // keyframes on either side of a step
	zoomShared       = 20   // landmarks that both sides see twice
	zoomSharpPx      = 2.15 // deviation of their pixels, at most: in blur and darkness focal lengths wander by .03 at 2.2 and .08 at 3
	zoomLeast        = .025 // step that is told: .0225 at most without zoom (redkitchen, every fourth frame), see docs/calibration.md
	zoomDoubt        = 2    // times the step that metres may be off by: it moves the camera by that share of the depth, too
	// freeFocalOff is how far the focal length that images alone ask for may be from
	// the one told: rolling shutters and distortion make it .05 on good sequences, and
	// .11 on one in the dark; .13 to .48 where it was wrong by 14 to 40 %.
	freeFocalOff    = .13
	freeFocalSigmas = 3
	toldFocalOff    = .05 // of it, below which images alone confirm what was told: they do on all good sequences
	confirmedSigma  = .05 // deviation of what images alone ask for, above which they confirm nothing
)

// Depth of new landmarks and scale of new depth maps.
const (
	triangulateMaxPx  = 2.5   // reprojection error of a triangulated landmark
	alignMinLandmarks = 10    // that tell the scale of a depth map
	alignMaxLogStd    = .3    // of their log depth
	alignFloorStd     = .01   // of the log-scale, however many agree
	normalIQR         = 1.349 // interquartile range of a normal distribution, in deviations
)

// Search of known landmarks in new keyframes.
const (
	retrackGatePx  = 12  // farthest from its projection that a landmark is accepted
	rematchGatePx  = 5   // the same at the end, when the map is adjusted
	retrackBorder  = 8   // pixels at the border where none is searched
	retrackAxisMin = .7  // cosine between two optical axes from which on views are compared: 45 degrees
	retrackZoomMin = .6  // ratio of depths between which a patch still looks alike
	retrackZoomMax = 1.7 // about its inverse
	retrackRollMin = .85 // cosine of the roll between two images of a patch: 32 degrees
	retrackSample  = 4   // every so many features of a keyframe tell what it has in view
	retrackFewest  = 5   // of these, in view of a keyframe that is searched
	sameCornerPx   = 4   // pixels between two features that show the same corner

	reachFresh = 20  // keyframes within which a reach is measured anew: landmarks are still gaining depth
	reachSpare = 1.5 // how much depths may grow after that
)

// Registration of features by patches.
const (
	registerMinNCC = .85 // correlation of the warped patch with the image
	registerMaxPx  = 3   // farthest that a patch is moved
	registerSure   = 100 // registered features that hold a keyframe by themselves
	// driftingWeight is the weight that is left to the other features there. They
	// slide along outlines and occlusions, all to the same side of the motion, so that
	// more of them do not help. They hold what nothing else does.
	driftingWeight = .03

	sharpMedianPx  = .25 // pixels: median error of sharp images, at most
	outlierMedians = 2.5 // medians from which on a registered feature counts half
	outlierLeastPx = .3  // pixels, of these
)

// Bundle adjustment.
const (
	windowShared     = 15   // landmarks that bring a keyframe into the local window
	chi2Pixel        = 5.99 // 95 % of chi-square with two degrees of freedom
	chi2Depth        = 9    // three deviations of a depth reading
	depthCauchy      = 1.5  // deviations of a depth reading that count half: an edge, a reflection
	minReadingStd    = 1e-3 // of the log of a depth reading
	scaleTieHuber    = 2    // deviations of a keyframe's log-scale from which on the loss is linear
	scaleTieMinGain  = .01  // least weight of these ties in the last adjustment
	stepHuber        = 1.5  // deviations of a step that the ground measures
	tetherHuber      = 3    // deviations of an odometry measurement by pixels
	localTolerance   = 1e-4 // relative decrease of the cost that ends a round
	globalSensorGain = .5   // weight of a sensor's readings in the last adjustment: neighbours share errors, less than a network's do
	// globalLambda lets a long way bend as a whole: its pixels hold that so little,
	// beside one keyframe alone, that the usual damping would not let it move.
	globalLambda = 1e-8
	// An image is cut into chooseColumns x chooseRows cells, over which the landmarks
	// of a large last adjustment are spread.
	chooseColumns = 6
	chooseRows    = 4
	// A camera is adjusted in parts of lensKeyframes to lensMaxKeyframes keyframes:
	// fewer say too little of it, and one unknown that all of many share makes the
	// last adjustment slow.
	lensKeyframes    = 12
	lensMaxKeyframes = 300
	linkLandmarkStd  = .1 // of the log depth of a new landmark of a link
	unitLandmarks    = 10 // that tell what a keyframe's lengths are worth
	maxViewLogStd    = .1 // of a landmark's log depth, above which it says nothing to dense depth
)

// Culling.
const (
	cullFrom     = 100  // keyframes of a map below which none is culled
	cullRecent   = 5    // newest keyframes that are left alone
	cullShare    = .9   // of its landmarks that must be seen by cullWitness others
	cullWitness  = 3    // keyframes
	cullAtOnce   = 2    // keyframes culled for a new one
	cullShared   = 15   // landmarks shared with the new one
	cullLong     = 1000 // keyframes that are left of a long run: from there on only landmarks that last count
	cullLasting  = 3    // keyframes that see one: what fewer saw was never found again
	cullTieShift = .3   // a landmark counts as seen by what is not farther from it than this share more
)

// Sources of scale (docs/scale.md). Deviations are of log scale unless a unit is given.
const (
	scaleCorrelation = 8   // keyframes that share one draw of a network's error, which belongs to the viewpoint
	priorKeyframes   = 4   // that the stated spread of a network counts for, beside the measured one
	sensorLogStd     = .02 // of a depth sensor: calibrations differ by that much
	// A network's depth is compared in shape with landmarks of shapeLogStd by
	// triangulation alone, shapeLandmarks of them in a keyframe at least.
	shapeLogStd    = .03
	shapeLandmarks = 20
	shapeKnown     = .055 // deviation of a log depth about its keyframe's scale where a network knows the place (docs/scale.md)
	heightLogStd   = .02  // of a camera height as a user measures it, and of the road as a plane: measured on KITTI
	heightShared   = 5    // neighbouring steps that share the error of one measurement
	heightGate     = .3   // from the median, of a step that is left out
	markerLogStd   = .01  // of a marker's printed size, and of the map's shape about it
	cameraEndStd   = .01  // of a camera held over the end of a tape, metres
	markerEndStd   = .003 // of a tape's end at a marker's middle, metres
	distanceLogStd = .01  // of the map's shape between the ends
	bringSigma     = .1   // of the gain, below which a map is brought to metres while it grows
	bringLeast     = .03  // gain worth the jump
)
