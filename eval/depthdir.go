package eval

import (
	"fmt"
	"math"
	"path/filepath"
	"runtime"

	"golang.org/x/sync/errgroup"

	"github.com/metricslam/metricslam/depth/depthio"
	"github.com/metricslam/metricslam/slam"
)

// DepthDirOptions says how DepthDirs reads and compares images.
type DepthDirOptions struct {
	TruthScale    float64 // units per metre; 0: 1000 for integers, 1 for floats
	EstimateScale float64
	Range         DepthRange
}

// DepthFile are the errors of one image.
type DepthFile struct {
	Truth    string `json:"truth"`
	Estimate string `json:"estimate"`
	DepthErrors
}

// DepthResult are the errors of a folder of depth images.
type DepthResult struct {
	Files []DepthFile `json:"files"`
	Mean  DepthErrors `json:"mean"` // over files, each of the same weight; Pixels is their sum
	// LogRatioStd is the deviation of the files' median log ratio: how much
	// the scale wanders from image to image.
	LogRatioStd float64  `json:"log_ratio_std"`
	ScaleError  float64  `json:"scale_error"` // exp(Mean.LogRatio) - 1
	Skipped     []string `json:"skipped"`     // files that could not be compared, and why
}

// DepthDirs compares the depth images (16-bit PNG or NPY) of two folders.
// Files belong together by name, endings like .depth apart, or, where names are
// stamps, by nearest time within MaxTimeDiff; where that finds nothing, by the
// last number in the names.
// Files that cannot be read or compared are listed as skipped; no comparison at
// all is an error.
func DepthDirs(truthDir, estimateDir string, opt DepthDirOptions) (*DepthResult, error) {
	if err := opt.Range.Validate(); err != nil {
		return nil, err
	}
	truths, err := listDepth(truthDir)
	if err != nil {
		return nil, err
	}
	estimates, err := listDepth(estimateDir)
	if err != nil {
		return nil, err
	}
	match := matchDepthNames(truths, estimates)
	files, reasons := make([]DepthFile, len(match)), make([]error, len(match))
	var g errgroup.Group
	g.SetLimit(runtime.GOMAXPROCS(0))
	for i, m := range match {
		g.Go(func() error {
			files[i] = DepthFile{Truth: truths[m[0]].file, Estimate: estimates[m[1]].file}
			files[i].DepthErrors, reasons[i] = compareFiles(
				filepath.Join(truthDir, files[i].Truth), filepath.Join(estimateDir, files[i].Estimate), opt)
			return nil
		})
	}
	g.Wait()
	r := summariseDepth(files, reasons)
	if len(r.Files) > 0 {
		return r, nil
	}
	if len(r.Skipped) > 0 {
		return nil, fmt.Errorf("none of %d pairs of depth images could be compared, the first: %s", len(match), r.Skipped[0])
	}
	return nil, fmt.Errorf("no depth image of %s belongs to one of %s by name, stamp or number (the first are %s and %s)",
		estimateDir, truthDir, estimates[0].file, truths[0].file)
}

func compareFiles(truthFile, estimateFile string, opt DepthDirOptions) (DepthErrors, error) {
	truth, err := depthio.Read(truthFile, opt.TruthScale)
	if err != nil {
		return DepthErrors{}, err
	}
	estimate, err := depthio.Read(estimateFile, opt.EstimateScale)
	if err != nil {
		return DepthErrors{}, err
	}
	e, err := Depth(slam.DepthMap{W: truth.W, H: truth.H, Depth: truth.Depth},
		slam.DepthMap{W: estimate.W, H: estimate.H, Depth: estimate.Depth}, opt.Range)
	if err != nil {
		return e, fmt.Errorf("%s: %w", estimateFile, err)
	}
	return e, nil
}

// summariseDepth averages over the files without a reason against them.
func summariseDepth(files []DepthFile, reasons []error) *DepthResult {
	r := &DepthResult{Files: []DepthFile{}, Skipped: []string{}}
	var logRatios []float64
	m := &r.Mean
	for i, f := range files {
		if reasons[i] != nil {
			r.Skipped = append(r.Skipped, reasons[i].Error())
			continue
		}
		r.Files = append(r.Files, f)
		logRatios = append(logRatios, f.LogRatio)
		m.Pixels += f.Pixels
		for _, p := range m.means(&f.DepthErrors) {
			*p[0] += *p[1]
		}
	}
	for _, p := range m.means(m) {
		*p[0] /= max(1, float64(len(r.Files)))
	}
	r.LogRatioStd = NewStats(logRatios).Std
	r.ScaleError = math.Expm1(m.LogRatio)
	return r
}

// means lists the figures that are averaged over files, beside those of f.
func (e *DepthErrors) means(f *DepthErrors) [][2]*float64 {
	return [][2]*float64{
		{&e.Coverage, &f.Coverage}, {&e.AbsRel, &f.AbsRel}, {&e.RMSE, &f.RMSE}, {&e.RMSELog, &f.RMSELog},
		{&e.D1, &f.D1}, {&e.D2, &f.D2}, {&e.D3, &f.D3}, {&e.LogRatio, &f.LogRatio},
	}
}
