package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/goccy/go-yaml"

	"github.com/metricslam/metricslam/datasets"
	"github.com/metricslam/metricslam/depth"
	"github.com/metricslam/metricslam/export/formats"
	"github.com/metricslam/metricslam/fusion"
	"github.com/metricslam/metricslam/internal/progress"
	"github.com/metricslam/metricslam/mapfile"
	"github.com/metricslam/metricslam/mapping"
	"github.com/metricslam/metricslam/pipeline"
	"github.com/metricslam/metricslam/report"
)

// runCmd is the main job.
type runCmd struct {
	sourceFlags
	networkFlags
	knownFlags
	Output       string        `short:"o" required:"" placeholder:"DIR" help:"Folder for the results; it is made."`
	Depth        string        `default:"auto" placeholder:"SPEC" help:"Where metric depth comes from: auto (the network that ships; none where none does), none, sensor, sim[:seed=1,bias=.10,...], a folder of depth pictures, a model.onnx, kserve+http://HOST/MODEL."`
	CameraHeight *float64      `placeholder:"M" help:"Height of the camera over the ground in metres: a second source of scale."`
	View         bool          `help:"Show the map as it grows in a window."`
	Serve        string        `placeholder:"ADDR" help:"Show the map as it grows to browsers, at HOST:PORT or :PORT; the finished one stays there until Ctrl-C."`
	NoMesh       bool          `help:"Leave the dense map out."`
	NoRefine     bool          `help:"Fuse the keyframes' depth as its source gave it, not refined by other views."`
	MeshFormat   []string      `default:"ply" enum:"ply,obj,glb" help:"Formats of the mesh: ply, obj, glb."`
	Export       []string      `placeholder:"LIST" help:"Formats to hand the map on in, written into DIR/export: as --format of the export command."`
	Record       string        `placeholder:"FILE.mcap" help:"Record what the run sees and maps for Foxglove and ROS 2."`
	SaveDepth    bool          `help:"Save the keyframes' depth as it was used."`
	Voxel        float64       `placeholder:"M" help:"Edge of a voxel; default: by the scene."`
	Map          string        `placeholder:"FILE" help:"Map file to go on with: frames are looked for in it, and what they show is added."`
	MapEvery     time.Duration `default:"30s" placeholder:"DURATION" help:"How often DIR/map.mslam is written while the run goes on."`
	NoMap        bool          `help:"Write no map file."`
	Config       string        `type:"existingfile" placeholder:"FILE" help:"Settings in YAML, as config.yaml in a results folder; flags come before it."`
	JSON         bool          `help:"Print the report as JSON."`
	Quiet        bool          `help:"Show nothing but errors."`
	CPUProfile   string        `name:"cpuprofile" type:"path" placeholder:"FILE" help:"Write a CPU profile for go tool pprof."`
	MemProfile   string        `name:"memprofile" type:"path" placeholder:"FILE" help:"Write what the finished map takes of the heap, for go tool pprof."`
}

// Run reads the source to its end and writes the results.
func (c runCmd) Run(ctx context.Context) error {
	cfg, err := c.config()
	if err != nil {
		return err
	}
	if err := formats.Check(c.Export); err != nil {
		return fmt.Errorf("--export: %w", err)
	}
	stop, err := startProfile(c.CPUProfile)
	if err != nil {
		return err
	}
	defer stop()
	src, err := c.open(ctx)
	if err != nil {
		return err
	}
	defer src.Close()
	if err := os.MkdirAll(c.Output, 0o755); err != nil {
		return fmt.Errorf("-o %s: %w", c.Output, err)
	}
	cfg.Mapping.Scratch, cfg.Fusion.Scratch = c.Output, c.Output
	show := progress.New(os.Stderr, src.Info().Len, c.Quiet)
	log, logged, err := openLog(c.Output, show, c.Quiet)
	if err != nil {
		return err
	}
	defer logged.discard()
	if err := checkSensor(c.Depth, src); err != nil {
		return err
	}
	d, err := depth.Open(c.Depth, c.apply(depth.Options{DepthScale: c.DepthScale, Remote: depth.RemoteOptions{Live: c.Live}, Warn: warner(log)}))
	if err != nil {
		return err
	}
	defer d.Close()
	d = depth.Tolerate(d, warner(log))
	describe(log, src, d)
	window := openView(ctx, c.View, src, log)
	defer window.close()
	watched, err := openServe(c.Serve, filepath.Base(src.Info().Name), show, log)
	if err != nil {
		return err
	}
	defer watched.close()
	rec, err := c.startRecord(src)
	if err != nil {
		return err
	}
	defer rec.Discard()
	job := pipeline.Job{Source: src, Depth: d, Config: cfg, Progress: show, Log: log, Observer: watching(window, watched, rec), Saving: c.saving()}
	if c.Map != "" {
		if job.Map, err = mapping.Load(ctx, c.Map); err != nil {
			return fmt.Errorf("--map %w", err)
		}
		defer job.Map.File.Close()
	}
	res, err := pipeline.Run(ctx, job)
	if err != nil {
		return err
	}
	if err := writeHeapProfile(c.MemProfile); err != nil {
		return err
	}
	if err := c.fuse(ctx, res, show, log); err != nil {
		return err
	}
	rep, err := res.Write(pipeline.Output{
		Dir: c.Output, MeshFormats: c.MeshFormat, SaveDepth: c.SaveDepth, Version: buildVersion(), DepthSpec: c.Depth,
		Pictures: meshPicture(res, src.Truth(), log),
	})
	if err != nil {
		log.Error("not everything was written", "reason", err)
		return errors.Join(err, logged.finish())
	}
	if err := errors.Join(c.export(ctx, res, show, log), finishRecord(rec, res, show, log)); err != nil {
		return err
	}
	log.Info("done", "posed", rep.Posed, "frames", rep.Frames, "keyframes", rep.Keyframes, "wall_s", rep.WallS)
	if err := logged.finish(); err != nil {
		return err
	}
	show.Done(summary(rep, c.Output))
	if c.JSON {
		if err := rep.WriteJSON(os.Stdout); err != nil {
			return err
		}
	}
	if err := watched.finish(rep.Map); err != nil {
		return err
	}
	window.finish(res, src.Truth(), rep)
	watched.wait(ctx)
	return nil
}

// export hands the map on in the formats asked for.
func (c runCmd) export(ctx context.Context, res *pipeline.Result, show progress.Display, log *slog.Logger) error {
	if len(c.Export) == 0 {
		return nil
	}
	m, ok := res.Formats()
	if !ok {
		return errors.New("--export: no frame was posed")
	}
	show.Stage("handing the map on")
	files, skipped, err := formats.Write(context.WithoutCancel(ctx), filepath.Join(c.Output, "export"), c.Export, m)
	if err != nil {
		return fmt.Errorf("--export: %w", err)
	}
	for _, s := range skipped {
		log.Warn("--export left out " + s)
	}
	log.Info("exported", "files", files)
	return nil
}

// saving says where the map goes.
func (c runCmd) saving() pipeline.Saving {
	if c.NoMap {
		return pipeline.Saving{}
	}
	return pipeline.Saving{Path: filepath.Join(c.Output, "map"+mapfile.Suffix), Every: c.MapEvery}
}

// fuse builds the mesh unless it is not wanted or there is no depth to fuse.
func (c runCmd) fuse(ctx context.Context, res *pipeline.Result, show progress.Display, log *slog.Logger) error {
	if c.NoMesh {
		return nil
	}
	show.Stage("fusing the dense map")
	err := res.Fuse(context.WithoutCancel(ctx))
	if errors.Is(err, fusion.ErrNoView) {
		log.Warn("no mesh: no keyframe has depth; choose a --depth", "reason", err)
		return nil
	}
	return err
}

// config reads --config over the defaults and the flags over both.
func (c runCmd) config() (pipeline.Config, error) {
	cfg := pipeline.Default()
	if c.Config != "" {
		text, err := os.ReadFile(c.Config)
		if err != nil {
			return cfg, fmt.Errorf("--config: %w", err)
		}
		if err := yaml.UnmarshalWithOptions(text, &cfg, yaml.Strict()); err != nil {
			return cfg, fmt.Errorf("--config %s: %w", c.Config, err)
		}
	}
	if c.Seed != 0 {
		cfg.Seed = c.Seed
	}
	height, err := given("--camera-height", c.CameraHeight, "metres")
	if err != nil {
		return cfg, err
	}
	if height != 0 {
		cfg.CameraHeightM = height
	}
	if c.NoRefine {
		cfg.Multiview.Enabled = false
	}
	if c.Voxel != 0 {
		cfg.Fusion.VoxelM = c.Voxel
	}
	if err := c.know(&cfg.Mapping.Known); err != nil {
		return cfg, err
	}
	return cfg, cfg.Validate()
}

// runLog is run.log while it is written.
type runLog struct {
	file *os.File
	path string
}

// openLog starts run.log under a temporary name; warnings are shown too.
func openLog(dir string, show io.Writer, quiet bool) (*slog.Logger, *runLog, error) {
	f, err := os.CreateTemp(dir, ".run.log-*")
	if err != nil {
		return nil, nil, fmt.Errorf("-o %s: %w", dir, err)
	}
	if err := f.Chmod(0o644); err != nil {
		return nil, nil, err
	}
	level := slog.LevelWarn
	if quiet {
		level = slog.LevelError
	}
	h := slog.NewMultiHandler(
		slog.NewTextHandler(f, nil),
		slog.NewTextHandler(show, &slog.HandlerOptions{Level: level, ReplaceAttr: dropTime}),
	)
	return slog.New(h), &runLog{file: f, path: filepath.Join(dir, "run.log")}, nil
}

func dropTime(groups []string, a slog.Attr) slog.Attr {
	if len(groups) == 0 && a.Key == slog.TimeKey {
		return slog.Attr{}
	}
	return a
}

// finish gives the log its final name.
func (l *runLog) finish() error {
	if err := l.file.Close(); err != nil {
		return err
	}
	if err := os.Rename(l.file.Name(), l.path); err != nil {
		return err
	}
	l.file = nil
	return nil
}

// discard removes a log that was not finished.
func (l *runLog) discard() {
	if l.file != nil {
		l.file.Close()
		os.Remove(l.file.Name())
	}
}

func warner(log *slog.Logger) func(string, ...any) {
	return func(format string, args ...any) { log.Warn(fmt.Sprintf(format, args...)) }
}

// describe logs what is about to be run, and the source's warnings.
func describe(log *slog.Logger, src datasets.Source, d depth.Source) {
	i := src.Info()
	log.Info("source", "name", i.Name, "kind", i.Kind, "camera", i.Camera, "camera_from", i.CameraFrom, "fps", i.FPS, "frames", i.Len)
	log.Info("depth", "source", d.Name())
	for _, w := range i.Warnings {
		log.Warn(w)
	}
}

// summary is the last line of a run.
func summary(r *report.Report, dir string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%d of %d frames posed, %d keyframes, %.1f m", r.Posed, r.Frames, r.Keyframes, r.PathM)
	if r.ATESE3M != nil {
		fmt.Fprintf(&b, ", ATE %.3f m (Sim3 %.3f)%s", *r.ATESE3M, *r.ATESim3M, r.Accuracy.Over())
	} else if r.Accuracy != nil && !r.Accuracy.Representative() {
		fmt.Fprintf(&b, ", no ATE: truth%s", r.Accuracy.Over())
	}
	if r.ScaleStd != nil {
		fmt.Fprintf(&b, ", metres to %.2g %%", 100**r.ScaleStd)
	} else {
		b.WriteString(", of free scale")
	}
	if r.Interrupted {
		b.WriteString(", interrupted")
	}
	fmt.Fprintf(&b, ", %.1f s: see %s", r.WallS, filepath.Join(dir, "report.html"))
	return b.String()
}
