package datasets

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/metricslam/metricslam/datasets/synthetic"
)

// Open recognises what spec names and opens it; ctx bounds the opening alone.
// Errors name the file and the remedy.
func Open(ctx context.Context, spec string, opt Options) (Source, error) {
	if err := opt.validate(); err != nil {
		return nil, err
	}
	kind := opt.Kind
	if kind == "" {
		var err error
		if kind, err = recognise(spec); err != nil {
			return nil, err
		}
	}
	switch kind {
	case KindBag:
		return openBag(spec, opt)
	case KindVideo:
		return openVideo(ctx, spec, opt)
	case KindCamera:
		return openCamera(spec, opt)
	case KindStream:
		return openStream(ctx, spec, opt)
	case KindSynthetic:
		return openSynthetic(spec, opt)
	}
	if slices.Contains(kinds, kind) {
		return openImages(spec, kind, opt)
	}
	return nil, fmt.Errorf("unknown kind %q of source; one of %s", kind, strings.Join(kinds, ", "))
}

// openSynthetic renders a scene; its camera is the renderer's.
func openSynthetic(spec string, opt Options) (Source, error) {
	if opt.Fx > 0 || opt.FOVRad > 0 || opt.CameraFile != "" {
		return nil, fmt.Errorf("%s has a camera of its own: leave --camera, --fx and --fov out", spec)
	}
	src, err := synthetic.New(spec, synthetic.Options{Seed: opt.Seed, Start: opt.Start, Stride: opt.Stride, MaxFrames: opt.MaxFrames})
	if err != nil {
		return nil, err
	}
	var out Source = src
	if opt.Found != nil || opt.ReadoutS != nil {
		out = newAssumed(src, opt)
	}
	if opt.Live {
		return newLive(out, true, 0), nil
	}
	return out, nil
}

// The horizontal fields of view that --fov takes: down to what could be meant in
// radians (a lens of 650 mm; longer ones are given by --fx), and up to what a pinhole's
// image can hold before its borders smear (see plausible).
const (
	minFOVRad = math.Pi * math.Pi / 180
	maxFOVRad = 170 * math.Pi / 180
)

// leastReadoutS is the shortest readout that can be meant, in seconds.
const leastReadoutS = .0005

func finite(values ...float64) bool {
	for _, v := range values {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return false
		}
	}
	return true
}

var kinds = []string{KindTUM, KindKITTI, KindKITTIRaw, Kind7Scenes, KindEuRoC, KindReplica, KindScanNet, KindTUMMono, KindNerfstudio, KindFolder, KindBag, KindVideo, KindCamera, KindStream, KindSynthetic}

// validate names the first option that makes no sense.
func (o Options) validate() error {
	switch {
	case o.Start < 0 || o.Stride < 0 || o.MaxFrames < 0:
		return fmt.Errorf("--start %d, --stride %d, --max-frames %d: none may be negative", o.Start, o.Stride, o.MaxFrames)
	case !finite(o.DepthScale) || o.DepthScale < 0:
		return fmt.Errorf("--depth-scale %g: it must be a positive number of units a metre, such as 1000 for millimetres", o.DepthScale)
	case o.FOVRad > 0 && o.FOVRad <= minFOVRad:
		deg := o.FOVRad * 180 / math.Pi
		return fmt.Errorf("--fov %.4g: degrees are meant; if that is radians, give %.4g, and if the lens is that long, its focal length in pixels as --fx", deg, deg*180/math.Pi)
	case o.FOVRad != 0 && !(o.FOVRad > minFOVRad && o.FOVRad < maxFOVRad):
		return fmt.Errorf("--fov %g: a pinhole camera sees between %.2g and %.3g degrees; give a fisheye as --camera FILE", o.FOVRad*180/math.Pi, minFOVRad*180/math.Pi, maxFOVRad*180/math.Pi)
	case !finite(o.Fx, o.Fy, o.Cx, o.Cy) || o.Fx < 0 || o.Fy < 0 || o.Cx < 0 || o.Cy < 0:
		return fmt.Errorf("--fx %g --fy %g --cx %g --cy %g: each must be a positive number of pixels", o.Fx, o.Fy, o.Cx, o.Cy)
	case o.ReadoutS != nil && checkReadout(*o.ReadoutS) != nil:
		return fmt.Errorf("--rolling-shutter %g: %w", 1000**o.ReadoutS, checkReadout(*o.ReadoutS))
	case o.ReadoutS != nil && *o.ReadoutS > 0 && *o.ReadoutS < leastReadoutS:
		return fmt.Errorf("--rolling-shutter %g: milliseconds are meant; if that is seconds, give %g", 1000**o.ReadoutS, 1e6**o.ReadoutS)
	case o.Fx == 0 && (o.Fy != 0 || o.Cx != 0 || o.Cy != 0):
		return errors.New("--fy, --cx and --cy need --fx")
	}
	given := 0
	for _, is := range []bool{o.Fx > 0, o.FOVRad > 0, o.CameraFile != ""} {
		if is {
			given++
		}
	}
	if given > 1 {
		return errors.New("give one of --camera, --fx and --fov")
	}
	return nil
}
