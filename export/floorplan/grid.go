package floorplan

import (
	"errors"
	"fmt"
	"math"

	"github.com/metricslam/metricslam/geom"
	"github.com/metricslam/metricslam/internal/stats"
	"github.com/metricslam/metricslam/slam"
)

// Config says what counts as an obstacle.
type Config struct {
	CellM float64 // side of a cell
	LowM  float64 // surfaces higher than that over the floor are in the way,
	HighM float64 // unless they are higher than this
}

// Default returns the grid of an indoor robot: thresholds and carpets are passed
// over, doors' lintels under.
func Default() Config { return Config{CellM: .05, LowM: .15, HighM: 1.8} }

// Cell is what is known of a cell.
type Cell uint8

// The states of a cell: nothing seen; floor seen and nothing on it; something in
// the way.
const (
	Unknown Cell = iota
	Free
	Occupied
)

// Grid is an occupancy grid; cell 0 lies at the corner (X0, Y0), rows go up in y.
type Grid struct {
	Config
	X0, Y0 float64
	W, H   int
	Cells  []Cell
	FloorM float64     // median height of the floor below the path
	Path   []geom.Vec3 // of the cameras
}

// ErrNoFloor says that a mesh shows no floor.
var ErrNoFloor = errors.New("no level surface below the cameras is seen: a grid needs a floor")

const (
	maxCells = 1 << 28
	// leastFill is the surface in a cell, in areas of the cell, that counts: a
	// single triangle of noise has less.
	leastFill = .2
)

// Build flattens a mesh with z up.
func Build(m *slam.Mesh, path []geom.Vec3, cfg Config) (*Grid, error) {
	if !(cfg.CellM > 0) || !(cfg.LowM >= 0) || !(cfg.HighM > cfg.LowM) {
		return nil, fmt.Errorf("grid of %g m cells with obstacles from %g to %g m: all must be positive and the heights in order", cfg.CellM, cfg.LowM, cfg.HighM)
	}
	if len(m.Triangles) == 0 || len(path) == 0 {
		return nil, ErrNoFloor
	}
	lo, hi := extent(m, path)
	g := &Grid{
		Config: cfg, X0: math.Floor(lo[0]/cfg.CellM) * cfg.CellM, Y0: math.Floor(lo[1]/cfg.CellM) * cfg.CellM,
		W: int((hi[0]-lo[0])/cfg.CellM) + 2, H: int((hi[1]-lo[1])/cfg.CellM) + 2, Path: path,
	}
	if g.W > maxCells/g.H {
		return nil, fmt.Errorf("a grid of %.0f x %.0f m with cells of %g m has too many; take larger cells", hi[0]-lo[0], hi[1]-lo[1], cfg.CellM)
	}
	f, ok := findFloor(m, path, lo, hi)
	if !ok {
		return nil, ErrNoFloor
	}
	var under []float64
	for _, p := range path {
		under = append(under, f.At(p.X, p.Y))
	}
	g.FloorM = stats.Median(under)
	g.fill(m, f)
	return g, nil
}

// extent is the box of what is flattened.
func extent(m *slam.Mesh, path []geom.Vec3) (lo, hi [2]float64) {
	inf := math.Inf(1)
	lo, hi = [2]float64{inf, inf}, [2]float64{-inf, -inf}
	add := func(x, y float64) {
		lo[0], lo[1], hi[0], hi[1] = min(lo[0], x), min(lo[1], y), max(hi[0], x), max(hi[1], y)
	}
	for _, v := range m.Vertices {
		add(float64(v[0]), float64(v[1]))
	}
	for _, p := range path {
		add(p.X, p.Y)
	}
	return lo, hi
}

func (g *Grid) fill(m *slam.Mesh, f Floor) {
	blocked, open := make([]float32, g.W*g.H), make([]float32, g.W*g.H)
	samples(m, g.CellM/2, func(s sample) {
		i := int((s.Y-g.Y0)/g.CellM)*g.W + int((s.X-g.X0)/g.CellM)
		switch h := s.Z - f.At(s.X, s.Y); {
		case h > g.LowM && h < g.HighM:
			blocked[i] += float32(s.areaM2)
		case math.Abs(h) <= g.LowM && s.level:
			open[i] += float32(s.areaM2)
		}
	})
	g.Cells = make([]Cell, g.W*g.H)
	least := float32(leastFill * g.CellM * g.CellM)
	for i := range g.Cells {
		switch {
		case blocked[i] >= least:
			g.Cells[i] = Occupied
		case open[i] >= least:
			g.Cells[i] = Free
		}
	}
}
