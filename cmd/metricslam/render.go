package main

import (
	"context"
	"fmt"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/metricslam/metricslam/export"
	"github.com/metricslam/metricslam/internal/atomicfile"
	"github.com/metricslam/metricslam/viewer"
)

// renderCmd draws a map into an image or a film, without a display.
type renderCmd struct {
	Map     string  `arg:"" name:"map" help:"Results folder of a run, or a mesh or cloud in PLY."`
	Output  string  `short:"o" required:"" placeholder:"FILE" help:"Image, FILE.png, or film that turns around the map, FILE.mp4."`
	Size    string  `default:"1280x960" placeholder:"WxH" help:"Pixels of the image."`
	Seconds float64 `default:"12" help:"Length of a film."`
	FPS     float64 `default:"25" help:"Frames a second of a film."`
	sceneFlags
	textureFlags
}

// sceneFlags say what of a map is shown.
type sceneFlags struct {
	View      string `default:"auto" placeholder:"VIEW" help:"auto; top, front, side (no perspective); camera:N, as keyframe N saw it."`
	Truth     string `placeholder:"FILE" help:"True trajectory in the TUM format, shown aligned to the estimate."`
	Mode      string `default:"shaded" enum:"shaded,color,normals,clay,deviation" help:"How surfaces are coloured: shaded, color, normals, clay, deviation."`
	Wireframe bool   `help:"Draw the edges of the triangles alone."`
	BackFaces bool   `help:"Draw surfaces seen from behind too."`
	Frusta    bool   `default:"true" negatable:"" help:"Draw the cameras of the keyframes."`
	Path      bool   `default:"true" negatable:"" help:"Draw the trajectory."`
	Grid      bool   `default:"true" negatable:"" help:"Draw a grid in metres, and the axes."`
	Text      bool   `default:"true" negatable:"" help:"Write what is shown and a scale bar."`
}

// load reads the map and what is compared with it.
func (f sceneFlags) load(path string) (*viewer.Scene, error) {
	s, err := viewer.Load(path)
	if err != nil || f.Truth == "" {
		return s, err
	}
	truth, err := export.ReadTUM(f.Truth)
	if err != nil {
		return nil, fmt.Errorf("--truth: %w", err)
	}
	if s.Truth, err = viewer.AlignTruth(truth, s.Trajectory); err != nil {
		return nil, fmt.Errorf("--truth %s: %w", f.Truth, err)
	}
	return s, nil
}

func (f sceneFlags) style() (viewer.Style, error) {
	st := viewer.DefaultStyle()
	var err error
	st.Mode, err = viewer.ParseMode(f.Mode)
	st.Wireframe, st.BackFaces = f.Wireframe, f.BackFaces
	st.Frusta, st.Path, st.Grid, st.Text = f.Frusta, f.Path, f.Grid, f.Text
	return st, err
}

// Run draws and writes the file.
func (c renderCmd) Run(ctx context.Context) error {
	ext := strings.ToLower(filepath.Ext(c.Output))
	if ext != ".png" && ext != ".mp4" {
		return fmt.Errorf("-o %s: the name must end in .png or .mp4", c.Output)
	}
	w, h, err := parseSize(c.Size)
	if err != nil {
		return err
	}
	st, err := c.style()
	if err != nil {
		return err
	}
	s, err := c.load(c.Map)
	if err != nil {
		return err
	}
	if st.Mode <= viewer.Color { // the others show no images
		if s, err = c.painted(ctx, c.Map, s); err != nil {
			return err
		}
	}
	opt := viewer.Options{W: w, H: h, View: c.View, Style: st}
	if ext == ".mp4" {
		return viewer.RenderVideo(ctx, s, c.Output, viewer.VideoOptions{Options: opt, Seconds: c.Seconds, FPS: c.FPS})
	}
	data, err := viewer.RenderPNG(s, opt)
	if err != nil {
		return err
	}
	return atomicfile.WriteBytes(c.Output, data)
}

// parseSize reads WxH.
func parseSize(text string) (w, h int, err error) {
	a, b, ok := strings.Cut(strings.ToLower(text), "x")
	if ok {
		if w, err = strconv.Atoi(a); err == nil {
			h, err = strconv.Atoi(b)
		}
	}
	if !ok || err != nil || w < 1 || h < 1 || w > viewer.MaxSize || h > viewer.MaxSize {
		return 0, 0, fmt.Errorf("--size %s: want WIDTHxHEIGHT in pixels, each from 1 to %d", text, viewer.MaxSize)
	}
	return w, h, nil
}
