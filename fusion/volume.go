package fusion

import (
	"fmt"
	"slices"

	"github.com/metricslam/metricslam/geom"
	"github.com/metricslam/metricslam/internal/spill"
)

const (
	blockBits = 3
	blockSize = 1 << blockBits // voxels along an edge
	blockLen  = blockSize * blockSize * blockSize
)

// voxel is the field at one grid point (i, j, k) * VoxelM: 16 bytes.
type voxel struct {
	sdf     float32 // metres, positive in front of the surface
	weight  float32
	r, g, b uint16 // mean colour, 8.8 fixed point
	views   uint16 // views that saw it, saturating
}

// block holds 8x8x8 voxels, x fastest.
type block [blockLen]voxel

// blockState is what is known of a block besides its voxels.
type blockState struct {
	changed, touched int  // number of the view that last changed it, and whose band crossed it
	behind           bool // some voxel is behind a surface

	used  int         // turn at which it was needed last
	page  spill.Piece // what the file has of it
	saved int         // number of the view up to which that is
}

// Volume is a truncated signed distance field with colour in hashed blocks. It
// is not safe for concurrent use; its methods use Config.Workers goroutines
// inside.
type Volume struct {
	cfg     Config
	table   *blockTable
	keys    []blockKey
	blocks  []*block // nil: in the file
	state   []blockState
	views   int // integrated so far
	frame   rayImage
	touch   toucher
	full    bool
	surface extracted
	tile    *BlockBox // nil: everywhere

	// stop ends what goes on block by block; what comes of it then is for nobody.
	stop <-chan struct{}

	spill    *spill.File      // nil: all blocks stay in memory
	resident int              // blocks in memory
	turn     int              // counts what needed blocks
	page     [blockBytes]byte // that a block is encoded into
}

// NewVolume returns an empty volume. cfg.VoxelM and cfg.MaxDepthM must be
// given: see SceneFor.
func NewVolume(cfg Config) (*Volume, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	if cfg.VoxelM == 0 || cfg.MaxDepthM == 0 {
		return nil, fmt.Errorf("fusion: a volume needs voxel_m and max_depth_m, got %g and %g", cfg.VoxelM, cfg.MaxDepthM)
	}
	v := &Volume{cfg: cfg.resolved(0, 0), table: newBlockTable(1024)}
	if cfg.Scratch != "" {
		v.spill = spill.New(cfg.Scratch)
	}
	return v, nil
}

func (v *Volume) stopped() bool {
	select {
	case <-v.stop:
		return true
	default:
		return false
	}
}

// Blocks returns the number of blocks.
func (v *Volume) Blocks() int { return len(v.blocks) }

// Bytes returns the memory that the blocks and their table take.
func (v *Volume) Bytes() int64 {
	return int64(v.resident)*blockBytes + int64(len(v.blocks))*(8+8+64) + int64(len(v.table.keys))*12
}

// Full reports whether Config.MaxBlocks was reached and no file takes more: what
// lies outside the blocks of that time is not mapped any more.
func (v *Volume) Full() bool { return v.full }

// BlockM returns the edge of a block in metres.
func (v *Volume) BlockM() float64 { return blockSize * v.cfg.VoxelM }

// allocate adds the blocks of keys that are not there yet and returns the
// indices of all, in the order of keys.
func (v *Volume) allocate(keys []blockKey, idx []int32) []int32 {
	idx = idx[:0]
	for _, k := range keys {
		i := v.table.get(k)
		if i < 0 {
			if v.tile != nil && !v.tile.has(k, tileBorder) {
				continue
			}
			if v.spill == nil && len(v.blocks) >= v.cfg.MaxBlocks {
				v.full = true
				continue
			}
			i = int32(len(v.blocks))
			v.table.put(k, i)
			v.keys = append(v.keys, k)
			v.blocks = append(v.blocks, new(block))
			v.state = append(v.state, blockState{})
			v.resident++
		}
		idx = append(idx, i)
	}
	return idx
}

// sortedBlocks returns the indices of all blocks by key, an order that does not
// depend on which view came first.
func (v *Volume) sortedBlocks() []int32 {
	idx := make([]int32, len(v.keys))
	for i := range idx {
		idx[i] = int32(i)
	}
	slices.SortFunc(idx, func(a, b int32) int {
		if v.keys[a] < v.keys[b] {
			return -1
		}
		return 1
	})
	return idx
}

// origin returns the world position of the first voxel of block k.
func (v *Volume) origin(k blockKey) geom.Vec3 {
	x, y, z := k.coords()
	m := v.cfg.VoxelM
	return geom.Vec3{X: BlockStart(m, int(x)), Y: BlockStart(m, int(y)), Z: BlockStart(m, int(z))}
}

// BlockStart returns where the n-th block begins along an axis, metres.
func BlockStart(voxelM float64, n int) float64 { return float64(n) * (blockSize * voxelM) }
