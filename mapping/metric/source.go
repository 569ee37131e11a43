package metric

import (
	"math"
)

// Source is what one source says of a map's metres.
type Source struct {
	Name     string
	Log      float64 // logarithm of the metres that one length of the map has by it
	Sigma    float64 // deviation of Log
	N        int     // measurements behind it
	Used     bool    // in the estimate
	Conflict bool    // it contradicts what is used
	Rank     Rank
}

// Names of sources that settings ask for.
const (
	MarkerName = "marker"
	HeightName = "camera height"
)

// Rank is the order in which sources are believed when they contradict each
// other: what a user measured directly before what follows from a model of the
// scene, and the network last.
type Rank int

// The ranks of sources, from the least to the most trusted.
const (
	RankNetwork Rank = iota
	RankHeight
	RankSensor
	RankMarker
	RankDistance
)

// vote is the weight of a source in the search for the largest group that
// agrees; a network alone never outvotes a measurement.
func (t Rank) vote() float64 {
	if t == RankNetwork {
		return .5
	}
	return 1
}

const (
	conflictSigmas = 3   // deviations
	conflictLog    = .05 // and log scale, from which on two sources contradict each other
)

// contradicts reports a gross difference: beyond three deviations, and more
// than 5 %.
func (s Source) contradicts(o Source) bool {
	d := math.Abs(s.Log - o.Log)
	return d > conflictLog && d > conflictSigmas*math.Hypot(s.Sigma, o.Sigma)
}
