package fusion

import (
	"github.com/metricslam/metricslam/slam"
)

// BlockBox is a box of blocks, from Min up to but without Max. Its surface ends at the
// planes BlockStart(VoxelM, Min) and BlockStart(VoxelM, Max).
type BlockBox struct{ Min, Max [3]int }

// FarthestBlock bounds the coordinates of blocks: a box from -FarthestBlock to
// FarthestBlock has no bound.
const FarthestBlock = keyOffset

// tileBorder is how many blocks around a box are fused as well: vertices on its far
// planes, and the gradients of those on all its planes, need the next two voxels.
const tileBorder = 1

// has reports whether a block lies in the box, or within some blocks around it.
func (b *BlockBox) has(k blockKey, margin int) bool {
	x, y, z := k.coords()
	for i, c := range [3]int{int(x), int(y), int(z)} {
		if c < b.Min[i]-margin || c >= b.Max[i]+margin {
			return false
		}
	}
	return true
}

// NewTile returns an empty volume that maps a box and the blocks next to it. What it has
// of a voxel depends on the views that see it, and not on the box: tiles that are fused
// from all views that see them and their border meet to the last bit, where
// cfg.MinViews is given.
func NewTile(cfg Config, box BlockBox) (*Volume, error) {
	v, err := NewVolume(cfg)
	if err != nil {
		return nil, err
	}
	v.tile = &box
	return v, nil
}

// owns reports whether the triangles of a block belong to the mesh.
func (v *Volume) owns(i int32) bool { return v.tile == nil || v.tile.has(v.keys[i], 0) }

// TileMesh returns the surface within the box of a tile, cut at its planes. Pieces of less
// than Config.MinTriangles are left out where they touch no plane: what others have of the
// rest only their union tells. It ends the volume.
func (v *Volume) TileMesh() (*slam.Mesh, error) {
	if err := v.extract(); err != nil {
		return nil, err
	}
	v.blocks, v.resident = nil, 0
	m := v.assemble(true)
	dropUnused(m) // those of the border
	stays := v.tile.OnBorder(v.cfg.VoxelM)
	piece, size := Pieces(m)
	touches := make([]bool, len(piece))
	for i, p := range m.Vertices {
		if stays(p) {
			touches[piece[i]] = true
		}
	}
	DropPieces(m, func(i uint32) bool { return int(size[piece[i]]) < v.cfg.MinTriangles && !touches[piece[i]] })
	repairNormals(m)
	return m, nil
}

// OnBorder reports which points of a mesh of such voxels lie on the planes of the box.
func (b *BlockBox) OnBorder(voxelM float64) func([3]float32) bool {
	var planes [3][2]float32
	for i := range planes {
		planes[i] = [2]float32{float32(BlockStart(voxelM, b.Min[i])), float32(BlockStart(voxelM, b.Max[i]))}
	}
	return func(p [3]float32) bool {
		for i, x := range p {
			if x == planes[i][0] || x == planes[i][1] {
				return true
			}
		}
		return false
	}
}
