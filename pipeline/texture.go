package pipeline

import (
	"context"

	"github.com/metricslam/metricslam/export/formats"
	"github.com/metricslam/metricslam/slam"
	"github.com/metricslam/metricslam/texture"
)

// Texture gives the mesh of the last Fuse an atlas of the keyframes' images, and its
// vertices the colours of the views that were chosen.
func (r *Result) Texture(ctx context.Context, cfg texture.Config) (texture.Stats, error) {
	defer r.stages.Start("texture")()
	type built struct {
		mesh  *slam.TexturedMesh
		stats texture.Stats
	}
	out, err := untilDone(ctx, func() (b built, err error) {
		b.mesh, b.stats, err = texture.Build(ctx, r.mesh, formats.TextureViews(r.Map, r.keyframes()), cfg)
		return b, err
	})
	if err != nil {
		return out.stats, err
	}
	r.textured = out.mesh
	r.textured.TakeColors(r.mesh)
	return out.stats, nil
}

// Textured returns the mesh of the last Texture, nil before.
func (r *Result) Textured() *slam.TexturedMesh { return r.textured }
