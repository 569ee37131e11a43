// Package recognition finds images that show the same place by binary descriptors:
// an index of keyframes without a vocabulary, and the matching of two images.
package recognition

import (
	"github.com/metricslam/metricslam/geom"
	"github.com/metricslam/metricslam/slam"
)

// Keypoint is an ORB feature of an image.
type Keypoint struct {
	Pixel geom.Vec2
	Desc  slam.Descriptor
}
