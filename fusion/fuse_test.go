package fusion

import (
	"context"
	"errors"
	"iter"
	"math"
	"strings"
	"testing"

	"github.com/metricslam/metricslam/geom"
	"github.com/metricslam/metricslam/slam"
)

func sequence(views ...slam.KeyframeView) iter.Seq2[slam.KeyframeView, error] {
	return func(yield func(slam.KeyframeView, error) bool) {
		for _, v := range views {
			if !yield(v, nil) {
				return
			}
		}
	}
}

func TestCheckViewRefuses(t *testing.T) {
	nan := math.NaN()
	tests := map[string]func(v *slam.KeyframeView){
		"no depth":          func(v *slam.KeyframeView) { v.Depth.Depth = nil },
		"with 10 values":    func(v *slam.KeyframeView) { v.Depth.Depth = v.Depth.Depth[:10] },
		"depth of 0x":       func(v *slam.KeyframeView) { v.Depth.W = 0 },
		"camera of":         func(v *slam.KeyframeView) { v.Depth.Camera.W = 10 },
		"3 deviations":      func(v *slam.KeyframeView) { v.Depth.LogStd = make([]float32, 3) },
		"focal lengths":     func(v *slam.KeyframeView) { v.Camera.Fx = 0 },
		"focal":             func(v *slam.KeyframeView) { v.Depth.Camera.Fy = nan },
		"colour image":      func(v *slam.KeyframeView) { v.Color = slam.NewRGB(3, 3) },
		"grey image":        func(v *slam.KeyframeView) { v.Gray = slam.NewGray(3, 3) },
		"pose":              func(v *slam.KeyframeView) { v.Pose.T.X = nan },
		"no rotation":       func(v *slam.KeyframeView) { v.Pose.R = geom.Mat3{} },
		"deviations":        func(v *slam.KeyframeView) { v.Depth.Sigma = -1 },
		"deviations of dep": func(v *slam.KeyframeView) { v.Depth.ScaleSigma = nan },
	}
	good := sphere(geom.Vec3{}, 1).view(7, testCamera(), orbit(1, 3)[0])
	for want, spoil := range tests {
		v := good
		spoil(&v)
		if err := CheckView(v); err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "view 7") {
			t.Errorf("got %v, want an error with %q", err, want)
		}
		volume, err := NewVolume(testConfig(.1))
		if err != nil {
			t.Fatal(err)
		}
		if volume.Integrate(v) == nil {
			t.Errorf("%s: integrated", want)
		}
	}
	if err := CheckView(good); err != nil {
		t.Error(err)
	}
}

func TestFuseSkipsWhatIsUnusable(t *testing.T) {
	s := sphere(geom.Vec3{}, 1)
	poses := orbit(12, 3)
	var views []slam.KeyframeView
	for i, p := range poses {
		views = append(views, s.view(i, testCamera(), p))
	}
	broken, unknown := views[0], views[1]
	broken.Pose.T.X = math.Inf(1)
	unknown.Depth.Depth = make([]float32, len(unknown.Depth.Depth))
	m, stats, err := Fuse(t.Context(), sequence(append([]slam.KeyframeView{broken, unknown}, views...)...), Config{
		VoxelM: .05, TruncVoxels: 4, TruncMax: 8, EdgeWindow: 7, MaxBlocks: 10_000, Align: DefaultAlign(),
	})
	if err != nil || len(m.Triangles) < 1000 {
		t.Fatalf("%v", err)
	}
	if stats.Views != 12 || stats.Skipped != 2 || len(stats.Reasons) != 2 || stats.Triangles != len(m.Triangles) {
		t.Errorf("%+v", stats)
	}
}

func TestFuseErrors(t *testing.T) {
	view := sphere(geom.Vec3{}, 1).view(0, testCamera(), orbit(1, 3)[0])
	if _, _, err := Fuse(t.Context(), sequence(), Default()); !errors.Is(err, ErrNoView) {
		t.Errorf("no view: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, _, err := Fuse(ctx, sequence(view), Default()); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
	lost := errors.New("disk is gone")
	failing := func(yield func(slam.KeyframeView, error) bool) { yield(slam.KeyframeView{}, lost) }
	if _, _, err := Fuse(t.Context(), failing, Default()); !errors.Is(err, lost) {
		t.Errorf("failing sequence: %v", err)
	}
	bad := Default()
	bad.TruncVoxels = 0
	if _, _, err := Fuse(t.Context(), sequence(view), bad); err == nil || !strings.Contains(err.Error(), "trunc_voxels") {
		t.Errorf("bad configuration: %v", err)
	}
}

func TestConfigValidate(t *testing.T) {
	if err := Default().Validate(); err != nil {
		t.Error(err)
	}
	tests := map[string]func(c *Config){
		"voxel_m":          func(c *Config) { c.VoxelM = -1 },
		"max_depth_m":      func(c *Config) { c.MaxDepthM = math.NaN() },
		"min_depth_m":      func(c *Config) { c.MaxDepthM, c.MinDepthM = 1, 2 },
		"trunc_max":        func(c *Config) { c.TruncMax = 1 },
		"edge_window":      func(c *Config) { c.EdgeWindow = 0 },
		"max_blocks":       func(c *Config) { c.MaxBlocks = 0 },
		"align.warp_sigma": func(c *Config) { c.Align.WarpSigma = 0 },
		"align.min_scale":  func(c *Config) { c.Align.MinScale = 20 },
		"align.min_sigma":  func(c *Config) { c.Align.MinSigma = -1 },
	}
	for want, spoil := range tests {
		c := Default()
		spoil(&c)
		if err := c.Validate(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want an error with %q", err, want)
		}
	}
	if _, err := NewVolume(Default()); err == nil {
		t.Error("a volume without a voxel size is accepted")
	}
}

func TestSceneFor(t *testing.T) {
	for _, tt := range []struct {
		medianM, farM, voxelM, maxM float64
	}{
		{.5, 2, .01, 2.5}, {2, 4, .02, 5}, {6, 12, .05, 15}, {12, 40, .2, 35}, {500, 700, .5, 300},
		{.5, 6, .02, 5}, {3, 14, .05, 15}, {7, 33, .2, 35}, // near things before a wide scene
	} {
		if s := SceneFor(tt.medianM, tt.farM); s.VoxelM != tt.voxelM || s.MaxDepthM != tt.maxM {
			t.Errorf("%g m: %+v", tt.medianM, s)
		}
	}
}

// A surface that one view invented goes when others see through it.
func TestGhostIsCarved(t *testing.T) {
	wall := room(geom.Vec3{X: 3, Y: 3, Z: 3})
	cfg := testConfig(.05)
	cfg.MinTriangles = 0
	v, err := NewVolume(cfg)
	if err != nil {
		t.Fatal(err)
	}
	ghosts := func() (n int) {
		for _, p := range meshOf(t, v).Vertices {
			if wall(vec(p)) > .5 {
				n++
			}
		}
		return n
	}
	pose := lookAt(geom.Vec3{}, geom.Vec3{Z: 1})
	view := wall.view(0, testCamera(), pose)
	honest := wall.view(1, testCamera(), pose)
	for y := 75; y < 105; y++ {
		for x := 105; x < 135; x++ {
			view.Depth.Depth[y*view.Depth.W+x] = 1.5
		}
	}
	if err := v.Integrate(view); err != nil {
		t.Fatal(err)
	}
	if ghosts() == 0 {
		t.Fatal("the test has no ghost")
	}
	for range 20 {
		if err := v.Integrate(honest); err != nil {
			t.Fatal(err)
		}
	}
	if n := ghosts(); n > 0 {
		t.Errorf("%d vertices of the ghost are left", n)
	}
}

// Coarse depth with a larger colour image: the surface stays smooth and takes
// its colours from where they are in the image.
func TestCoarseDepthTakesColourByProjection(t *testing.T) {
	wall := room(geom.Vec3{X: 3, Y: 3, Z: 2})
	cfg := testConfig(.02)
	v, err := NewVolume(cfg)
	if err != nil {
		t.Fatal(err)
	}
	view := wall.view(0, geom.CameraFromFOV(80, 60, 1), lookAt(geom.Vec3{}, geom.Vec3{Z: 1}))
	view.Camera = view.Camera.Resized(640, 480)
	view.Color = slam.NewRGB(640, 480)
	for i := range 640 * 480 {
		if i%640 >= 320 {
			view.Color.Pix[3*i] = 200
		} else {
			view.Color.Pix[3*i+2] = 100
		}
	}
	if err := v.Integrate(view); err != nil {
		t.Fatal(err)
	}
	m := meshOf(t, v)
	if len(m.Vertices) < 5000 {
		t.Fatalf("%d vertices", len(m.Vertices))
	}
	for i, p := range m.Vertices {
		want := [3]uint8{200, 0, 0}
		if p[0] < 0 {
			want = [3]uint8{0, 0, 100}
		}
		if math.Abs(float64(p[0])) > .06 && m.Colors[i] != want {
			t.Fatalf("vertex at %v has colour %v, want %v", p, m.Colors[i], want)
		}
		if d := math.Abs(wall(vec(p))); d > .3*cfg.VoxelM && math.Abs(float64(p[0])) < .8 && math.Abs(float64(p[1])) < .6 {
			t.Fatalf("vertex %v is %.4f m off", p, d)
		}
	}
}

func TestVolumeIsBounded(t *testing.T) {
	cfg := testConfig(.02)
	cfg.MaxBlocks = 100
	v, _ := fuseScene(t, sphere(geom.Vec3{}, 1), orbit(2, 3), cfg)
	if v.Blocks() != 100 || !v.Full() {
		t.Errorf("%d blocks, full %v", v.Blocks(), v.Full())
	}
}

func TestSmallPiecesAreDropped(t *testing.T) {
	s := union(sphere(geom.Vec3{}, 1), sphere(geom.Vec3{Y: -1.5}, .15))
	cfg := testConfig(.05)
	cfg.MinTriangles = 1000
	_, m := fuseScene(t, s, orbit(30, 4), cfg)
	for _, p := range m.Vertices {
		if p[1] < -1.2 {
			t.Fatalf("vertex %v of the small sphere is left", p)
		}
	}
	used := make([]bool, len(m.Vertices))
	for _, tr := range m.Triangles {
		for _, i := range tr {
			used[i] = true
		}
	}
	for i, u := range used {
		if !u {
			t.Fatalf("vertex %d is not used", i)
		}
	}
}
