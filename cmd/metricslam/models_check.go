package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"text/tabwriter"

	"github.com/metricslam/metricslam/datasets"
	"github.com/metricslam/metricslam/depth/check"
	"github.com/metricslam/metricslam/depth/contract"
	"github.com/metricslam/metricslam/depth/depthio"
	"github.com/metricslam/metricslam/depth/models"
	"github.com/metricslam/metricslam/depth/onnx"
	"github.com/metricslam/metricslam/geom"
	"github.com/metricslam/metricslam/slam"
)

type modelsCheckCmd struct {
	networkFlags
	Model  string `arg:"" help:"A model.onnx, the name of one that was pulled, or that of the network that ships."`
	Images string `placeholder:"DIR" help:"Images whose depth is known: a folder with test_annotations.json (as Metric3D's demo has it), or any sequence with depth that run takes."`
	Max    int    `default:"12" placeholder:"N" help:"Images to take of a sequence, evenly spread."`
	JSON   bool   `help:"Print the report as JSON."`
}

// errDiffers makes the command fail after the report is printed.
var errDiffers = errors.New("the file does not fit its contract")

// Run prints what was found; it fails where the file does not fit.
func (c modelsCheckCmd) Run(ctx context.Context) error {
	m, k, err := c.subject()
	if err != nil {
		return err
	}
	var samples []check.Sample
	if c.Images != "" {
		if samples, err = loadSamples(ctx, c.Images, c.Max); err != nil {
			return fmt.Errorf("--images %s: %w", c.Images, err)
		}
	}
	opt := onnx.Options{Library: c.ONNXRuntime, Provider: c.Provider, Threads: c.Threads, Optimize: c.Optimize, Warn: warnf}
	r, err := check.Model(ctx, m, k, opt, samples)
	if err != nil {
		return err
	}
	if c.JSON {
		err = printJSON(os.Stdout, r)
	} else {
		err = printCheck(os.Stdout, r)
	}
	if err == nil && len(r.Differences) > 0 {
		err = fmt.Errorf("%s: %w", c.Model, errDiffers)
	}
	return err
}

// subject finds the network and its contract.
func (c modelsCheckCmd) subject() (onnx.Model, *contract.Contract, error) {
	file, err := modelFile(c.Model)
	if err == nil {
		k, err := contract.ForModel(file, c.Contract)
		return onnx.Model{Path: file}, k, err
	}
	shipped, ok := models.Shipped()
	if !ok || c.Model != shipped.Name {
		return onnx.Model{}, nil, err
	}
	m := onnx.Model{Data: shipped.ONNX}
	if c.Contract != "" {
		k, err := contract.ForModel(shipped.Name, c.Contract)
		return m, k, err
	}
	k, err := contract.Parse(shipped.Contract, shipped.Name)
	return m, k, err
}

func printCheck(out io.Writer, r *check.Report) error {
	fmt.Fprintf(out, "%s, contract %s\n", r.Model, r.Contract)
	w := tabwriter.NewWriter(out, 2, 0, 2, ' ', 0)
	printValues(w, "input", r.File.Inputs)
	printValues(w, "output", r.File.Outputs)
	if err := w.Flush(); err != nil {
		return err
	}
	if len(r.Differences) > 0 {
		for _, d := range r.Differences {
			fmt.Fprintln(out, "differs:", d)
		}
		return nil
	}
	fmt.Fprintf(out, "fits; first run %.1f ms, then %.1f ms (%s)\n", r.FirstRunMS, r.LatencyMS, r.Provider)
	if len(r.Images) == 0 {
		return nil
	}
	fmt.Fprintln(w, "AbsRel\tscale\tcorrelation\timage")
	for _, p := range r.Images {
		fmt.Fprintf(w, "%.3f\t%+.3f\t%.3f\t%s\n", p.AbsRel, p.LogRatio, p.Correlation, p.Name)
	}
	fmt.Fprintf(w, "%.3f\t%+.3f\t\tmean of %d\n", r.AbsRel, r.LogRatio, len(r.Images))
	if err := w.Flush(); err != nil {
		return err
	}
	for _, a := range r.Advice {
		fmt.Fprintln(out, "look:", a)
	}
	if len(r.Advice) == 0 {
		fmt.Fprintln(out, "normalisation, channel order and scale rule look right")
	}
	return nil
}

func printValues(w io.Writer, kind string, list []onnx.Value) {
	for _, v := range list {
		fmt.Fprintf(w, "%s\t%s\t%s\t%v\n", kind, v.Name, v.Type, v.Shape)
	}
}

// loadSamples reads images and their depth.
func loadSamples(ctx context.Context, dir string, most int) ([]check.Sample, error) {
	if text, err := os.ReadFile(filepath.Join(dir, "test_annotations.json")); err == nil {
		return annotatedSamples(dir, text, most)
	}
	src, err := datasets.Open(ctx, dir, datasets.Options{})
	if err != nil {
		return nil, err
	}
	defer src.Close()
	step := max(1, src.Info().Len/max(1, most))
	var list []check.Sample
	for len(list) < most {
		f, err := src.Next(ctx)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
		if f.Index%step != 0 || f.SensorDepth == nil {
			continue
		}
		d, err := f.SensorDepth()
		if err != nil {
			return nil, err
		}
		list = append(list, check.Sample{Frame: f, Truth: d})
	}
	if len(list) == 0 {
		return nil, errors.New("no image in it has depth")
	}
	return list, nil
}

// annotatedSamples reads the list that Metric3D's demonstration images come
// with: cam_in is fx, fy, cx, cy, depth_scale units per metre, and the paths are
// taken from their last three parts.
func annotatedSamples(dir string, text []byte, most int) ([]check.Sample, error) {
	var a struct {
		Files []struct {
			Cam   []float64 `json:"cam_in"`
			RGB   string    `json:"rgb"`
			Depth string    `json:"depth"`
			Scale float64   `json:"depth_scale"`
		} `json:"files"`
	}
	if err := json.Unmarshal(text, &a); err != nil {
		return nil, fmt.Errorf("test_annotations.json: %w", err)
	}
	local := func(p string) string {
		return filepath.Join(dir, filepath.Base(filepath.Dir(p)), filepath.Base(p))
	}
	var list []check.Sample
	for i, f := range a.Files {
		if f.Depth == "" || len(list) == most {
			continue
		}
		if len(f.Cam) != 4 {
			return nil, fmt.Errorf("test_annotations.json, image %d: cam_in is not fx, fy, cx, cy", i)
		}
		img, _, err := datasets.LoadPhoto(local(f.RGB))
		if err != nil {
			return nil, err
		}
		truth, err := depthio.Read(local(f.Depth), f.Scale)
		if err != nil {
			return nil, err
		}
		cam := geom.Camera{W: img.W, H: img.H, Fx: f.Cam[0], Fy: f.Cam[1], Cx: f.Cam[2], Cy: f.Cam[3]}
		list = append(list, check.Sample{
			Frame: &slam.Frame{Index: i, Name: stem(f.RGB), Camera: cam, Color: img},
			Truth: slam.DepthMap{W: truth.W, H: truth.H, Camera: cam.Resized(truth.W, truth.H), Depth: truth.Depth},
		})
	}
	if len(list) == 0 {
		return nil, errors.New("test_annotations.json lists no image with depth")
	}
	return list, nil
}
