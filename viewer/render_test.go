package viewer

import (
	"bytes"
	"context"
	"errors"
	"image"
	"image/color"
	"image/png"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/metricslam/metricslam/export"
	"github.com/metricslam/metricslam/geom"
	"github.com/metricslam/metricslam/slam"
)

// needGL skips a test by name where there is no OpenGL without a display; where
// CI=true that is a failure.
func needGL(t testing.TB) {
	t.Helper()
	err := offscreen(16, 16, func(*target) error { return nil })
	switch {
	case err == nil:
	case errors.Is(err, ErrNoOpenGL) && os.Getenv("CI") != "true":
		t.Skip("needs OpenGL without a display: ", err)
	default:
		t.Fatal(err)
	}
}

// squares: a green square of 1 m at 2 m before a red one of 2 m at 3 m.
func squares() *Scene {
	m := &slam.Mesh{}
	square(m, 0, 0, 3, 1, [3]uint8{255, 0, 0})
	square(m, 0, 0, 2, .5, [3]uint8{0, 255, 0})
	return &Scene{Snapshot: slam.Snapshot{Mesh: m}}
}

var plain = Style{Mode: Color}

func render(t *testing.T, s *Scene, v View, st Style) *image.NRGBA {
	t.Helper()
	img, err := RenderView(s, v, Orbit{Up: geom.Vec3{Y: -1}}, st)
	if err != nil {
		t.Fatal(err)
	}
	return img
}

func testView(ortho float64) View {
	return View{Pose: geom.IdentitySE3(), Camera: geom.Camera{W: 160, H: 120, Fx: 70, Fy: 60, Cx: 90.3, Cy: 50.8}, OrthoM: ortho}
}

func is(c color.NRGBA, r, g, b uint8) bool {
	d := func(x, y uint8) bool { return max(x, y)-min(x, y) > 3 }
	return !d(c.R, r) && !d(c.G, g) && !d(c.B, b)
}

// Colours, depth order, and edges within a pixel of where geom.Camera has them.
func TestRenderSquares(t *testing.T) {
	needGL(t)
	s := squares()
	for _, ortho := range []float64{0, 2.5} {
		v := testView(ortho)
		img := render(t, s, v, plain)
		count := func(r, g, b uint8) (box image.Rectangle) {
			for y := range 120 {
				for x := range 160 {
					if is(img.NRGBAAt(x, y), r, g, b) {
						box = box.Union(image.Rect(x, y, x+1, y+1))
					}
				}
			}
			return box
		}
		for _, e := range []struct {
			lo, hi  geom.Vec3
			r, g, b uint8
		}{
			{geom.Vec3{X: -1, Y: -1, Z: 3}, geom.Vec3{X: 1, Y: 1, Z: 3}, 255, 0, 0},
			{geom.Vec3{X: -.5, Y: -.5, Z: 2}, geom.Vec3{X: .5, Y: .5, Z: 2}, 0, 255, 0},
		} {
			lo, _ := v.Project(e.lo)
			hi, _ := v.Project(e.hi)
			got := count(e.r, e.g, e.b)
			for _, d := range []float64{float64(got.Min.X) - .5 - lo.X, float64(got.Min.Y) - .5 - lo.Y, float64(got.Max.X) - .5 - hi.X, float64(got.Max.Y) - .5 - hi.Y} {
				if math.Abs(d) > 1 {
					t.Errorf("ortho %g: colour %d,%d,%d lies at %v, want %v to %v", ortho, e.r, e.g, e.b, got, lo, hi)
					break
				}
			}
		}
		u, _ := v.Project(geom.Vec3{X: .1, Y: .1, Z: 2})
		if c := img.NRGBAAt(int(u.X+.5), int(u.Y+.5)); !is(c, 0, 255, 0) {
			t.Errorf("the near square shows as %v", c)
		}
	}
}

// centroid returns the mean place of the pixels that are nearly of a colour.
func centroid(img *image.NRGBA, want rgba) (c geom.Vec2, n int) {
	for y := range img.Rect.Dy() {
		for x := range img.Rect.Dx() {
			if is(img.NRGBAAt(x, y), want[0], want[1], want[2]) {
				c = c.Add(geom.Vec2{X: float64(x), Y: float64(y)})
				n++
			}
		}
	}
	return c.Scale(1 / float64(max(n, 1))), n
}

// A landmark lands within a pixel of its projection.
func TestRenderPoint(t *testing.T) {
	needGL(t)
	st := plain
	st.Points = true
	for _, p := range []geom.Vec3{{X: .3, Y: .2, Z: 2}, {X: -1.7, Y: -1, Z: 3}, {X: 2.3, Y: 3.1, Z: 5}} {
		v := testView(0)
		v.Pose = geom.SE3{R: geom.ExpSO3(geom.Vec3{X: .2, Y: -.3, Z: 1}), T: geom.Vec3{X: 4, Y: 5, Z: 6}}
		s := &Scene{Snapshot: slam.Snapshot{Points: []geom.Vec3{v.Pose.Apply(p)}}}
		want, _ := v.Project(s.Points[0])
		if got, n := centroid(render(t, s, v, st), pointColor); n == 0 || got.Sub(want).Norm() > 1 {
			t.Errorf("%v: %d pixels around %v, want %v", p, n, got, want)
		}
	}
}

// A line has its width and place, also one that begins behind the camera.
func TestRenderPath(t *testing.T) {
	needGL(t)
	st := plain
	st.Path = true
	v := testView(0)
	for _, z := range []float64{2, -1} { // from z to the point at 2 m
		s := &Scene{Snapshot: slam.Snapshot{Trajectory: slam.Trajectory{
			{Time: 0, Pose: geom.SE3{R: geom.Identity3(), T: geom.Vec3{X: -.8, Y: .2, Z: z}}},
			{Time: 1, Pose: geom.SE3{R: geom.Identity3(), T: geom.Vec3{X: .8, Y: .2, Z: 2}}},
		}}}
		img := render(t, s, v, st)
		u, _ := v.Project(geom.Vec3{X: .6, Y: .2, Z: 2})
		if z < 0 {
			u, _ = v.Project(geom.Vec3{X: .4, Y: .2, Z: 1.25})
		}
		if c := img.NRGBAAt(int(u.X+.5), int(u.Y+.5)); !is(c, pathColor[0], pathColor[1], pathColor[2]) {
			t.Errorf("from %g m: %v at %v", z, c, u)
		}
		if _, n := centroid(img, pathColor); n < 20 || n > 1000 {
			t.Errorf("from %g m: %d pixels", z, n)
		}
	}
}

func TestRenderModes(t *testing.T) {
	needGL(t)
	s, v := squares(), testView(0)
	at := func(st Style) color.NRGBA { return render(t, s, v, st).NRGBAAt(91, 52) }
	if c := at(Style{Mode: Normals}); !is(c, 128, 128, 0) { // the normal is -z
		t.Errorf("normals: %v", c)
	}
	if c := at(Style{Mode: Clay}); c.R < 100 || c.R > c.B {
		t.Errorf("clay: %v", c)
	}
	if c := at(Style{Mode: Shaded}); c.G < 150 || c.R > 3 {
		t.Errorf("shaded: %v", c)
	}
	if _, n := centroid(render(t, s, v, Style{Mode: Color, Wireframe: true}), rgba{0, 255, 0, 255}); n > 300 {
		t.Errorf("wireframe: %d pixels are filled", n)
	}
	// From behind: nothing, unless asked for.
	v.Pose = geom.SE3{R: geom.ExpSO3(geom.Vec3{Y: math.Pi}), T: geom.Vec3{Z: 5}}
	if _, n := centroid(render(t, s, v, plain), rgba{255, 0, 0, 255}); n != 0 {
		t.Errorf("%d pixels of a surface seen from behind", n)
	}
	if _, n := centroid(render(t, s, v, Style{Mode: Color, BackFaces: true}), rgba{255, 0, 0, 255}); n < 500 {
		t.Errorf("with back faces: %d pixels", n)
	}
}

// The current image lies in its corner with its tracks on it.
func TestRenderImage(t *testing.T) {
	needGL(t)
	s := squares()
	s.Image = slam.NewRGB(40, 30)
	for i := range s.Image.Pix {
		s.Image.Pix[i] = []uint8{10, 20, 200}[i%3]
	}
	s.Tracks = []geom.Vec2{{X: 10, Y: 20}, {X: 500, Y: 3}}
	v := testView(0)
	v.Camera = geom.CameraFromFOV(320, 240, 1)
	st := plain
	st.Image = true
	img := render(t, s, v, st)
	x, y, w, h := imageBox(320, 240, 40, 30, float64(textPx(240, 0)))
	if c := img.NRGBAAt(int(x+w-3), int(y+h-3)); !is(c, 10, 20, 200) {
		t.Errorf("the image's corner is %v", c)
	}
	want := geom.Vec2{X: x + 10.5/40*w - .5, Y: y + 20.5/30*h - .5}
	if got, n := centroid(img, trackedColor); n < 4 || n > 30 || got.Sub(want).Norm() > 1 {
		t.Errorf("%d pixels of tracks around %v, want %v", n, got, want)
	}
}

// The same scene gives the same bytes; all there is to draw draws without an
// OpenGL error; afterwards nothing is left.
func TestRenderLeavesNothing(t *testing.T) {
	needGL(t)
	s, _ := room()
	s.Trajectory, s.Truth, s.Loops = s.Keyframes, s.Keyframes, [][2]int{{0, 4}, {9, 0}}
	s.Live, s.Pose = true, s.Keyframes[2].Pose
	s.Points = []geom.Vec3{{X: 1}, {Y: 1}}
	a, err := RenderPNG(s, Options{W: 200, H: 150, Style: DefaultStyle()})
	if err != nil {
		t.Fatal(err)
	}
	before := runtime.NumGoroutine()
	for range 3 {
		b, err := RenderPNG(s, Options{W: 200, H: 150, Style: DefaultStyle()})
		if err != nil || !bytes.Equal(a, b) {
			t.Fatalf("another image of the same scene: %v", err)
		}
	}
	if img, err := png.Decode(bytes.NewReader(a)); err != nil || img.Bounds().Dx() != 200 || img.Bounds().Dy() != 150 {
		t.Errorf("%v", err)
	}
	if n := liveObjects.Load(); n != 0 {
		t.Errorf("%d OpenGL objects are left", n)
	}
	err = offscreen(64, 48, func(tg *target) error { // changing scenes make no new objects
		n := liveObjects.Load()
		for i := range 10 {
			other := *s
			other.Mesh = &slam.Mesh{Vertices: s.Mesh.Vertices[:4*(i+1)], Triangles: s.Mesh.Triangles[:2*i]}
			if _, err := tg.draw(&other, newControls(&other, DefaultStyle(), "", 64, 48).frame()); err != nil {
				return err
			}
		}
		if liveObjects.Load() != n {
			t.Errorf("%d objects, %d before", liveObjects.Load(), n)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; runtime.NumGoroutine() > before && i < 100; i++ {
		time.Sleep(10 * time.Millisecond)
	}
	if n := runtime.NumGoroutine(); n > before {
		t.Errorf("%d goroutines, %d before", n, before)
	}
}

func TestRenderRefuses(t *testing.T) {
	s := squares()
	for name, opt := range map[string]Options{
		"size": {W: -1, H: 5}, "huge": {W: 5, H: MaxSize + 1}, "one side": {W: 5}, "view": {W: 5, H: 5, View: "nowhere"},
	} {
		if _, err := RenderPNG(s, opt); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	if _, err := RenderPNG(&Scene{}, Options{}); !errors.Is(err, ErrEmpty) {
		t.Errorf("empty scene: %v", err)
	}
}

func TestRenderVideo(t *testing.T) {
	needGL(t)
	dir := t.TempDir()
	opt := VideoOptions{Options: Options{W: 97, H: 64, Style: DefaultStyle()}, Seconds: .5, FPS: 10}
	path := filepath.Join(dir, "a.mp4")
	if err := RenderVideo(context.Background(), squares(), path, opt); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(path); err != nil || info.Size() < 500 {
		t.Errorf("%v, %v", info, err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := RenderVideo(ctx, squares(), filepath.Join(dir, "b.mp4"), opt); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
	if files, _ := os.ReadDir(dir); len(files) != 1 {
		t.Errorf("left behind: %v", files)
	}
	for name, f := range map[string]func() error{
		"folder": func() error { return RenderVideo(ctx, squares(), filepath.Join(dir, "no", "b.mp4"), opt) },
		"end":    func() error { return RenderVideo(ctx, squares(), filepath.Join(dir, "b.avi"), opt) },
		"rate":   func() error { return RenderVideo(ctx, squares(), path, VideoOptions{Seconds: 1}) },
		"view": func() error {
			return RenderVideo(ctx, squares(), path, VideoOptions{Seconds: 1, FPS: 5, Options: Options{View: "top"}})
		},
	} {
		if err := f(); err == nil || errors.Is(err, context.Canceled) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestLoad(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) string {
		p := filepath.Join(dir, name)
		if err := os.WriteFile(p, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		return p
	}
	wants := func(path, want string) {
		t.Helper()
		if _, err := Load(path); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", path, err, want)
		}
	}
	wants(dir, "results folder")
	wants(filepath.Join(dir, "none"), "results folder")
	wants(write("a.obj", ""), "PLY")
	wants(write("broken.ply", "plx\n"), "broken.ply")
	wants(write("empty.ply", "ply\nformat ascii 1.0\nelement vertex 0\nproperty float x\nproperty float y\nproperty float z\nend_header\n"), "vert")
	wants(write("nan.ply", "ply\nformat ascii 1.0\nelement vertex 1\nproperty float x\nproperty float y\nproperty float z\nend_header\nnan 0 0\n"), "finite")
	write("trajectory.tum", "")
	wants(dir, "no pose")
	os.Remove(filepath.Join(dir, "trajectory.tum"))
	write("keyframes.tum", "1 2 3 4 0 0 0 1\n")
	if err := export.WritePLY(filepath.Join(dir, "mesh.ply"), squares().Mesh); err != nil {
		t.Fatal(err)
	}
	s, err := Load(dir)
	if err != nil || len(s.Mesh.Triangles) != 4 || len(s.Keyframes) != 1 {
		t.Fatalf("%+v, %v", s, err)
	}
	write("report.json", `{"source": "/x/kitchen", "keyframes": 3, "frames": 10, "posed": 9, "scale": 1.5, "scale_std": 0.02}`)
	if s, err = Load(dir); err != nil || s.Status[0] != "kitchen" || s.Status[2] != "scale 1.500 +- 2.0 %" {
		t.Errorf("%v, %v", s.Status, err)
	}
	write("report.json", "{")
	wants(dir, "report.json")
	write("trajectory.tum", "1 2 x")
	wants(dir, "trajectory.tum:1")
}
