package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"slices"

	"github.com/metricslam/metricslam/export"
	"github.com/metricslam/metricslam/export/formats"
	"github.com/metricslam/metricslam/fusion"
	"github.com/metricslam/metricslam/mapfile"
	"github.com/metricslam/metricslam/mapping"
	"github.com/metricslam/metricslam/multiview"
	"github.com/metricslam/metricslam/slam"
	"github.com/metricslam/metricslam/texture"
)

// exportCmd hands a finished map on.
type exportCmd struct {
	Map    string   `arg:"" name:"map" help:"Results folder of a run, or a map file."`
	Output string   `short:"o" required:"" placeholder:"DIR" help:"Folder for the files; it is made."`
	Format []string `default:"all" placeholder:"LIST" help:"Formats, with commas: colmap, nerfstudio, tum, kitti, euroc, ply, las, laz, e57, obj, glb, usdz, grid (ROS occupancy), plan (floor plan); all: every one but laz, which needs another program."`
	Part   int      `default:"-1" placeholder:"N" help:"Connected map to export, as map info numbers them; default: the largest."`
	Voxel  float64  `placeholder:"M" help:"Edge of a voxel where the mesh is built anew; default: by the scene."`
	textureFlags
	NoRefine bool `help:"Where the mesh is built anew, fuse the keyframes' depth as its source gave it, not refined by other views."`
}

// Run writes the formats.
func (c exportCmd) Run(ctx context.Context) error {
	if err := formats.Check(c.Format); err != nil {
		return fmt.Errorf("--format: %w", err)
	}
	cfg := fusion.Default()
	cfg.VoxelM, cfg.Scratch = c.Voxel, c.Output
	if err := cfg.Validate(); err != nil {
		return err
	}
	atlas, textured, err := c.atlas()
	if err != nil {
		return err
	}
	file, results, err := c.find()
	if err != nil {
		return err
	}
	l, err := mapping.Load(ctx, file)
	if err != nil {
		return err
	}
	defer l.File.Close()
	whole, err := l.State.Map()
	if err != nil {
		return err
	}
	m := formats.Map{Name: filepath.Base(filepath.Clean(c.Map)), Map: whole, Sources: l.State.Sources()}
	largest, err := c.part(&m, l.State, file)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(c.Output, 0o755); err != nil {
		return fmt.Errorf("-o %s: %w", c.Output, err)
	}
	if results != "" && largest { // what the run wrote is of that part
		if err := c.readResults(&m, results); err != nil {
			return err
		}
	}
	if m.Mesh == nil {
		if err := c.fuse(ctx, &m, cfg); err != nil {
			return err
		}
	}
	if textured && m.Mesh != nil && formats.TakesTexture(c.Format) {
		switch stats, err := m.BuildTexture(ctx, atlas); {
		case errors.Is(err, texture.ErrNoView) || errors.Is(err, texture.ErrTooLarge):
			fmt.Fprintln(os.Stderr, "warning: the colours of vertices are written:", err)
		case err != nil:
			return err
		default:
			fmt.Fprintln(os.Stderr, stats)
		}
	}
	files, skipped, err := formats.Write(ctx, c.Output, c.Format, m)
	if err != nil {
		return err
	}
	for _, s := range skipped {
		fmt.Fprintln(os.Stderr, "left out", s)
	}
	fmt.Printf("%d files and folders in %s\n", len(files), c.Output)
	return nil
}

// find returns the map file, and the results folder where one was given.
func (c exportCmd) find() (file, results string, err error) {
	info, err := os.Stat(c.Map)
	if err != nil {
		return "", "", fmt.Errorf("%w; give a results folder of metricslam run, or a map file", err)
	}
	if !info.IsDir() {
		return c.Map, "", nil
	}
	file = filepath.Join(c.Map, "map"+mapfile.Suffix)
	if _, err := os.Stat(file); errors.Is(err, fs.ErrNotExist) {
		return "", "", fmt.Errorf("%s: no map%s in it: it was run with --no-map, or is no results folder", c.Map, mapfile.Suffix)
	}
	return file, c.Map, nil
}

// part sets the part asked for, or the largest, and reports whether it is that.
func (c exportCmd) part(m *formats.Map, st *mapping.State, file string) (largest bool, err error) {
	all := st.Summaries()
	if len(all) == 0 {
		return false, fmt.Errorf("%s: the map has no keyframes", file)
	}
	m.Part = c.Part
	if c.Part < 0 {
		m.Part = all[0].Part
	}
	if !slices.ContainsFunc(all, func(p mapping.PartSummary) bool { return p.Part == m.Part }) {
		return false, fmt.Errorf("--part %d: %s has no keyframes in it; `metricslam map info` lists the parts", c.Part, file)
	}
	m.LogStd = st.Metrics[m.Part].Deviation()
	return m.Part == all[0].Part, nil
}

// readResults takes what a run wrote beside its map: the poses of all frames, and
// the mesh unless it is to be built with other voxels. Nothing is taken where the
// poses are not the map's: another run may have written them, or another part be
// the one with most frames.
func (c exportCmd) readResults(m *formats.Map, dir string) error {
	read := func(name string, take func(string) error) error {
		err := take(filepath.Join(dir, name))
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		return err
	}
	var frames slam.Trajectory
	err := read("trajectory.tum", func(p string) (err error) { frames, err = export.ReadTUM(p); return err })
	if err != nil || !agree(frames, m.Map, m.Part) {
		return err
	}
	m.Trajectory = frames
	if err == nil {
		err = read("trajectory.kitti", func(p string) (err error) { m.Rows, err = export.ReadKITTI(p); return err })
	}
	if err == nil && c.Voxel == 0 {
		err = read("mesh.ply", func(p string) (err error) { m.Mesh, err = export.ReadPLY(p); return err })
	}
	if err == nil && m.Mesh != nil {
		err = read("cloud.ply", func(p string) (err error) { m.Cloud, err = export.ReadPLY(p); return err })
	}
	return err
}

// samePose is how far the pose of a frame in a file, with its rounded digits, may
// be from that of its keyframe, in metres.
const samePose = 1e-4

// agree reports whether frames are those that a part of a map was made from: all of
// its keyframes that they name have their poses.
func agree(frames slam.Trajectory, in *mapping.Map, part int) bool {
	found := 0
	for _, k := range in.Keyframes {
		if k.Part != part {
			continue
		}
		p, ok := nearestPose(frames, k.Time)
		if !ok || math.Abs(p.Time-k.Time) > 1e-6 {
			continue
		}
		if p.Pose.T.Sub(k.Pose.T).Norm() > samePose {
			return false
		}
		found++
	}
	return found > 0
}

// fuse builds the mesh of a part from its keyframes' depth, where there is any.
func (c exportCmd) fuse(ctx context.Context, m *formats.Map, cfg fusion.Config) error {
	keyframes := slices.DeleteFunc(slices.Clone(m.Map.Keyframes), func(k *mapping.Keyframe) bool { return k.Part != m.Part })
	views := m.Map.Views(keyframes)
	if !c.NoRefine {
		views = multiview.Refine(ctx, views, cfg, multiview.Default())
	}
	mesh, stats, err := fusion.Fuse(ctx, views, cfg)
	if errors.Is(err, fusion.ErrNoView) {
		fmt.Fprintf(os.Stderr, "no surface: no keyframe of %s has depth\n", c.Map)
		return nil
	}
	if w := stats.Warning(); w != "" {
		fmt.Fprintln(os.Stderr, "warning: "+w)
	}
	m.Mesh, m.Cloud = mesh, &stats.Cloud
	return err
}
