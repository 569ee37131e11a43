package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"text/tabwriter"

	"github.com/metricslam/metricslam/eval"
	"github.com/metricslam/metricslam/export"
	"github.com/metricslam/metricslam/internal/atomicfile"
	"github.com/metricslam/metricslam/report"
)

// evalTrajectoryCmd compares an estimated trajectory with the true one.
type evalTrajectoryCmd struct {
	Truth    string    `required:"" placeholder:"FILE" help:"True trajectory."`
	Estimate string    `required:"" placeholder:"FILE" help:"Estimated trajectory."`
	Format   string    `default:"tum" enum:"tum,kitti" help:"tum: 'time tx ty tz qx qy qz qw', paired by nearest time; kitti: rows of 12 numbers, paired by their number."`
	MaxDiff  float64   `default:"0.02" placeholder:"S" help:"Largest time between paired poses (tum)."`
	Frames   int       `placeholder:"N" help:"Frames the estimator read, for the posed share; default: the poses of the truth."`
	Delta    float64   `default:"1" help:"Relative pose error over this much, besides 1 frame."`
	Unit     string    `default:"auto" enum:"auto,f,s,m" help:"Unit of --delta: frames, seconds, metres; auto: seconds for tum, frames for kitti."`
	AllPairs bool      `help:"With --unit f: a span from every frame, not one after the other."`
	Lengths  []float64 `placeholder:"20,40,60,80" help:"Lengths in metres of the segments of KITTI's drift; default 100,200,...,800."`
	JSON     bool      `help:"Print the result as JSON."`
	Plot     string    `placeholder:"FILE.png" help:"Draw the trajectories and the error over time."`
}

// Run prints the errors of the estimate.
func (c evalTrajectoryCmd) Run(_ context.Context) error {
	pairs, nTruth, nEstimate, err := c.read()
	if err != nil {
		return err
	}
	opt := eval.TrajectoryOptions{Frames: c.Frames, Rows: c.Format == "kitti", LengthsM: c.Lengths, Deltas: c.deltas()}
	r, err := eval.Trajectory(pairs, nTruth, nEstimate, opt)
	if err != nil {
		return err
	}
	if c.Plot != "" {
		if err := c.plot(pairs, r); err != nil {
			return err
		}
	}
	if c.JSON {
		return printJSON(os.Stdout, r)
	}
	return printTrajectory(os.Stdout, r)
}

// deltas returns one frame, and what the flags ask for.
func (c evalTrajectoryCmd) deltas() []eval.Delta {
	unit := map[string]eval.DeltaUnit{"f": eval.Frames, "s": eval.Seconds, "m": eval.Metres}[c.Unit]
	if c.Unit == "auto" {
		if unit = eval.Seconds; c.Format == "kitti" {
			unit = eval.Frames
		}
	}
	frame, chosen := eval.Delta{Unit: eval.Frames, Value: 1}, eval.Delta{Unit: unit, Value: c.Delta, All: c.AllPairs}
	if chosen.Unit == eval.Frames && chosen.Value == 1 {
		return []eval.Delta{frame}
	}
	return []eval.Delta{frame, chosen}
}

// read returns the paired poses and how many each file holds.
func (c evalTrajectoryCmd) read() (pairs []eval.Pair, nTruth, nEstimate int, err error) {
	if c.Format == "kitti" {
		truth, err := export.ReadKITTI(c.Truth)
		if err != nil {
			return nil, 0, 0, err
		}
		estimate, err := export.ReadKITTI(c.Estimate)
		if err != nil {
			return nil, 0, 0, err
		}
		pairs, err = eval.AssociateRows(truth, estimate)
		return pairs, len(truth), len(estimate), err
	}
	truth, err := export.ReadTUM(c.Truth)
	if err != nil {
		return nil, 0, 0, err
	}
	estimate, err := export.ReadTUM(c.Estimate)
	if err != nil {
		return nil, 0, 0, err
	}
	pairs, err = eval.Associate(truth, estimate, c.MaxDiff)
	return pairs, len(truth), len(estimate), err
}

// plot draws the estimate aligned by SE3, so that an error of scale is seen, or
// as it is where that is not possible.
func (c evalTrajectoryCmd) plot(pairs []eval.Pair, r *eval.TrajectoryResult) error {
	title := fmt.Sprintf("%s: not aligned, ATE %.4g m", filepath.Base(c.Estimate), r.ATENone.RMSE)
	if t, err := eval.Align(pairs, eval.AlignSE3); err == nil {
		pairs = eval.Apply(pairs, t)
		title = fmt.Sprintf("%s: ATE SE3 %.4g m", filepath.Base(c.Estimate), r.ATESE3.RMSE)
	}
	if r.ATESim3 != nil {
		title += fmt.Sprintf(", Sim3 %.4g m, scale %.4f", r.ATESim3.RMSE, r.Scale)
	}
	timeLabel := "time [s]"
	if c.Format == "kitti" {
		timeLabel = "frame"
	}
	return atomicfile.Write(c.Plot, func(w io.Writer) error {
		return report.WritePlot(w, pairs, title, timeLabel)
	})
}

// printTrajectory writes the result as tables.
func printTrajectory(out io.Writer, r *eval.TrajectoryResult) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintf(out, "truth %d poses, estimate %d, paired %d; posed %.1f %% of %d; true path %.3f m",
		r.TruthPoses, r.EstimatePoses, r.Pairs, 100*r.Coverage, r.Frames, r.PathM)
	if r.DurationS > 0 {
		fmt.Fprintf(out, " in %.2f s", r.DurationS)
	}
	fmt.Fprintln(out)
	fmt.Fprintln(w, "\trmse\tmean\tmedian\tmax\tn\t")
	row := func(name string, s *eval.Stats) {
		if s != nil {
			fmt.Fprintf(w, "%s\t%.6f\t%.6f\t%.6f\t%.6f\t%d\t\n", name, s.RMSE, s.Mean, s.Median, s.Max, s.N)
		}
	}
	row("ATE not aligned [m]", &r.ATENone)
	row("ATE SE3 [m]", r.ATESE3)
	row("ATE Sim3 [m]", r.ATESim3)
	for _, e := range r.RPE {
		row("RPE "+e.Delta+" [m]", &e.TransM)
		row("RPE "+e.Delta+" Sim3 [m]", e.TransSim3)
		row("RPE "+e.Delta+" [deg]", &e.RotDeg)
	}
	if err := w.Flush(); err != nil {
		return err
	}
	if r.Scale > 0 {
		fmt.Fprintf(out, "scale %.6f (truth = scale x estimate)\n", r.Scale)
	}
	printDrift(out, r)
	for _, msg := range r.Warnings {
		fmt.Fprintln(out, "warning:", msg)
	}
	return nil
}

// printDrift writes KITTI's errors, where the path is long enough for them.
func printDrift(out io.Writer, r *eval.TrajectoryResult) {
	if r.KITTI == nil {
		fmt.Fprintln(out, "KITTI drift: the path is too short for segments of 100 m; see --lengths")
		return
	}
	fmt.Fprintf(out, "KITTI drift: t_rel %.4f %%  r_rel %.4f deg/100 m  over %d segments\n", r.KITTI.TRel, r.KITTI.RRel, r.KITTI.Segments)
	for _, d := range r.KITTIByLength {
		if d.Segments > 0 {
			fmt.Fprintf(out, "  %4g m: t_rel %.4f %%  r_rel %.4f deg/100 m  over %d segments\n", d.LengthM, d.TRel, d.RRel, d.Segments)
		}
	}
}
