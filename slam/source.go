package slam

import (
	"fmt"

	"github.com/metricslam/metricslam/geom"
)

// SourceInfo is what is known of a source of frames before the first is read.
type SourceInfo struct {
	Name           string      // as the user gave it
	Kind           string      // "tum", "kitti", "video", "synthetic", ...
	Camera         geom.Camera // of the undistorted images
	CameraFrom     string      // where the intrinsics come from, for the log
	FocalSigma     float64     // deviation of the logarithm of its focal length where nobody calibrated it; 0 elsewhere
	FPS            float64     // nominal frames per second
	Len            int         // frames that Next will return; 0 where unknown
	Live           bool        // frames come in real time and are lost if not read
	HasSensorDepth bool
	// ReadoutS is the time from the exposure of a picture's first row to that of its
	// last, 0 where all are exposed at once or nobody says. A frame's time is that of
	// its middle row.
	ReadoutS float64
	HasTruth bool
	// CameraHeightM is the height of the camera over the ground in metres where
	// the source knows it; 0 elsewhere.
	CameraHeightM float64
	Warnings      []string // what the user should know: guesses, repairs, skips
}

// SkipError says that one frame of a source is damaged or unreadable and was
// passed over. The source goes on: whoever reads counts it, logs it and asks for
// the next frame.
type SkipError struct {
	Index int    // place of the frame in the source
	File  string // where it was to come from
	Err   error
}

// Error names the frame, its file and what is wrong with it.
func (e *SkipError) Error() string {
	return fmt.Sprintf("frame %d skipped: %s: %v", e.Index, e.File, e.Err)
}

// Unwrap returns the cause.
func (e *SkipError) Unwrap() error { return e.Err }
