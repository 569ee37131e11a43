package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"text/tabwriter"

	"github.com/metricslam/metricslam/datasets"
	"github.com/metricslam/metricslam/eval"
	"github.com/metricslam/metricslam/export"
	"github.com/metricslam/metricslam/geom"
	"github.com/metricslam/metricslam/slam"
)

// againstScan compares the mesh with what the source's depth sensor saw from its true poses.
func (c evalMeshCmd) againstScan(ctx context.Context, estimate *slam.Mesh) (*eval.ScanResult, error) {
	if c.Poses == "" || c.TruthPoses != "" {
		return nil, errors.New("--scan needs --poses, the trajectory that belongs to --estimate, and no --truth-poses: the source has them")
	}
	if c.ScanStride < 1 || !(c.ScanRange > 0) {
		return nil, fmt.Errorf("--scan-stride is %d and --scan-range %g, want both positive", c.ScanStride, c.ScanRange)
	}
	poses, err := export.ReadTUM(c.Poses)
	if err != nil {
		return nil, err
	}
	src, err := datasets.Open(ctx, c.Scan, datasets.Options{Seed: c.Seed})
	if err != nil {
		return nil, fmt.Errorf("--scan: %w", err)
	}
	defer src.Close()
	if i := src.Info(); !i.HasTruth || !i.HasSensorDepth {
		return nil, fmt.Errorf("--scan %s: it has no true poses, or no depth images; compare with a mesh (--truth) instead", c.Scan)
	}
	views, truth, err := c.scanViews(ctx, src)
	if err != nil {
		return nil, err
	}
	start, err := alignedStart(truth, poses)
	if err != nil {
		return nil, fmt.Errorf("--scan %s, --poses %s: %w", c.Scan, c.Poses, err)
	}
	scan, err := eval.NewScan(views, c.ScanRange)
	if err != nil {
		return nil, err
	}
	return scan.ScoreMesh(estimate, eval.ScanOptions{Start: start, ThresholdM: c.Threshold, Seed: c.Seed})
}

// scanViews reads the true poses of all frames, and the depth of every so manieth.
func (c evalMeshCmd) scanViews(ctx context.Context, src datasets.Source) (views []eval.TrueView, truth slam.Trajectory, err error) {
	for n := 0; ; {
		f, err := src.Next(ctx)
		var damaged *datasets.SkipError
		switch {
		case err == io.EOF:
			return views, truth, nil
		case errors.As(err, &damaged):
			continue
		case err != nil:
			return nil, nil, err
		}
		if f.Truth == nil {
			continue
		}
		truth = append(truth, slam.StampedPose{Time: f.Time, Pose: *f.Truth})
		if f.SensorDepth == nil {
			continue
		}
		if n++; (n-1)%c.ScanStride != 0 {
			continue
		}
		d, err := f.SensorDepth()
		if err != nil {
			return nil, nil, err
		}
		views = append(views, eval.TrueView{Pose: *f.Truth, Depth: d})
	}
}

// alignedStart brings the frame of poses onto that of truth (SE3).
func alignedStart(truth, poses slam.Trajectory) (geom.SE3, error) {
	pairs, err := eval.Associate(truth, poses, eval.MaxTimeDiff)
	if err != nil {
		return geom.SE3{}, err
	}
	t, err := eval.Align(pairs, eval.AlignSE3)
	return t.SE3(), err
}

// printScan writes both alignments as a table, and the curve of the first.
func printScan(out io.Writer, r *eval.ScanResult) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, "aligned\taccuracy m\tcompleteness m\tChamfer m\tprecision\trecall\tF\tscale\t")
	for _, row := range []struct {
		name string
		s    eval.ScanScore
	}{{"metric", r.Metric}, {"shape", r.Shape}} {
		s := row.s
		fmt.Fprintf(w, "%s\t%.4f\t%.4f\t%.4f\t%.4f\t%.4f\t%.4f\t%.4f\t\n",
			row.name, s.AccuracyM, s.CompletenessM, s.ChamferM, s.Precision, s.Recall, s.FScore, s.Scale)
	}
	if err := w.Flush(); err != nil {
		return err
	}
	fmt.Fprintf(out, "at %g m, against %d points; metric: rigid, shape: with a scale of its own\n", r.ThresholdM, r.Points)
	if len(r.Shape.Curve) == 0 {
		return nil
	}
	fmt.Fprintln(w, "\nmost certain\tdeviation m\tprecision\trecall\t")
	for _, p := range r.Shape.Curve {
		upTo := "any"
		if p.DeviationM > 0 {
			upTo = fmt.Sprintf("%.3g", p.DeviationM)
		}
		fmt.Fprintf(w, "%.0f %%\t%s\t%.4f\t%.4f\t\n", 100*p.Share, upTo, p.Precision, p.Recall)
	}
	return w.Flush()
}
