package tiles

import (
	"context"
	"fmt"

	"github.com/metricslam/metricslam/fusion"
	"github.com/metricslam/metricslam/geom"
	"github.com/metricslam/metricslam/join"
	"github.com/metricslam/metricslam/slam"
)

// Fused says what the surface of a tile was made of.
type Fused struct {
	Views  int   `json:"views"`
	Blocks int   `json:"blocks"` // of voxels, with those of the border
	Bytes  int64 `json:"bytes"`  // that they took
	Full   bool  `json:"full"`   // memory and scratch did not take all
}

// Fuse makes the surface of a tile, cut at its planes. scratch is a folder for voxels that
// do not fit into the memory.
func (p *Plan) Fuse(ctx context.Context, j *join.Joined, i Index, scratch string) (*slam.Mesh, Fused, error) {
	var out Fused
	t, ok := p.Find(i)
	if !ok {
		return nil, out, fmt.Errorf("tile %s is not in the plan, which has %d", i, len(p.Tiles))
	}
	cfg := p.config()
	cfg.Scratch = scratch
	volume, err := fusion.NewTile(cfg, p.Grid.Box(i, 1))
	if err != nil {
		return nil, out, err
	}
	for _, v := range t.Views {
		n, err := p.integrate(ctx, j, volume, v)
		if err != nil {
			return nil, out, err
		}
		out.Views += n
	}
	out.Blocks, out.Bytes, out.Full = volume.Blocks(), volume.Bytes(), volume.Full()
	m, err := volume.TileMesh()
	return m, out, err
}

// integrate fuses the views of one recording.
func (p *Plan) integrate(ctx context.Context, j *join.Joined, volume *fusion.Volume, views TileViews) (n int, err error) {
	r := p.Recordings[views.Recording]
	if r.Map < 0 || r.Map >= len(j.Maps) {
		return 0, fmt.Errorf("%s is recording %d of a joint map of %d; plan the tiles anew", r.Name, r.Map, len(j.Maps))
	}
	m := &j.Maps[r.Map]
	d, err := OpenDense(r.Dense)
	if err != nil {
		return 0, err
	}
	defer d.Close()
	if d.MapSHA256 != m.SHA256 {
		return 0, fmt.Errorf("%s was made of another map than %s; make it anew by map dense", r.Dense, m.File)
	}
	poses := make(map[int]geom.Sim3, len(m.Keyframes))
	for _, k := range m.Keyframes {
		poses[k.ID] = k.Sim3()
	}
	for _, id := range views.Keyframes {
		if err := ctx.Err(); err != nil {
			return n, err
		}
		pose, ok := poses[id]
		if !ok {
			return n, fmt.Errorf("keyframe %d of %s is not in the joint map; plan the tiles anew", id, r.Name)
		}
		v, err := d.View(id, pose)
		if err != nil {
			return n, err
		}
		if err := volume.Integrate(v); err != nil {
			return n, err
		}
		n++
	}
	return n, nil
}
