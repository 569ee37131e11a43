package depth

import (
	"context"
	"fmt"

	"github.com/metricslam/metricslam/depth/simulate"
	"github.com/metricslam/metricslam/slam"
)

// Simulated is sensor depth spoiled as a metric network errs; see package
// simulate for the model.
type Simulated struct{ model *simulate.Model }

// OpenSimulated reads the part of the spec behind "sim:".
func OpenSimulated(args string) (*Simulated, error) {
	p, err := simulate.Parse(args)
	if err != nil {
		return nil, fmt.Errorf("--depth sim:%s: %w", args, err)
	}
	return &Simulated{model: simulate.New(p)}, nil
}

// simPlaceSigma is what the error model's bias stands for, .1 by default.
const simPlaceSigma = .10

// Name returns "sim".
func (*Simulated) Name() string { return "sim" }

// Depth spoils the sensor depth of f; the error depends on the seed and on
// Frame.Index alone.
func (s *Simulated) Depth(_ context.Context, f *slam.Frame) (slam.DepthMap, error) {
	d, err := sensorDepth(f)
	if err != nil {
		return slam.DepthMap{}, err
	}
	if f.Index < 0 {
		return slam.DepthMap{}, fmt.Errorf("simulated depth of frame %d: the index is negative", f.Index)
	}
	spoilt, ok := s.model.Spoil(d.Depth, d.W, d.H, f.Index)
	if !ok {
		return slam.DepthMap{}, ErrNoDepth
	}
	return slam.DepthMap{
		W: d.W, H: d.H, Camera: d.Camera, Depth: spoilt,
		Sigma: networkSigma, ScaleSigma: networkScaleSigma, PlaceSigma: simPlaceSigma, Source: s.Name(),
	}, nil
}

// Close does nothing.
func (*Simulated) Close() error { return nil }
