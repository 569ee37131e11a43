package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"text/tabwriter"

	"github.com/metricslam/metricslam/eval"
)

// evalDepthCmd compares a folder of depth images with the true ones.
type evalDepthCmd struct {
	Truth         string  `required:"" placeholder:"DIR" help:"Folder of true depth, 16-bit PNG or NPY."`
	Estimate      string  `required:"" placeholder:"DIR" help:"Folder of estimated depth, 16-bit PNG or NPY."`
	TruthScale    float64 `placeholder:"UNITS_PER_METRE" help:"Units per metre of the truth; default 1000 for integers, 1 for floats."`
	EstimateScale float64 `placeholder:"UNITS_PER_METRE" help:"Units per metre of the estimate."`
	Min           float64 `placeholder:"M" help:"Least true depth that counts."`
	Max           float64 `placeholder:"M" help:"Greatest true depth that counts."`
	JSON          bool    `help:"Print the result as JSON, file by file."`
}

// Run prints the errors of the estimate.
func (c evalDepthCmd) Run(_ context.Context) error {
	for flag, v := range map[string]float64{"--truth-scale": c.TruthScale, "--estimate-scale": c.EstimateScale} {
		if v < 0 {
			return fmt.Errorf("%s %g: want a positive number of units per metre", flag, v)
		}
	}
	r, err := eval.DepthDirs(c.Truth, c.Estimate, eval.DepthDirOptions{
		TruthScale: c.TruthScale, EstimateScale: c.EstimateScale, Range: eval.DepthRange{MinM: c.Min, MaxM: c.Max},
	})
	if err != nil {
		return err
	}
	if c.JSON {
		return printJSON(os.Stdout, r)
	}
	return printDepth(os.Stdout, r)
}

// printDepth writes a line a file and their mean.
func printDepth(out io.Writer, r *eval.DepthResult) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, "AbsRel\tRMSE [m]\tlog RMSE\td1\td2\td3\tlog ratio\tcovered\t\tfile")
	row := func(name string, e eval.DepthErrors) {
		fmt.Fprintf(w, "%.4f\t%.4f\t%.4f\t%.4f\t%.4f\t%.4f\t%+.4f\t%.1f %%\t\t%s\n",
			e.AbsRel, e.RMSE, e.RMSELog, e.D1, e.D2, e.D3, e.LogRatio, 100*e.Coverage, name)
	}
	for _, f := range r.Files {
		row(f.Estimate, f.DepthErrors)
	}
	row(fmt.Sprintf("mean of %d files", len(r.Files)), r.Mean)
	if err := w.Flush(); err != nil {
		return err
	}
	fmt.Fprintf(out, "scale error %+.2f %% (median log ratio %+.4f, its deviation from file to file %.4f)\n",
		100*r.ScaleError, r.Mean.LogRatio, r.LogRatioStd)
	for _, s := range r.Skipped {
		fmt.Fprintln(out, "skipped:", s)
	}
	return nil
}
