// Command metricslam turns one ordinary camera into a drift-free map in metres.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/alecthomas/kong"

	"github.com/metricslam/metricslam/internal/subprocess"
)

// cli lists the commands; each lives in the file of its name.
type cli struct {
	Run       runCmd       `cmd:"" help:"Map a sequence, a video or a camera: trajectory, mesh and report in a folder."`
	Localize  localizeCmd  `cmd:"" help:"Find the poses of a source's frames in a finished map."`
	Map       mapCmd       `cmd:"" help:"Show and join map files."`
	Export    exportCmd    `cmd:"" help:"Hand a map on: COLMAP, nerfstudio, trajectories, clouds, meshes, occupancy grid, floor plan."`
	Fuse      fuseCmd      `cmd:"" help:"Build the dense map of a source at given poses."`
	Mesh      meshCmd      `cmd:"" help:"Join the surfaces of tiles."`
	Depth     depthCmd     `cmd:"" help:"Give photographs their metric depth: depth image, colours, cloud, mesh."`
	Calibrate calibrateCmd `cmd:"" help:"Find the focal length and distortion of a camera from images of a printed board."`
	Measure   measureCmd   `cmd:"" help:"Measure distances in a photograph, in metres with their uncertainty."`
	Models    modelsCmd    `cmd:"" help:"List, show, check and pull depth networks."`
	Eval      evalCmd      `cmd:"" help:"Measure a trajectory, depth maps or a mesh against the truth."`
	Bench     benchCmd     `cmd:"" help:"Run many sequences, several seeds each, and make a table of medians, ranges and failures."`
	Fleet     fleetCmd     `cmd:"" help:"Make one map of many recordings, step by step; goes on where it was stopped."`
	Render    renderCmd    `cmd:"" help:"Draw a map into an image or a film, without a display."`
	View      viewCmd      `cmd:"" help:"Show a map in a window and measure in it."`
	Version   versionCmd   `cmd:"" help:"Print the version, and those of the libraries it found."`
	Solve     solveCmd     `cmd:"" help:"Solve a public bundle adjustment or pose graph file with the optimiser of the map."`
}

func main() {
	boundMemory()
	ctx, sig := catchSignals()
	os.Exit(serveMain(func() int { return runUntil(ctx, sig, os.Args[1:]) }))
}

// interrupts are the signals that end more than the input.
type interrupts struct {
	// stop ends when the command is to stop at once with what it has.
	stop context.Context
}

// catchSignals returns a context that ends with the first signal. Ctrl-C ends the
// input first and, where that is over, or pressed again, all that goes on; TERM and
// HUP (a closed terminal, unless the program runs under nohup) do so at once. A
// further one ends the program as it is.
func catchSignals() (context.Context, interrupts) {
	ctx, endInput := context.WithCancel(context.Background())
	stop, endAll := context.WithCancel(context.Background())
	caught := make(chan os.Signal, 2)
	signal.Notify(caught, os.Interrupt, syscall.SIGTERM)
	if !signal.Ignored(syscall.SIGHUP) {
		signal.Notify(caught, syscall.SIGHUP)
	}
	go func() {
		if s := <-caught; s == os.Interrupt {
			endInput()
			<-caught
		}
		endInput()
		endAll()
		signal.Stop(caught)
	}()
	return ctx, interrupts{stop}
}

// The exit status of the program.
const (
	statusFailed   = 1                         // the command failed
	statusUsage    = 2                         // the command line is wrong
	statusDoubtful = subprocess.StatusDoubtful // the results are there, and warnings say that the trajectory cannot be vouched for
)

// exitStatus is the error of a command that has said all, and ends with a status.
type exitStatus int

func (e exitStatus) Error() string { return fmt.Sprintf("exit status %d", int(e)) }

// run runs a command that nothing but ctx stops.
func run(ctx context.Context, args []string) int {
	return runUntil(ctx, interrupts{context.WithoutCancel(ctx)}, args)
}

// runUntil brings what args name in buckets here, runs the command, brings its results
// there and returns the exit status.
func runUntil(ctx context.Context, sig interrupts, args []string) int {
	staging, args, err := stage(ctx, args)
	if err != nil {
		fmt.Fprintln(os.Stderr, "metricslam:", err)
		return statusFailed
	}
	status := parseAndRun(ctx, sig, args)
	if status == 0 || status == statusDoubtful {
		if err := staging.push(sig.stop); err != nil {
			fmt.Fprintln(os.Stderr, "metricslam:", err)
			return statusFailed
		}
	}
	return status
}

func parseAndRun(ctx context.Context, sig interrupts, args []string) int {
	var c cli
	parser, err := kong.New(&c,
		kong.Name("metricslam"),
		kong.Description("Monocular dense SLAM in metres: one camera in, a drift-free metric map out."),
		kong.UsageOnError(),
		kong.BindTo(ctx, (*context.Context)(nil)),
		kong.Bind(sig),
	)
	if err != nil {
		fmt.Fprintln(os.Stderr, "metricslam:", err)
		return statusUsage
	}
	kctx, err := parser.Parse(args)
	if err != nil {
		fmt.Fprintln(os.Stderr, "metricslam:", err)
		return statusUsage
	}
	err = kctx.Run()
	var status exitStatus
	if errors.As(err, &status) {
		return int(status)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "metricslam:", err)
		return statusFailed
	}
	return 0
}
