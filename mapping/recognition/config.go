package recognition

const (
	tables       = 10  // hash tables
	maxIndexed   = 400 // strongest keypoints of a keyframe that are entered
	keypointBits = 9   // hold their numbers; the rest counts 8 million keyframes
	busyEntries  = 200 // entries above which a key says nothing, and
	busyShare    = 10  // one part in so many of the keyframes where that is more
	maxHamming   = 48  // bits in which two views of a corner may differ
	ratio        = .85 // of the distances of the nearest and the second

	// farHamming is a distance that neither a match nor its second can have.
	farHamming = maxHamming*100/85 + 1
)
