package fleet

import (
	"context"
	"fmt"

	"github.com/metricslam/metricslam/join"
	"github.com/metricslam/metricslam/tiles"
)

// Levels is the format of a mesh with levels of detail: 3D Tiles. The others are the
// suffixes of mesh files.
const Levels = "tiles"

// mesh fuses the largest component tile by tile. What fails is a warning: the joint map is
// there.
func (f *Fleet) mesh(ctx context.Context, names []string, r *Report) error {
	if len(f.Mesh) == 0 {
		return nil
	}
	if err := f.fuse(ctx, names, r); err != nil {
		if ctx.Err() != nil {
			return err
		}
		r.Warnings = append(r.Warnings, fmt.Sprintf("there is no dense map: %v", err))
	}
	return nil
}

func (f *Fleet) fuse(ctx context.Context, names []string, r *Report) error {
	dense, err := f.dense(ctx, names, r.Joined)
	if err != nil {
		return err
	}
	plan, files, err := f.planTiles(ctx, dense, r.Joined)
	if err != nil {
		return err
	}
	var fuses []step
	for _, t := range plan.Tiles {
		s := step{name: fmt.Sprintf("fuse.%d_%d", t.X, t.Y), output: f.path("tiles", t.File()), inputs: []string{f.path("tiles.json"), r.Joined},
			args: []string{"fuse", f.path("tiles.json"), "--tile=" + t.String(), "-o", f.path("tiles", t.File()), "--quiet"}}
		for _, v := range t.Views {
			s.inputs = append(s.inputs, files[v.Recording])
		}
		fuses = append(fuses, s)
	}
	if err := f.must(ctx, "fuse", fuses); err != nil {
		return err
	}
	var merges []step
	for _, format := range f.Mesh {
		out := f.path("mesh." + format)
		if format == Levels {
			out = f.path("3dtiles", "tileset.json")
		}
		s := step{name: "merge." + format, output: out, inputs: []string{f.path("tiles.json")},
			args: []string{"mesh", "merge", f.path("tiles.json"), f.path("tiles"), "-o", out, "--quiet"}}
		for _, t := range plan.Tiles {
			s.inputs = append(s.inputs, f.path("tiles", t.File()))
		}
		merges = append(merges, s)
	}
	if err := f.must(ctx, "merge", merges); err != nil {
		return err
	}
	r.Tiles = len(plan.Tiles)
	for _, s := range merges {
		r.Mesh = append(r.Mesh, s.output)
	}
	return nil
}

// dense makes the dense files of the recordings of the largest component.
func (f *Fleet) dense(ctx context.Context, names []string, joined string) (files []string, err error) {
	j, err := join.Read(joined)
	if err != nil {
		return nil, err
	}
	var steps []step
	for i, n := range names {
		if j.Maps[i].Component != 0 {
			continue
		}
		out := f.path("dense", n+".dense")
		files = append(files, out)
		steps = append(steps, step{name: "dense." + n, args: []string{"map", "dense", f.mapFile(n), "-o", out}, inputs: []string{f.mapFile(n)}, output: out})
	}
	return files, f.must(ctx, "dense", steps)
}

// planTiles cuts the joint map into tiles; files are the dense files by the recordings of
// the plan.
func (f *Fleet) planTiles(ctx context.Context, dense []string, joined string) (p *tiles.Plan, files []string, err error) {
	s := step{name: "tiles", output: f.path("tiles.json"), inputs: append([]string{joined}, dense...)}
	s.args = append([]string{"map", "tiles", joined, "--quiet", "-o", s.output}, f.TileArgs...)
	for _, d := range dense {
		s.args = append(s.args, "--dense", d)
	}
	if err := f.must(ctx, "tiles", []step{s}); err != nil {
		return nil, nil, err
	}
	if p, err = tiles.ReadPlan(s.output); err != nil {
		return nil, nil, err
	}
	for _, r := range p.Recordings {
		files = append(files, r.Dense)
	}
	return p, files, nil
}
