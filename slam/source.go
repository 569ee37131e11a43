package slam

import "github.com/metricslam/metricslam/geom"

// SourceInfo is what is known of a source of frames before the first is read.
type SourceInfo struct {
	Name           string      // as the user gave it
	Kind           string      // "tum", "kitti", "video", "synthetic", ...
	Camera         geom.Camera // of the undistorted pictures
	CameraFrom     string      // where the intrinsics come from, for the log
	FPS            float64     // nominal frames per second
	Len            int         // frames that Next will return; 0 where unknown
	Live           bool        // frames come in real time and are lost if not read
	HasSensorDepth bool
	HasTruth       bool
	// CameraHeightM is the height of the camera over the ground in metres where
	// the source knows it; 0 elsewhere.
	CameraHeightM float64
	Warnings      []string // what the user should know: guesses, repairs, skips
}
