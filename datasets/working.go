package datasets

import (
	"context"
	"image"
	"math"

	"gocv.io/x/gocv"

	"github.com/metricslam/metricslam/geom"
	"github.com/metricslam/metricslam/slam"
)

// The size at which images are tracked and mapped. What a camera sees is held by rays,
// whose error is that of a keypoint over the focal length. Keypoints of larger images
// are found as well in pixels only where motion blur, lens and compression leave them
// sharp; their cost grows with the pixels all the same.
const (
	// largestPixels is the size up to which images stay as they are: those of cars
	// that look far ahead (1241x376, KITTI) are below it.
	largestPixels = 500_000
	// workingPixels is what larger images are brought to: 854x480, a third more than
	// 640x480. Half the size of 1280x720 was tried too (docs/experiments.md).
	workingPixels = 854 * 480
)

// Working returns src with images of the size that they are tracked at; src itself
// where they are not larger. Depth of a sensor stays as it is.
func Working(src Source) Source {
	c := src.Info().Camera
	if c.W*c.H <= largestPixels {
		return src
	}
	r := &reduced{Source: src, full: c, camera: workingCamera(c)}
	if o, ok := src.(Outlined); ok {
		return struct {
			Source
			Outlined
		}{r, o}
	}
	return r
}

// workingCamera is that of the reduced images of a camera.
func workingCamera(c geom.Camera) geom.Camera {
	s := math.Sqrt(workingPixels / float64(c.W*c.H))
	return c.Resized(int(math.Round(s*float64(c.W))), int(math.Round(s*float64(c.H))))
}

// reduced makes images smaller.
type reduced struct {
	Source
	full, camera geom.Camera
}

// Info is that of the source, with the camera of the images.
func (r *reduced) Info() slam.SourceInfo {
	info := r.Source.Info()
	info.Camera = r.camera
	return info
}

// Next returns the next frame.
func (r *reduced) Next(ctx context.Context) (*slam.Frame, error) {
	f, err := r.Source.Next(ctx)
	if err != nil {
		return f, err
	}
	out := *f
	out.Camera = r.camera
	if f.Camera != r.full {
		out.Camera = workingCamera(f.Camera)
	}
	w, h := out.Camera.W, out.Camera.H
	out.Gray.W, out.Gray.H = w, h
	if out.Gray.Pix, err = areaMeans(f.Gray.Pix, f.Gray.W, f.Gray.H, w, h, gocv.MatTypeCV8UC1); err != nil {
		return nil, &SkipError{Index: f.Index, File: f.Name, Err: err}
	}
	if f.Color.Empty() {
		return &out, nil
	}
	out.Color.W, out.Color.H = w, h
	if out.Color.Pix, err = areaMeans(f.Color.Pix, f.Color.W, f.Color.H, w, h, gocv.MatTypeCV8UC3); err != nil {
		return nil, &SkipError{Index: f.Index, File: f.Name, Err: err}
	}
	return &out, nil
}

// areaMeans resizes an image to w x h pixels, each the mean of what it covers.
func areaMeans(pix []uint8, fromW, fromH, w, h int, kind gocv.MatType) ([]uint8, error) {
	full, err := gocv.NewMatFromBytes(fromH, fromW, kind, pix)
	if err != nil {
		return nil, err
	}
	defer full.Close()
	small := gocv.NewMat()
	defer small.Close()
	gocv.Resize(full, &small, image.Point{X: w, Y: h}, 0, 0, gocv.InterpolationArea)
	return copyMat(small, w*h*small.Channels())
}
