package mapping

import (
	"fmt"

	"github.com/metricslam/metricslam/mapping/images"
	"github.com/metricslam/metricslam/mapping/metric"
)

// Config sets the local window, the noise and the trust in depth.
type Config struct {
	Window             int          `yaml:"window"`              // keyframes that local bundle adjustment moves
	FixedWindow        int          `yaml:"fixed_window"`        // keyframes that hold it in place
	Iterations         int          `yaml:"iterations"`          // of local bundle adjustment, each of two rounds
	PixelSigma         float64      `yaml:"pixel_sigma"`         // of a KLT measurement in a sharp image, pixels
	ScaleTieSigma      float64      `yaml:"scale_tie_sigma"`     // of a keyframe's log-scale around the source's
	PriorInflate       float64      `yaml:"prior_inflate"`       // factor on a network's stated deviation: its errors are shared by neighbours
	GlobalPriorGain    float64      `yaml:"global_prior_gain"`   // weight of a network's readings in the last adjustment, against the local ones: hundreds of them err alike
	GlobalObservations int          `yaml:"global_observations"` // of landmarks that the last adjustment takes at once, some .7 kB each; 0: all
	MinParallax        float64      `yaml:"min_parallax"`        // radians between two rays that fix a depth
	RetrackFrom        int          `yaml:"retrack_from"`        // older keyframes searched for known landmarks at each new one
	Loops              bool         `yaml:"loops"`               // places seen before are looked for, in this part of the map and in others
	OpenMB             int          `yaml:"open_mb"`             // memory for images and depth of keyframes that are looked at; those of the others lie packed
	Known              metric.Known `yaml:"known"`               // true sizes
	Scratch            string       `yaml:"-"`                   // folder for a nameless file that holds what lies packed; empty: memory holds it

	threads int // see Mapper.Spread
}

// Default returns the settings for handheld cameras and cars alike.
func Default() Config {
	return Config{
		Window: 12, FixedWindow: 10, Iterations: 5, PixelSigma: 1, ScaleTieSigma: .1,
		PriorInflate: 1, GlobalPriorGain: .15, GlobalObservations: 700_000, MinParallax: .012, RetrackFrom: 5, Loops: true, OpenMB: 256,
	}
}

// imageOptions are those of the store of images.
func (c Config) imageOptions(w images.Watcher) images.Options {
	return images.Options{Budget: c.OpenMB << 20, Scratch: c.Scratch, Watcher: w}
}

// Validate names the first field that makes no sense.
func (c Config) Validate() error {
	switch {
	case c.Window < 2:
		return fmt.Errorf("mapping.window is %d; at least 2 keyframes are needed", c.Window)
	case c.FixedWindow < 1:
		return fmt.Errorf("mapping.fixed_window is %d; at least 1 keyframe must hold the map", c.FixedWindow)
	case c.Iterations < 1:
		return fmt.Errorf("mapping.iterations is %d; it must be positive", c.Iterations)
	case c.PixelSigma <= 0 || c.ScaleTieSigma <= 0 || c.PriorInflate <= 0 || c.MinParallax <= 0:
		return fmt.Errorf("mapping: pixel_sigma, scale_tie_sigma, prior_inflate and min_parallax must be positive")
	case c.GlobalPriorGain < 0:
		return fmt.Errorf("mapping.global_prior_gain is %g; it must not be negative", c.GlobalPriorGain)
	case c.GlobalObservations < 0:
		return fmt.Errorf("mapping.global_observations is %d; it must not be negative", c.GlobalObservations)
	case c.RetrackFrom < 0:
		return fmt.Errorf("mapping.retrack_from is %d; it must not be negative", c.RetrackFrom)
	case c.OpenMB < 0 || c.OpenMB > 1<<20:
		return fmt.Errorf("mapping.open_mb is %d; it must lie between 0 and %d", c.OpenMB, 1<<20)
	}
	return c.Known.Validate()
}
