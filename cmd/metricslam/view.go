package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"

	"github.com/metricslam/metricslam/datasets"
	"github.com/metricslam/metricslam/pipeline"
	"github.com/metricslam/metricslam/report"
	"github.com/metricslam/metricslam/slam"
	"github.com/metricslam/metricslam/viewer"
)

// viewCmd shows a map in a window.
type viewCmd struct {
	Map   string `arg:"" name:"map" help:"Results folder of a run, or a mesh or cloud in PLY."`
	Truth string `placeholder:"FILE" help:"True trajectory in the TUM format, shown aligned to the estimate."`
	textureFlags
}

// Run returns when the window is closed.
func (c viewCmd) Run(ctx context.Context) error {
	s, err := sceneFlags{Truth: c.Truth}.load(c.Map)
	if err != nil {
		return err
	}
	if err := s.Check(); err != nil {
		return fmt.Errorf("%s: %w", c.Map, err)
	}
	opt := windowOptions(c.Map)
	opt.Measurements = measurementsOf(c.Map)
	if opt.Shots = c.Map; filepath.Ext(c.Map) != "" {
		opt.Shots = filepath.Dir(c.Map)
	}
	feed := viewer.NewFeed(s)
	ctx, cancel := context.WithCancel(ctx)
	painting := make(chan error, 1)
	go func() { // the window does not wait for the images
		full, err := c.painted(ctx, c.Map, s)
		if err == nil && full != s {
			feed.Finish(full)
		}
		painting <- err
	}()
	err = onMainThread(func() error { return viewer.Show(ctx, feed, opt) })
	cancel()
	if failed := <-painting; failed != nil && !errors.Is(failed, context.Canceled) {
		err = errors.Join(err, failed)
	}
	return err
}

func windowOptions(name string) viewer.WindowOptions {
	return viewer.WindowOptions{Title: "metricslam: " + filepath.Base(filepath.Clean(name)), Style: viewer.DefaultStyle()}
}

// measurementsOf is the file that the measurements of a results folder, or of a mesh,
// are kept in.
func measurementsOf(path string) string {
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		return filepath.Join(path, "measurements.json")
	}
	return strings.TrimSuffix(path, filepath.Ext(path)) + ".measurements.json"
}

// liveView is the window of a run; without --view it does nothing.
type liveView struct {
	feed   *viewer.Feed
	closed chan struct{}
	cancel context.CancelFunc
}

// openView shows a run in a window from now on. A window that cannot be opened
// is a warning: the run goes on without. So it does when the window is closed.
func openView(ctx context.Context, wanted bool, src datasets.Source, log *slog.Logger) liveView {
	if !wanted {
		return liveView{}
	}
	name := src.Info().Name
	ctx, cancel := context.WithCancel(ctx)
	v := liveView{feed: viewer.NewLiveFeed(src.Truth(), filepath.Base(name)), closed: make(chan struct{}), cancel: cancel}
	go func() {
		defer close(v.closed)
		if err := onMainThread(func() error { return viewer.Show(ctx, v.feed, windowOptions(name)) }); err != nil {
			log.Warn("--view", "reason", err)
		}
	}()
	return v
}

// observer returns who watches the run: nobody, as a nil interface, without a
// window.
func (v liveView) observer() pipeline.Observer {
	if v.feed == nil {
		return nil
	}
	return v.feed
}

// close closes the window, where it is still open.
func (v liveView) close() {
	if v.feed != nil {
		v.cancel()
		<-v.closed
	}
}

// finish shows the finished map until the window is closed.
func (v liveView) finish(res *pipeline.Result, truth slam.Trajectory, rep *report.Report) {
	if v.feed == nil {
		return
	}
	s := resultScene(res, truth)
	s.Status = []string{
		filepath.Base(rep.Source),
		fmt.Sprintf("%d of %d frames posed, %d keyframes, path %.1f m", rep.Posed, rep.Frames, rep.Keyframes, rep.PathM),
		"finished; close the window to end",
	}
	if s.Check() == nil {
		v.feed.Finish(s)
	}
	<-v.closed
}

// resultScene is a finished run as the viewer draws it.
func resultScene(res *pipeline.Result, truth slam.Trajectory) *viewer.Scene {
	s := &viewer.Scene{Snapshot: slam.Snapshot{Mesh: res.Mesh(), Keyframes: res.KeyframePoses()}}
	if s.Textured = res.Textured(); s.Textured != nil {
		s.Mesh = &s.Textured.Mesh
	}
	s.ScaleSigma = res.ScaleStd()
	if all := res.Trajectories(); len(all) > 0 {
		s.Trajectory = all[0]
		// A truth that cannot be aligned is left out: the report says why.
		s.Truth, _ = viewer.AlignTruth(truth, s.Trajectory)
	}
	return s
}

// imageTriangles are enough for an image: of more, a pixel shows many.
const imageTriangles = 2_000_000

// meshImage draws the map for the report. A machine without OpenGL gets a
// report without the image.
func meshImage(ctx context.Context, res *pipeline.Result, truth slam.Trajectory, log *slog.Logger) []report.Image {
	if ctx.Err() != nil || res.Mesh() == nil || len(res.Mesh().Triangles) == 0 {
		return nil
	}
	scene := resultScene(res, truth)
	if thin := scene.Mesh.Thinned(imageTriangles); thin != scene.Mesh {
		scene.Mesh, scene.Textured = thin, nil
	}
	png, err := viewer.RenderPNG(scene, viewer.Options{W: 1200, H: 800, Style: viewer.DefaultStyle()})
	if err != nil {
		log.Warn("no image of the mesh in report.html", "reason", err)
		return nil
	}
	return []report.Image{{Caption: "the mesh with path and keyframes", PNG: png}}
}
