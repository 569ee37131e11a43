package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"math"
	"os"
	"path/filepath"
	"slices"
	"sort"

	"github.com/metricslam/metricslam/datasets"
	"github.com/metricslam/metricslam/depth"
	"github.com/metricslam/metricslam/depth/filter"
	"github.com/metricslam/metricslam/eval"
	"github.com/metricslam/metricslam/export"
	"github.com/metricslam/metricslam/export/formats"
	"github.com/metricslam/metricslam/fusion"
	"github.com/metricslam/metricslam/internal/atomicfile"
	"github.com/metricslam/metricslam/internal/progress"
	"github.com/metricslam/metricslam/multiview"
	"github.com/metricslam/metricslam/report"
	"github.com/metricslam/metricslam/slam"
	"github.com/metricslam/metricslam/texture"
)

// fuseCmd builds the dense map of a source at given poses.
type fuseCmd struct {
	sourceFlags
	networkFlags
	textureFlags
	Poses      string   `placeholder:"FILE" help:"Camera-to-world poses in the TUM format; a frame takes the one nearest in time, at most 0.02 s away. truth: those that the source itself has."`
	Depth      string   `default:"auto" placeholder:"SPEC" help:"Where metric depth comes from: sensor, sim[:...], a folder of depth images, a model.onnx, auto (the network that ships; none where none does)."`
	Tile       string   `placeholder:"X,Y" help:"Make the surface of a tile: SOURCE is the plan of map tiles, -o a .ply file; other flags do not count."`
	Output     string   `short:"o" required:"" placeholder:"DIR" help:"Folder for mesh and report.json; it is made."`
	MeshFormat []string `default:"ply" enum:"ply,obj,glb" help:"Formats of the mesh: ply, obj, glb."`
	Voxel      float64  `placeholder:"M" help:"Edge of a voxel; default: by the scene."`
	MaxDepth   float64  `placeholder:"M" help:"Depth beyond it is left out; default: by the scene."`
	Refine     bool     `help:"Refine estimated depth by the frames nearby; take frames some centimetres apart (--stride), as keyframes are."`
	Agreement  bool     `help:"Where the depth states no deviation by pixel, take it from how well frames nearby agree."`
	JSON       bool     `help:"Print the report as JSON."`
	Quiet      bool     `help:"Show nothing but errors."`
}

// fuseReport is report.json of the fuse command.
type fuseReport struct {
	Version    string         `json:"version"`
	Source     string         `json:"source"`
	Poses      string         `json:"poses"`
	Depth      string         `json:"depth"`
	Frames     int            `json:"frames"`      // read
	Posed      int            `json:"posed"`       // with a pose within 0.02 s
	NoDepth    int            `json:"no_depth"`    // posed, but without depth
	Damaged    int            `json:"damaged"`     // skipped by the source or the depth source
	PeakMemory int64          `json:"peak_memory"` // bytes
	Fusion     fusion.Stats   `json:"fusion"`
	Texture    *texture.Stats `json:"texture,omitempty"`
	Config     fusion.Config  `json:"config"`
}

// Run reads the source to its end and writes the mesh.
func (c fuseCmd) Run(ctx context.Context) error {
	switch {
	case c.Tile != "":
		return c.fuseTile(ctx)
	case c.Poses == "":
		return errors.New("--poses is missing: name camera-to-world poses in the TUM format, or truth; or the --tile of a plan")
	}
	cfg := fusion.Default()
	cfg.VoxelM, cfg.MaxDepthM, cfg.Scratch = c.Voxel, c.MaxDepth, c.Output
	if err := cfg.Validate(); err != nil {
		return err
	}
	atlas, textured, err := c.atlas()
	if err != nil {
		return err
	}
	src, err := c.open(ctx)
	if err != nil {
		return err
	}
	defer src.Close()
	if s := src.Info().ReadoutS; s > 0 {
		warnf("the rolling shutter of %g ms is not corrected here, as run corrects it: an image that the camera turned in is fused as it leans", 1000*s)
	}
	poses, err := c.poses(src)
	if err != nil {
		return err
	}
	if err := checkSensor(c.Depth, src); err != nil {
		return err
	}
	d, err := depth.Open(c.Depth, c.apply(depth.Options{DepthScale: c.DepthScale, Warn: warnf}))
	if err != nil {
		return err
	}
	defer d.Close()
	if err := os.MkdirAll(c.Output, 0o755); err != nil {
		return fmt.Errorf("-o %s: %w", c.Output, err)
	}
	show := progress.New(os.Stderr, src.Info().Len, c.Quiet)
	rep := &fuseReport{Version: buildVersion(), Source: c.Source, Poses: c.Poses, Depth: d.Name(), Config: cfg}
	var images *texture.Gatherer
	if textured && formats.TakesTexture(c.MeshFormat) {
		images = new(texture.Gatherer)
	}
	posed := posedFrames{source: src, depth: d, poses: poses, show: show, rep: rep}
	mesh, stats, err := fusion.Fuse(ctx, c.views(ctx, posed, images, cfg), cfg)
	if errors.Is(err, fusion.ErrNoView) {
		return c.explain(rep, err)
	}
	if err != nil {
		return err
	}
	if w := stats.Warning(); w != "" {
		fmt.Fprintln(show, "warning: "+w)
	}
	rep.Fusion, rep.PeakMemory = stats, report.PeakMemory()
	if c.Poses == "truth" {
		if err := export.WriteTUM(filepath.Join(c.Output, truthPosesFile), poses); err != nil {
			return err
		}
	}
	painted, err := paint(ctx, mesh, images, atlas, rep, show)
	if err != nil {
		return err
	}
	if err := c.write(mesh, painted, rep); err != nil {
		return err
	}
	show.Done(fmt.Sprintf("%d of %d frames posed, %d fused at %g m; %d triangles in %s",
		rep.Posed, rep.Frames, stats.Views, stats.VoxelM, stats.Triangles, c.Output))
	if c.JSON {
		return printJSON(os.Stdout, rep)
	}
	return nil
}

// views are the posed frames with their depth as it is fused; their images are gathered
// for a texture where there is one.
func (c fuseCmd) views(ctx context.Context, posed posedFrames, images *texture.Gatherer, cfg fusion.Config) iter.Seq2[slam.KeyframeView, error] {
	views := posed.views(ctx)
	if images != nil {
		views = gathered(views, images)
	}
	if c.Agreement {
		views = filter.Agree(views, agreementReach)
	}
	if c.Refine {
		views = multiview.Refine(ctx, views, cfg, multiview.Default())
	}
	return views
}

// paint makes the texture of the gathered images; nil where there is none.
func paint(ctx context.Context, mesh *slam.Mesh, images *texture.Gatherer, atlas texture.Config, rep *fuseReport, show progress.Display) (*slam.TexturedMesh, error) {
	if images == nil {
		return nil, nil
	}
	show.Stage("painting")
	painted, stats, err := texture.Build(ctx, mesh, images.Views(), atlas)
	if errors.Is(err, texture.ErrNoView) || errors.Is(err, texture.ErrTooLarge) {
		fmt.Fprintln(show, "warning: the colours of vertices are written:", err)
		return nil, nil
	}
	if err == nil {
		rep.Texture = &stats
	}
	return painted, err
}

// truthPosesFile holds the true poses beside a mesh that was fused at them.
const truthPosesFile = "trajectory.tum"

// poses reads the poses of the frames.
func (c fuseCmd) poses(src datasets.Source) (slam.Trajectory, error) {
	if c.Poses != "truth" {
		file, err := export.ReadTrajectory(c.Poses, export.FormatAuto)
		if err == nil && file.Stamped == nil {
			err = fmt.Errorf("--poses %s: poses without stamps, which no frame can be found for; name a trajectory in the TUM format", c.Poses)
		}
		for _, n := range file.Notes {
			warnf("%s", n)
		}
		return file.Stamped, err
	}
	if !src.Info().HasTruth {
		return nil, fmt.Errorf("--poses truth: %s has no true poses; name a trajectory in the TUM format", c.Source)
	}
	return src.Truth(), nil
}

// agreementReach is how many frames before and after are compared for
// --agreement.
const agreementReach = 3

// explain says why there is nothing to fuse and what to do about it.
func (c fuseCmd) explain(rep *fuseReport, err error) error {
	switch {
	case rep.Frames == 0:
		return fmt.Errorf("%s: no readable frame", c.Source)
	case rep.Posed == 0:
		return fmt.Errorf("--poses %s: none of its stamps is within %g s of one of the %d frames of %s; check that both use the same clock",
			c.Poses, eval.MaxTimeDiff, rep.Frames, c.Source)
	case rep.NoDepth == rep.Posed:
		return fmt.Errorf("--depth %s: no depth for any of the %d posed frames; choose another --depth, such as sensor or a folder", c.Depth, rep.Posed)
	}
	return err
}

// write saves the mesh in the formats asked for, and the report.
func (c fuseCmd) write(mesh *slam.Mesh, textured *slam.TexturedMesh, rep *fuseReport) error {
	for _, format := range slices.Compact(slices.Sorted(slices.Values(c.MeshFormat))) {
		if _, err := export.WriteSurface(filepath.Join(c.Output, "mesh."+format), mesh, textured); err != nil {
			return err
		}
	}
	return atomicfile.Write(filepath.Join(c.Output, "report.json"), func(w io.Writer) error {
		enc := json.NewEncoder(w)
		enc.SetIndent("", "  ")
		return enc.Encode(rep)
	})
}

// gathered yields views and keeps the images that a texture is made of.
func gathered(views iter.Seq2[slam.KeyframeView, error], images *texture.Gatherer) iter.Seq2[slam.KeyframeView, error] {
	return func(yield func(slam.KeyframeView, error) bool) {
		for v, err := range views {
			if err == nil {
				err = images.Add(v)
			}
			if !yield(v, err) || err != nil {
				return
			}
		}
	}
}

// posedFrames turns the frames of a source that have a pose and depth into
// views, and counts the others.
type posedFrames struct {
	source datasets.Source
	depth  depth.Source
	poses  slam.Trajectory
	show   progress.Display
	rep    *fuseReport
}

func (p *posedFrames) views(ctx context.Context) iter.Seq2[slam.KeyframeView, error] {
	return func(yield func(slam.KeyframeView, error) bool) {
		for {
			f, err := p.source.Next(ctx)
			var damaged *datasets.SkipError
			switch {
			case err == io.EOF:
				return
			case errors.As(err, &damaged):
				p.rep.Damaged++
				fmt.Fprintln(p.show, "warning:", err)
				continue
			case err != nil:
				yield(slam.KeyframeView{}, err)
				return
			}
			p.rep.Frames++
			p.show.Update(progress.State{Frame: p.rep.Frames, Task: "fusing"})
			view, ok, err := p.view(ctx, f)
			if err != nil || ok {
				if !yield(view, err) || err != nil {
					return
				}
			}
		}
	}
}

// view returns the view of a frame; ok is false where it has no pose or depth.
func (p *posedFrames) view(ctx context.Context, f *slam.Frame) (view slam.KeyframeView, ok bool, err error) {
	pose, ok := nearestPose(p.poses, f.Time)
	if !ok {
		return view, false, nil
	}
	p.rep.Posed++
	d, err := p.depth.Depth(ctx, f)
	switch {
	case errors.Is(err, depth.ErrNoDepth):
		p.rep.NoDepth++
		return view, false, nil
	case ctx.Err() != nil:
		return view, false, ctx.Err()
	case err != nil: // one damaged image does not end the job
		p.rep.Damaged++
		p.rep.NoDepth++
		fmt.Fprintln(p.show, "warning:", err)
		return view, false, nil
	}
	return slam.KeyframeView{
		ID: f.Index, Time: f.Time, Pose: pose.Pose, Camera: f.Camera, Color: f.Color, Gray: f.Gray, Depth: d,
		Image: f.Gray, ImageCamera: f.Camera,
	}, true, nil
}

// nearestPose returns the pose nearest in time to t, unless that is further than
// eval.MaxTimeDiff away.
func nearestPose(poses slam.Trajectory, t float64) (slam.StampedPose, bool) {
	i := sort.Search(len(poses), func(k int) bool { return poses[k].Time >= t })
	if i == len(poses) || i > 0 && t-poses[i-1].Time <= poses[i].Time-t {
		i--
	}
	if i < 0 || math.Abs(poses[i].Time-t) > eval.MaxTimeDiff {
		return slam.StampedPose{}, false
	}
	return poses[i], true
}
