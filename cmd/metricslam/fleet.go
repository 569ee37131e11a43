package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"github.com/metricslam/metricslam/fleet"
	"github.com/metricslam/metricslam/internal/progress"
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

	MeshFormat []string `default:"ply,tiles" enum:"ply,obj,glb,tiles,none" help:"Dense map of the largest joint map: ply, obj, glb (all of it in memory), tiles (3D Tiles with levels of detail), none."`
	Voxel      float64  `placeholder:"M" help:"Edge of a voxel of the dense map; default: by the scene."`
	TileEdge   float64  `placeholder:"M" help:"Edge of a tile; default: 512 voxels."`
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
	if !slices.Contains(c.MeshFormat, "none") {
		f.Mesh = slices.Compact(slices.Sorted(slices.Values(c.MeshFormat)))
	}
	for flag, v := range map[string]float64{"--voxel": c.Voxel, "--edge": c.TileEdge} {
		if v > 0 {
			f.TileArgs = append(f.TileArgs, fmt.Sprintf("%s=%g", flag, v))
		}
	}
	slices.Sort(f.TileArgs)
	end := func() {}
	if !c.Quiet {
		end = showSteps(&f)
	}
	r, err := f.Run(ctx, all)
	end()
	if err != nil {
		return err
	}
	for _, w := range r.Warnings {
		fmt.Fprintln(os.Stderr, "warning: "+w)
	}
	if !c.Quiet {
		fmt.Printf("%d recordings, %d pairs compared, largest map of %d: see %s\n", len(r.Recordings), r.Pairs, r.Components[0].Recordings, filepath.Join(c.Output, "report.html"))
	}
	if len(r.Warnings) > 0 {
		return exitStatus(statusDoubtful)
	}
	return nil
}

// showSteps shows a line for each step that has ended and, on a terminal, a bar for the
// steps of a stage. The bar is to be ended.
func showSteps(f *fleet.Fleet) (end func()) {
	bar := progress.NewCount(os.Stdout, 0, "", true)
	var stage string
	var done int
	f.Begin = func(name string, steps int) {
		bar.Done("")
		fmt.Printf("%s: %d\n", name, steps)
		bar, stage, done = progress.NewCount(os.Stdout, steps, "steps", false), name, 0
	}
	f.Done = func(n *fleet.Note) {
		done++
		fmt.Fprintf(bar, "  %s, %.1f s of processor, %.0f MB %s\n", n.Name, n.CPUS, n.MemoryMB, n.Failure)
		bar.Update(progress.State{Frame: done, Task: stage})
	}
	return func() { bar.Done("") }
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
