package main

import (
	"context"
	"fmt"
	"os"

	"github.com/metricslam/metricslam/internal/progress"
	"github.com/metricslam/metricslam/mapping"
	"github.com/metricslam/metricslam/pipeline"
)

// localizeCmd finds the poses of a source's frames in a finished map.
type localizeCmd struct {
	Map string `arg:"" name:"map" help:"Map file, such as DIR/map.mslam of a run."`
	sourceFlags
	Output    string `short:"o" required:"" placeholder:"DIR" help:"Folder for trajectory.tum, report.json and run.log; it is made."`
	Overwrite bool   `help:"Remove the results of an earlier run from DIR."`
	Config    string `type:"existingfile" placeholder:"FILE" help:"Settings in YAML, as config.yaml in a results folder; flags come before it."`
	JSON      bool   `help:"Print the report as JSON."`
	Quiet     bool   `help:"Show nothing but errors."`
}

// Run localises the source to its end and writes the results. The map file is
// not changed.
func (c localizeCmd) Run(ctx context.Context) error {
	cfg, err := readConfig(c.Config)
	if err != nil {
		return err
	}
	cfg.Seed = c.Seed
	if err := cfg.Validate(); err != nil {
		return err
	}
	loaded, err := mapping.Load(ctx, c.Map)
	if err != nil {
		return err
	}
	defer loaded.File.Close()
	src, err := c.open(ctx)
	if err != nil {
		return err
	}
	defer src.Close()
	out, err := openResults(c.Output, c.Overwrite)
	if err != nil {
		return err
	}
	defer out.close()
	cfg.Mapping.Scratch = c.Output
	show := progress.New(os.Stderr, src.Info().Len, c.Quiet)
	log, err := out.openLog(show, c.Quiet)
	if err != nil {
		return err
	}
	if err := out.clear(c.Map); err != nil {
		return err
	}
	log.Info("map", "file", c.Map, "keyframes", len(loaded.State.Keyframes), "landmarks", len(loaded.State.Landmarks))
	res, err := pipeline.Localise(ctx, pipeline.LocaliseJob{Source: working(src, cfg.Mapping, loaded), Map: loaded.State, Config: cfg, Progress: show, Log: log})
	if err != nil {
		return fmt.Errorf("localising in %s: %w", c.Map, err)
	}
	res.Version, res.Map = buildVersion(), c.Map
	if err := res.Write(c.Output); err != nil {
		return err
	}
	log.Info("done", "localised", res.Localised, "frames", res.Frames, "wall_s", res.WallS)
	show.Done(res.Summary() + ": see " + c.Output)
	if c.JSON {
		if err := res.WriteJSON(os.Stdout); err != nil {
			return err
		}
	}
	if len(res.Doubts) > 0 {
		return exitStatus(statusDoubtful)
	}
	return nil
}
