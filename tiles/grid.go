package tiles

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/metricslam/metricslam/fusion"
)

// Grid cuts space into columns.
type Grid struct {
	VoxelM float64 `json:"voxel_m"`
	Blocks int     `json:"edge_blocks"` // of voxels along an edge
	// Axes are the two of the joint frame that the edges are along: the third is the one
	// that the cameras spread least along.
	Axes [2]int `json:"axes"`
}

// Index names a tile: it begins Index edges from the origin along the axes.
type Index struct {
	X int `json:"x"`
	Y int `json:"y"`
}

func (i Index) String() string { return fmt.Sprintf("%d,%d", i.X, i.Y) }

// File is the name of the file of a tile's surface.
func (i Index) File() string { return fmt.Sprintf("%d_%d.ply", i.X, i.Y) }

// ParseIndex reads X,Y.
func ParseIndex(s string) (i Index, err error) {
	x, y, ok := strings.Cut(s, ",")
	if ok {
		if i.X, err = strconv.Atoi(x); err == nil {
			i.Y, err = strconv.Atoi(y)
		}
	}
	if !ok || err != nil {
		return Index{}, fmt.Errorf("tile %q: want X,Y, two whole numbers of the list of tiles", s)
	}
	return i, nil
}

// EdgeM is the length of the edge of a tile.
func (g Grid) EdgeM() float64 { return fusion.BlockStart(g.VoxelM, g.Blocks) }

// Box returns the blocks of a square of n x n tiles that begins at tile i.
func (g Grid) Box(i Index, n int) fusion.BlockBox {
	var b fusion.BlockBox
	for a := range 3 {
		b.Min[a], b.Max[a] = -fusion.FarthestBlock, fusion.FarthestBlock
	}
	for k, at := range [2]int{i.X, i.Y} {
		b.Min[g.Axes[k]], b.Max[g.Axes[k]] = at*g.Blocks, (at+n)*g.Blocks
	}
	return b
}

// check names what cannot be.
func (g Grid) check() error {
	if !(g.VoxelM > 0 && g.VoxelM <= 10) || g.Blocks < 1 || g.Blocks > fusion.FarthestBlock ||
		g.Axes[0] < 0 || g.Axes[1] <= g.Axes[0] || g.Axes[1] > 2 {
		return fmt.Errorf("voxels of %g m, tiles of %d blocks, axes %v", g.VoxelM, g.Blocks, g.Axes)
	}
	return nil
}

// inside reports whether a tile lies where blocks can be.
func (g Grid) inside(i Index) bool {
	most := fusion.FarthestBlock/g.Blocks - 1
	return max(i.X, -i.X, i.Y, -i.Y) <= most
}
