package eval

import (
	"fmt"

	"github.com/metricslam/metricslam/geom"
)

// Alignment says what of the frame of the estimate is fitted to the truth
// before they are compared.
type Alignment int

// The alignments.
const (
	AlignNone Alignment = iota // frames and scale are the same already
	AlignSE3                   // rotation and translation
	AlignSim3                  // and scale
)

// String returns the usual name.
func (a Alignment) String() string {
	return [...]string{"none", "SE3", "Sim3"}[a]
}

// Align returns the similarity that maps the estimated camera centres nearest
// to the true ones, all pairs with the same weight. Its S is the scale error:
// truth = S x estimate. Fewer than three pairs, or centres on one point or one
// line, leave the rotation open: an error, except for AlignNone.
func Align(pairs []Pair, a Alignment) (geom.Sim3, error) {
	if a == AlignNone {
		return geom.IdentitySim3(), nil
	}
	src, dst := make([]geom.Vec3, len(pairs)), make([]geom.Vec3, len(pairs))
	for i, p := range pairs {
		src[i], dst[i] = p.Estimate.Pose.T, p.Truth.Pose.T
	}
	t, err := geom.Umeyama(src, dst, a == AlignSim3)
	if err != nil {
		return geom.Sim3{}, fmt.Errorf("align %d poses by %v: %w", len(pairs), a, err)
	}
	return t, nil
}

// Apply returns the pairs with every estimated pose mapped by t.
func Apply(pairs []Pair, t geom.Sim3) []Pair {
	out := make([]Pair, len(pairs))
	for i, p := range pairs {
		p.Estimate.Pose = t.ApplyPose(p.Estimate.Pose)
		out[i] = p
	}
	return out
}

// ATE returns the absolute trajectory error of every pair in metres: the
// distance between the true and the estimated camera centre.
func ATE(pairs []Pair) []float64 {
	errors := make([]float64, len(pairs))
	for i, p := range pairs {
		errors[i] = p.Estimate.Pose.T.Sub(p.Truth.Pose.T).Norm()
	}
	return errors
}
