package pipeline

import (
	"fmt"

	"github.com/metricslam/metricslam/frontend"
	"github.com/metricslam/metricslam/fusion"
	"github.com/metricslam/metricslam/geom"
	"github.com/metricslam/metricslam/mapping"
	"github.com/metricslam/metricslam/multiview"
	"github.com/metricslam/metricslam/tracking"
)

// Config holds every setting of a run; it is written into the results folder.
type Config struct {
	Seed          uint64           `yaml:"seed"`
	CameraHeightM float64          `yaml:"camera_height_m"` // over the ground plane; 0 = unknown
	Frontend      frontend.Config  `yaml:"frontend"`
	Tracking      tracking.Config  `yaml:"tracking"`
	Mapping       mapping.Config   `yaml:"mapping"`
	Keyframes     KeyframeConfig   `yaml:"keyframes"`
	Fusion        fusion.Config    `yaml:"fusion"`
	Multiview     multiview.Config `yaml:"multiview"`
}

// KeyframeConfig says when a frame is kept.
type KeyframeConfig struct {
	MinShare   float64 `yaml:"min_share"`   // of the last keyframe's landmarks still followed, below which a new one is made
	ParallaxPx float64 `yaml:"parallax_px"` // median motion since the last keyframe, rotation taken out, for images of 640 pixels width
	MaxFrames  int     `yaml:"max_frames"`  // between two keyframes of a moving camera
	LagFrames  int     `yaml:"lag_frames"`  // after which the tracker of recorded input waits for a keyframe that is inserted
}

// Default returns the settings of every run that does not say otherwise.
func Default() Config {
	return Config{
		Seed: 1, Frontend: frontend.Default(), Tracking: tracking.Default(), Mapping: mapping.Default(),
		Keyframes: KeyframeConfig{MinShare: .6, ParallaxPx: 25, MaxFrames: 15, LagFrames: 4},
		Fusion:    fusion.Default(),
		Multiview: multiview.Default(),
	}
}

// The heights from which the plane of the ground is aligned between images: a
// robot's bumper and a mast. Higher up the ground is no plane.
const (
	minCameraHeightM = .02
	maxCameraHeightM = 30.0
)

// Validate names the first setting that makes no sense.
func (c Config) Validate() error {
	k := c.Keyframes
	switch {
	case c.CameraHeightM != 0 && !(c.CameraHeightM > minCameraHeightM && c.CameraHeightM < maxCameraHeightM):
		return fmt.Errorf("--camera-height (camera_height_m) is %g; it is the height over the ground in metres, %g to %g%s", c.CameraHeightM, minCameraHeightM, maxCameraHeightM, geom.LikelyMetres(c.CameraHeightM, .3, 5))
	case k.MinShare <= 0 || k.MinShare >= 1:
		return fmt.Errorf("keyframes.min_share is %g; it must lie in (0, 1)", k.MinShare)
	case k.ParallaxPx <= 0:
		return fmt.Errorf("keyframes.parallax_px is %g; it must be positive", k.ParallaxPx)
	case k.LagFrames < 0:
		return fmt.Errorf("keyframes.lag_frames is %d; it must not be negative", k.LagFrames)
	case k.MaxFrames < 1:
		return fmt.Errorf("keyframes.max_frames is %d; it must be positive", k.MaxFrames)
	}
	if err := c.Frontend.Validate(); err != nil {
		return err
	}
	if err := c.Tracking.Validate(); err != nil {
		return err
	}
	if err := c.Mapping.Validate(); err != nil {
		return err
	}
	if err := c.Multiview.Validate(); err != nil {
		return err
	}
	return c.Fusion.Validate()
}
