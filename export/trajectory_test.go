package export_test

import (
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/metricslam/metricslam/export"
	"github.com/metricslam/metricslam/geom"
	"github.com/metricslam/metricslam/internal/realdata"
	"github.com/metricslam/metricslam/slam"
)

func randomPose(rng *rand.Rand) geom.SE3 {
	var xi geom.Tangent6
	for i := range xi {
		xi[i] = rng.NormFloat64()
	}
	return geom.ExpSE3(xi)
}

func poseDistance(a, b geom.SE3) float64 {
	d := a.Between(b)
	return math.Max(d.T.Norm(), geom.RotationAngle(d.R))
}

func TestTUMRoundTrip(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	var want slam.Trajectory
	for i := range 50 {
		want = append(want, slam.StampedPose{Time: 1403636579.763556 + float64(i)/20, Pose: randomPose(rng)})
	}
	path := filepath.Join(t.TempDir(), "t.tum")
	if err := export.WriteTUM(path, want); err != nil {
		t.Fatal(err)
	}
	got, err := export.ReadTUM(path)
	if err != nil {
		t.Fatal(err)
	}
	if len(got) != len(want) {
		t.Fatalf("%d poses, want %d", len(got), len(want))
	}
	for i := range got {
		if dt := math.Abs(got[i].Time - want[i].Time); dt > 1e-6 {
			t.Errorf("pose %d: time off by %g s", i, dt)
		}
		if d := poseDistance(got[i].Pose, want[i].Pose); d > 1e-8 {
			t.Errorf("pose %d: off by %g", i, d)
		}
	}
}

func TestKITTIRoundTrip(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	var want []geom.SE3
	for range 50 {
		want = append(want, randomPose(rng))
	}
	path := filepath.Join(t.TempDir(), "t.kitti")
	if err := export.WriteKITTI(path, want); err != nil {
		t.Fatal(err)
	}
	got, err := export.ReadKITTI(path)
	if err != nil || len(got) != len(want) {
		t.Fatalf("%d poses, %v, want %d", len(got), err, len(want))
	}
	for i := range got {
		if d := poseDistance(got[i], want[i]); d > 1e-8 {
			t.Errorf("pose %d: off by %g", i, d)
		}
	}
}

func TestReadBadTrajectories(t *testing.T) {
	const tum = "0 0 0 0 0 0 0 1\n"
	const kitti = "1 0 0 0 0 1 0 0 0 0 1 0\n"
	tests := []struct {
		name, content string
		kitti         bool
		want          []string // parts of the error
	}{
		{"empty", "", false, []string{"no pose"}},
		{"comments only", "# a\n\n#b\n", false, []string{"no pose"}},
		{"too few", tum + "1 2 3\n", false, []string{":2:", "3 numbers, want 8"}},
		{"trailing number", tum + "1 0 0 0 0 0 0 1 9\n", false, []string{":2:", "9 numbers"}},
		{"word", "# c\n0 0 x 0 0 0 0 1\n", false, []string{":2:", "column 3", `"x"`}},
		{"NaN", tum + "1 nan 0 0 0 0 0 1\n", false, []string{":2:", "column 2", "not finite"}},
		{"infinite time", "inf 0 0 0 0 0 0 1\n", false, []string{":1:", "column 1"}},
		{"too large", "0 1e999 0 0 0 0 0 1\n", false, []string{":1:", "column 2"}},
		{"unsorted", "1 0 0 0 0 0 0 1\n" + tum, false, []string{":2:", "0.000000", "1.000000", "sort"}},
		{"duplicate", tum + tum, false, []string{":2:", "increase"}},
		{"zero quaternion", "0 0 0 0 0 0 0 0\n", false, []string{":1:", "quaternion"}},
		{"long quaternion", "0 0 0 0 0 0 1 1\n", false, []string{":1:", "length 1.414"}},
		{"kitti empty", "\n", true, []string{"no pose"}},
		{"kitti short", kitti + "1 0 0\n", true, []string{":2:", "3 numbers, want 12"}},
		{"kitti NaN", "1 0 0 NaN 0 1 0 0 0 0 1 0\n", true, []string{":1:", "column 4"}},
		{"kitti scaled", "2 0 0 0 0 2 0 0 0 0 2 0\n", true, []string{":1:", "rotation"}},
		{"kitti mirror", kitti + "1 0 0 0 0 1 0 0 0 0 -1 0\n", true, []string{":2:", "rotation"}},
		{"binary", "\x00\x00\x00 ftypisom", false, []string{"no text", "ftyp"}},
		{"kitti read as tum", kitti, false, []string{":1:", "12 numbers, want 8"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "traj.txt")
			if err := os.WriteFile(path, []byte(tt.content), 0o600); err != nil {
				t.Fatal(err)
			}
			var err error
			if tt.kitti {
				_, err = export.ReadKITTI(path)
			} else {
				_, err = export.ReadTUM(path)
			}
			if err == nil {
				t.Fatal("no error")
			}
			for _, part := range append(tt.want, path) {
				if !strings.Contains(err.Error(), part) {
					t.Errorf("error %q does not contain %q", err, part)
				}
			}
		})
	}
}

func TestReadMissingFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "none.txt")
	if _, err := export.ReadTUM(path); err == nil || !strings.Contains(err.Error(), path) {
		t.Errorf("error %v, want one that names %s", err, path)
	}
}

func TestReadTolerates(t *testing.T) {
	content := "\ufeff# header\r\n  0.5\t1 2 3 0 0 0 1.001 \r\n\r\n1e0 1 2 3 0 0 0 -1"
	path := filepath.Join(t.TempDir(), "t.txt")
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	got, err := export.ReadTUM(path)
	if err != nil {
		t.Fatal(err)
	}
	if len(got) != 2 || got[0].Time != .5 || got[1].Time != 1 {
		t.Fatalf("got %v", got)
	}
	for i, p := range got {
		if p.Pose.R != geom.Identity3() || p.Pose.T != (geom.Vec3{X: 1, Y: 2, Z: 3}) {
			t.Errorf("pose %d: got %v", i, p.Pose)
		}
	}
}

func TestWriteRefuses(t *testing.T) {
	bad := geom.IdentitySE3()
	bad.T.Y = math.NaN()
	ok := geom.IdentitySE3()
	tests := []struct {
		name string
		traj slam.Trajectory
	}{
		{"NaN pose", slam.Trajectory{{Time: 0, Pose: bad}}},
		{"NaN time", slam.Trajectory{{Time: math.NaN(), Pose: ok}}},
		{"repeated time", slam.Trajectory{{Time: 1, Pose: ok}, {Time: 1, Pose: ok}}},
		{"falling time", slam.Trajectory{{Time: 1, Pose: ok}, {Time: 0, Pose: ok}}},
	}
	path := filepath.Join(t.TempDir(), "t.tum")
	for _, tt := range tests {
		if err := export.WriteTUM(path, tt.traj); err == nil {
			t.Errorf("%s: no error", tt.name)
		}
	}
	if err := export.WriteKITTI(path, []geom.SE3{ok, bad}); err == nil || !strings.Contains(err.Error(), "pose 1") {
		t.Errorf("KITTI: error %v, want one that names pose 1", err)
	}
	if _, err := os.Stat(path); err == nil {
		t.Error("a refused trajectory left a file")
	}
}

// Times within a microsecond are written with the digits that tell them apart.
func TestWriteCloseTimes(t *testing.T) {
	path := filepath.Join(t.TempDir(), "t.tum")
	ok := geom.IdentitySE3()
	want := slam.Trajectory{{Time: 1.6e9, Pose: ok}, {Time: math.Nextafter(1.6e9, 2e9), Pose: ok}, {Time: 1.6e9 + 1, Pose: ok}}
	if err := export.WriteTUM(path, want); err != nil {
		t.Fatal(err)
	}
	got, err := export.ReadTUM(path)
	if err != nil || len(got) != len(want) {
		t.Fatalf("%d poses: %v", len(got), err)
	}
	for i := range want {
		if got[i].Time != want[i].Time {
			t.Errorf("time %d: %v, want %v", i, got[i].Time, want[i].Time)
		}
	}
}

func TestReadReal(t *testing.T) {
	traj, err := export.ReadTUM(realdata.Path(t, "tum", "redkitchen", "groundtruth.txt"))
	if err != nil {
		t.Fatal(err)
	}
	if len(traj) != 400 {
		t.Errorf("%d poses of redkitchen, want 400", len(traj))
	}
	poses, err := export.ReadKITTI(realdata.Path(t, "kitti_poses", "00.txt"))
	if err != nil {
		t.Fatal(err)
	}
	if len(poses) != 4541 {
		t.Errorf("%d poses of KITTI 00, want 4541", len(poses))
	}
}
