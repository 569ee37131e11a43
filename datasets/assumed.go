package datasets

import (
	"context"

	"github.com/metricslam/metricslam/slam"
)

// assumed hands on a source that knows its camera better than who reads it: frames
// come with the camera that was found from them, or with another readout. Distortion
// is left in the images.
type assumed struct {
	Source
	info  slam.SourceInfo
	notes []string
}

func newAssumed(src Source, opt Options) *assumed {
	a := &assumed{Source: src, info: src.Info()}
	if opt.Found != nil {
		l := opt.Found.lens()
		a.info.Camera, a.info.CameraFrom, a.info.FocalSigma = l.cam, l.from, l.focalSigma
		a.notes = l.notes
	}
	if opt.ReadoutS != nil {
		a.info.ReadoutS = *opt.ReadoutS
	}
	a.info.Warnings = a.Warnings()
	return a
}

// Info describes the source with the camera found.
func (a *assumed) Info() slam.SourceInfo { return a.info }

// Warnings are those of the source, behind what is to be known of the camera.
func (a *assumed) Warnings() []string {
	return append(a.notes[:len(a.notes):len(a.notes)], a.Source.Warnings()...)
}

// Next returns the next frame with the camera found.
func (a *assumed) Next(ctx context.Context) (*slam.Frame, error) {
	f, err := a.Source.Next(ctx)
	if f != nil {
		f.Camera = a.info.Camera
	}
	return f, err
}

var _ Source = (*assumed)(nil)
