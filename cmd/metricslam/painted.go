package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"

	"github.com/metricslam/metricslam/export/formats"
	"github.com/metricslam/metricslam/internal/progress"
	"github.com/metricslam/metricslam/mapfile"
	"github.com/metricslam/metricslam/mapping"
	"github.com/metricslam/metricslam/pipeline"
	"github.com/metricslam/metricslam/texture"
	"github.com/metricslam/metricslam/viewer"
)

// painted returns the scene of a results folder with the images of the keyframes on its
// mesh; the scene itself where it has no mesh, or no map that the mesh was made from.
func (f textureFlags) painted(ctx context.Context, path string, s *viewer.Scene) (*viewer.Scene, error) {
	cfg, wanted, err := f.atlas()
	if err != nil || !wanted || s.Mesh == nil || len(s.Mesh.Triangles) == 0 {
		return s, err
	}
	file := filepath.Join(path, "map"+mapfile.Suffix)
	if _, err := os.Stat(file); err != nil { // also where path is a PLY
		return s, nil
	}
	l, err := mapping.Load(ctx, file)
	if err != nil {
		return s, err
	}
	defer l.File.Close()
	whole, err := l.State.Map()
	parts := l.State.Summaries()
	if err != nil || len(parts) == 0 || !agree(s.Trajectory, whole, parts[0].Part) {
		return s, err
	}
	m := formats.Map{Map: whole, Part: parts[0].Part, Mesh: s.Mesh}
	if _, err := m.BuildTexture(ctx, cfg); errors.Is(err, texture.ErrNoView) || errors.Is(err, texture.ErrTooLarge) {
		return s, nil
	} else if err != nil {
		return s, fmt.Errorf("%s: %w", file, err)
	}
	out := *s
	out.Textured, out.Mesh = m.Textured, &m.Textured.Mesh
	return &out, nil
}

// texture gives the mesh an atlas of the keyframes' images where something is to show it.
func (c runCmd) texture(ctx context.Context, res *pipeline.Result, show progress.Display, log *slog.Logger) error {
	cfg, wanted, err := c.atlas()
	shown := c.Texture || formats.TakesTexture(c.MeshFormat) || formats.TakesTexture(c.Export)
	if err != nil || !wanted || !shown || res.Mesh() == nil || ctx.Err() != nil {
		return err
	}
	show.Stage("painting the dense map")
	stats, err := res.Texture(ctx, cfg)
	if ctx.Err() != nil { // the run says that it was stopped
		return nil
	}
	if errors.Is(err, texture.ErrNoView) || errors.Is(err, texture.ErrTooLarge) {
		log.Warn("no texture", "reason", err)
		return nil
	}
	log.Info(stats.String())
	return err
}
