package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"text/tabwriter"

	"github.com/metricslam/metricslam/eval"
	"github.com/metricslam/metricslam/export"
	"github.com/metricslam/metricslam/internal/atomicfile"
	"github.com/metricslam/metricslam/report"
	"github.com/metricslam/metricslam/slam"
)

// evalTrajectoryCmd compares an estimated trajectory with the true one.
type evalTrajectoryCmd struct {
	Truth    string    `required:"" placeholder:"FILE" help:"True trajectory."`
	Estimate string    `required:"" placeholder:"FILE" help:"Estimated trajectory."`
	Format   string    `default:"auto" enum:"auto,tum,kitti,euroc" help:"tum: 'time tx ty tz qx qy qz qw', paired by nearest time; euroc: 'nanoseconds, px, py, pz, qw, qx, qy, qz, ...', the same; kitti: rows of 12 numbers (or of a whole 4x4 matrix), paired by their number; auto: each file as its first row has it."`
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
	p, err := c.read()
	if err != nil {
		return err
	}
	if c.Frames > 0 && c.Frames < p.estimates {
		return fmt.Errorf("--frames %d: %s has %d poses, so the estimator read more frames than that", c.Frames, c.Estimate, p.estimates)
	}
	opt := eval.TrajectoryOptions{Frames: c.Frames, Rows: p.rows, LengthsM: c.Lengths, Deltas: c.deltas(p.rows)}
	r, err := eval.Trajectory(p.pairs, p.truths, p.estimates, opt)
	if err != nil {
		return err
	}
	r.Warnings = append(p.notes, r.Warnings...)
	if c.Plot != "" {
		if err := c.plot(p, r); err != nil {
			return err
		}
	}
	if c.JSON {
		return printJSON(os.Stdout, r)
	}
	return printTrajectory(os.Stdout, r)
}

// deltas returns one frame, and what the flags ask for.
func (c evalTrajectoryCmd) deltas(rows bool) []eval.Delta {
	unit := map[string]eval.DeltaUnit{"f": eval.Frames, "s": eval.Seconds, "m": eval.Metres}[c.Unit]
	if c.Unit == "auto" {
		if unit = eval.Seconds; rows {
			unit = eval.Frames
		}
	}
	frame, chosen := eval.Delta{Unit: eval.Frames, Value: 1}, eval.Delta{Unit: unit, Value: c.Delta, All: c.AllPairs}
	if chosen.Unit == eval.Frames && chosen.Value == 1 {
		return []eval.Delta{frame}
	}
	return []eval.Delta{frame, chosen}
}

// paired is what two trajectory files have in common.
type paired struct {
	pairs             []eval.Pair
	rows              bool // paired by row, without times
	truths, estimates int
	notes             []string
}

// read reads both files and pairs their poses.
func (c evalTrajectoryCmd) read() (p paired, err error) {
	truth, err := export.ReadTrajectory(c.Truth, export.Format(c.Format))
	if err != nil {
		return p, err
	}
	estimate, err := export.ReadTrajectory(c.Estimate, export.Format(c.Format))
	if err != nil {
		return p, err
	}
	p = paired{rows: truth.Rows != nil, notes: append(truth.Notes, estimate.Notes...)}
	switch {
	case p.rows != (estimate.Rows != nil):
		rows, stamped := c.Truth, c.Estimate
		if !p.rows {
			rows, stamped = stamped, rows
		}
		return p, fmt.Errorf("%s has rows without stamps (KITTI), %s has stamps: they cannot be paired; of a run take trajectory.kitti for KITTI's truth and trajectory.tum for any other", rows, stamped)
	case p.rows:
		p.truths, p.estimates = len(truth.Rows), len(estimate.Rows)
		p.pairs, err = eval.AssociateRows(truth.Rows, estimate.Rows)
	default:
		p.truths, p.estimates = len(truth.Stamped), len(estimate.Stamped)
		p.pairs, err = eval.Associate(truth.Stamped, estimate.Stamped, c.MaxDiff)
		if least := min(p.truths, p.estimates); len(p.pairs) < least/10 || err != nil {
			p.inUnits(c, &truth.Stamped, &estimate.Stamped, least/2, &err)
		}
		if err == nil {
			err = p.asMeant(c, truth.Stamped, estimate.Stamped)
		}
	}
	return p, err
}

// inUnits pairs poses of which one file has its stamps in a smaller unit than seconds,
// which the numbers alone do not tell (33.3, 66.7, ...), where that gives more than least
// pairs.
func (p *paired) inUnits(c evalTrajectoryCmd, truth, estimate *slam.Trajectory, least int, failed *error) {
	units := []struct {
		seconds float64
		name    string
	}{{1e-3, "milliseconds"}, {1e-6, "microseconds"}, {1e-9, "nanoseconds"}}
	for _, unit := range units {
		for _, f := range []struct {
			name string
			traj *slam.Trajectory
		}{{c.Truth, truth}, {c.Estimate, estimate}} {
			as := slices.Clone(*f.traj)
			for i := range as {
				as[i].Time *= unit.seconds
			}
			was := *f.traj
			*f.traj = as
			if pairs, err := eval.Associate(*truth, *estimate, c.MaxDiff); err == nil && len(pairs) > least {
				p.pairs, *failed = pairs, nil
				p.notes = append(p.notes, fmt.Sprintf("%s: its stamps are read as %s: as seconds they do not meet those of the other file", f.name, unit.name))
				return
			}
			*f.traj = was
		}
	}
}

// asMeant pairs the poses anew where a file means them otherwise than it was read.
func (p *paired) asMeant(c evalTrajectoryCmd, truth, estimate slam.Trajectory) (err error) {
	convention, ofTruth, ok := eval.OtherConvention(p.pairs)
	if !ok {
		return nil
	}
	file := c.Estimate
	if ofTruth {
		file, truth = c.Truth, convention.Apply(truth)
	} else {
		estimate = convention.Apply(estimate)
	}
	p.notes = append(p.notes, fmt.Sprintf("%s is read as %s: otherwise the two files do not agree", file, convention.Name))
	p.pairs, err = eval.Associate(truth, estimate, c.MaxDiff)
	return err
}

// plot draws the estimate aligned by SE3, so that an error of scale is seen, or
// as it is where that is not possible.
func (c evalTrajectoryCmd) plot(p paired, r *eval.TrajectoryResult) error {
	pairs := p.pairs
	title := fmt.Sprintf("%s: not aligned, ATE %.4g m", filepath.Base(c.Estimate), r.ATENone.RMSE)
	if t, err := eval.Align(pairs, eval.AlignSE3); err == nil {
		pairs = eval.Apply(pairs, t)
		title = fmt.Sprintf("%s: ATE SE3 %.4g m", filepath.Base(c.Estimate), r.ATESE3.RMSE)
	}
	if r.ATESim3 != nil {
		title += fmt.Sprintf(", Sim3 %.4g m, scale %.4f", r.ATESim3.RMSE, r.Scale)
	}
	title += r.Over()
	timeLabel := "time [s]"
	if p.rows {
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
	if over := r.Over(); over != "" {
		fmt.Fprintf(out, "the errors are taken%s\n", over)
	}
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
