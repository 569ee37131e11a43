package depth

import (
	"context"
	"fmt"

	"github.com/metricslam/metricslam/slam"
)

// Sensor is the sequence's own depth.
type Sensor struct{}

// Name returns "sensor".
func (Sensor) Name() string { return "sensor" }

// Depth loads the depth image of f and gives it the noise of a structured
// light camera where it carries none of its own.
func (s Sensor) Depth(_ context.Context, f *slam.Frame) (slam.DepthMap, error) {
	d, err := sensorDepth(f)
	if err != nil {
		return slam.DepthMap{}, err
	}
	if d.LogStd == nil {
		d.LogStd = make([]float32, len(d.Depth))
		for i, z := range d.Depth {
			d.LogStd[i] = kinectLogStd(z)
		}
		d.Sigma = .01
	}
	d.Source = s.Name()
	return d, nil
}

// Close does nothing.
func (Sensor) Close() error { return nil }

// sensorDepth loads the depth image of f and checks it.
func sensorDepth(f *slam.Frame) (slam.DepthMap, error) {
	if f.SensorDepth == nil {
		return slam.DepthMap{}, ErrNoDepth
	}
	d, err := f.SensorDepth()
	if err != nil {
		return slam.DepthMap{}, fmt.Errorf("sensor depth of frame %d (%s): %w", f.Index, f.Name, err)
	}
	if d.Empty() {
		return slam.DepthMap{}, ErrNoDepth
	}
	if len(d.Depth) != d.W*d.H {
		return slam.DepthMap{}, fmt.Errorf("sensor depth of frame %d (%s): %d values for %dx%d pixels", f.Index, f.Name, len(d.Depth), d.W, d.H)
	}
	return d, nil
}

// kinectLogStd is the deviation of log depth at z metres: the axial noise
// sigma_z = .0012 + .0019 (z - .4)^2 of Nguyen, Izadi and Lovell (3DIMPVT 2012,
// eq. 3), divided by z.
func kinectLogStd(z float32) float32 {
	if z <= 0 {
		return 0
	}
	return (.0012 + .0019*(z-.4)*(z-.4)) / z
}
