package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/metricslam/metricslam/datasets"
	"github.com/metricslam/metricslam/depth"
	"github.com/metricslam/metricslam/export/formats"
	"github.com/metricslam/metricslam/fusion"
	"github.com/metricslam/metricslam/internal/libc"
	"github.com/metricslam/metricslam/internal/progress"
	"github.com/metricslam/metricslam/internal/strictyaml"
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
	textureFlags
	Texture       bool          `help:"Show the images on the surface of report.html too; obj, glb and usdz have them anyway. Takes a third longer."`
	Output        string        `short:"o" required:"" placeholder:"DIR" help:"Folder for the results; it is made."`
	Overwrite     bool          `help:"Remove the results of an earlier run from DIR."`
	Depth         string        `default:"auto" placeholder:"SPEC" help:"Where metric depth comes from: auto (the network that ships; none where none does), none, sensor, sim[:seed=1,bias=.10,...], a folder of depth images, a model.onnx, kserve+http://HOST/MODEL."`
	CameraHeight  *float64      `placeholder:"M" help:"Height of the camera over the ground in metres: a second source of scale."`
	View          bool          `help:"Show the map as it grows in a window."`
	Serve         string        `placeholder:"ADDR" help:"Show the map as it grows to browsers, at HOST:PORT or :PORT; the finished one stays there until Ctrl-C."`
	NoMesh        bool          `help:"Leave the dense map out."`
	NoRefine      bool          `help:"Fuse the keyframes' depth as its source gave it, not refined by other views."`
	MinConfidence float64       `placeholder:"SHARE" help:"Leave out refined depth of less confidence, from 0 (default: the whole surface) to 1 (two other keyframes confirm it)."`
	Faces         int           `placeholder:"N" help:"Most triangles of the mesh; default: as many as its error bound asks for."`
	MeshFormat    []string      `default:"ply" enum:"ply,obj,glb" help:"Formats of the mesh: ply, obj, glb."`
	Export        []string      `placeholder:"LIST" help:"Formats to hand the map on in, written into DIR/export: as --format of the export command."`
	Record        string        `placeholder:"FILE.mcap" help:"Record what the run sees and maps for Foxglove and ROS 2."`
	SaveDepth     bool          `help:"Save the keyframes' depth as it was used."`
	Voxel         float64       `placeholder:"M" help:"Edge of a voxel; default: by the scene."`
	Force         bool          `help:"Take --voxel whatever memory and disk it takes."`
	Map           string        `placeholder:"FILE" help:"Map file to go on with: frames are looked for in it, and what they show is added."`
	MapEvery      time.Duration `default:"30s" placeholder:"DURATION" help:"How often DIR/map.mslam is written while the run goes on."`
	NoMap         bool          `help:"Write no map file."`
	Config        string        `type:"existingfile" placeholder:"FILE" help:"Settings in YAML, as config.yaml in a results folder; flags come before it."`
	JSON          bool          `help:"Print the report as JSON."`
	Quiet         bool          `help:"Show nothing but errors."`
	CPUProfile    string        `name:"cpuprofile" type:"path" placeholder:"FILE" help:"Write a CPU profile for go tool pprof."`
	MemProfile    string        `name:"memprofile" type:"path" placeholder:"FILE" help:"Write what the finished map takes of the heap, for go tool pprof."`
}

// Run reads the source to its end and writes the results.
func (c runCmd) Run(ctx context.Context, sig interrupts) error {
	cfg, err := c.config()
	if err != nil {
		return err
	}
	if err := formats.Check(c.Export); err != nil {
		return fmt.Errorf("--export: %w", err)
	}
	if _, _, err := c.atlas(); err != nil {
		return err
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
	out, err := openResults(c.Output, c.Overwrite)
	if err != nil {
		return err
	}
	defer out.close()
	cfg.Mapping.Scratch, cfg.Fusion.Scratch = c.Output, c.Output
	show := progress.New(os.Stderr, src.Info().Len, c.Quiet)
	log, err := out.openLog(show, c.Quiet)
	if err != nil {
		return err
	}
	job := pipeline.Job{Source: src, Config: cfg, Progress: show, Log: log, Saving: c.saving(), Stop: sig.stop}
	rep, err := c.run(ctx, job, out)
	if rep == nil {
		i := src.Info()
		return out.failed(report.Report{Version: buildVersion(), Source: i.Name, Kind: i.Kind, Depth: c.Depth, Seed: cfg.Seed, Warnings: src.Warnings()}, err)
	}
	if err != nil {
		log.Error("not everything was written", "reason", err)
		return err
	}
	if len(rep.Doubts) > 0 {
		return exitStatus(statusDoubtful)
	}
	return nil
}

// openDepth opens the source of depth, which must know the frames.
func (c runCmd) openDepth(src datasets.Source, log *slog.Logger) (depth.Source, error) {
	opt := c.apply(depth.Options{DepthScale: c.DepthScale, Remote: depth.RemoteOptions{Live: c.Live}, Warn: warner(log)})
	if opt.Threads == 0 && !src.Info().Live { // the tracker waits for depth, else one core is its own
		opt.Threads = runtime.NumCPU()
	}
	d, err := depth.Open(c.Depth, opt)
	if err != nil {
		return nil, err
	}
	if err := checkCovered(d, src); err != nil {
		d.Close()
		return nil, err
	}
	return d, nil
}

// run maps the source and writes the results. Without a report there are none.
func (c runCmd) run(ctx context.Context, job pipeline.Job, out *resultsFolder) (*report.Report, error) {
	src, show, log := job.Source, job.Progress, job.Log
	if err := checkSensor(c.Depth, src); err != nil {
		return nil, err
	}
	d, err := c.openDepth(src, log)
	if err != nil {
		return nil, err
	}
	defer func() { d.Close() }() // a witness takes its place; twice is once
	if c.Map != "" {
		if job.Map, err = mapping.Load(ctx, c.Map); err != nil {
			return nil, fmt.Errorf("--map %w", err)
		}
		defer job.Map.File.Close()
	}
	src = working(src, job.Config.Mapping, job.Map)
	job.Source = src
	if witness := c.witness(d); witness != nil {
		d, job.Witness = witness, witness
	}
	job.Depth = depth.Tolerate(d, warner(log))
	describe(log, src, d)
	window := openView(ctx, c.View, src, log)
	defer window.close()
	watched, err := openServe(c.Serve, filepath.Base(src.Info().Name), show, log)
	if err != nil {
		return nil, err
	}
	defer watched.close()
	rec, err := c.startRecord(src)
	if err != nil {
		return nil, err
	}
	defer rec.Discard()
	job.Observer = watching(window, watched, rec)
	if err := out.clear(c.Map); err != nil {
		return nil, err
	}
	i := src.Info()
	if err := out.begin(report.Report{Version: buildVersion(), Source: i.Name, Kind: i.Kind, Depth: c.Depth, Seed: job.Config.Seed, Warnings: src.Warnings()}); err != nil {
		return nil, err
	}
	res, err := pipeline.Run(ctx, job)
	if err != nil {
		return nil, err
	}
	defer res.Close()
	// What comes now needs the memory of the network.
	if err := d.Close(); err != nil {
		return nil, err
	}
	libc.GiveBack()
	if err := writeHeapProfile(c.MemProfile); err != nil {
		return nil, err
	}
	finishing := job.Finishing(ctx, res.Interrupted())
	if err := errors.Join(c.fuse(finishing, res, show, log), c.texture(finishing, res, show, log)); err != nil {
		return nil, err
	}
	rep, err := res.Write(finishing, pipeline.Output{
		Dir: c.Output, MeshFormats: c.MeshFormat, SaveDepth: c.SaveDepth, Version: buildVersion(), DepthSpec: c.Depth,
		Images: func() []report.Image { return meshImage(finishing, res, src.Truth(), log) }, Truth: resultScene(res, src.Truth()).Truth,
		More: c.more(),
	})
	if err != nil {
		return rep, err
	}
	if err := errors.Join(c.export(finishing, res, show, log), finishRecord(rec, res, show, log)); err != nil {
		return rep, err
	}
	return rep, c.show(finishing, res, rep, window, watched, job)
}

// show says how the run went, and keeps the finished map before those who watch.
func (c runCmd) show(ctx context.Context, res *pipeline.Result, rep *report.Report, window liveView, watched served, job pipeline.Job) error {
	job.Log.Info("done", "posed", rep.Posed, "frames", rep.Frames, "keyframes", rep.Keyframes, "wall_s", rep.WallS)
	job.Progress.Done(summary(rep, c.Output))
	if c.JSON {
		if err := rep.WriteJSON(os.Stdout); err != nil {
			return err
		}
	}
	if ctx.Err() != nil {
		return nil
	}
	if err := watched.finish(rep.Map); err != nil {
		return err
	}
	window.finish(res, job.Source.Truth(), rep)
	watched.wait(ctx)
	return nil
}

// witness puts the network that ships beside depth that says it measures metres.
func (c runCmd) witness(d depth.Source) *depth.Witness {
	switch d.(type) {
	case depth.Sensor, *depth.Folder:
		opt := c.apply(depth.Options{})
		opt.Contract = "" // of another network
		return depth.Watch(d, func() (depth.Source, error) { return depth.OpenShipped(opt) })
	}
	return nil
}

// more names what is written beside the results.
func (c runCmd) more() []string {
	if len(c.Export) == 0 {
		return nil
	}
	return []string{"export/"}
}

// export hands the map on in the formats asked for.
func (c runCmd) export(ctx context.Context, res *pipeline.Result, show progress.Display, log *slog.Logger) error {
	if len(c.Export) == 0 || ctx.Err() != nil {
		return nil
	}
	m, ok := res.Formats()
	if !ok {
		return errors.New("--export: no frame was posed")
	}
	show.Stage("handing the map on")
	files, skipped, err := formats.Write(ctx, filepath.Join(c.Output, "export"), c.Export, m)
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
	err := res.Fuse(ctx)
	switch {
	case errors.Is(err, fusion.ErrNoView):
		log.Warn("no mesh: no keyframe has depth; choose a --depth", "reason", err)
		return nil
	case ctx.Err() != nil: // the run says that it was stopped
		return nil
	}
	return err
}

// config reads --config over the defaults and the flags over both.
func (c runCmd) config() (pipeline.Config, error) {
	cfg, err := readConfig(c.Config)
	if err != nil {
		return cfg, err
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
	if c.MinConfidence != 0 {
		cfg.Multiview.MinConfidence = c.MinConfidence
	}
	if c.Faces != 0 {
		cfg.Fusion.Faces = c.Faces
	}
	if c.Voxel != 0 {
		cfg.Fusion.VoxelM = c.Voxel
	}
	cfg.Fusion.Force = cfg.Fusion.Force || c.Force
	if err := c.know(&cfg.Mapping.Known); err != nil {
		return cfg, err
	}
	return cfg, cfg.Validate()
}

// readConfig returns the settings of a YAML file, and the default of those that it
// does not name; no file is the default of all.
func readConfig(file string) (pipeline.Config, error) {
	cfg := pipeline.Default()
	if file == "" {
		return cfg, nil
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return cfg, fmt.Errorf("--config: %w", err)
	}
	if err := strictyaml.Unmarshal(text, &cfg); err != nil {
		return cfg, fmt.Errorf("--config %s: %w", file, err)
	}
	return cfg, nil
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

// percent is a share with two digits, or as many as it has before the point.
func percent(share float64) string {
	if share >= .095 {
		return fmt.Sprintf("%.0f", 100*share)
	}
	return fmt.Sprintf("%.2g", 100*share)
}

// summary is the last line of a run.
func summary(r *report.Report, dir string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%d of %d frames posed", r.Posed, r.Frames)
	if lost := r.Frames - r.Posed; lost > 0 {
		fmt.Fprintf(&b, " (%s %% not)", percent(float64(lost)/float64(r.Frames)))
	}
	if r.Parts > 1 {
		fmt.Fprintf(&b, " in the largest of %d parts", r.Parts)
	}
	fmt.Fprintf(&b, ", %d keyframes, %.1f m", r.Keyframes, r.PathM)
	if r.ATESE3M != nil {
		fmt.Fprintf(&b, ", ATE %.3f m (Sim3 %.3f)%s", *r.ATESE3M, *r.ATESim3M, r.Accuracy.Over())
	} else if r.Accuracy != nil && !r.Accuracy.Representative() {
		fmt.Fprintf(&b, ", no ATE: truth%s", r.Accuracy.Over())
	}
	if r.ScaleStd != nil {
		fmt.Fprintf(&b, ", metres to %s %%", percent(*r.ScaleStd))
	} else {
		b.WriteString(", of free scale")
	}
	if r.Interrupted {
		b.WriteString(", interrupted")
	}
	if n := len(r.Warnings); n == 1 {
		fmt.Fprintf(&b, ", 1 warning")
	} else if n > 1 {
		fmt.Fprintf(&b, ", %d warnings", n)
	}
	if len(r.Doubts) > 0 {
		fmt.Fprintf(&b, ", not to be trusted: %s", strings.Join(r.Doubts, "; "))
	}
	fmt.Fprintf(&b, ", %.1f s", r.WallS)
	if i := slices.IndexFunc(r.Timings, func(t report.Timing) bool { return t.Stage == report.StageFuse }); i >= 0 && r.Timings[i].TotalS >= .1 {
		fmt.Fprintf(&b, " and %.1f s for the mesh", r.Timings[i].TotalS)
	}
	fmt.Fprintf(&b, ": see %s", filepath.Join(dir, "report.html"))
	return b.String()
}
