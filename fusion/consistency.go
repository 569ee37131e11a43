package fusion

import "fmt"

// ConsistencyConfig holds the parameters of the multi-view check.
type ConsistencyConfig struct {
	// Views other views must agree with a pixel, of the Window before and the
	// Window after it; 0 fuses every pixel.
	Views  int `json:"views" yaml:"views"`
	Window int `json:"window" yaml:"window"`
	// RelTol is the largest difference of depth that counts as agreeing, as a
	// share of the depth.
	RelTol float64 `json:"rel_tol" yaml:"rel_tol"`
}

func (c ConsistencyConfig) validate() error {
	if c.Views == 0 {
		return nil
	}
	if c.Views < 0 || c.Window < 1 || 2*c.Window < c.Views || c.Window > 32 {
		return fmt.Errorf("fusion: consistency.views is %d of a window of %d on both sides, want 0 <= views <= 2 window <= 64", c.Views, c.Window)
	}
	if !(c.RelTol > 0 && c.RelTol < 1) {
		return fmt.Errorf("fusion: consistency.rel_tol is %g, want 0 to 1, both excluded", c.RelTol)
	}
	return nil
}
