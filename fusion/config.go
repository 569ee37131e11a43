package fusion

import (
	"fmt"
	"math"
	"runtime"
)

// Config holds all of the package's parameters. Start from Default.
type Config struct {
	VoxelM    float64 `json:"voxel_m" yaml:"voxel_m"`         // edge of a voxel, metres; 0: by the scene's median depth, see SceneFor
	MaxDepthM float64 `json:"max_depth_m" yaml:"max_depth_m"` // depth beyond it is not fused, metres; 0: by the scene
	MinDepthM float64 `json:"min_depth_m" yaml:"min_depth_m"` // nor is depth below it

	// The truncation at depth z is TruncSigmas * s * z, where s is the deviation
	// of log depth, but at least TruncVoxels and at most TruncMax voxels: a band
	// as wide as the noise of a far road would fill the memory.
	TruncVoxels float64 `json:"trunc_voxels" yaml:"trunc_voxels"`
	TruncMax    float64 `json:"trunc_max" yaml:"trunc_max"`
	TruncSigmas float64 `json:"trunc_sigmas" yaml:"trunc_sigmas"`

	Align AlignConfig `json:"align" yaml:"align"`

	// EdgeSpread drops pixels where depth varies by more than this share within
	// EdgeWindow pixels (of a camera of 528 pixels focal length; the window
	// keeps its angle); 0 keeps them.
	EdgeSpread float64 `json:"edge_spread" yaml:"edge_spread"`
	EdgeWindow int     `json:"edge_window" yaml:"edge_window"`

	// MinWeight is the weight below which a voxel does not count as seen. One
	// view of deviation RefLogStd at 1 m weighs 1, at 2 m 1/4.
	MinWeight    float64 `json:"min_weight" yaml:"min_weight"`
	MinViews     int     `json:"min_views" yaml:"min_views"`         // views a voxel needs to count as seen; 0: by their number, see below
	MinTriangles int     `json:"min_triangles" yaml:"min_triangles"` // smaller connected pieces of the mesh are dropped
	SmoothIters  int     `json:"smooth_iters" yaml:"smooth_iters"`   // rounds of Taubin smoothing; 0: none

	// HoleVoxels is the longest outline, in voxels, of holes that are filled; 0: none.
	HoleVoxels float64 `json:"hole_voxels" yaml:"hole_voxels"`

	// Simplify is the error, in voxels, up to which a finished mesh is simplified, see
	// package surface; 0: not. Faces is the most triangles it may have; 0: no bound.
	Simplify float64 `json:"simplify" yaml:"simplify"`
	Faces    int     `json:"faces" yaml:"faces"`

	// Force takes VoxelM whatever it takes, see Finest.
	Force bool `json:"force" yaml:"force"`

	// MaxBlocks bounds the memory: 8 KiB a block. More lie in a file without a name
	// in the folder Scratch; without one they are not mapped.
	MaxBlocks int    `json:"max_blocks" yaml:"max_blocks"`
	Scratch   string `json:"-" yaml:"-"`

	Witness *Witness `json:"-" yaml:"-"` // keeps the depth as it is fused; may be nil
	Workers int      `json:"-" yaml:"-"` // goroutines; 0: one a core. Results do not depend on it
}

// RefLogStd is the deviation of log depth whose confidence is 1.
const RefLogStd = .02

// Default returns the configuration used unless flags say otherwise.
func Default() Config {
	return Config{
		MinDepthM:    .1,
		TruncVoxels:  4,
		TruncMax:     10,
		TruncSigmas:  3,
		Align:        DefaultAlign(),
		EdgeSpread:   .08,
		EdgeWindow:   7,
		MinTriangles: 200,
		HoleVoxels:   24, // a hole of some 8 voxels across
		Simplify:     .2, // below what the field resolves: F at 5 cm stays, a fifth of the triangles is left
		MaxBlocks:    30_000,
	}
}

// Validate returns an error that names the first parameter out of range.
func (c Config) Validate() error {
	checks := []struct {
		name   string
		v      float64
		lo, hi float64
	}{
		{"voxel_m", c.VoxelM, 0, 10},
		{"max_depth_m", c.MaxDepthM, 0, 1e4},
		{"min_depth_m", c.MinDepthM, 0, 1e4},
		{"trunc_voxels", c.TruncVoxels, 1, 100},
		{"trunc_max", c.TruncMax, c.TruncVoxels, 1000},
		{"trunc_sigmas", c.TruncSigmas, 0, 100},
		{"edge_spread", c.EdgeSpread, 0, 10},
		{"edge_window", float64(c.EdgeWindow), 1, 101},
		{"min_weight", c.MinWeight, 0, math.MaxFloat32},
		{"min_views", float64(c.MinViews), 0, math.MaxUint16},
		{"min_triangles", float64(c.MinTriangles), 0, math.MaxInt32},
		{"smooth_iters", float64(c.SmoothIters), 0, 1000},
		{"hole_voxels", c.HoleVoxels, 0, 1e6},
		{"simplify", c.Simplify, 0, 10},
		{"faces", float64(c.Faces), 0, math.MaxInt32},
		{"max_blocks", float64(c.MaxBlocks), 1, math.MaxInt32},
		{"workers", float64(c.Workers), 0, 4096},
	}
	for _, k := range checks {
		if !(k.v >= k.lo && k.v <= k.hi) {
			return fmt.Errorf("fusion: %s is %g, want %g to %g", k.name, k.v, k.lo, k.hi)
		}
	}
	if c.MaxDepthM > 0 && c.MaxDepthM <= c.MinDepthM {
		return fmt.Errorf("fusion: max_depth_m is %g, want more than min_depth_m (%g)", c.MaxDepthM, c.MinDepthM)
	}
	return c.Align.validate()
}

// ViewsFor returns the views a voxel needs to count as seen when n have been
// fused: a surface that one view in a hundred saw is more likely invented, but
// among a few keyframes one must do.
func (c Config) ViewsFor(n int) int {
	if c.MinViews > 0 {
		return c.MinViews
	}
	return min(1+n/100, 3)
}

// resolved returns c with voxel and range filled in from the depth of a scene.
func (c Config) resolved(medianM, farM float64) Config {
	s := SceneFor(medianM, farM)
	if c.VoxelM == 0 {
		c.VoxelM = s.VoxelM
	}
	if c.MaxDepthM == 0 {
		c.MaxDepthM = max(s.MaxDepthM, 2*c.MinDepthM)
	}
	if c.Workers == 0 {
		c.Workers = runtime.GOMAXPROCS(0)
	}
	return c
}

// Scene is a voxel size and a range cap that suit each other: at the cap a pixel
// of a usual camera covers no more than half a voxel.
type Scene struct {
	Name      string
	BelowM    float64 // the scene's median depth is below this,
	FarBelowM float64 // and nine tenths of its depth below that: a street begins at the bonnet
	VoxelM    float64
	MaxDepthM float64
}

// scenes in order of size. Beyond the caps the error of monocular depth, some
// per cent of z, is many voxels.
var scenes = []Scene{
	{"table top", 1, 4, .01, 2.5},
	{"indoor", 4, 12, .02, 5},
	{"hall", 8, 20, .05, 15},
	{"road", 40, math.Inf(1), .20, 35},
	{"aerial", math.Inf(1), math.Inf(1), .50, 300},
}

// SceneFor returns the scene of a median depth and a depth that nine tenths lie
// below, in metres.
func SceneFor(medianM, farM float64) Scene {
	for _, s := range scenes {
		if medianM < s.BelowM && farM < s.FarBelowM {
			return s
		}
	}
	return scenes[len(scenes)-1]
}
