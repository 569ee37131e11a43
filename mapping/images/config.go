package images

const (
	// maxWidth is the width above which depth and colour are kept at a half, a
	// quarter, ... of their size: fusion needs no more, and a long run keeps
	// thousands.
	maxWidth = 400
	// jpegQuality is that of colour, which paints surfaces.
	jpegQuality = 90

	logSteps  = 8000 // of log depth in one unit
	minDepthM = .05  // nearest depth that is kept
	stdSteps  = 256  // of the deviation of log depth in one unit

	edgeLogStep = .08 // jump of log depth across a pixel's surroundings that makes an edge
	edgeRadius  = 2   // pixels of the depth map that are looked at on each side
)

// EdgeLogStd is the deviation of the log depth of a reading at an edge: which
// surface is it?
const EdgeLogStd = .25

// MaxSide bounds the images that a map file may hold, in pixels.
const MaxSide = 1 << 14
