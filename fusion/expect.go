package fusion

import (
	"context"
	"fmt"
	"iter"
	"math"

	"github.com/metricslam/metricslam/geom"
	"github.com/metricslam/metricslam/slam"
)

// Expectation is about what a scene takes at a voxel size, before it is fused.
type Expectation struct {
	VoxelM    float64
	AreaM2    float64 // of the surfaces in sight
	Blocks    int
	Bytes     int64 // of blocks and mesh while the map is made, in memory or in the scratch file
	Triangles int
	MeshBytes int64 // of mesh.ply
}

// Bounds of what a voxel size that somebody chose may take before it is made larger:
// what a computer of 8 GB makes in minutes and a viewer of meshes still opens. Without --voxel the
// scene decides, and long ways may take more.
const (
	MostBytes     = 2 << 30
	MostMeshBytes = 1 << 29
)

// Fits reports whether the expectation is within the bounds.
func (e Expectation) Fits() bool { return e.Bytes <= MostBytes && e.MeshBytes <= MostMeshBytes }

// Finest returns the expectation of the smallest voxel, not below voxelM, that fits.
func Finest(areaM2, voxelM float64) Expectation {
	const step = 1.05
	e := Expect(areaM2, voxelM)
	for !e.Fits() {
		voxelM *= step
		e = Expect(areaM2, voxelM)
	}
	return e
}

func (e Expectation) String() string {
	return fmt.Sprintf("voxels of %.3g m take about %d blocks, %.1f GB while the map is made, and up to %.1f GB of mesh for %.0f m2 of surface",
		e.VoxelM, e.Blocks, float64(e.Bytes)/1e9, float64(e.MeshBytes)/1e9, e.AreaM2)
}

// What surface takes. On redkitchen and desk (depth of a sensor), redkitchen (a
// network) and the rendered room, at voxels of 1, 2 and 4 cm, blocks were 1.3 to 3.4
// a cell and triangles .1 to 1.1: parts that too few views see have no mesh. The
// expectation is what a scene that is seen well takes, and thus an upper bound for
// most.
const (
	blocksPerCell    = 2.4 // of a block's edge squared of surface, with the band of truncation
	trianglesPerCell = 1.1 // of a voxel's edge squared of surface
	plyBytes         = 27  // of mesh.ply a triangle: 13, and half a vertex of 27
	meshBytes        = 40  // of memory a triangle, while the mesh is cleaned
)

// cellShare is the edge of the cells by which surface is counted over the range.
const cellShare = .01

// Area adds up the surface that views see, in cells of cellShare of the range: a
// surface of area A crosses 1.5 A / g^2 cells of edge g, the mean over directions.
func Area(ctx context.Context, views iter.Seq2[slam.KeyframeView, error], cfg Config) (areaM2 float64, err error) {
	cells := map[[3]int32]struct{}{}
	var edge, farM float64
	for view, err := range views {
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			return 0, err
		}
		if CheckView(view) != nil {
			continue
		}
		if farM == 0 {
			median, far, ok := spanOf(view.Depth)
			if !ok {
				continue
			}
			farM = cfg.resolved(median, far).MaxDepthM
			edge = cellShare * farM
		}
		count(cells, view, edge, cfg.MinDepthM, farM)
	}
	return float64(len(cells)) * edge * edge / 1.5, nil
}

// count marks the cells that a view's depth lies in. Pixels are passed over where
// the next is in the same cell at the range's end.
func count(cells map[[3]int32]struct{}, v slam.KeyframeView, edge, minM, farM float64) {
	d := v.Depth
	step := max(1, int(edge*d.Camera.Fx/farM))
	for y := 0; y < d.H; y += step {
		for x := 0; x < d.W; x += step {
			z := float64(d.Depth[y*d.W+x])
			if !(z >= minM && z <= farM) {
				continue
			}
			p := v.Pose.Apply(d.Camera.Unproject(geom.Vec2{X: float64(x), Y: float64(y)}, z))
			cells[[3]int32{int32(math.Floor(p.X / edge)), int32(math.Floor(p.Y / edge)), int32(math.Floor(p.Z / edge))}] = struct{}{}
		}
	}
}

// Expect says what a surface takes at a voxel size.
func Expect(areaM2, voxelM float64) Expectation {
	e := Expectation{VoxelM: voxelM, AreaM2: areaM2}
	e.Triangles = int(trianglesPerCell * areaM2 / (voxelM * voxelM))
	e.Blocks = int(blocksPerCell * areaM2 / (blockSize * voxelM * blockSize * voxelM))
	e.MeshBytes = plyBytes * int64(e.Triangles)
	e.Bytes = blockBytes*int64(e.Blocks) + meshBytes*int64(e.Triangles)
	return e
}
