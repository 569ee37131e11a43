package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/metricslam/metricslam/export"
	"github.com/metricslam/metricslam/fusion/surface"
	"github.com/metricslam/metricslam/join"
	"github.com/metricslam/metricslam/tiles"
)

// meshCmd works on meshes.
type meshCmd struct {
	Merge meshMergeCmd `cmd:"" help:"Join the surfaces of tiles: one mesh, or a tree of levels of detail (3D Tiles)."`
}

// meshMergeCmd joins tiles.
type meshMergeCmd struct {
	Plan   string `arg:"" help:"Plan of the tiles, from map tiles."`
	Tiles  string `arg:"" type:"existingdir" help:"Folder of their surfaces, X_Y.ply each, from fuse --tile."`
	Output string `short:"o" required:"" placeholder:"FILE" help:"Mesh to write: .ply, .obj or .glb; or DIR/tileset.json for levels of detail."`
	JSON   bool   `help:"Print what the mesh is as JSON."`
	Quiet  bool   `help:"Show nothing but errors."`
}

// Run writes the mesh.
func (c meshMergeCmd) Run(ctx context.Context) error {
	p, err := tiles.ReadPlan(c.Plan)
	if err != nil {
		return err
	}
	if filepath.Base(c.Output) == "tileset.json" {
		n, err := p.Pyramid(ctx, c.Tiles, filepath.Dir(c.Output))
		if err == nil && !c.Quiet {
			fmt.Printf("%d GLB files of %d tiles\n", n, len(p.Tiles))
		}
		return tileMissing(err)
	}
	m, holes, err := p.Merge(ctx, c.Tiles)
	if err != nil {
		return tileMissing(err)
	}
	if err := export.WriteMesh(c.Output, m); err != nil {
		return err
	}
	r := surface.Inspect(m)
	if c.JSON {
		return printJSON(os.Stdout, r)
	}
	if !c.Quiet {
		fmt.Printf("%d tiles: %d triangles, %d pieces, %d edges at holes and outlines; %d holes filled\n", len(p.Tiles), r.Triangles, r.Components, r.BoundaryEdges, holes)
	}
	return nil
}

// tileMissing says what to do where the file of a tile is not there.
func tileMissing(err error) error {
	if errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("%w; make it by fuse --tile", err)
	}
	return err
}

// fuseTile makes the surface of a tile.
func (c fuseCmd) fuseTile(ctx context.Context) error {
	i, err := tiles.ParseIndex(c.Tile)
	if err != nil {
		return err
	}
	p, err := tiles.ReadPlan(c.Source)
	if err != nil {
		return err
	}
	ref, err := join.Refer(p.Joined.File)
	if err != nil {
		return err
	}
	if ref.SHA256 != p.Joined.SHA256 {
		return fmt.Errorf("%s has changed since %s was made; plan the tiles anew", p.Joined.File, c.Source)
	}
	j, err := join.Read(p.Joined.File)
	if err != nil {
		return err
	}
	if filepath.Ext(c.Output) != ".ply" {
		return fmt.Errorf("-o %s: the surface of a tile is a .ply file; name it %s, as mesh merge looks for it", c.Output, i.File())
	}
	m, stats, err := p.Fuse(ctx, j, i, filepath.Dir(c.Output))
	if err != nil {
		return err
	}
	if stats.Full {
		warnf("tile %s is larger than memory and the output folder allow: parts are missing; make room, or choose smaller tiles", i)
	}
	if err := export.WritePLY(c.Output, m); err != nil {
		return err
	}
	if c.JSON {
		return printJSON(os.Stdout, stats)
	}
	if !c.Quiet {
		fmt.Printf("tile %s: %d views, %d triangles, %d blocks, %.0f MB\n", i, stats.Views, len(m.Triangles), stats.Blocks, float64(stats.Bytes)/1e6)
	}
	return nil
}
