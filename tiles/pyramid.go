package tiles

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"

	"github.com/metricslam/metricslam/export"
	"github.com/metricslam/metricslam/fusion"
	"github.com/metricslam/metricslam/fusion/surface"
	"github.com/metricslam/metricslam/internal/atomicfile"
	"github.com/metricslam/metricslam/slam"
)

// coarser is the share of the triangles of four tiles that the tile of the next level
// has: a node has as many as a leaf.
const coarser = 4

// Pyramid writes the surfaces of the tiles in a folder as 3D Tiles 1.1: a tree of GLB
// files, four tiles to one of the next level, and tileset.json. The vertices on the planes
// of a node stay at all levels, so that neighbours meet whatever the levels of the two.
// In memory are four nodes of each level. It returns how many files there are.
func (p *Plan) Pyramid(ctx context.Context, dir, out string) (files int, err error) {
	small, err := p.smallPieces(dir)
	if err != nil {
		return 0, err
	}
	y := &pyramid{plan: p, dir: dir, out: out, small: small, tiles: make(map[Index]bool)}
	if len(p.Tiles) == 0 {
		return 0, fmt.Errorf("the plan has no tiles")
	}
	lo, hi := p.Tiles[0].Index, p.Tiles[0].Index
	for _, t := range p.Tiles {
		y.tiles[t.Index] = true
		lo, hi = Index{min(lo.X, t.X), min(lo.Y, t.Y)}, Index{max(hi.X, t.X), max(hi.Y, t.Y)}
	}
	level := 0
	for 1<<level <= max(hi.X-lo.X, hi.Y-lo.Y) {
		level++
	}
	_, root, err := y.node(ctx, lo, level)
	if err != nil {
		return 0, err
	}
	if root == nil {
		return 0, fmt.Errorf("%s: none of the %d tiles has a surface", dir, len(p.Tiles))
	}
	data, err := json.MarshalIndent(tileset{Asset: tilesetAsset{"1.1"}, GeometricError: 2 * y.errorM(level), Root: root}, "", " ")
	if err != nil {
		return 0, err
	}
	return y.files, atomicfile.WriteBytes(filepath.Join(out, "tileset.json"), data)
}

// pyramid is a Pyramid in the making.
type pyramid struct {
	plan     *Plan
	dir, out string
	small    map[Index]map[uint32]bool
	tiles    map[Index]bool
	files    int
}

// The parts of tileset.json that are used (OGC 22-025r4).
type (
	tileset struct {
		Asset          tilesetAsset `json:"asset"`
		GeometricError float64      `json:"geometricError"` // metres
		Root           *tileNode    `json:"root"`
	}
	tilesetAsset struct {
		Version string `json:"version"`
	}
	tileNode struct {
		Volume         tileVolume   `json:"boundingVolume"`
		GeometricError float64      `json:"geometricError"`
		Refine         string       `json:"refine"`
		Content        *tileContent `json:"content,omitempty"`
		Children       []*tileNode  `json:"children,omitempty"`
	}
	tileVolume struct {
		Box [12]float64 `json:"box"` // centre, then half of each axis
	}
	tileContent struct {
		URI string `json:"uri"`
	}
)

// errorM is the error up to which a level is simplified.
func (y *pyramid) errorM(level int) float64 {
	cfg := y.plan.config()
	return cfg.Simplify * cfg.VoxelM * float64(int(1)<<level)
}

// node makes the square of 2^level tiles from tile i on, nil where nothing is in it.
func (y *pyramid) node(ctx context.Context, i Index, level int) (*slam.Mesh, *tileNode, error) {
	if err := ctx.Err(); err != nil {
		return nil, nil, err
	}
	var m *slam.Mesh
	var children []*tileNode
	var err error
	if level == 0 {
		m, err = y.leaf(ctx, i)
	} else {
		m, children, err = y.join(ctx, i, level)
	}
	if err != nil || m == nil || len(m.Triangles) == 0 {
		return nil, nil, err
	}
	n := &tileNode{Refine: "REPLACE", Volume: volumeOf(m, children), Children: children}
	if level > 0 {
		n.GeometricError = y.errorM(level)
	}
	n.Content = &tileContent{fmt.Sprintf("%d/%d_%d.glb", level, i.X, i.Y)}
	path := filepath.Join(y.out, filepath.FromSlash(n.Content.URI))
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return nil, nil, err
	}
	y.files++
	return m, n, export.WriteGLB(path, m)
}

// leaf completes the surface of a tile.
func (y *pyramid) leaf(ctx context.Context, i Index) (*slam.Mesh, error) {
	if !y.tiles[i] {
		return nil, nil
	}
	s, err := y.plan.read(y.dir, i)
	if err != nil {
		return nil, err
	}
	piece, _ := fusion.Pieces(s.mesh)
	fusion.DropPieces(s.mesh, func(v uint32) bool { return y.small[i][piece[v]] })
	m := surface.Simplify(s.mesh, surface.Options{ErrorM: y.errorM(0), Stays: s.stays, Stop: ctx.Done()})
	y.fill(m, s.stays)
	return m, ctx.Err()
}

func (y *pyramid) fill(m *slam.Mesh, stays func([3]float32) bool) {
	cfg := y.plan.config()
	surface.FillHoles(m, cfg.HoleVoxels*cfg.VoxelM, stays)
}

// join makes a node of its four children.
func (y *pyramid) join(ctx context.Context, i Index, level int) (*slam.Mesh, []*tileNode, error) {
	half := 1 << (level - 1)
	var parts []part
	var children []*tileNode
	for q := range 4 {
		at := Index{i.X + q%2*half, i.Y + q/2*half}
		m, n, err := y.node(ctx, at, level-1)
		if err != nil {
			return nil, nil, err
		}
		if n != nil {
			parts, children = append(parts, part{m, y.plan.stays(at, half)}), append(children, n)
		}
	}
	if len(parts) == 0 {
		return nil, nil, nil
	}
	m := weld(parts)
	stays := y.plan.stays(i, 2*half)
	y.fill(m, stays)
	return surface.Simplify(m, surface.Options{ErrorM: y.errorM(level), Faces: max(len(m.Triangles)/coarser, 1), Stays: stays, Stop: ctx.Done()}), children, ctx.Err()
}

// volumeOf is the box of a mesh and of what is below it. Tiles have z up; GLB, which has
// y up, is turned by who draws it: our (x, y, z) becomes (x, z, -y).
func volumeOf(m *slam.Mesh, children []*tileNode) (v tileVolume) {
	lo := [3]float64{math.Inf(1), math.Inf(1), math.Inf(1)}
	hi := [3]float64{math.Inf(-1), math.Inf(-1), math.Inf(-1)}
	add := func(p [3]float64) {
		for a := range p {
			lo[a], hi[a] = min(lo[a], p[a]), max(hi[a], p[a])
		}
	}
	for _, p := range m.Vertices {
		add([3]float64{float64(p[0]), float64(p[2]), -float64(p[1])})
	}
	for _, c := range children {
		b := c.Volume.Box
		for _, side := range [2]float64{-1, 1} {
			add([3]float64{b[0] + side*b[3], b[1] + side*b[7], b[2] + side*b[11]})
		}
	}
	for a := range 3 {
		v.Box[a], v.Box[3+4*a] = (lo[a]+hi[a])/2, (hi[a]-lo[a])/2
	}
	return v
}
