package fusion

import (
	"context"

	"github.com/metricslam/metricslam/slam"
)

// Growing is a dense map that takes views as a run goes on. It is used by one
// goroutine.
type Growing struct{ f fuser }

// NewGrowing returns an empty map.
func NewGrowing(cfg Config) (*Growing, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	return &Growing{fuser{cfg: cfg, ctx: context.Background()}}, nil
}

// Add fuses a view at its pose; one that cannot be used is skipped.
func (g *Growing) Add(view slam.KeyframeView) error { return g.f.add(view) }

// Mesh returns the surface so far, nil before the first view. Only what changed
// since the last call is extracted again.
func (g *Growing) Mesh() (*slam.Mesh, error) {
	if g.f.volume == nil {
		return nil, nil
	}
	return g.f.volume.Mesh()
}
