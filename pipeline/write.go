package pipeline

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"

	"github.com/goccy/go-yaml"

	"github.com/metricslam/metricslam/depth/depthio"
	"github.com/metricslam/metricslam/export"
	"github.com/metricslam/metricslam/export/formats"
	"github.com/metricslam/metricslam/fusion"
	"github.com/metricslam/metricslam/internal/atomicfile"
	"github.com/metricslam/metricslam/page"
	"github.com/metricslam/metricslam/report"
	"github.com/metricslam/metricslam/slam"
)

// Output says where results go and which.
type Output struct {
	Dir         string
	MeshFormats []string // file extensions without dot: ply, obj, glb
	SaveDepth   bool
	Version     string
	DepthSpec   string
	Images      func() []report.Image // of the mesh, for the report; called beside the writing
	Truth       slam.Trajectory       // in the frame of the map, for the report; may be empty
	More        []string              // what is written beside, such as export/, for the report
}

// Write leaves the results in out.Dir, each file complete or not there, the small
// ones first. One that cannot be written costs none of the others: the report names
// it, and so does the error that comes with the report. Where ctx ends, meshes and
// depth images are left out.
func (r *Result) Write(ctx context.Context, out Output) (*report.Report, error) {
	var files []string
	var failed []error
	shown := r.show(out)
	for _, step := range []func(Output) ([]string, error){r.writeTrajectories, r.writeFrames, r.writeConfig} {
		names, err := step(out)
		if err != nil {
			failed = append(failed, fmt.Errorf("writing results: %w", err))
		}
		files = append(files, names...)
	}
	for _, step := range []func(Output) ([]string, error){r.writeMesh, r.writeDepth} {
		names, err := untilDone(ctx, func() ([]string, error) {
			if ctx.Err() != nil {
				return nil, ctx.Err()
			}
			return step(out)
		})
		if err != nil && ctx.Err() == nil {
			failed = append(failed, fmt.Errorf("writing results: %w", err))
		}
		files = append(files, names...)
	}
	if ctx.Err() != nil {
		r.stoppedIn("the results were written", "meshes or depth images are missing")
	}
	r.saver.wait()
	if r.saver != nil && r.saver.failed != nil {
		failed = append(failed, fmt.Errorf("the map was not saved: %w", r.saver.failed))
	}
	rep := r.report(out, files, <-shown)
	for _, err := range failed {
		rep.Warnings = append(rep.Warnings, err.Error())
	}
	r.judge(rep)
	if err := rep.Write(out.Dir); err != nil {
		failed = append(failed, fmt.Errorf("writing the report: %w", err))
	}
	return rep, errors.Join(failed...)
}

// shown is what report.html shows of the map.
type shown struct {
	scene  *page.Scene
	images []report.Image
	err    error // what is missing in the scene
}

// show makes what report.html shows, beside the writing of files.
func (r *Result) show(out Output) <-chan shown {
	done := make(chan shown, 1)
	go func() {
		var s shown
		var images sync.WaitGroup
		images.Go(func() { s.images = out.Images() })
		s.scene, s.err = r.scene(out.Truth)
		images.Wait()
		done <- s
	}()
	return done
}

// Formats returns the largest part as it is handed on to other programs; ok is false
// where nothing was posed.
func (r *Result) Formats() (m formats.Map, ok bool) {
	part := r.main()
	if part < 0 {
		return m, false
	}
	rows, _ := r.frameRows()
	m = formats.Map{
		Name: filepath.Base(r.job.Source.Info().Name), Map: r.Map, Part: part, LogStd: r.metrics[part].Deviation(),
		Trajectory: r.records.trajectory(r.Map, part), Rows: rows, Mesh: r.mesh, Textured: r.textured, Cloud: &r.dense.Cloud,
	}
	if r.job.Map != nil {
		m.Sources = append(r.job.Map.State.Sources(), r.firstKeyframe)
	}
	return m, true
}

// maxPartFiles bounds the trajectories that are written: of a source that falls into
// more parts, none is worth much.
const maxPartFiles = 20

func (r *Result) writeTrajectories(out Output) (files []string, err error) {
	all := r.Trajectories()
	if len(all) == 0 {
		all = []slam.Trajectory{nil} // an empty file says that nothing was posed
	}
	var failed []error
	put := func(name string, write func(path string) error) {
		if err := write(filepath.Join(out.Dir, name)); err != nil {
			failed = append(failed, err)
			return
		}
		files = append(files, name)
	}
	for i, t := range all[:min(len(all), maxPartFiles)] {
		name := "trajectory.tum"
		if i > 0 {
			name = fmt.Sprintf("trajectory.%d.tum", i)
		}
		put(name, func(path string) error { return export.WriteTUM(path, t) })
	}
	poses, _ := r.frameRows()
	put("trajectory.kitti", func(path string) error { return export.WriteKITTI(path, poses) })
	put("keyframes.tum", func(path string) error { return export.WriteTUM(path, r.KeyframePoses()) })
	return files, errors.Join(failed...)
}

func (r *Result) writeMesh(out Output) (files []string, err error) {
	if r.mesh == nil || len(r.mesh.Triangles) == 0 {
		return nil, nil
	}
	for _, ext := range out.MeshFormats {
		name := "mesh." + ext
		made, err := export.WriteSurface(filepath.Join(out.Dir, name), r.mesh, r.textured)
		if err != nil {
			return nil, err
		}
		files = append(files, made...)
	}
	if err := export.WriteCloud(filepath.Join(out.Dir, "cloud.ply"), r.dense.Cloud.Vertices, r.dense.Cloud.Colors); err != nil {
		return nil, err
	}
	return append(files, "cloud.ply"), nil
}

// writeDepth saves the keyframes' depth as it was fused: 16-bit millimetres, and the
// deviation of its logarithm as PFM.
func (r *Result) writeDepth(out Output) (files []string, err error) {
	if !out.SaveDepth {
		return nil, nil
	}
	dir := filepath.Join(out.Dir, "depth")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	for v, err := range r.denseViews(context.Background()) {
		if err != nil {
			return nil, err
		}
		if fusion.CheckView(v) != nil {
			continue
		}
		d, _ := fusion.Align(v, r.job.Config.Fusion.Align)
		name := filepath.Join(dir, fmt.Sprintf("%.6f", v.Time))
		if err := depthio.WritePNG(name+".png", depthio.Image{W: d.W, H: d.H, Depth: d.Depth}, 1000); err != nil {
			return nil, err
		}
		if err := depthio.WritePFM(name+".std.pfm", depthio.Image{W: d.W, H: d.H, Depth: d.Deviations()}); err != nil {
			return nil, err
		}
	}
	return []string{"depth/"}, nil
}

// writeFrames writes frames.csv, one row a frame: what tracking was worth where.
func (r *Result) writeFrames(out Output) ([]string, error) {
	var b bytes.Buffer
	b.WriteString("frame,time,state,keyframe,inliers,rms_px\n")
	for _, rec := range r.records.all {
		fmt.Fprintf(&b, "%d,%.6f,%s,%d,%d,%.3f\n", rec.frame, rec.time, rec.state, rec.keyframe, rec.inliers, rec.rmsPx)
	}
	return []string{"frames.csv"}, atomicfile.WriteBytes(filepath.Join(out.Dir, "frames.csv"), b.Bytes())
}

func (r *Result) writeConfig(out Output) ([]string, error) {
	text, err := yaml.Marshal(r.job.Config)
	if err != nil {
		return nil, err
	}
	return []string{"config.yaml"}, atomicfile.WriteBytes(filepath.Join(out.Dir, "config.yaml"), text)
}

// report gathers what report.json and report.html show.
func (r *Result) report(out Output, files []string, shown shown) *report.Report {
	info := r.job.Source.Info()
	recs := r.records.all
	rep := &report.Report{
		Version: out.Version, Source: info.Name, Kind: info.Kind, Depth: out.DepthSpec, Seed: r.job.Config.Seed,
		Frames: len(recs) + len(r.skipped), Parts: len(r.parts()), Interrupted: r.interrupted, SkippedFrames: r.skipped,
		Scale:   1,
		Timings: r.stages.Timings(), InputS: recs[len(recs)-1].time - recs[0].time,
		WallS: r.wall.Seconds(), CPUS: r.cpu.Seconds(), PeakMemory: report.PeakMemory(),
		Files: append(append(files, "run.log"), out.More...), Config: r.job.Config, Warnings: slices.Clone(r.inputWarnings),
		Truth: r.job.Source.Truth(), ScaleLog: r.scales, Images: shown.images, Map: shown.scene,
	}
	if shown.err != nil {
		rep.Warnings = append(rep.Warnings, shown.err.Error())
	}
	if r.depthWorker != nil {
		rep.Dropped = max(recs[len(recs)-1].frame-recs[0].frame+1-rep.Frames, 0)
		rep.DepthWorker = r.depthWorker
	}
	if part := r.main(); part >= 0 {
		r.describeScale(rep, r.metrics[part])
	}
	for _, rec := range recs {
		if rec.keyframe >= 0 {
			rep.Tracked++
			rep.Tracks = append(rep.Tracks, report.TrackSample{Time: rec.time, Inliers: rec.inliers})
		}
	}
	if t := r.Trajectories(); len(t) > 0 {
		rep.Trajectory, rep.Posed = t[0], len(t[0])
	}
	_, rep.LostSpans = r.frameRows()
	rep.Interpolated = rep.LostSpans
	keys := r.keyframes()
	rep.Keyframes, rep.Landmarks = len(keys), r.LandmarkCount()
	for _, k := range keys {
		rep.KeyTimes = append(rep.KeyTimes, k.Time)
	}
	for _, l := range r.links {
		a, b := r.Keyframes[l.From], r.Keyframes[l.To]
		rep.Loops = append(rep.Loops, report.Loop{
			FrameA: a.Frame, FrameB: b.Frame, TimeA: a.Time, TimeB: b.Time, Inliers: l.Inliers, Relative: l.Z.SE3(),
		})
	}
	depths, err := r.depthImages()
	if err != nil {
		rep.Warnings = append(rep.Warnings, err.Error())
	}
	rep.Depths = depths
	if r.mesh != nil {
		rep.Mesh = &report.MeshSize{Vertices: len(r.mesh.Vertices), Triangles: len(r.mesh.Triangles), VoxelM: r.dense.VoxelM}
	}
	if text, err := yaml.Marshal(r.job.Config); err == nil {
		rep.ConfigText = string(bytes.TrimSpace(text))
	}
	return rep
}

// depthImages chooses three keyframes with depth, spread over the run.
func (r *Result) depthImages() (out []report.DepthImage, err error) {
	const wanted = 3
	keys := r.keyframes()
	for i := range wanted {
		if len(keys) < wanted {
			break
		}
		k := keys[(2*i+1)*len(keys)/(2*wanted)]
		if k.Depth.Empty() {
			continue
		}
		im, err := r.Images(k)
		if err != nil {
			return out, err
		}
		color, err := im.Color.RGB()
		if err != nil {
			return out, fmt.Errorf("images of keyframe %d: %w", k.ID, err)
		}
		out = append(out, report.DepthImage{Caption: fmt.Sprintf("keyframe %d, %.2f s", k.ID, k.Time), Color: color, Gray: im.Gray, Depth: im.Depth.Unpack()})
	}
	return out, nil
}
