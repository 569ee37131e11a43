package main

import (
	"context"
	"fmt"

	"github.com/metricslam/metricslam/join"
	"github.com/metricslam/metricslam/mapping"
	"github.com/metricslam/metricslam/pipeline"
	"github.com/metricslam/metricslam/tiles"
)

// mapDenseCmd makes what tiles need of a map.
type mapDenseCmd struct {
	Map    string `arg:"" help:"Map file, such as DIR/map.mslam of a run."`
	Output string `short:"o" required:"" placeholder:"FILE" help:"File for the depth and colours of its keyframes."`
	Refine bool   `default:"true" negatable:"" help:"Refine estimated depth by the keyframes nearby."`
}

// Run writes the file.
func (c mapDenseCmd) Run(ctx context.Context) error {
	return withMap(ctx, c.Map, func(ref join.MapRef, s *mapping.State) error {
		cfg := pipeline.Default()
		cfg.Multiview.Enabled = c.Refine
		return tiles.WriteDense(ctx, c.Output, ref, s, tiles.DenseConfig{Fusion: cfg.Fusion, Multiview: cfg.Multiview})
	})
}

// mapTilesCmd plans the dense map of many recordings.
type mapTilesCmd struct {
	Joined    string   `arg:"" help:"Joint map, from map join."`
	Dense     []string `required:"" sep:"," placeholder:"FILE,..." help:"Depth of its recordings, from map dense."`
	Output    string   `short:"o" required:"" placeholder:"FILE" help:"Plan to write."`
	Edge      float64  `placeholder:"M" help:"Edge of a tile; default: 512 voxels. It is rounded to 8 voxels."`
	Voxel     float64  `placeholder:"M" help:"Edge of a voxel; default: by the scene."`
	MaxDepth  float64  `placeholder:"M" help:"Depth beyond it is left out; default: by the scene."`
	Component int      `default:"0" placeholder:"N" help:"Component of the joint map: 0 is the largest."`
	Quiet     bool     `help:"Show nothing but errors."`
}

// Run writes the plan.
func (c mapTilesCmd) Run(_ context.Context) error {
	ref, err := join.Refer(c.Joined)
	if err != nil {
		return err
	}
	j, err := join.Read(c.Joined)
	if err != nil {
		return err
	}
	p, err := tiles.NewPlan(ref, j, c.Dense, tiles.PlanOptions{VoxelM: c.Voxel, MaxDepthM: c.MaxDepth, EdgeM: c.Edge, Component: c.Component})
	if err != nil {
		return err
	}
	if !c.Quiet {
		var views int
		for _, t := range p.Tiles {
			for _, v := range t.Views {
				views += len(v.Keyframes)
			}
		}
		fmt.Printf("%d tiles of %g m, voxels of %g m; %d views in all tiles together\n", len(p.Tiles), p.Grid.EdgeM(), p.Grid.VoxelM, views)
	}
	return p.Write(c.Output)
}
