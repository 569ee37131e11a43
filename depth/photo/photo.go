// Package photo measures single photographs: the metric depth of one image
// with its uncertainty, distances between its points, and the files a person
// wants of it.
package photo

import (
	"context"
	"errors"
	"fmt"
	"math"

	"github.com/metricslam/metricslam/depth"
	"github.com/metricslam/metricslam/depth/contract"
	"github.com/metricslam/metricslam/depth/network"
	"github.com/metricslam/metricslam/geom"
	"github.com/metricslam/metricslam/internal/stats"
	"github.com/metricslam/metricslam/slam"
)

// Camera is the camera of a photograph and how well it is known.
type Camera struct {
	geom.Camera
	From string // where the focal length comes from, for people
	// Guess says that nothing was known: a network that tells its own field of
	// view is then believed.
	Guess bool
	// LogFocalStd is the standard deviation of the log of the focal length.
	LogFocalStd float64
}

// The deviation of log focal length by where it comes from: a calibration or a
// flag; EXIF, whose 35 mm equivalent is rounded and ignores cropping and
// stabilisation; a network's own belief; a guess, for which field cameras of 50
// to 80 degrees lie within a quarter.
const (
	GivenFocalStd   = .01
	EXIFFocalStd    = .03
	NetworkFocalStd = .08
	GuessFocalStd   = .20
)

// GuessCamera is the camera of an image of which nothing is known: the mean side
// as focal length.
func GuessCamera(w, h int) Camera {
	return Camera{Camera: geom.GuessCamera(w, h), From: "a guess, the mean side of the image", Guess: true, LogFocalStd: GuessFocalStd}
}

// Photo is an image with its depth.
type Photo struct {
	Image  slam.RGB
	Camera Camera
	Depth  slam.DepthMap // as the source gave it
	Full   slam.DepthMap // with the pixels of the image
	Model  string
	// Turned says by how many right angles the image lies turned clockwise; the
	// network read it upright, and everything here lies as the image does.
	Turned int
	// FollowsFocal says that the depth is proportional to the focal length, as
	// that of networks of a canonical camera is.
	FollowsFocal bool
}

// followsFocal looks it up in the network's contract.
func followsFocal(src depth.Source) bool {
	m, ok := src.(interface{ Contract() *contract.Contract })
	return ok && m.Contract().Scale.Rule != contract.Metric
}

// predictor is a source that tells more than depth: a network.
type predictor interface {
	Predict(context.Context, *slam.Frame) (network.Prediction, error)
}

// upsampleSpread is the fraction by which neighbouring depths may differ to be
// taken for one surface when a depth map is enlarged.
const upsampleSpread = .08

// Compute gives an image its depth. Where the camera is a guess and the network
// tells its own field of view, that is taken in its place.
func Compute(ctx context.Context, src depth.Source, img slam.RGB, cam Camera) (*Photo, error) {
	f := &slam.Frame{Name: "photo", Camera: cam.Camera, Color: img}
	pred, err := predict(ctx, src, f)
	if err == nil && cam.Guess && pred.FOVRad > 0 {
		cam.Camera = geom.CameraFromFOV(img.W, img.H, pred.FOVRad)
		cam.From, cam.LogFocalStd = "the network's own field of view", NetworkFocalStd
		f.Camera = cam.Camera
		pred, err = predict(ctx, src, f)
	}
	if err != nil {
		if errors.Is(err, depth.ErrNoDepth) && src.Name() == "none" {
			return nil, fmt.Errorf("there is no depth network: name one with --model FILE.onnx: %w", err)
		}
		return nil, err
	}
	return &Photo{
		Image: img, Camera: cam, Depth: pred.Depth, Model: src.Name(), Turned: pred.Turned,
		Full: network.Upsample(pred.Depth, img.W, img.H, upsampleSpread), FollowsFocal: followsFocal(src),
	}, nil
}

// predict asks a source for all that it tells of a frame.
func predict(ctx context.Context, src depth.Source, f *slam.Frame) (network.Prediction, error) {
	if p, ok := src.(predictor); ok {
		return p.Predict(ctx, f)
	}
	d, err := src.Depth(ctx, f)
	return network.Prediction{Depth: d}, err
}

// MedianM is the median of the known depth in metres.
func (p *Photo) MedianM() float64 {
	var known []float32
	for _, z := range p.Depth.Depth {
		if z > 0 {
			known = append(known, z)
		}
	}
	return float64(stats.Median(known))
}

// Known is the share of pixels with depth.
func (p *Photo) Known() float64 {
	n := 0
	for _, z := range p.Depth.Depth {
		if z > 0 {
			n++
		}
	}
	return float64(n) / float64(len(p.Depth.Depth))
}

// LogStd is the root mean square of the deviation of log depth, the shared scale
// and the focal length included.
func (p *Photo) LogStd() float64 {
	var sum float64
	n := 0
	for i, z := range p.Depth.Depth {
		if z > 0 {
			s := pixelStd(p.Depth, i)
			shared := p.Depth.SharedSigma()
			sum += s*s + shared*shared
			n++
		}
	}
	if n == 0 {
		return 0
	}
	focal := p.focalLogStd()
	return math.Sqrt(sum/float64(n) + focal*focal)
}

// SharedLogStd is the part of LogStd that all pixels share: the scale and the
// focal length.
func (p *Photo) SharedLogStd() float64 { return math.Hypot(p.Depth.SharedSigma(), p.focalLogStd()) }

// focalLogStd is the deviation of log depth by that of the focal length.
func (p *Photo) focalLogStd() float64 {
	if !p.FollowsFocal {
		return 0
	}
	return p.Camera.LogFocalStd
}

// pixelStd is the deviation of log depth of pixel i beyond that of the scale all
// pixels share. What a network states holds both; at least half of it is the
// pixel's own.
func pixelStd(d slam.DepthMap, i int) float64 {
	if d.LogStd == nil {
		return d.Sigma
	}
	s := float64(d.LogStd[i])
	return math.Max(s/2, math.Sqrt(math.Max(0, s*s-d.ScaleSigma*d.ScaleSigma)))
}
