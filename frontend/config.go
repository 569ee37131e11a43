package frontend

import "fmt"

// Config sets how many keypoints are followed and when a track is given up.
type Config struct {
	MaxFeatures   int     `yaml:"max_features"`    // tracks held in an image
	MinDistancePx float64 `yaml:"min_distance_px"` // between two keypoints
	FBMaxPx       float64 `yaml:"fb_max_px"`       // forward-backward error of a good track
	LightChange   float64 `yaml:"light_change"`    // |log ratio of mean intensity| that calls for CLAHE
	ORBFeatures   int     `yaml:"orb_features"`    // descriptors of a keyframe, for loops and relocalisation
}

// Default returns the settings for images of about VGA size.
func Default() Config {
	return Config{MaxFeatures: 400, MinDistancePx: 12, FBMaxPx: 1, LightChange: .06, ORBFeatures: 1000}
}

// Validate names the first field that makes no sense.
func (c Config) Validate() error {
	switch {
	case c.MaxFeatures < 50:
		return fmt.Errorf("frontend.max_features is %d; at least 50 are needed", c.MaxFeatures)
	case c.MinDistancePx < 1:
		return fmt.Errorf("frontend.min_distance_px is %g; it must be at least 1", c.MinDistancePx)
	case c.FBMaxPx <= 0:
		return fmt.Errorf("frontend.fb_max_px is %g; it must be positive", c.FBMaxPx)
	case c.LightChange <= 0:
		return fmt.Errorf("frontend.light_change is %g; it must be positive", c.LightChange)
	case c.ORBFeatures < 0:
		return fmt.Errorf("frontend.orb_features is %d; it must not be negative", c.ORBFeatures)
	}
	return nil
}
