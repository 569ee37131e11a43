// Command metricslam turns one ordinary camera into a drift-free map in metres.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/alecthomas/kong"
)

// cli lists the commands; each lives in the file of its name.
type cli struct {
	Run       runCmd       `cmd:"" help:"Map a sequence, a video or a camera: trajectory, mesh and report in a folder."`
	Localize  localizeCmd  `cmd:"" help:"Find the poses of a source's frames in a finished map."`
	Map       mapCmd       `cmd:"" help:"Show and join map files."`
	Export    exportCmd    `cmd:"" help:"Hand a map on: COLMAP, nerfstudio, trajectories, clouds, meshes, occupancy grid, floor plan."`
	Fuse      fuseCmd      `cmd:"" help:"Build the dense map of a source at given poses."`
	Depth     depthCmd     `cmd:"" help:"Give photographs their metric depth: depth picture, colours, cloud, mesh."`
	Calibrate calibrateCmd `cmd:"" help:"Find the focal length and distortion of a camera from pictures of a printed board."`
	Measure   measureCmd   `cmd:"" help:"Measure distances in a photograph, in metres with their uncertainty."`
	Models    modelsCmd    `cmd:"" help:"List, show, check and pull depth networks."`
	Eval      evalCmd      `cmd:"" help:"Measure a trajectory, depth maps or a mesh against the truth."`
	Bench     benchCmd     `cmd:"" help:"Run many sequences, several seeds each, and make a table of medians, ranges and failures."`
	Render    renderCmd    `cmd:"" help:"Draw a map into a picture or a film, without a display."`
	View      viewCmd      `cmd:"" help:"Show a map in a window and measure in it."`
	Version   versionCmd   `cmd:"" help:"Print the version, and those of the libraries it found."`
	Solve     solveCmd     `cmd:"" help:"Solve a public bundle adjustment or pose graph file with the optimiser of the map."`
}

func main() {
	boundMemory()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second Ctrl-C ends the program at once
	os.Exit(serveMain(func() int { return run(ctx, os.Args[1:]) }))
}

// run parses args, runs the command and returns the exit status: 0 done, 1 the
// command failed, 2 the command line is wrong.
func run(ctx context.Context, args []string) int {
	var c cli
	parser, err := kong.New(&c,
		kong.Name("metricslam"),
		kong.Description("Monocular dense SLAM in metres: one camera in, a drift-free metric map out."),
		kong.UsageOnError(),
		kong.BindTo(ctx, (*context.Context)(nil)),
	)
	if err != nil {
		fmt.Fprintln(os.Stderr, "metricslam:", err)
		return 2
	}
	kctx, err := parser.Parse(args)
	if err != nil {
		fmt.Fprintln(os.Stderr, "metricslam:", err)
		return 2
	}
	if err := kctx.Run(); err != nil {
		fmt.Fprintln(os.Stderr, "metricslam:", err)
		return 1
	}
	return 0
}
