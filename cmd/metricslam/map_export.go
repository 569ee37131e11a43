package main

import (
	"context"
	"errors"
	"fmt"
	"image"
	"image/png"
	"io"
	"os"
	"path/filepath"
	"slices"

	"github.com/metricslam/metricslam/export"
	"github.com/metricslam/metricslam/fusion"
	"github.com/metricslam/metricslam/internal/atomicfile"
	"github.com/metricslam/metricslam/mapping"
	"github.com/metricslam/metricslam/slam"
)

// mapExportCmd writes a map in formats that others read.
type mapExportCmd struct {
	File       string   `arg:"" help:"Map file, such as DIR/map.mslam of a run."`
	Output     string   `short:"o" required:"" placeholder:"DIR" help:"Folder for keyframes.tum, landmarks.ply, mesh.ply and colmap/; it is made."`
	Part       int      `default:"-1" placeholder:"N" help:"Connected map to export, as map info numbers them; default: the largest."`
	NoMesh     bool     `help:"Leave the dense map out."`
	MeshFormat []string `default:"ply" enum:"ply,obj,glb" help:"Formats of the mesh: ply, obj, glb."`
	Voxel      float64  `placeholder:"M" help:"Edge of a voxel; default: by the scene."`
	NoColmap   bool     `help:"Leave the COLMAP model and its pictures out."`
}

// Run writes what the map holds.
func (c mapExportCmd) Run(ctx context.Context) error {
	cfg := fusion.Default()
	cfg.VoxelM, cfg.Scratch = c.Voxel, c.Output
	if err := cfg.Validate(); err != nil {
		return err
	}
	l, err := mapping.Load(ctx, c.File)
	if err != nil {
		return err
	}
	defer l.File.Close()
	part, err := c.part(l.State)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(c.Output, 0o755); err != nil {
		return fmt.Errorf("-o %s: %w", c.Output, err)
	}
	keyframes := slices.DeleteFunc(slices.Clone(l.State.Keyframes), func(k *mapping.Keyframe) bool { return k.Part != part })
	if err := c.writeKeyframes(l.State, keyframes); err != nil {
		return err
	}
	cloud := l.State.Cloud(part)
	if err := c.writeCloud(cloud); err != nil {
		return err
	}
	if !c.NoColmap {
		if err := c.writeColmap(l.State.Map(), keyframes, cloud); err != nil {
			return err
		}
	}
	if err := c.writeMesh(ctx, l.State.Map(), keyframes, cfg); err != nil {
		return err
	}
	fmt.Printf("%d keyframes, %d landmarks of part %d in %s\n", len(keyframes), len(cloud), part, c.Output)
	return nil
}

// part is the one asked for, or the largest.
func (c mapExportCmd) part(st *mapping.State) (int, error) {
	all := st.Summaries()
	if len(all) == 0 {
		return 0, fmt.Errorf("%s: the map has no keyframes", c.File)
	}
	if c.Part < 0 {
		return all[0].Part, nil
	}
	if !slices.ContainsFunc(all, func(p mapping.PartSummary) bool { return p.Part == c.Part }) {
		return 0, fmt.Errorf("--part %d: %s has no keyframes in it; `metricslam map info` lists the parts", c.Part, c.File)
	}
	return c.Part, nil
}

// writeKeyframes writes the keyframes' poses, one file a source: keyframes.tum,
// keyframes.1.tum, ... Stamps of different sources may overlap.
func (c mapExportCmd) writeKeyframes(st *mapping.State, keyframes []*mapping.Keyframe) error {
	var n int
	for i := range max(len(st.Origins), 1) {
		first, end := 0, len(st.Keyframes)
		if i > 0 {
			first = st.Origins[i].Keyframe
		}
		if i+1 < len(st.Origins) {
			end = st.Origins[i+1].Keyframe
		}
		var t slam.Trajectory
		for _, k := range keyframes {
			if k.ID >= first && k.ID < end {
				t = append(t, slam.StampedPose{Time: k.Time, Pose: k.Pose})
			}
		}
		if len(t) == 0 {
			continue
		}
		name := "keyframes.tum"
		if n > 0 {
			name = fmt.Sprintf("keyframes.%d.tum", n)
		}
		n++
		if err := export.WriteTUM(filepath.Join(c.Output, name), t); err != nil {
			return err
		}
	}
	return nil
}

func (c mapExportCmd) writeCloud(cloud []mapping.CloudPoint) error {
	points, colors := make([][3]float32, len(cloud)), make([][3]uint8, len(cloud))
	for i, p := range cloud {
		points[i] = [3]float32{float32(p.Position.X), float32(p.Position.Y), float32(p.Position.Z)}
		colors[i] = p.Color
	}
	return export.WriteCloud(filepath.Join(c.Output, "landmarks.ply"), points, colors)
}

// writeColmap writes the model and the grey pictures it speaks of.
func (c mapExportCmd) writeColmap(m *mapping.Map, keyframes []*mapping.Keyframe, cloud []mapping.CloudPoint) error {
	dir := filepath.Join(c.Output, "colmap")
	if err := os.MkdirAll(filepath.Join(dir, "images"), 0o755); err != nil {
		return err
	}
	images := make([]export.ColmapImage, len(keyframes))
	at := make(map[int]int, len(keyframes))
	for i, k := range keyframes {
		at[k.ID] = i
		images[i] = export.ColmapImage{Name: fmt.Sprintf("%06d.png", k.ID), Camera: k.Camera, Pose: k.Pose}
		for _, f := range k.Features {
			images[i].Pixels = append(images[i].Pixels, f.Pixel)
		}
		m.Open(k)
		if err := writeGray(filepath.Join(dir, "images", images[i].Name), k.Gray); err != nil {
			return err
		}
	}
	points := make([]export.ColmapPoint, len(cloud))
	for i, p := range cloud {
		points[i] = export.ColmapPoint{Position: p.Position, Color: p.Color, ErrorPx: p.ErrorPx}
		for _, o := range p.Obs {
			if image, ok := at[o.KF]; ok {
				points[i].Track = append(points[i].Track, export.ColmapObservation{Image: image, Feature: o.Index})
			}
		}
	}
	return export.WriteColmap(dir, images, points)
}

func writeGray(path string, g slam.Gray) error {
	if g.Empty() {
		return nil
	}
	return atomicfile.Write(path, func(w io.Writer) error {
		return png.Encode(w, &image.Gray{Pix: g.Pix, Stride: g.W, Rect: image.Rect(0, 0, g.W, g.H)})
	})
}

// writeMesh fuses the keyframes' depth; a map without any has no mesh.
func (c mapExportCmd) writeMesh(ctx context.Context, m *mapping.Map, keyframes []*mapping.Keyframe, cfg fusion.Config) error {
	if c.NoMesh {
		return nil
	}
	mesh, stats, err := fusion.Fuse(ctx, m.Views(keyframes), cfg)
	if errors.Is(err, fusion.ErrNoView) {
		fmt.Fprintf(os.Stderr, "no mesh: no keyframe of %s has depth\n", c.File)
		return nil
	}
	if err != nil {
		return err
	}
	if w := stats.Warning(); w != "" {
		fmt.Fprintln(os.Stderr, "warning: "+w)
	}
	for _, format := range slices.Compact(slices.Sorted(slices.Values(c.MeshFormat))) {
		if err := export.WriteMesh(filepath.Join(c.Output, "mesh."+format), mesh); err != nil {
			return err
		}
	}
	return nil
}
