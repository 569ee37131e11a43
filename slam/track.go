package slam

import "github.com/metricslam/metricslam/geom"

// Track is one keypoint in the current image. Ids are never used twice; a
// landmark has the id of the track it came from.
type Track struct {
	ID    int
	Pixel geom.Vec2
}

// Point is what the tracker knows of a landmark.
type Point struct {
	Position geom.Vec3 // in the world
	Host     geom.Vec3 // centre of the camera whose ray the landmark lies on
	LogStd   float64   // deviation of log depth along that ray
}
