package fusion

import (
	"context"
	"slices"
	"testing"

	"github.com/metricslam/metricslam/geom"
	"github.com/metricslam/metricslam/slam"
)

// A map that grows view by view ends as the one that is built at once.
func TestGrowing(t *testing.T) {
	var views []slam.KeyframeView
	s := sphere(geom.Vec3{}, 1)
	for i, pose := range orbit(6, 3) {
		views = append(views, s.view(i, testCamera(), pose))
	}
	cfg := testConfig(.1)
	cfg.Simplify, cfg.HoleVoxels = 0, 0
	g, err := NewGrowing(cfg)
	if err != nil {
		t.Fatal(err)
	}
	mesh := func() *slam.Mesh {
		m, err := g.Mesh()
		if err != nil {
			t.Fatal(err)
		}
		return m
	}
	if mesh() != nil {
		t.Error("a mesh of no view")
	}
	for _, v := range views {
		if err := g.Add(v); err != nil {
			t.Fatal(err)
		}
		if m := mesh(); m == nil || len(m.Triangles) == 0 {
			t.Fatalf("no mesh after view %d", v.ID)
		}
	}
	at, _, err := Fuse(context.Background(), sequence(views...), cfg)
	if err != nil {
		t.Fatal(err)
	}
	if m := mesh(); !slices.Equal(m.Vertices, at.Vertices) || !slices.Equal(m.Triangles, at.Triangles) {
		t.Errorf("%d vertices and %d triangles, at once %d and %d", len(m.Vertices), len(m.Triangles), len(at.Vertices), len(at.Triangles))
	}
	cfg.VoxelM = -1
	if _, err := NewGrowing(cfg); err == nil {
		t.Error("settings that make no sense are taken")
	}
}
