package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/metricslam/metricslam/export"
	"github.com/metricslam/metricslam/geom"
	"github.com/metricslam/metricslam/internal/realdata"
	"github.com/metricslam/metricslam/slam"
)

func TestFuse(t *testing.T) {
	scene, out := realdata.Path(t, "tum/redkitchen"), t.TempDir()
	status, stdout, stderr := capture(t, "fuse", scene, "--poses", filepath.Join(scene, "groundtruth.txt"), "--depth", "sensor",
		"--stride", "40", "--voxel", ".04", "--mesh-format", "ply,glb", "-o", out, "--json", "--quiet")
	if status != 0 {
		t.Fatalf("status %d: %s", status, stderr)
	}
	var rep fuseReport
	if err := json.Unmarshal([]byte(stdout), &rep); err != nil {
		t.Fatal(err)
	}
	if rep.Frames != 10 || rep.Posed != 10 || rep.Fusion.Views != 10 || rep.Fusion.VoxelM != .04 {
		t.Errorf("report %+v", rep)
	}
	mesh := filepath.Join(out, "mesh.ply")
	if m, err := export.ReadPLY(mesh); err != nil || len(m.Triangles) != rep.Fusion.Triangles || m.Colors == nil || m.Normals == nil {
		t.Errorf("%s: %v, %d triangles reported", mesh, err, rep.Fusion.Triangles)
	}
	for _, name := range []string{"mesh.glb", "report.json"} {
		if _, err := os.Stat(filepath.Join(out, name)); err != nil {
			t.Error(err)
		}
	}
	status, stdout, stderr = capture(t, "eval", "mesh", "--truth", mesh, "--estimate", mesh, "--align", "icp", "--samples", "20000", "--json")
	var result struct {
		F float64 `json:"f_score"`
	}
	if err := json.Unmarshal([]byte(stdout), &result); status != 0 || err != nil || result.F < .999 {
		t.Errorf("eval mesh with itself: status %d, F %g, %s", status, result.F, stderr)
	}
}

// TestFuseAgreement: where the depth states no deviation by pixel, that of the
// agreement is another one, and all views are still fused.
func TestFuseAgreement(t *testing.T) {
	scene := realdata.Path(t, "tum/redkitchen")
	for _, flag := range []string{"--agreement", "--agreement=false"} {
		status, stdout, stderr := capture(t, "fuse", scene, "--poses", filepath.Join(scene, "groundtruth.txt"), "--depth", "sim:frame=0,bias=0",
			"--stride", "50", "--voxel", ".05", "-o", t.TempDir(), "--json", "--quiet", flag)
		var rep fuseReport
		if err := json.Unmarshal([]byte(stdout), &rep); status != 0 || err != nil || rep.Fusion.Views != 8 || rep.Fusion.Triangles == 0 {
			t.Errorf("%s: status %d, %s, %v, %+v", flag, status, stderr, err, rep.Fusion)
		}
	}
}

// TestFuseRefined: frames refine each other's estimated depth.
func TestFuseRefined(t *testing.T) {
	scene := realdata.Path(t, "tum/redkitchen")
	status, stdout, stderr := capture(t, "fuse", scene, "--poses", "truth", "--depth", "sim:frame=.05,bias=0",
		"--stride", "20", "--max-frames", "6", "--voxel", ".04", "-o", t.TempDir(), "--json", "--quiet", "--refine")
	var rep fuseReport
	if err := json.Unmarshal([]byte(stdout), &rep); status != 0 || err != nil || rep.Fusion.Views != 6 || rep.Fusion.Triangles == 0 || rep.Fusion.Aligned != 0 {
		t.Errorf("status %d, %s, %v, %+v", status, stderr, err, rep.Fusion)
	}
}

func TestFuseRefuses(t *testing.T) {
	scene := realdata.Path(t, "tum/redkitchen")
	truth := filepath.Join(scene, "groundtruth.txt")
	late := filepath.Join(t.TempDir(), "late.txt")
	if err := export.WriteTUM(late, slam.Trajectory{{Time: 1e6, Pose: geom.IdentitySE3()}}); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name string
		args []string
		want string
	}{
		{"no poses file", []string{"--poses", "none.txt", "--depth", "sensor"}, "none.txt"},
		{"other clock", []string{"--poses", late, "--depth", "sensor"}, "same clock"},
		{"no depth", []string{"--poses", truth, "--depth", "none"}, "choose another --depth"},
		{"voxel", []string{"--poses", truth, "--depth", "sensor", "--voxel=-1"}, "voxel_m"},
		{"format", []string{"--poses", truth, "--mesh-format", "stl"}, "stl"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			args := append([]string{"fuse", scene, "--max-frames", "2", "--quiet", "-o", t.TempDir()}, tt.args...)
			if status, _, stderr := capture(t, args...); status == 0 || !strings.Contains(stderr, tt.want) {
				t.Errorf("status %d, %q, want an error with %q", status, stderr, tt.want)
			}
		})
	}
}
