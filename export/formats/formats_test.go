package formats_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/metricslam/metricslam/export"
	"github.com/metricslam/metricslam/export/formats"
	"github.com/metricslam/metricslam/geom"
	"github.com/metricslam/metricslam/internal/otherprograms"
	"github.com/metricslam/metricslam/mapping"
	"github.com/metricslam/metricslam/mapping/images"
	"github.com/metricslam/metricslam/slam"
)

// tilted is the world frame of the scene, which says nothing of what is up.
var tilted = geom.ExpSE3(geom.Tangent6{4, -3, 2, .4, -.3, .8})

// known is a scene in the frame of its first, level camera (x right, y down, z
// ahead): a floor 1.5 m below, a red cube 3 m ahead, a green one 1 m to the right,
// a blue one 1 m above; four cameras that see landmarks on a plane 4 m ahead.
func known(t testing.TB) formats.Map {
	t.Helper()
	m := &slam.Mesh{}
	for i := -40; i < 40; i++ { // seen from above
		for j := -40; j < 40; j++ {
			x, z := float64(i)/8, float64(j)/8
			quad(m, [3]uint8{200, 190, 180}, geom.Vec3{X: x, Y: 1.5, Z: z}, geom.Vec3{Z: .125}, geom.Vec3{X: .125})
		}
	}
	for _, c := range []struct {
		at    geom.Vec3
		color [3]uint8
	}{{geom.Vec3{Z: 3}, [3]uint8{255, 0, 0}}, {geom.Vec3{X: 1}, [3]uint8{0, 255, 0}}, {geom.Vec3{Y: -1}, [3]uint8{0, 0, 255}}} {
		for axis := range 3 {
			var e [3]geom.Vec3
			e[0], e[1], e[2] = geom.Vec3{X: .2}, geom.Vec3{Y: .2}, geom.Vec3{Z: .2}
			a, b, n := e[axis], e[(axis+1)%3], e[(axis+2)%3]
			corner := c.at.Sub(a.Add(b).Add(n).Scale(.5))
			quad(m, c.color, corner, b, a)
			quad(m, c.color, corner.Add(n), a, b)
		}
	}
	st := &mapping.State{Parts: 1}
	store := images.New(images.Options{Budget: 1 << 20})
	cam := geom.Camera{W: 80, H: 60, Fx: 70, Fy: 70, Cx: 39.5, Cy: 29.5, U1: .02}
	var path slam.Trajectory
	for i := range 4 {
		k := &mapping.Keyframe{ID: i, Frame: i, Time: 1e9 + float64(i)/4, Pose: tilted.Mul(geom.SE3{R: geom.Identity3(), T: geom.Vec3{X: .1 * float64(i)}}), Camera: cam, Unit: 1}
		gray, color := slam.NewGray(cam.W, cam.H), slam.NewRGB(cam.W/2, cam.H/2)
		for p := range gray.Pix {
			gray.Pix[p] = uint8(100 + p%7)
		}
		for p := range color.Pix {
			color.Pix[p] = [3]uint8{150, 90, 60}[p%3]
		}
		if err := store.Put(i, images.Images{Gray: gray, Color: images.NewColor(color)}); err != nil {
			t.Fatal(err)
		}
		st.Keyframes = append(st.Keyframes, k)
		path = append(path, slam.StampedPose{Time: k.Time, Pose: k.Pose})
	}
	for id := range 20 {
		p := geom.Vec3{X: float64(id%5)*.4 - .7, Y: float64(id/5)*.4 - .6, Z: 4}
		l := &mapping.Landmark{ID: id, InvDepth: .25, LogStd: .01}
		for i, k := range st.Keyframes {
			u := cam.Project(p.Sub(geom.Vec3{X: .1 * float64(i)}))
			if i > 0 {
				u.X += .3 // pixels of reprojection error
			}
			k.Features = append(k.Features, mapping.Feature{Landmark: id, Pixel: u})
			l.Obs = append(l.Obs, mapping.Observation{KF: i, Index: id})
		}
		l.Ray = cam.Ray(st.Keyframes[0].Features[id].Pixel)
		st.Landmarks = append(st.Landmarks, l)
	}
	st.Images = store.Snapshot()
	finished, err := st.Map()
	if err != nil {
		t.Fatal(err)
	}
	return formats.Map{Name: "known", Map: finished, LogStd: .02, Trajectory: path, Mesh: export.Moved(m, tilted)}
}

// quad adds a parallelogram that is seen from the side of b x a.
func quad(m *slam.Mesh, color [3]uint8, corner, a, b geom.Vec3) {
	n := uint32(len(m.Vertices))
	for _, p := range []geom.Vec3{corner, corner.Add(a), corner.Add(a).Add(b), corner.Add(b)} {
		m.Vertices = append(m.Vertices, [3]float32{float32(p.X), float32(p.Y), float32(p.Z)})
		m.Colors = append(m.Colors, color)
	}
	m.Triangles = append(m.Triangles, [3]uint32{n, n + 2, n + 1}, [3]uint32{n, n + 3, n + 2})
}

// Others open every format and find the scene where it is: COLMAP, laspy, libE57,
// OpenUSD, trimesh, pygltflib, evo.
func TestOthersOpen(t *testing.T) {
	interpreter := otherprograms.Python(t)
	t.Setenv("PATH", filepath.Dir(interpreter)+string(filepath.ListSeparator)+os.Getenv("PATH")) // laspy packs LAZ
	dir := t.TempDir()
	if _, _, err := formats.Write(context.Background(), dir, []string{formats.All, "laz"}, known(t)); err != nil {
		t.Fatal(err)
	}
	out := otherprograms.Run(t, filepath.Join("testdata", "open.py"), dir, "--known")
	if !strings.Contains(out, "laz") {
		t.Errorf("no LAZ among\n%s", out)
	}
}

// The axes are right without any other program, and a map is written to the byte as
// before.
func TestKnownScene(t *testing.T) {
	var before map[string]string
	for range 2 {
		dir := t.TempDir()
		files, skipped, err := formats.Write(context.Background(), dir, []string{formats.All}, known(t))
		if err != nil || len(skipped) != 0 {
			t.Fatalf("left out %v, error %v", skipped, err)
		}
		now := contents(t, dir)
		if len(files) < 16 || before != nil && len(before) != len(now) {
			t.Errorf("%d names, %d files, %d before", len(files), len(now), len(before))
		}
		for name, text := range before {
			if now[name] != text {
				t.Errorf("%s differs from run to run", name)
			}
		}
		before = now
		m, err := export.ReadPLY(filepath.Join(dir, "mesh.ply"))
		if err != nil {
			t.Fatal(err)
		}
		for color, want := range map[[3]uint8]geom.Vec3{{255, 0, 0}: {X: 3}, {0, 255, 0}: {Y: -1}, {0, 0, 255}: {Z: 1}} {
			if got := centre(m, color); got.Sub(want).Norm() > 1e-3 {
				t.Errorf("the cube of colour %v is at %v, want %v", color, got, want)
			}
		}
		path, err := export.ReadTUM(filepath.Join(dir, "trajectory.tum"))
		if err != nil || len(path) != 4 {
			t.Fatal(len(path), err)
		}
		if p := path[3].Pose; p.T.Sub(geom.Vec3{Y: -.3}).Norm() > 1e-6 || p.R.Col(2).Sub(geom.Vec3{X: 1}).Norm() > 1e-6 || p.R.Col(1).Sub(geom.Vec3{Z: -1}).Norm() > 1e-6 {
			t.Errorf("the last camera is %v", p)
		}
	}
	if len(before) == 0 || !strings.Contains(before["map.yaml"], "z = -1.500 m") {
		t.Errorf("map.yaml says\n%s", before["map.yaml"])
	}
}

func centre(m *slam.Mesh, color [3]uint8) (sum geom.Vec3) {
	var n float64
	for i, c := range m.Colors {
		if c == color {
			v := m.Vertices[i]
			sum = sum.Add(geom.Vec3{X: float64(v[0]), Y: float64(v[1]), Z: float64(v[2])})
			n++
		}
	}
	return sum.Scale(1 / math.Max(n, 1))
}

func contents(t *testing.T, dir string) map[string]string {
	t.Helper()
	out := make(map[string]string)
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		rel, _ := filepath.Rel(dir, path)
		out[rel] = string(data)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// A map without depth has cameras and landmarks, and says what it lacks.
func TestWithoutSurface(t *testing.T) {
	m := known(t)
	m.Mesh = nil
	dir := t.TempDir()
	files, skipped, err := formats.Write(context.Background(), dir, []string{formats.All}, m)
	if err != nil {
		t.Fatal(err)
	}
	if len(skipped) != 5 || !slices.Contains(files, "cloud.las") || slices.Contains(files, "mesh.glb") {
		t.Errorf("wrote %v, left out %v", files, skipped)
	}
	if _, _, err := formats.Write(context.Background(), dir, []string{"glb"}, m); err == nil || !strings.Contains(err.Error(), "export glb") {
		t.Errorf("a surface that is not there: %v", err)
	}
	m.LogStd = math.Inf(1)
	_, skipped, err = formats.Write(context.Background(), dir, []string{"tum"}, m)
	if err != nil || len(skipped) != 1 || !strings.Contains(contents(t, dir)["export.json"], "free scale") {
		t.Errorf("a map of free scale: %v, error %v", skipped, err)
	}
	m.Part = 1
	if _, _, err := formats.Write(context.Background(), dir, []string{"tum"}, m); err == nil || !strings.Contains(err.Error(), "part 1") {
		t.Errorf("a part that is not there: %v", err)
	}
}

func TestCheck(t *testing.T) {
	t.Setenv("PATH", "")
	if err := formats.Check([]string{"tum", "dxf"}); err == nil || !strings.Contains(err.Error(), "dxf") || !strings.Contains(err.Error(), "colmap") {
		t.Errorf("an unknown format: %v", err)
	}
	if err := formats.Check([]string{"laz"}); !errors.Is(err, export.ErrNoLAZ) {
		t.Errorf("LAZ without a program: %v", err)
	}
	if err := formats.Check(append(slices.DeleteFunc(formats.Names(), func(n string) bool { return n == "laz" }), formats.All)); err != nil {
		t.Error(err)
	}
}

func ExampleNames() {
	fmt.Println(strings.Join(formats.Names(), " "))
	// Output: colmap nerfstudio tum kitti euroc ply las laz e57 obj glb usdz grid plan
}
