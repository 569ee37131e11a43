package multiview

import "fmt"

// Config holds the parameters of the refinement. Start from Default.
type Config struct {
	Enabled    bool `yaml:"enabled" json:"enabled"`
	Neighbours int  `yaml:"neighbours" json:"neighbours"` // keyframes that one is compared with
	Reach      int  `yaml:"reach" json:"reach"`           // how many keyframes before and after it they are looked for

	// MinConfidence drops what is not certain: 0 keeps the whole surface, completed
	// where nothing is seen of it, 1 what two other keyframes confirm.
	MinConfidence float64 `yaml:"min_confidence" json:"min_confidence"`

	Workers int `yaml:"-" json:"-"` // goroutines; 0: one a core. Results do not depend on it
}

// Default returns the parameters used unless told otherwise.
func Default() Config { return Config{Enabled: true, Neighbours: 6, Reach: 20} }

// Validate names the first parameter out of range.
func (c Config) Validate() error {
	switch {
	case c.Neighbours < 1 || c.Neighbours > 32:
		return fmt.Errorf("multiview: neighbours is %d, want 1 to 32", c.Neighbours)
	case c.Reach < 1 || c.Reach > 1000:
		return fmt.Errorf("multiview: reach is %d, want 1 to 1000", c.Reach)
	case !(c.MinConfidence >= 0 && c.MinConfidence <= 1):
		return fmt.Errorf("multiview: min_confidence is %g, want 0 to 1", c.MinConfidence)
	}
	return nil
}
