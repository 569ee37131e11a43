package tiles

import (
	"context"
	"encoding/json"
	"errors"
	"iter"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/metricslam/metricslam/export"
	"github.com/metricslam/metricslam/fusion"
	"github.com/metricslam/metricslam/fusion/surface"
	"github.com/metricslam/metricslam/geom"
	"github.com/metricslam/metricslam/join"
	"github.com/metricslam/metricslam/slam"
)

// hall is a room of 8 x 3 x 5 m with a ball in it, as a distance from its surfaces.
func hall(p geom.Vec3) float64 {
	walls := min(4-math.Abs(p.X), 1.5-math.Abs(p.Y), 2.5-math.Abs(p.Z))
	return min(walls, p.Sub(geom.Vec3{X: 1.1, Y: .6}).Norm()-.5)
}

// look renders a view of the hall at a pose, in lengths of unit metres.
func look(id int, pose geom.SE3, unit float64) slam.KeyframeView {
	cam := geom.CameraFromFOV(80, 60, 80*math.Pi/180)
	d := slam.DepthMap{W: cam.W, H: cam.H, Camera: cam, Depth: make([]float32, cam.W*cam.H), Sigma: .02}
	color := slam.RGB{W: cam.W, H: cam.H, Pix: make([]uint8, 3*cam.W*cam.H)}
	for i := range d.Depth {
		ray := pose.R.MulVec(cam.Ray(geom.Vec2{X: float64(i % cam.W), Y: float64(i / cam.W)}))
		z := 0.0
		for range 60 {
			z += hall(pose.T.Add(ray.Scale(z))) / ray.Norm()
		}
		d.Depth[i] = float32(z / unit)
		color.Pix[3*i] = uint8(20 * z)
	}
	return slam.KeyframeView{ID: id, Pose: pose, Camera: cam, Depth: d, Color: color}
}

// hallPlan is the hall as two recordings saw it, the second in lengths of 2 m.
func hallPlan(t *testing.T, edgeM float64) (*Plan, *join.Joined) {
	t.Helper()
	dir := t.TempDir()
	j := &join.Joined{Components: []join.Component{{Recordings: 2}}}
	var dense []string
	for r, unit := range []float64{1, 2} {
		m := join.JoinedMap{Name: string('a' + rune(r)), SHA256: string('a' + rune(r))}
		var views []slam.KeyframeView
		for i := range 10 {
			a := 2 * math.Pi * float64(i) / 10
			pose := geom.SE3{R: geom.ExpSO3(geom.Vec3{Y: a}), T: geom.Vec3{X: 1.5 * float64(2*r-1), Y: .02 * math.Sin(3*a), Z: .1 * float64(i%3)}}
			views = append(views, look(i, pose, unit))
			q := geom.QuatFromMat3(pose.R)
			m.Keyframes = append(m.Keyframes, join.JoinedKeyframe{ID: i, Time: float64(i), Pose: join.Pose{Scale: unit, Q: [4]float64{q.X, q.Y, q.Z, q.W}, T: [3]float64{pose.T.X, pose.T.Y, pose.T.Z}}})
		}
		path := filepath.Join(dir, m.Name+".dense")
		if err := writeDense(context.Background(), path, m.SHA256, all(views), fusion.Default()); err != nil {
			t.Fatal(err)
		}
		dense, j.Maps = append(dense, path), append(j.Maps, m)
	}
	p, err := NewPlan(join.MapRef{File: "joined.json"}, j, dense, PlanOptions{VoxelM: .05, MaxDepthM: 6, EdgeM: edgeM})
	if err != nil {
		t.Fatal(err)
	}
	return p, j
}

func all(views []slam.KeyframeView) iter.Seq2[slam.KeyframeView, error] {
	return func(yield func(slam.KeyframeView, error) bool) {
		for _, v := range views {
			if !yield(v, nil) {
				return
			}
		}
	}
}

// fuseAll writes the surfaces of all tiles.
func fuseAll(t *testing.T, p *Plan, j *join.Joined) (dir string) {
	t.Helper()
	dir = t.TempDir()
	for _, tile := range p.Tiles {
		m, _, err := p.Fuse(context.Background(), j, tile.Index, dir)
		if err != nil {
			t.Fatal(err)
		}
		if err := export.WritePLY(filepath.Join(dir, tile.File()), m); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// untiled is the surface that one volume gives of all views.
func untiled(t *testing.T, p *Plan, j *join.Joined) *slam.Mesh {
	t.Helper()
	v, err := fusion.NewVolume(p.config())
	if err != nil {
		t.Fatal(err)
	}
	for r := range p.Recordings {
		views := TileViews{Recording: r}
		for _, k := range j.Maps[r].Keyframes {
			views.Keyframes = append(views.Keyframes, k.ID)
		}
		if _, err := p.integrate(context.Background(), j, v, views); err != nil {
			t.Fatal(err)
		}
	}
	m, err := v.Mesh()
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// Tiles weld into the surface of one volume: the same vertices to the last bit, as
// many triangles, pieces and edges at holes.
func TestMergeIsUntiled(t *testing.T) {
	p, j := hallPlan(t, 1.6)
	if len(p.Tiles) < 15 || p.Grid.Blocks != 4 || p.Grid.Axes != [2]int{0, 2} {
		t.Errorf("%d tiles of %d blocks along %v", len(p.Tiles), p.Grid.Blocks, p.Grid.Axes)
	}
	dir := fuseAll(t, p, j)
	want := untiled(t, p, j)
	var parts []part
	for _, tile := range p.Tiles {
		s, err := p.read(dir, tile.Index)
		if err != nil {
			t.Fatal(err)
		}
		parts = append(parts, s)
	}
	raw := p.config()
	raw.Simplify, raw.HoleVoxels = 0, 0
	got, _, err := fusion.Complete(context.Background(), weld(parts), raw)
	if err != nil {
		t.Fatal(err)
	}
	if a, b := surface.Inspect(got), surface.Inspect(want); a != b {
		t.Errorf("welded %+v, of one volume %+v", a, b)
	}
	in := make(map[[3]float32]bool)
	for _, v := range got.Vertices {
		in[v] = true
	}
	for _, v := range want.Vertices {
		if !in[v] {
			t.Fatalf("no tile has the vertex %v", v)
		}
	}
	m, holes, err := p.Merge(context.Background(), dir)
	if err != nil {
		t.Fatal(err)
	}
	one, holesOne, err := fusion.Complete(context.Background(), want, p.config())
	if err != nil {
		t.Fatal(err)
	}
	// Edges are collapsed in another order.
	a, b := surface.Inspect(m), surface.Inspect(one)
	if holes != holesOne || a.Components != b.Components || a.Euler != b.Euler || off(a.BoundaryEdges, b.BoundaryEdges) > .02 || off(a.Triangles, b.Triangles) > .02 {
		t.Errorf("merged %+v with %d holes filled, of one volume %+v with %d", a, holes, b, holesOne)
	}
	for _, v := range m.Vertices {
		if d := math.Abs(hall(geom.Vec3{X: float64(v[0]), Y: float64(v[1]), Z: float64(v[2])})); d > .1 {
			t.Fatalf("vertex %v lies %.2f m off the walls", v, d)
		}
	}
}

// off is how far a number is off another, as a share of it.
func off(n, of int) float64 { return math.Abs(float64(n-of)) / float64(of) }

// The files of a pyramid are there, their boxes lie within those of their parents, and
// the leaves meet: what is open at their seams is open in the mesh of one volume too.
func TestPyramid(t *testing.T) {
	p, j := hallPlan(t, 1.6)
	dir, out := fuseAll(t, p, j), t.TempDir()
	files, err := p.Pyramid(context.Background(), dir, out)
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(out, "tileset.json"))
	if err != nil {
		t.Fatal(err)
	}
	var set tileset
	if err := json.Unmarshal(text, &set); err != nil || set.Asset.Version != "1.1" {
		t.Fatalf("tileset.json: %v, %+v", err, set.Asset)
	}
	var count func(n *tileNode) int
	count = func(n *tileNode) int {
		if info, err := os.Stat(filepath.Join(out, n.Content.URI)); err != nil || info.Size() == 0 {
			t.Errorf("%s: %v", n.Content.URI, err)
		}
		all := 1
		for _, c := range n.Children {
			if c.GeometricError >= n.GeometricError || !within(c.Volume, n.Volume) {
				t.Errorf("%s is not within its parent %s", c.Content.URI, n.Content.URI)
			}
			all += count(c)
		}
		return all
	}
	if n := count(set.Root); n != files {
		t.Errorf("%d nodes, %d files", n, files)
	}
	small, err := p.smallPieces(dir)
	if err != nil {
		t.Fatal(err)
	}
	y := &pyramid{plan: p, dir: dir, out: out, small: small, tiles: make(map[Index]bool)}
	var leaves []part
	for _, tile := range p.Tiles {
		y.tiles[tile.Index] = true
		m, err := y.leaf(context.Background(), tile.Index)
		if err != nil {
			t.Fatal(err)
		}
		leaves = append(leaves, part{m, p.stays(tile.Index, 1)})
	}
	one := untiled(t, p, j)
	if got, want := surface.Inspect(weld(leaves)), surface.Inspect(one); got.BoundaryEdges > want.BoundaryEdges || got.OddEdges > want.OddEdges || got.Triangles > want.Triangles/2 {
		t.Errorf("leaves together %+v, of one volume %+v", got, want)
	}
}

func within(a, b tileVolume) bool {
	for i := range 3 {
		if math.Abs(a.Box[i]-b.Box[i])+a.Box[3+4*i] > b.Box[3+4*i]+1e-6 {
			return false
		}
	}
	return true
}

func TestPlanFile(t *testing.T) {
	p, j := hallPlan(t, 3.2)
	path := filepath.Join(t.TempDir(), "tiles.json")
	if err := p.Write(path); err != nil {
		t.Fatal(err)
	}
	q, err := ReadPlan(path)
	if err != nil || len(q.Tiles) != len(p.Tiles) || q.Grid != p.Grid {
		t.Fatalf("%+v, %v", q, err)
	}
	if _, _, err := q.Fuse(context.Background(), j, Index{99, 99}, ""); err == nil || !strings.Contains(err.Error(), "99,99") {
		t.Errorf("a tile that is not there: %v", err)
	}
	if _, _, err := q.Merge(context.Background(), t.TempDir()); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("no tile is there: %v", err)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, bad := range [][2]string{{`"voxel_m": 0.05`, `"voxel_m": 0`}, {`"edge_blocks": 8`, `"edge_blocks": -1`}, {`"recording": 0`, `"recording": 7`}, {`"kind": "tiles"`, `"kind": "pairs"`}, {`"max_depth_m": 6`, `"max_depth_m": -6`}} {
		wrong := strings.Replace(string(text), bad[0], bad[1], 1)
		if wrong == string(text) {
			t.Fatalf("no %s in the plan", bad[0])
		}
		if err := os.WriteFile(path, []byte(wrong), 0o644); err != nil {
			t.Fatal(err)
		}
		if _, err := ReadPlan(path); err == nil || !strings.Contains(err.Error(), "tiles.json") {
			t.Errorf("%s: %v", bad[1], err)
		}
	}
}

// A dense file of another map, a map file, and a recording without a dense file are named.
func TestDenseErrors(t *testing.T) {
	p, j := hallPlan(t, 3.2)
	j.Maps[0].SHA256 = "other"
	if _, _, err := p.Fuse(context.Background(), j, p.Tiles[0].Index, ""); err == nil || !strings.Contains(err.Error(), "another map") {
		t.Errorf("depth of another map: %v", err)
	}
	if _, err := NewPlan(join.MapRef{}, j, []string{p.Recordings[1].Dense}, PlanOptions{}); err == nil || !strings.Contains(err.Error(), "map dense") {
		t.Errorf("no dense file: %v", err)
	}
	d, err := OpenDense(p.Recordings[0].Dense)
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	if _, err := d.View(77, geom.IdentitySim3()); err == nil || !strings.Contains(err.Error(), "keyframe 77") {
		t.Errorf("a keyframe that is not there: %v", err)
	}
}

func TestApart(t *testing.T) {
	lo, hi := [2]float64{0, 0}, [2]float64{1, 1}
	for _, c := range []struct {
		points [][2]float64
		want   bool
	}{
		{[][2]float64{{-1, .5}, {2, .5}, {2, .6}}, false},
		{[][2]float64{{-1, -1}, {-2, 3}, {-3, 0}}, true},
		{[][2]float64{{-2, 1.5}, {.4, 3}, {-1, 3}}, true}, // the boxes overlap, a slanted line separates
		{[][2]float64{{-5, -5}, {5, -5}, {0, 9}}, false},
	} {
		if got := apart(c.points, lo, hi); got != c.want {
			t.Errorf("apart(%v) = %v", c.points, got)
		}
	}
}

func TestParseIndex(t *testing.T) {
	if i, err := ParseIndex("-3,12"); err != nil || i != (Index{-3, 12}) {
		t.Errorf("%v, %v", i, err)
	}
	for _, bad := range []string{"", "1", "1,", "a,b", "1,2,3"} {
		if _, err := ParseIndex(bad); err == nil {
			t.Errorf("%q is taken", bad)
		}
	}
}
