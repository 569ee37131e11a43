package main

import (
	"context"
	"fmt"
	"os"

	"github.com/metricslam/metricslam/fleet"
)

// fleetCmd makes one map of many recordings.
type fleetCmd struct {
	Source []string `arg:"" optional:"" help:"Recordings, as run takes them; or one folder that holds one each."`
	List   string   `type:"existingfile" placeholder:"FILE" help:"Recordings in YAML: source, name, args of run (docs/fleet.md)."`
	Output string   `short:"o" required:"" placeholder:"DIR" help:"Folder for the results; steps that are done are not repeated."`
	Jobs   int      `default:"1" placeholder:"N" help:"Processes at a time; each run uses two cores."`
	Arg    []string `placeholder:"FLAG" sep:"none" help:"Further flag of run, for all recordings; may be repeated: --arg=--camera=phone.yaml."`
	Data   string   `env:"METRICSLAM_DATA" placeholder:"DIR" help:"Folder that {data} of a list stands for."`
	Quiet  bool     `help:"Show nothing but errors and warnings."`
}

// Run does what is not done yet. The exit status is 3 where recordings are missing or
// contradict each other.
func (c fleetCmd) Run(ctx context.Context) error {
	all, err := c.recordings()
	if err != nil {
		return err
	}
	binary, err := os.Executable()
	if err != nil {
		return err
	}
	f := fleet.Fleet{Binary: binary, Version: buildVersion(), Out: c.Output, Jobs: c.Jobs}
	f.StampURL = func(url string) ([]byte, error) {
		if !bucketURL.MatchString(url) {
			return nil, nil // a camera, a server of images
		}
		return storageTool(ctx, "stamp", url)
	}
	if !c.Quiet {
		f.Begin = func(stage string, steps int) { fmt.Printf("%s: %d\n", stage, steps) }
		f.Done = func(n *fleet.Note) {
			fmt.Printf("  %s, %.1f s of processor, %.0f MB %s\n", n.Name, n.CPUS, n.MemoryMB, n.Failure)
		}
	}
	r, err := f.Run(ctx, all)
	if err != nil {
		return err
	}
	for _, w := range r.Warnings {
		fmt.Fprintln(os.Stderr, "warning: "+w)
	}
	if !c.Quiet {
		fmt.Printf("%d recordings, %d pairs compared, largest map of %d: see %s\n", len(r.Recordings), r.Pairs, r.Components[0].Recordings, r.Joined)
	}
	if len(r.Warnings) > 0 {
		return exitStatus(statusDoubtful)
	}
	return nil
}

// recordings are what the command line names.
func (c fleetCmd) recordings() (all []fleet.Recording, err error) {
	if c.List != "" {
		if all, err = fleet.ReadList(c.List, c.Data); err != nil {
			return nil, err
		}
	}
	if len(c.Source) == 1 && c.List == "" {
		if all, err = fleet.Folder(c.Source[0]); err != nil {
			return nil, fmt.Errorf("one source must be a folder of recordings: %w", err)
		}
	} else {
		for _, s := range c.Source {
			all = append(all, fleet.Recording{Source: s})
		}
	}
	for i := range all {
		all[i].Args = append(all[i].Args, c.Arg...)
	}
	return all, nil
}
