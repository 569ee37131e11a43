package mapping

// What is tuned of loop closing. Counts were chosen on tum/desk, tum/redkitchen,
// 7-Scenes and the synthetic street and tour (docs/links.md).
const (
	// Candidates.
	linkCandidates  = 3  // keyframes that are verified for a query
	linkNeighbours  = 2  // and more around the best of them, where it says something new
	linkMinVotes    = 12 // keypoints in common that make a candidate
	linkRecent      = 10 // keyframes back that are neighbours, not loops
	linkNewPx       = 8  // pixels between its keypoints and where the map has them, for a link to be news
	neighbourShared = 8  // landmarks that make two keyframes neighbours, wherever they are in time
	returnShared    = 20 // landmarks that came back into view together
	lostCandidates  = 6  // keyframes that a lost frame is compared with

	// Verification.
	pnpMinInliers   = 18  // of PnP
	linkMinInliers  = 30  // of PnP in each direction, and of landmarks, that make a link
	linkSure        = 40  // inliers of a good link
	linkMaxTurnRad  = .09 // between the poses of the two directions: 5 degrees
	linkMaxShift    = .1  // the same in shares of the median depth
	linkMaxLogScale = .4  // between two metric maps
	linkPixelSigma  = 2   // of an ORB keypoint, pixels
	landmarkReachPx = 5   // pixels within which a landmark tells the depth of a keypoint
	landmarkMaxStd  = .2  // of the log depth of a landmark that does

	// Refinement by the patches of landmarks.
	refineRounds        = 3   // each finds more, farther from the keypoints that were paired
	refineReachPx       = 6   // from where a landmark should be
	refineMaxLogStd     = .2  // of the log depth of a landmark
	refineFullPx        = 1.5 // noise of pixels below which images of full size tell more
	refineOutlierSigmas = 3   // deviations of a pixel
	// Correlation from which on a patch is found. Patches that blur has changed reach
	// .9, and lie a pixel or two beside where they should be.
	refineMinNCC = .95

	// Perceptual aliasing.
	aliasDepths  = 3  // median depths by which a link moves a keyframe, from which on it is asked
	aliasShare   = .6 // of the landmarks that should be in view
	aliasNCC     = .6 // correlation that they reach
	aliasReachPx = 1  // pixels of half the size that they may lie off
	// By how many inliers a group of links must surpass those that say something else of
	// the same views, as the nearest neighbour of a descriptor must the second nearest
	// (Lowe 2004). In synthetic:corridor true returns have 200 to 400 inliers, doors and
	// tiles that look alike 40 to 120.
	aliasRatio = 1.5

	// Deviation of a link, beside what its keypoints tell.
	linkShiftShare = .01  // of the median depth
	linkTurnRad    = .007 // radians
	linkLogScale   = .05
	// Depths at neighbouring keypoints are wrong together: a patch of a screen, a
	// table, a far wall comes out tilted. The tilt is this relative error of
	// depth over the patch's half-width in radians.
	linkDepthShare = .003
	linkMaxTiltRad = .03 // a link that may be tilted more says too little

	// What the map must fit.
	linkChi2   = 22.458 // 99.9 % of chi-square with six degrees of freedom
	fitTurnRad = .1     // and by how much a link that is accepted may differ from the map
	fitShift   = .15    // the same in shares of the depth
	relaxPx    = 4      // median residual of an accepted link from which on the map is corrected
	relaxEvery = 8      // keyframes, at most

	// Groups of links that are judged.
	groupLinks   = 2   // from different keyframes, which must say the same to be judged
	groupInliers = 60  // of all of them
	groupAlone   = 100 // inliers of a link that needs no second one
	groupGrowth  = 1.5 // of a group that was judged in vain, before it is judged again
	maxPending   = 400 // links that wait
	// Links of a group that take part, each with the weight of one link: views that look
	// alike for one cause are one piece of evidence, however many they are.
	groupGraph = 3

	// The search when all has been seen and time does not press.
	lastCandidates = 6  // keyframes that are verified
	lastVotes      = 8  // keypoints in common
	lastJudged     = 12 // groups of links
)

// What is tuned of the pose graph. Odometry edges drift with the distance.
const (
	edgeStepShare = .04  // deviation of an edge, of its length: edges in a row get wrong alike
	edgeTurnShare = .04  // of its angle
	edgeFloor     = .005 // and of the depth
	edgeFloorRad  = .004 // radians
	edgeLogScale  = .01  // of an edge, where the scale is free
	nodeLogScale  = .4   // of a keyframe, where the scale is free

	edgeSure   = 60 // landmarks that make an edge sure
	edgeSlip   = 30 // landmarks below which it may be a slip of the map
	edgeShared = 8  // landmarks below which two keyframes are not joined at all
	edgeTether = 20 // landmarks that a tether is worth
	edgeFar    = 10 // keyframes between which an edge closes a loop of its own
	slipSigmas = 15 // deviations of a slip, in those of the edge
	slipReach  = 3  // and at most this times the deviation of the camera's motion
	// and of its turning, which all of an image tells, however few landmarks do
	slipTurnReach = 1.5
	farTrust      = .5 // of an edge to a keyframe of long ago: that of a weak link

	graphVisits = 60 // visits that take part at most
)

// What a camera can do between two keyframes, and while it is lost.
const (
	motionQuantile  = .95 // of the speeds between keyframes in a row
	motionSteps     = 10  // of them that tell a speed
	motionMaxS      = 5.0 // seconds after which nothing is said
	motionFloor     = .05 // deviation of a position that is known, in depths
	motionFloorRad  = .1
	reachDeviations = 5 // within which a lost camera is looked for
	gapLogScale     = 1 // deviation of the scales of two parts
)
