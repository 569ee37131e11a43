package main

import (
	"context"
	"fmt"
	"os"
	"text/tabwriter"

	"github.com/metricslam/metricslam/export"
	"github.com/metricslam/metricslam/join"
	"github.com/metricslam/metricslam/slam"
)

// evalJoinedCmd compares a joint map with the truth.
type evalJoinedCmd struct {
	Joined string   `arg:"" help:"Joint map, from map join."`
	Truth  []string `required:"" sep:"," placeholder:"FILE,..." help:"True trajectories (TUM) in one frame: one a recording, in their order, or one that has all."`
	JSON   bool     `help:"Print the result as JSON."`
}

// Run prints the errors of the largest component.
func (c evalJoinedCmd) Run(_ context.Context) error {
	j, err := join.Read(c.Joined)
	if err != nil {
		return err
	}
	if len(c.Truth) != 1 && len(c.Truth) != len(j.Maps) {
		return fmt.Errorf("--truth: %d files for %d recordings; give one each, or one for all", len(c.Truth), len(j.Maps))
	}
	truths := make([]slam.Trajectory, len(j.Maps))
	for i := range truths {
		if truths[i], err = export.ReadTUM(c.Truth[min(i, len(c.Truth)-1)]); err != nil {
			return err
		}
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
		fmt.Fprintf(t, "%s\tSim3 alone %.3f m, with all %.3f m, scale off by %+.1f %%\n", r.Name, r.Sim3M, r.JointM, 100*r.JointLog)
	}
	return t.Flush()
}
