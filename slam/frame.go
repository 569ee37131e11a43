package slam

import (
	"math"

	"github.com/metricslam/metricslam/geom"
)

// Frame is one image of the input, undistorted, with what the data set knows
// of it. Grey images have an empty Color; colour ones carry both.
type Frame struct {
	Index  int     // place in the source, from 0, before --stride and skips
	Time   float64 // seconds
	Name   string  // file name without folder and extension, or the stamp: how a depth folder names it
	Camera geom.Camera
	Gray   Gray
	Color  RGB

	// Truth is the true camera-to-world pose, nil where unknown. It is for
	// evaluation, display and simulated depth only: no estimator reads it.
	Truth *geom.SE3

	// SensorDepth loads the depth image that belongs to the frame; nil where
	// there is none. Only depth sources call it.
	SensorDepth func() (DepthMap, error)
}

// DepthMap is metric depth along the optical axis of Camera, with the deviation
// of its logarithm. W and H may differ from the image's; Camera fits them.
type DepthMap struct {
	W, H   int
	Camera geom.Camera
	Depth  []float32 // metres; 0 = unknown; len W*H

	// LogStd is the standard deviation of log depth per pixel; nil means Sigma
	// for all of them.
	LogStd []float32
	// Sigma is the deviation of log depth that holds where LogStd is nil.
	Sigma float64
	// ScaleSigma is the deviation of the log-scale that all pixels share; 0 for
	// a sensor that measures metres. PlaceSigma is that of the log-scale that all
	// images of one place by one camera share beside it, however many there are.
	ScaleSigma, PlaceSigma float64
	Source                 string // "sensor", "folder", "sim", or a model's name
	NoEdges                bool   // the pixels around discontinuities are unknown already
}

// SharedSigma is the deviation of the log-scale of one image by itself: that of
// its viewpoint and that of its place.
func (d DepthMap) SharedSigma() float64 { return math.Hypot(d.ScaleSigma, d.PlaceSigma) }

// Empty reports whether the map holds no pixels.
func (d DepthMap) Empty() bool { return len(d.Depth) == 0 }

// SameSurface reports whether two depths can be of one surface: both are known, and
// the farther one is less than a share spread beyond the nearer one.
func SameSurface[F ~float32 | ~float64](a, b, spread F) bool {
	return a > 0 && b > 0 && max(a, b) < (1+spread)*min(a, b)
}

// Deviations returns the deviation of log depth of every pixel, 0 where depth is
// unknown.
func (d DepthMap) Deviations() []float32 {
	out := make([]float32, len(d.Depth))
	for i, z := range d.Depth {
		switch {
		case z <= 0:
		case d.LogStd != nil:
			out[i] = d.LogStd[i]
		default:
			out[i] = float32(d.Sigma)
		}
	}
	return out
}

// At returns the depth and its log deviation at the pixel nearest to u, given in
// pixels of the depth map; ok is false outside and where depth is unknown.
func (d DepthMap) At(u geom.Vec2) (depthM, logStd float64, ok bool) {
	x, y := int(u.X+.5), int(u.Y+.5)
	if u.X < -.5 || u.Y < -.5 || x >= d.W || y >= d.H {
		return 0, 0, false
	}
	i := y*d.W + x
	if d.Depth[i] <= 0 {
		return 0, 0, false
	}
	logStd = d.Sigma
	if d.LogStd != nil {
		logStd = float64(d.LogStd[i])
	}
	return float64(d.Depth[i]), logStd, true
}
