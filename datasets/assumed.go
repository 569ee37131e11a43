package datasets

import (
	"context"

	"github.com/metricslam/metricslam/slam"
)

// assumed hands on a source whose true camera is withheld: its frames come with the
// camera that was found from them. Distortion is left in the images.
type assumed struct {
	Source
	info slam.SourceInfo
}

func newAssumed(src Source, f FoundCamera) *assumed {
	a := &assumed{Source: src, info: src.Info()}
	l := f.lens()
	a.info.Camera, a.info.CameraFrom, a.info.FocalSigma = l.cam, l.from, l.focalSigma
	a.info.Warnings = append(l.notes, a.info.Warnings...)
	return a
}

// Info describes the source with the camera found.
func (a *assumed) Info() slam.SourceInfo { return a.info }

// Next returns the next frame with the camera found.
func (a *assumed) Next(ctx context.Context) (*slam.Frame, error) {
	f, err := a.Source.Next(ctx)
	if f != nil {
		f.Camera = a.info.Camera
	}
	return f, err
}

var _ Source = (*assumed)(nil)
