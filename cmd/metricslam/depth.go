package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/metricslam/metricslam/depth"
	"github.com/metricslam/metricslam/depth/photo"
)

// depthCmd gives photographs their metric depth.
type depthCmd struct {
	photoFlags
	Photos []string `arg:"" name:"photo" help:"Photographs; for a.jpg a.depth.png, a.color.png, a.ply, a.glb and a.json are written."`
	Output string   `short:"o" required:"" placeholder:"DIR" help:"Folder for the results; it is made."`
	Only   []string `placeholder:"KINDS" help:"Write only these: depth, color, ply, glb, json, normal; default: all but normal."`
	Unit   string   `default:"mm" enum:"mm,kitti" help:"Unit of the depth image: mm, or kitti for 1/256 m."`
	JSON   bool     `help:"Print what the .json files hold, as {\"photos\": [...]}."`
	Quiet  bool     `help:"Print nothing but errors."`
}

// Run computes one photograph after the other; one that fails does not end the
// rest.
func (c depthCmd) Run(ctx context.Context) error {
	if err := errors.Join(distinct(c.Photos), photo.CheckKinds(c.Only)); err != nil {
		return err
	}
	src, err := c.open()
	if err != nil {
		return err
	}
	defer src.Close()
	if err := os.MkdirAll(c.Output, 0o755); err != nil {
		return fmt.Errorf("-o %s: %w", c.Output, err)
	}
	var errs []error
	done := []photoDone{} // an empty list in JSON, not null
	for _, file := range c.Photos {
		if ctx.Err() != nil {
			errs = append(errs, ctx.Err())
			break
		}
		d, err := c.one(ctx, src, file)
		if err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", file, err))
			continue
		}
		done = append(done, d)
	}
	if c.JSON {
		errs = append(errs, printJSON(os.Stdout, map[string][]photoDone{"photos": done}))
	}
	return errors.Join(errs...)
}

// photoDone is what --json tells of a photograph.
type photoDone struct {
	Photo string   `json:"photo"`
	Files []string `json:"files"`
	photo.Report
}

// distinct refuses photographs whose results would have the same names.
func distinct(files []string) error {
	seen := map[string]string{}
	for _, f := range files {
		name := stem(f)
		if other, ok := seen[name]; ok {
			return fmt.Errorf("%s and %s would both be written to %s.*; run them into different folders", other, f, name)
		}
		seen[name] = f
	}
	return nil
}

func stem(file string) string {
	base := filepath.Base(file)
	return strings.TrimSuffix(base, filepath.Ext(base))
}

func (c depthCmd) one(ctx context.Context, src depth.Source, file string) (photoDone, error) {
	img, cam, err := c.load(file)
	if err != nil {
		return photoDone{}, err
	}
	p, err := photo.Compute(ctx, src, img, cam)
	if err != nil {
		return photoDone{}, err
	}
	units := 1000.
	if c.Unit == "kitti" {
		units = 256
	}
	written, err := p.Write(photo.Output{Dir: c.Output, Name: stem(file), Only: c.Only, UnitsPerMetre: units})
	if err != nil {
		return photoDone{}, err
	}
	if !c.JSON && !c.Quiet {
		fmt.Printf("%s: median %.2f m +- %.2f, deviation of a pixel %.0f %% (of it %.0f %% the scale that all share), known %.0f %%, f %.0f px (%s), %s: %d files in %s\n",
			file, p.MedianM(), p.MedianM()*p.SharedLogStd(), 100*p.LogStd(), 100*p.Depth.SharedSigma(), 100*p.Known(), p.Camera.Fx, p.Camera.From, p.Model, len(written), c.Output)
		if words := p.TurnedWords(); words != "" {
			fmt.Println("  " + words)
		}
	}
	return photoDone{file, written, p.Report(units)}, nil
}
