package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/metricslam/metricslam/eval"
	"github.com/metricslam/metricslam/export"
	"github.com/metricslam/metricslam/geom"
)

// evalMeshCmd compares an estimated mesh with the true one.
type evalMeshCmd struct {
	Truth      string  `xor:"truth" required:"" placeholder:"FILE.ply" help:"True mesh."`
	Scan       string  `xor:"truth" required:"" placeholder:"SOURCE" help:"A source with depth images and true poses: the truth is what its sensor saw. Parts that no true view could see are not counted; with --poses."`
	Estimate   string  `required:"" placeholder:"FILE.ply" help:"Estimated mesh."`
	TruthPoses string  `placeholder:"FILE.tum" help:"Trajectory in the frame of the true mesh; with --poses."`
	Poses      string  `placeholder:"FILE.tum" help:"Trajectory in the frame of the estimated mesh: the mesh is first brought onto the truth as the trajectories are (SE3)."`
	ScanStride int     `default:"5" placeholder:"N" help:"Of --scan, every Nth depth image is used."`
	ScanRange  float64 `default:"5" placeholder:"M" help:"Of --scan, depth up to this counts."`
	Align      string  `default:"none" enum:"none,icp" help:"icp: first move the estimate rigidly onto the truth (point to plane, trimmed)."`
	Threshold  float64 `default:"0.05" placeholder:"M" help:"Distance that counts as right, for precision, recall and F."`
	Samples    int     `default:"200000" placeholder:"N" help:"Points spread over each mesh."`
	Seed       uint64  `default:"1" placeholder:"N" help:"Seed of their places."`
	JSON       bool    `help:"Print the result as JSON."`
}

// Run prints how far the meshes are from each other.
func (c evalMeshCmd) Run(ctx context.Context) error {
	if !(c.Threshold > 0) || c.Samples < 1 {
		return fmt.Errorf("--threshold is %g and --samples %d, want both positive", c.Threshold, c.Samples)
	}
	estimate, err := export.ReadPLY(c.Estimate)
	if err != nil {
		return err
	}
	if c.Scan != "" {
		r, err := c.againstScan(ctx, estimate)
		if err != nil {
			return err
		}
		if c.JSON {
			return printJSON(os.Stdout, r)
		}
		return printScan(os.Stdout, r)
	}
	truth, err := export.ReadPLY(c.Truth)
	if err != nil {
		return err
	}
	start, err := c.start()
	if err != nil {
		return err
	}
	r, err := eval.Mesh(truth, estimate, eval.MeshOptions{ThresholdM: c.Threshold, Samples: c.Samples, Seed: c.Seed, ICP: c.Align == "icp", Start: start})
	if err != nil {
		return err
	}
	if c.JSON {
		return printJSON(os.Stdout, r)
	}
	printMesh(os.Stdout, r)
	return nil
}

// start brings the frame of one trajectory onto that of the other, nil without them.
func (c evalMeshCmd) start() (*geom.SE3, error) {
	if c.TruthPoses == "" && c.Poses == "" {
		return nil, nil
	}
	if c.TruthPoses == "" || c.Poses == "" {
		return nil, errors.New("--truth-poses and --poses go together: the same frames seen from both maps")
	}
	p, err := evalTrajectoryCmd{Truth: c.TruthPoses, Estimate: c.Poses, Format: "tum", MaxDiff: eval.MaxTimeDiff}.read()
	if err != nil {
		return nil, err
	}
	t, err := eval.Align(p.pairs, eval.AlignSE3)
	if err != nil {
		return nil, fmt.Errorf("--truth-poses %s, --poses %s: %w", c.TruthPoses, c.Poses, err)
	}
	start := t.SE3()
	return &start, nil
}

// printMesh writes the result in words.
func printMesh(w io.Writer, r *eval.MeshResult) {
	if a := r.Alignment; a != nil {
		fmt.Fprintf(w, "aligned by %.4f m and %.3f degrees, %.4f m left (%d iterations)\n", a.TranslationM, a.RotationDeg, a.RMSM, a.Iterations)
		if !a.Converged {
			fmt.Fprintln(w, "warning: the alignment was still moving; the meshes may not overlap enough")
		}
	}
	fmt.Fprintf(w, "accuracy      %.4f m (median %.4f)\n", r.AccuracyM, r.AccuracyMedianM)
	fmt.Fprintf(w, "completeness  %.4f m (median %.4f)\n", r.CompletenessM, r.CompletenessMedianM)
	fmt.Fprintf(w, "Chamfer       %.4f m\n", r.ChamferM)
	fmt.Fprintf(w, "at %g m: precision %.4f  recall %.4f  F %.4f\n", r.ThresholdM, r.Precision, r.Recall, r.FScore)
	fmt.Fprintf(w, "%d points a mesh, %.4f m apart, over %.2f and %.2f m2\n", r.Samples, r.SpacingM, r.TruthAreaM2, r.EstimateAreaM2)
}
