package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/metricslam/metricslam/datasets"
	"github.com/metricslam/metricslam/pipeline"
)

// autoCamera is the --camera that is found from the images.
const autoCamera = "auto"

// findCamera reads the source once with nothing known of its camera, and puts what
// was found into the options to read it with.
func findCamera(ctx context.Context, spec string, opt *datasets.Options) error {
	if opt.Fx != 0 || opt.FOVRad != 0 {
		return errors.New("--fx and --fov give the focal length: leave one of them out")
	}
	opt.CameraFile = ""
	raw := *opt
	raw.Raw, raw.Live = true, false
	src, err := datasets.Open(ctx, spec, raw)
	if err != nil {
		return err
	}
	defer src.Close()
	if src.Info().Live {
		return fmt.Errorf("%s cannot be read twice: calibrate it with `metricslam calibrate`, or record it first", spec)
	}
	cfg := pipeline.Default()
	cfg.Seed = opt.Seed
	found, err := pipeline.FindCamera(ctx, src, cfg)
	if err != nil {
		return err
	}
	opt.Found = &datasets.FoundCamera{Camera: found.Camera, K1: found.K1, FocalSigma: found.FocalSigma, Note: findNote(found)}
	return nil
}

// findNote says how well the camera is known.
func findNote(f pipeline.FoundCamera) string {
	if !f.Told {
		return fmt.Sprintf("--camera auto: the images do not tell the focal length (%s): %.0f pixels are taken, known to %.0f %%; so are all metres. Calibrate with `metricslam calibrate`, or record a stretch that turns while it moves", f.Reason, f.Camera.Fx, 100*f.FocalSigma)
	}
	return fmt.Sprintf("--camera auto: focal length %.0f pixels, known to %.1f %%, k1 %.3f, from %d stretches of the sequence; metres cannot be better", f.Camera.Fx, 100*f.FocalSigma, f.K1, f.Windows)
}
