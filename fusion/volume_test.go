package fusion

import (
	"math"
	"reflect"
	"slices"
	"testing"

	"github.com/metricslam/metricslam/geom"
	"github.com/metricslam/metricslam/slam"
)

func testConfig(voxelM float64) Config {
	cfg := Default()
	cfg.VoxelM, cfg.MaxDepthM, cfg.Workers = voxelM, 8, 2
	return cfg
}

// fuseScene integrates a view from every pose and returns the mesh.
func fuseScene(t testing.TB, s scene, poses []geom.SE3, cfg Config) (*Volume, *slam.Mesh) {
	t.Helper()
	return fuseViews(t, s.views(poses, cfg), cfg)
}

func fuseViews(t testing.TB, views []slam.KeyframeView, cfg Config) (*Volume, *slam.Mesh) {
	t.Helper()
	v, err := NewVolume(cfg)
	if err != nil {
		t.Fatal(err)
	}
	for _, view := range views {
		if err := v.Integrate(view); err != nil {
			t.Fatal(err)
		}
	}
	return v, meshOf(t, v)
}

func meshOf(t testing.TB, v *Volume) *slam.Mesh {
	t.Helper()
	m, err := v.Mesh()
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func vec(p [3]float32) geom.Vec3 {
	return geom.Vec3{X: float64(p[0]), Y: float64(p[1]), Z: float64(p[2])}
}

func TestSurfaceOfKnownScenes(t *testing.T) {
	const voxel = .04
	tests := []struct {
		name   string
		scene  scene
		poses  []geom.SE3
		closed bool
	}{
		{"sphere", sphere(geom.Vec3{}, 1), orbit(34, 3), true},
		{"room with a ball", union(room(geom.Vec3{X: 2, Y: 1.2, Z: 1.6}), sphere(geom.Vec3{X: 1.2, Y: .5, Z: .9}, .4)), orbit(30, -1), false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, m := fuseScene(t, tt.scene, tt.poses, testConfig(voxel))
			if len(m.Triangles) < 1000 {
				t.Fatalf("%d triangles", len(m.Triangles))
			}
			var dist, angle []float64
			for i, p := range m.Vertices {
				dist = append(dist, math.Abs(tt.scene(vec(p))))
				angle = append(angle, math.Acos(min(vec(m.Normals[i]).Dot(tt.scene.gradient(vec(p))), 1))*180/math.Pi)
				if n := vec(m.Normals[i]).Norm(); math.Abs(n-1) > 1e-5 {
					t.Fatalf("normal %d has length %g", i, n)
				}
			}
			slices.Sort(dist)
			slices.Sort(angle)
			q := func(v []float64, f float64) float64 { return v[int(f*float64(len(v)-1))] }
			t.Logf("distance in voxels: median %.3f, 95 %% %.3f, max %.3f; angle: median %.2f, 95 %% %.2f degrees",
				q(dist, .5)/voxel, q(dist, .95)/voxel, q(dist, 1)/voxel, q(angle, .5), q(angle, .95))
			if q(dist, .5) > .1*voxel || q(dist, .95) > .3*voxel {
				t.Errorf("distance to the surface: median %.3f, 95 %% %.3f voxels, want .1 and .3", q(dist, .5)/voxel, q(dist, .95)/voxel)
			}
			if q(angle, .5) > 4 || q(angle, .95) > 12 {
				t.Errorf("normals are off by %.2f degrees in the median, 95 %% %.2f, want 4 and 12", q(angle, .5), q(angle, .95))
			}
			checkManifold(t, m, tt.closed)
		})
	}
}

// checkManifold tests that no edge is used twice in one direction, that
// triangles agree with normals, and that a closed surface has no border.
func checkManifold(t *testing.T, m *slam.Mesh, closed bool) {
	t.Helper()
	used := map[[2]uint32]bool{}
	var against int
	for _, tr := range m.Triangles {
		for i := range 3 {
			e := [2]uint32{tr[i], tr[(i+1)%3]}
			if e[0] == e[1] || used[e] {
				t.Fatalf("edge %v of triangle %v is degenerate or used twice", e, tr)
			}
			used[e] = true
		}
		n := triangleNormal(m, tr)
		if vec(n).Unit().Dot(vec(m.Normals[tr[0]])) < 0 {
			against++
		}
	}
	if against*200 > len(m.Triangles) {
		t.Errorf("%d of %d triangles turn against their normals", against, len(m.Triangles))
	}
	if !closed {
		return
	}
	for e := range used {
		if !used[[2]uint32{e[1], e[0]}] {
			t.Fatalf("edge %v has a triangle on one side only", e)
		}
	}
	if euler := len(m.Vertices) - len(used)/2 + len(m.Triangles); euler != 2 {
		t.Errorf("Euler characteristic %d, want 2", euler)
	}
}

func TestCubeTable(t *testing.T) {
	for c, tri := range cubeTriangles {
		if len(tri)%3 != 0 || len(tri) > 15 || (len(tri) == 0) != (c == 0 || c == 255) {
			t.Errorf("case %d has %d indices", c, len(tri))
		}
		for _, e := range tri {
			a := cubeEdges[e].a
			b := a | 1<<cubeEdges[e].axis
			if c>>a&1 == c>>b&1 {
				t.Errorf("case %d uses edge %d, which the surface does not cross", c, e)
			}
		}
	}
}

func TestSameForAnyNumberOfWorkers(t *testing.T) {
	s := union(room(geom.Vec3{X: 2, Y: 1.2, Z: 1.6}), sphere(geom.Vec3{X: 1.2, Y: .5, Z: .9}, .4))
	var want *slam.Mesh
	cfg := testConfig(.05)
	views := s.views(orbit(8, -1), cfg)
	for _, workers := range []int{1, 2, 5} {
		cfg.Workers = workers
		_, m := fuseViews(t, views, cfg)
		if want == nil {
			want = m
		}
		if !reflect.DeepEqual(m, want) {
			t.Fatalf("%d workers give another mesh than 1", workers)
		}
	}
}

// Meshing while the volume grows gives what meshing once at the end gives.
// What was stopped ends without its work done.
func TestVolumeStops(t *testing.T) {
	v, err := NewVolume(testConfig(.05))
	if err != nil {
		t.Fatal(err)
	}
	stop := make(chan struct{})
	v.stop = stop
	for i, view := range sphere(geom.Vec3{}, 1).views(orbit(4, 3), testConfig(.05)) {
		if i == 2 {
			close(stop)
		}
		if err := v.Integrate(view); err != nil {
			t.Fatal(err)
		}
	}
	for i, s := range v.state {
		if s.changed > 2 {
			t.Fatalf("view %d changed block %d", s.changed, i)
		}
	}
	if m := meshOf(t, v); len(m.Vertices) > 0 {
		t.Errorf("%d vertices", len(m.Vertices))
	}
}

func TestIncrementalMesh(t *testing.T) {
	cfg := testConfig(.05)
	views := sphere(geom.Vec3{}, 1).views(orbit(12, 3), cfg)
	_, want := fuseViews(t, views, cfg)
	v, err := NewVolume(cfg)
	if err != nil {
		t.Fatal(err)
	}
	var got *slam.Mesh
	for _, view := range views {
		if err := v.Integrate(view); err != nil {
			t.Fatal(err)
		}
		got = meshOf(t, v)
	}
	if !reflect.DeepEqual(got, want) {
		t.Error("the mesh differs from one extracted at once")
	}
	if n := len(v.stale()); n != 0 {
		t.Errorf("%d blocks are stale after Mesh", n)
	}
}

func TestBlockTable(t *testing.T) {
	table, want := newBlockTable(1), map[blockKey]int32{}
	for i := range int32(5000) {
		k, ok := packKey(i%17-8, i%13-6, i-2500)
		if !ok {
			t.Fatal("key refused")
		}
		if x, y, z := k.coords(); x != i%17-8 || y != i%13-6 || z != i-2500 {
			t.Fatalf("coordinates %d %d %d", x, y, z)
		}
		table.put(k, i)
		want[k] = i
	}
	for k, i := range want {
		if got := table.get(k); got != i {
			t.Fatalf("got %d, want %d", got, i)
		}
	}
	if k, _ := packKey(900, 0, 0); table.get(k) != -1 {
		t.Error("found a key that was not put")
	}
	if _, ok := packKey(1<<20, 0, 0); ok {
		t.Error("a key beyond 21 bits is accepted")
	}
}
