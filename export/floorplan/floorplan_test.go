package floorplan_test

import (
	"errors"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/metricslam/metricslam/export/floorplan"
	"github.com/metricslam/metricslam/geom"
	"github.com/metricslam/metricslam/slam"
)

// quad adds a parallelogram seen from the side of a x b.
func quad(m *slam.Mesh, corner, a, b geom.Vec3) {
	n := uint32(len(m.Vertices))
	for _, p := range []geom.Vec3{corner, corner.Add(a), corner.Add(a).Add(b), corner.Add(b)} {
		m.Vertices = append(m.Vertices, [3]float32{float32(p.X), float32(p.Y), float32(p.Z)})
	}
	m.Triangles = append(m.Triangles, [3]uint32{n, n + 1, n + 2}, [3]uint32{n, n + 2, n + 3})
}

// A corridor of 40 m that climbs by 2 m, with a wall, a table with nothing seen
// below it, a lamp at the ceiling and a threshold.
func TestBuild(t *testing.T) {
	m := &slam.Mesh{}
	var path []geom.Vec3
	slope := func(x float64) float64 { return .05*x - 1.2 }
	for i := range 40 {
		x := float64(i)
		if i != 20 { // below the table no floor is seen
			quad(m, geom.Vec3{X: x, Z: slope(x)}, geom.Vec3{X: 1, Z: .05}, geom.Vec3{Y: 3})
		}
		quad(m, geom.Vec3{X: x, Y: 3, Z: slope(x)}, geom.Vec3{Z: 2.4}, geom.Vec3{X: 1, Z: .05}) // the wall
		path = append(path, geom.Vec3{X: x + .5, Y: 1.5, Z: slope(x + .5)}.Add(geom.Vec3{Z: 1.2}))
	}
	quad(m, geom.Vec3{X: 20, Y: .5, Z: slope(20.5) + .75}, geom.Vec3{X: 1}, geom.Vec3{Y: 1}) // the table
	quad(m, geom.Vec3{X: 10, Y: .5, Z: slope(10.5) + 2.2}, geom.Vec3{X: 1}, geom.Vec3{Y: 1}) // the lamp
	quad(m, geom.Vec3{X: 5, Y: .5, Z: slope(5.5) + .08}, geom.Vec3{X: .2}, geom.Vec3{Y: 1})  // the threshold
	g, err := floorplan.Build(m, path, floorplan.Default())
	if err != nil {
		t.Fatal(err)
	}
	at := func(x, y float64) floorplan.Cell {
		return g.Cells[int((y-g.Y0)/g.CellM)*g.W+int((x-g.X0)/g.CellM)]
	}
	for _, tt := range []struct {
		what string
		x, y float64
		want floorplan.Cell
	}{
		{"floor at the bottom", .5, 1, floorplan.Free}, {"floor at the top", 39.5, 1, floorplan.Free},
		{"wall", 30.5, 3.01, floorplan.Occupied}, {"table", 20.5, 1, floorplan.Occupied},
		{"beside the table", 20.5, 2.5, floorplan.Unknown},
		{"below the lamp", 10.5, 1, floorplan.Free}, {"threshold", 5.1, 1, floorplan.Free},
	} {
		if got := at(tt.x, tt.y); got != tt.want {
			t.Errorf("%s: state %d, want %d", tt.what, got, tt.want)
		}
	}
	if want := slope(20); math.Abs(g.FloorM-want) > .1 {
		t.Errorf("floor at %.3f m, want %.3f", g.FloorM, want)
	}
	dir := t.TempDir()
	if err := g.WriteROS(dir); err != nil {
		t.Fatal(err)
	}
	pgm, err := os.ReadFile(filepath.Join(dir, "map.pgm"))
	if err != nil || !strings.HasPrefix(string(pgm), "P5\n") || pgm[len(pgm)-1] != 205 {
		t.Errorf("map.pgm: error %v", err)
	}
	if err := (floorplan.Plan{Grid: g, Title: "corridor", LogStd: .03}).Write(dir); err != nil {
		t.Fatal(err)
	}
	svg, err := os.ReadFile(filepath.Join(dir, "floorplan.svg"))
	for _, want := range []string{"(+- 3 %)", "corridor: "} {
		if err != nil || !strings.Contains(string(svg), want) {
			t.Errorf("floorplan.svg does not say %q; error %v", want, err)
		}
	}
}

// The floor's deviation is that of the level surface from it.
func TestFloorStd(t *testing.T) {
	m := &slam.Mesh{}
	for i := range 16 {
		quad(m, geom.Vec3{X: float64(i % 4), Y: float64(i / 4), Z: .02 * float64(i%2*2-1)}, geom.Vec3{X: 1}, geom.Vec3{Y: 1})
	}
	f, ok := floorplan.FindFloor(m, []geom.Vec3{{X: 2, Y: 2, Z: 1.5}})
	if !ok || math.Abs(f.At(2, 2)) > .003 || math.Abs(f.StdM()-.02) > .003 {
		t.Errorf("floor at %.4f m with deviation %.4f, found: %v", f.At(2, 2), f.StdM(), ok)
	}
}

func TestNoFloor(t *testing.T) {
	wall := &slam.Mesh{}
	quad(wall, geom.Vec3{}, geom.Vec3{X: 1}, geom.Vec3{Z: 1})
	for name, m := range map[string]*slam.Mesh{"wall": wall, "nothing": {}} {
		if _, err := floorplan.Build(m, []geom.Vec3{{Z: 2}}, floorplan.Default()); !errors.Is(err, floorplan.ErrNoFloor) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := floorplan.Build(wall, []geom.Vec3{{}}, floorplan.Config{CellM: .1, LowM: 1, HighM: .5}); err == nil {
		t.Error("heights out of order")
	}
}
