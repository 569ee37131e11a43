package main

import (
	"context"
	"fmt"
	"os"
	"text/tabwriter"

	"github.com/metricslam/metricslam/datasets"
	"github.com/metricslam/metricslam/export"
	"github.com/metricslam/metricslam/join"
	"github.com/metricslam/metricslam/slam"
)

// evalJoinedCmd compares a joint map with the truth.
type evalJoinedCmd struct {
	Joined string   `arg:"" help:"Joint map, from map join."`
	Truth  []string `required:"" sep:"," placeholder:"FILE,..." help:"True trajectories in one frame, one a recording, in their order, or one that has all: TUM files, or sources with true poses (a sequence's folder, synthetic:street)."`
	Seed   uint64   `default:"1" help:"Seed of synthetic sources."`
	JSON   bool     `help:"Print the result as JSON."`
}

// Run prints the errors of the largest component.
func (c evalJoinedCmd) Run(ctx context.Context) error {
	j, err := join.Read(c.Joined)
	if err != nil {
		return err
	}
	if len(c.Truth) != 1 && len(c.Truth) != len(j.Maps) {
		return fmt.Errorf("--truth: %d files for %d recordings; give one each, or one for all", len(c.Truth), len(j.Maps))
	}
	var given []slam.Trajectory
	for _, name := range c.Truth {
		t, err := c.truth(ctx, name)
		if err != nil {
			return err
		}
		given = append(given, t)
	}
	truths := make([]slam.Trajectory, len(j.Maps))
	for i := range truths {
		truths[i] = given[min(i, len(given)-1)]
	}
	s, err := j.Evaluate(truths)
	if err != nil {
		return err
	}
	if c.JSON {
		return printJSON(os.Stdout, s)
	}
	t := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintf(t, "all\t%d keyframes, ATE SE3 %.3f m, Sim3 %.3f m, scale %.3f; %d links, %d false\n", s.Keyframes, s.SE3M, s.Sim3M, s.Scale, s.Links, s.False)
	for _, r := range s.Alone {
		if r.Straight {
			fmt.Fprintf(t, "%s\tSim3 with all %.3f m; its way is straight\n", r.Name, r.JointM)
			continue
		}
		fmt.Fprintf(t, "%s\tSim3 alone %.3f m, with all %.3f m, scale off by %+.1f %%\n", r.Name, r.Sim3M, r.JointM, 100*r.JointLog)
	}
	return t.Flush()
}

// truth reads a trajectory file, or the true poses of a source.
func (c evalJoinedCmd) truth(ctx context.Context, name string) (slam.Trajectory, error) {
	if i, err := os.Stat(name); err == nil && i.Mode().IsRegular() {
		return export.ReadTUM(name)
	}
	src, err := datasets.Open(ctx, name, datasets.Options{Seed: c.Seed})
	if err != nil {
		return nil, fmt.Errorf("--truth: %w", err)
	}
	defer src.Close()
	t := src.Truth()
	if len(t) == 0 {
		return nil, fmt.Errorf("--truth %s: it has no true poses; give a trajectory file", name)
	}
	return t, nil
}
