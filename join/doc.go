// Package join makes one map of the maps of many recordings. Each step reads files and
// writes one:
//
//	index.go   what the places of a map look like, a few KB a keyframe
//	pairs.go   which two maps may show the same place
//	links.go   places that two maps have in common, verified and judged
//	graph.go   one pose graph over all recordings, each with a similarity of its own
//	solve.go   its solution, and what it says of links
//	bridge.go  what holds it together by few places alone
//	scales.go  the recordings' metres together, and those that the others contradict
//	joined.go  the result: every keyframe's pose in one frame, in metres
//
// Images are read by the first and the third step alone; the graph needs poses and
// links only. Poses are T_wc, lengths metres, times seconds.
package join

// Version is that of the files of this package. A file of another version is refused.
const Version = 1
