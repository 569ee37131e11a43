package datasets

import (
	"context"

	"github.com/metricslam/metricslam/geom"
	"github.com/metricslam/metricslam/slam"
)

// Source yields the frames of one camera in order. It is used by one goroutine
// at a time.
type Source interface {
	// Info returns what is known before the first frame; it does not change.
	Info() slam.SourceInfo
	// Next returns the next frame, io.EOF after the last one, a *SkipError for
	// one damaged frame (call Next again), or ctx's error.
	Next(ctx context.Context) (*slam.Frame, error)
	// Warnings returns Info's and, with their numbers, what was mended, made up or
	// left out since; it grows until the last frame. Any goroutine may call it.
	Warnings() []string
	// Truth returns the true camera-to-world poses with the stamps of the data
	// set, nil where unknown. It is for evaluation and display alone.
	Truth() slam.Trajectory
	// Close frees what the source holds and ends its goroutines.
	Close() error
}

// SkipError is slam.SkipError, which Next returns for one damaged frame.
type SkipError = slam.SkipError

// The kinds of sources, as Options.Kind and slam.SourceInfo.Kind name them.
const (
	KindTUM        = "tum"
	KindKITTI      = "kitti"
	Kind7Scenes    = "7scenes"
	KindEuRoC      = "euroc"
	KindKITTIRaw   = "kitti-raw" // and KITTI-360
	KindReplica    = "replica"
	KindScanNet    = "scannet"
	KindTUMMono    = "tum-mono"
	KindNerfstudio = "nerfstudio"
	KindFolder     = "folder"
	KindBag        = "bag" // ROS 2 in MCAP
	KindVideo      = "video"
	KindCamera     = "camera"
	KindStream     = "stream"
	KindSynthetic  = "synthetic"
)

// Options say how to read a source; the zero value reads all of it as it
// describes itself.
type Options struct {
	Kind       string // one of the kinds above; empty = recognise it
	CameraFile string // YAML with OpenCV's or ORB-SLAM's keys; empty = see CameraFrom

	// Fx, Fy, Cx, Cy are the intrinsics in pixels of images without
	// distortion; Fx 0 = not given, Fy 0 = Fx, Cx and Cy 0 = the centre.
	Fx, Fy, Cx, Cy float64
	FOVRad         float64 // horizontal field of view; 0 = not given

	// ReadoutS is the time from the exposure of an image's first row to that of its
	// last; nil = as the camera file says, else 0: all at once.
	ReadoutS *float64

	// Found is the camera where it was found from the images themselves; nil = not.
	Found *FoundCamera

	// Raw gives the images as the camera took them, whatever is known of it: for
	// calibration. Info's camera then says no more than their size.
	Raw bool

	DepthScale float64 // units of the depth images per metre; 0 = the data's own

	Start     int // first frame
	Stride    int // take every Stride-th frame; 0 = 1
	MaxFrames int // frames to read, damaged ones included; 0 = all

	Topic string // of images in a bag; empty = the one with most

	Seed uint64 // of synthetic scenes
	Live bool   // play recorded frames in real time and drop those nobody waited for
}

// FoundCamera is a camera that self-calibration found.
type FoundCamera struct {
	Camera     geom.Camera // of images without distortion
	K1         float64     // radial coefficient
	FocalSigma float64     // deviation of the logarithm of the focal length
	Note       string      // what the user should know of it, empty for nothing
}

// lens is the camera with its distortion.
func (f FoundCamera) lens() lens {
	l := lens{cam: f.Camera, from: "--camera auto: found from the images", focalSigma: f.FocalSigma}
	if f.K1 != 0 {
		l.model, l.coeffs = modelRadTan, []float64{f.K1, 0, 0, 0}
	}
	if f.Note != "" {
		l.notes = []string{f.Note}
	}
	return l
}
