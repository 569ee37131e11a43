// Package check holds a network to its contract: names, shapes and types, then
// what it makes of images whose depth is known, fed as the contract says and
// in the ways it is most often fed wrongly.
package check

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/metricslam/metricslam/depth/contract"
	"github.com/metricslam/metricslam/depth/network"
	"github.com/metricslam/metricslam/depth/onnx"
	"github.com/metricslam/metricslam/geom"
	"github.com/metricslam/metricslam/internal/stats"
	"github.com/metricslam/metricslam/slam"
)

// Report is what was found.
type Report struct {
	Model       string           `json:"model"`
	Contract    string           `json:"contract"`
	File        onnx.Description `json:"file"`
	Differences []string         `json:"differences"` // of the file from the contract; empty: it fits
	Provider    string           `json:"provider,omitempty"`
	FirstRunMS  float64          `json:"first_run_ms,omitempty"`
	LatencyMS   float64          `json:"latency_ms,omitempty"` // median of the runs after it, feeding and reading included
	Images      []Image          `json:"pictures,omitempty"`
	AbsRel      float64          `json:"absrel,omitempty"`    // mean over the images
	LogRatio    float64          `json:"log_ratio,omitempty"` // mean of log(predicted / true): the scale error
	Advice      []string         `json:"advice,omitempty"`    // what looks wrong, and what to change
}

// Image is the result of one image.
type Image struct {
	Name        string  `json:"name"`
	AbsRel      float64 `json:"absrel"`
	LogRatio    float64 `json:"log_ratio"` // median of log(predicted / true)
	Correlation float64 `json:"correlation"`
}

// Sample is an image whose depth is known.
type Sample struct {
	Frame *slam.Frame
	Truth slam.DepthMap
}

// latencyRuns is how often a network is timed.
const latencyRuns = 5

// Model checks a file against a contract; samples may be empty. The error says
// that the file cannot be loaded at all; a file that does not fit its contract
// is a report with Differences.
func Model(ctx context.Context, m onnx.Model, c *contract.Contract, opt onnx.Options, samples []Sample) (*Report, error) {
	r := &Report{Model: cmp.Or(m.Path, "inside the program"), Contract: c.Name, Differences: []string{}}
	var err error
	if r.File, err = onnx.Describe(m, opt.Library); err != nil {
		return nil, err
	}
	r.Differences = append(r.Differences, Differences(c, r.File)...)
	if len(r.Differences) > 0 {
		return r, nil
	}
	s, err := onnx.Open(m, network.InputNames(c), network.OutputNames(c), opt)
	if err != nil {
		return nil, err
	}
	defer s.Close()
	r.Provider = s.Provider()
	unusable, err := r.time(ctx, network.New(c, s), samples)
	if err != nil {
		return nil, err
	}
	if unusable != nil {
		r.Differences = append(r.Differences, fmt.Sprintf("what it puts out is no depth, fed as the contract says: %v", unusable))
	}
	if len(samples) == 0 || unusable != nil {
		return r, nil
	}
	if r.Images, err = evaluate(ctx, network.New(c, s), samples); err != nil {
		return nil, err
	}
	r.AbsRel, r.LogRatio = means(r.Images)
	r.Advice, err = advise(ctx, s, c, samples, r)
	return r, err
}

// Differences lists what a file declares otherwise than the contract.
func Differences(c *contract.Contract, d onnx.Description) []string {
	var diff []string
	compare := func(kind string, have []onnx.Value, name string, shape []int64, dtype contract.DType) {
		i := slices.IndexFunc(have, func(v onnx.Value) bool { return v.Name == name })
		if i < 0 {
			names := make([]string, len(have))
			for k, v := range have {
				names[k] = v.Name
			}
			diff = append(diff, fmt.Sprintf("%s %q is not in the file; it has %q", kind, name, names))
			return
		}
		v := have[i]
		if dtype != "" && v.Type != string(dtype) {
			diff = append(diff, fmt.Sprintf("%s %q is %s in the file, %s in the contract", kind, name, v.Type, dtype))
		}
		if shape != nil && !compatible(v.Shape, shape) {
			diff = append(diff, fmt.Sprintf("%s %q has the shape %v in the file, %v in the contract", kind, name, v.Shape, shape))
		}
	}
	compare("input", d.Inputs, c.Input.Name, c.Input.Shape, c.Input.DType)
	for _, v := range d.Inputs {
		if v.Name == c.Input.Name && len(v.Shape) == 4 && v.Shape[2] > 0 && c.Input.Height() == 0 {
			diff = append(diff, fmt.Sprintf("the file was exported for %dx%d pixels alone: take a copy of the contract with shape: %s and the resize rule fit-and-pad or stretch",
				v.Shape[3], v.Shape[2], strings.ReplaceAll(fmt.Sprint(v.Shape), " ", ", ")))
		}
	}
	for _, e := range c.Extra {
		compare("input", d.Inputs, e.Name, nil, e.DType)
	}
	wanted := network.InputNames(c)
	for _, v := range d.Inputs {
		if !slices.Contains(wanted, v.Name) {
			diff = append(diff, fmt.Sprintf("input %q of the file (%s %v) is not in the contract: add it under extra_inputs", v.Name, v.Type, v.Shape))
		}
	}
	for _, n := range c.Outputs.Named() {
		compare("output", d.Outputs, n.Output.Name, n.Output.Shape, n.Output.DType)
	}
	return diff
}

// compatible reports whether two shapes agree where both are fixed. A file that
// is fixed where the contract leaves it free will not take what it is fed.
func compatible(file, want []int64) bool {
	if len(file) != len(want) {
		return false
	}
	for i := range file {
		if file[i] > 0 && file[i] != want[i] {
			return false
		}
	}
	return true
}

// time measures the first run and the median of some more. unusable is why none of
// the runs gave any depth.
func (r *Report) time(ctx context.Context, n *network.Network, samples []Sample) (unusable, err error) {
	f := &slam.Frame{Camera: geom.CameraFromFOV(640, 480, 1)}
	f.Gray = slam.NewGray(640, 480)
	for i := range f.Gray.Pix {
		f.Gray.Pix[i] = uint8(i % 255)
	}
	if len(samples) > 0 {
		f = samples[0].Frame
	}
	var ms []float64
	for range 1 + latencyRuns {
		start := time.Now()
		_, unusable = n.Predict(ctx, f.Color, f.Gray, f.Camera)
		if unusable != nil && !errors.Is(unusable, network.ErrUnusable) {
			return nil, unusable
		}
		ms = append(ms, time.Since(start).Seconds()*1e3)
	}
	r.FirstRunMS = ms[0]
	r.LatencyMS = stats.Median(ms[1:])
	return unusable, nil
}

// evaluate runs the samples. One without a usable pixel has infinite errors.
func evaluate(ctx context.Context, n *network.Network, samples []Sample) ([]Image, error) {
	list := make([]Image, len(samples))
	for i, s := range samples {
		p, err := n.Predict(ctx, s.Frame.Color, s.Frame.Gray, s.Frame.Camera)
		if err != nil && !errors.Is(err, network.ErrUnusable) {
			return nil, err
		}
		list[i] = compareDepth(p.Depth, s.Truth)
		list[i].Name = s.Frame.Name
	}
	return list, nil
}

// compareDepth compares where both are known, with the truth's pixels.
func compareDepth(pred, truth slam.DepthMap) Image {
	pred = network.Upsample(pred, truth.W, truth.H, 0)
	var ratios []float64
	var abs, sx, sy, sxx, syy, sxy float64
	for i, z := range truth.Depth {
		if z <= 0 || pred.Empty() || pred.Depth[i] <= 0 {
			continue
		}
		x, y := math.Log(float64(pred.Depth[i])), math.Log(float64(z))
		abs += math.Abs(float64(pred.Depth[i])/float64(z) - 1)
		ratios = append(ratios, x-y)
		sx, sy, sxx, syy, sxy = sx+x, sy+y, sxx+x*x, syy+y*y, sxy+x*y
	}
	n := float64(len(ratios))
	if n == 0 {
		return Image{AbsRel: math.MaxFloat64}
	}
	p := Image{AbsRel: abs / n, LogRatio: stats.Median(ratios)}
	if v := (sxx - sx*sx/n) * (syy - sy*sy/n); v > 0 {
		p.Correlation = (sxy - sx*sy/n) / math.Sqrt(v)
	}
	return p
}

func means(list []Image) (absRel, logRatio float64) {
	for _, p := range list {
		absRel += p.AbsRel / float64(len(list))
		logRatio += p.LogRatio / float64(len(list))
	}
	return absRel, logRatio
}
