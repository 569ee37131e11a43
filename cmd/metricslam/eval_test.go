package main

import (
	"encoding/json"
	"fmt"
	"image/png"
	"io"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/metricslam/metricslam/eval"
	"github.com/metricslam/metricslam/export"
	"github.com/metricslam/metricslam/geom"
	"github.com/metricslam/metricslam/slam"
)

// capture runs the command line and returns the exit status and what it wrote.
func capture(t *testing.T, args ...string) (status int, stdout, stderr string) {
	t.Helper()
	files := [2]*os.File{}
	old := [2]*os.File{os.Stdout, os.Stderr}
	for i := range files {
		f, err := os.Create(filepath.Join(t.TempDir(), "out"))
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		files[i] = f
	}
	os.Stdout, os.Stderr = files[0], files[1]
	status = run(t.Context(), args)
	os.Stdout, os.Stderr = old[0], old[1]
	var text [2]string
	for i, f := range files {
		if _, err := f.Seek(0, io.SeekStart); err != nil {
			t.Fatal(err)
		}
		b, err := io.ReadAll(f)
		if err != nil {
			t.Fatal(err)
		}
		text[i] = string(b)
	}
	return status, text[0], text[1]
}

// trajectories writes a walk of n poses at 10 Hz and metres, and the same in
// another frame with every length times .8, as TUM and KITTI files.
func trajectories(t *testing.T, n int) (dir string) {
	t.Helper()
	dir = t.TempDir()
	m := geom.Sim3{R: geom.ExpSO3(geom.Vec3{X: 1, Y: 2}), T: geom.Vec3{Z: 7}, S: .8}
	var truth, estimate slam.Trajectory
	var truthPoses, estimatePoses []geom.SE3
	pose := geom.IdentitySE3()
	for i := range n {
		truth = append(truth, slam.StampedPose{Time: float64(i) / 10, Pose: pose})
		estimate = append(estimate, slam.StampedPose{Time: float64(i)/10 + .004, Pose: m.ApplyPose(pose)})
		truthPoses, estimatePoses = append(truthPoses, pose), append(estimatePoses, m.ApplyPose(pose))
		pose = pose.Retract(geom.Tangent6{0, 0, 1, .01 * math.Sin(float64(i)/5), .02})
	}
	for _, err := range []error{
		export.WriteTUM(filepath.Join(dir, "truth.tum"), truth), export.WriteTUM(filepath.Join(dir, "estimate.tum"), estimate[:n-2]),
		export.WriteKITTI(filepath.Join(dir, "truth.kitti"), truthPoses), export.WriteKITTI(filepath.Join(dir, "estimate.kitti"), estimatePoses),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestEvalTrajectory(t *testing.T) {
	dir := trajectories(t, 101)
	for _, format := range []string{"tum", "kitti"} {
		status, out, errOut := capture(t, "eval", "trajectory", "--truth", filepath.Join(dir, "truth."+format),
			"--estimate", filepath.Join(dir, "estimate."+format), "--format", format, "--lengths", "20,40", "--json")
		if status != 0 {
			t.Fatalf("%s: status %d: %s", format, status, errOut)
		}
		var r eval.TrajectoryResult
		if err := json.Unmarshal([]byte(out), &r); err != nil {
			t.Fatalf("%s: %v in %s", format, err, out)
		}
		if math.Abs(r.Scale-1.25) > 1e-6 || r.ATESim3.RMSE > 1e-6 || math.Abs(r.KITTI.TRel-20) > 1 {
			t.Errorf("%s: scale %g, Sim3 %g, t_rel %g, want 1.25, 0, about 20", format, r.Scale, r.ATESim3.RMSE, r.KITTI.TRel)
		}
	}
}

func TestEvalTrajectoryText(t *testing.T) {
	dir := trajectories(t, 101)
	plot := filepath.Join(dir, "p.png")
	status, out, errOut := capture(t, "eval", "trajectory", "--truth", filepath.Join(dir, "truth.tum"),
		"--estimate", filepath.Join(dir, "estimate.tum"), "--frames", "110", "--lengths", "20", "--plot", plot)
	if status != 0 {
		t.Fatal(errOut)
	}
	for _, want := range []string{"posed 90.0 % of 110", "ATE Sim3 [m]   0.000000", "RPE 1 s [m]", "scale 1.250000", "over 8 segments"} {
		if !strings.Contains(out, want) {
			t.Errorf("output lacks %q:\n%s", want, out)
		}
	}
	f, err := os.Open(plot)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := png.DecodeConfig(f); err != nil {
		t.Errorf("the plot: %v", err)
	}
}

func TestEvalTrajectoryRefuses(t *testing.T) {
	dir := trajectories(t, 30)
	truth, estimate := filepath.Join(dir, "truth.tum"), filepath.Join(dir, "estimate.tum")
	bad := filepath.Join(dir, "bad.tum")
	if err := os.WriteFile(bad, []byte("0 0 0 0 0 0 0 1\n1 0 0 nan 0 0 0 1\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name   string
		args   []string
		status int
		want   string
	}{
		{"no file", []string{"--truth", truth, "--estimate", filepath.Join(dir, "none")}, 1, "none"},
		{"NaN", []string{"--truth", truth, "--estimate", bad}, 1, "bad.tum:2: column 4"},
		{"wrong format", []string{"--truth", truth, "--estimate", estimate, "--format", "kitti"}, 1, "truth.tum:1: 8 numbers, want 12"},
		{"unknown format", []string{"--truth", truth, "--estimate", estimate, "--format", "bvh"}, 2, "--format"},
		{"missing flag", []string{"--truth", truth}, 2, "--estimate"},
		{"lengths", []string{"--truth", truth, "--estimate", estimate, "--lengths", "500"}, 1, "shorter lengths"},
		{"delta", []string{"--truth", truth, "--estimate", estimate, "--delta=-1"}, 1, "positive"},
		{"plot folder", []string{"--truth", truth, "--estimate", estimate, "--plot", filepath.Join(dir, "no", "p.png")}, 1, "p.png"},
	}
	for _, tt := range tests {
		status, _, errOut := capture(t, append([]string{"eval", "trajectory"}, tt.args...)...)
		if status != tt.status || !strings.Contains(errOut, tt.want) {
			t.Errorf("%s: status %d, %q, want %d and %q", tt.name, status, errOut, tt.status, tt.want)
		}
	}
}

func TestEvalDepth(t *testing.T) {
	dir := t.TempDir()
	status, _, errOut := capture(t, "eval", "depth", "--truth", dir, "--estimate", dir)
	if status != 1 || !strings.Contains(errOut, "no .png or .npy") {
		t.Errorf("empty folder: status %d, %q", status, errOut)
	}
	status, _, errOut = capture(t, "eval", "depth", "--truth", dir, "--estimate", dir, "--min", "3", "--max", "2")
	if status != 1 || !strings.Contains(errOut, "is empty") {
		t.Errorf("empty range: status %d, %q", status, errOut)
	}
	status, _, errOut = capture(t, "eval", "depth", "--truth", dir, "--estimate", dir, "--truth-scale=-5")
	if status != 1 || !strings.Contains(errOut, "--truth-scale") {
		t.Errorf("negative scale: status %d, %q", status, errOut)
	}
}

// Trajectories of other formats, units and rates are told apart; what cannot be
// paired says which files to take.
func TestEvalTrajectoryFormats(t *testing.T) {
	dir := trajectories(t, 101)
	truth, err := export.ReadTUM(filepath.Join(dir, "truth.tum"))
	if err != nil {
		t.Fatal(err)
	}
	csv, nano, sparse := "#timestamp, p_x\n", "", ""
	for i, p := range truth {
		q, ns := geom.QuatFromMat3(p.Pose.R), int64(1403636579763555584)+int64(i)*100_000_000
		csv += fmt.Sprintf("%d,%.9f,%.9f,%.9f,%.9f,%.9f,%.9f,%.9f,0,0,0,0,0,0,0,0,0\n", ns, p.Pose.T.X, p.Pose.T.Y, p.Pose.T.Z, q.W, q.X, q.Y, q.Z)
		nano += fmt.Sprintf("%d %.9f %.9f %.9f %.9f %.9f %.9f %.9f\n", ns+4_000_000, p.Pose.T.X, p.Pose.T.Y, p.Pose.T.Z, q.X, q.Y, q.Z, q.W)
		if i%30 == 0 {
			sparse += fmt.Sprintf("%.3f %.9f %.9f %.9f %.9f %.9f %.9f %.9f\n", p.Time, p.Pose.T.X, p.Pose.T.Y, p.Pose.T.Z, q.X, q.Y, q.Z, q.W)
		}
	}
	for name, text := range map[string]string{"euroc.csv": csv, "nano.tum": nano, "sparse.tum": sparse} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for _, tt := range []struct {
		truth, estimate string
		status          int
		want            []string
	}{
		{"truth.tum", "estimate.tum", 0, []string{"paired 99"}},
		{"truth.kitti", "estimate.kitti", 0, []string{"paired 101"}},
		{"euroc.csv", "nano.tum", 0, []string{"paired 101", "ATE SE3 [m]  0.000000", "nanoseconds", "body (the IMU)"}},
		{"sparse.tum", "estimate.tum", 0, []string{"over 4 of 99 frames", "less than 25 %"}},
		{"truth.tum", "estimate.kitti", 1, []string{"estimate.kitti has rows without stamps", "trajectory.tum"}},
		{"truth.kitti", "estimate.tum", 1, []string{"truth.kitti has rows without stamps", "trajectory.kitti"}},
	} {
		status, out, errOut := capture(t, "eval", "trajectory", "--truth", filepath.Join(dir, tt.truth), "--estimate", filepath.Join(dir, tt.estimate))
		if status != tt.status {
			t.Errorf("%s, %s: status %d: %s", tt.truth, tt.estimate, status, errOut)
		}
		for _, w := range tt.want {
			if !strings.Contains(out+errOut, w) {
				t.Errorf("%s, %s: no %q in %s%s", tt.truth, tt.estimate, w, out, errOut)
			}
		}
	}
	status, _, errOut := capture(t, "eval", "trajectory", "--truth", filepath.Join(dir, "truth.tum"), "--estimate", filepath.Join(dir, "estimate.tum"), "--frames", "50")
	if status == 0 || !strings.Contains(errOut, "--frames 50") || !strings.Contains(errOut, "99 poses") {
		t.Errorf("more poses than frames: status %d, %s", status, errOut)
	}
}

// Truth in other units, orders and separators gives the errors of the same truth in the
// TUM format, and what was made of it is told.
func TestEvalOtherConventions(t *testing.T) {
	dir := t.TempDir()
	var truth slam.Trajectory
	for i := range 200 {
		s := float64(i) / 15
		truth = append(truth, slam.StampedPose{Time: s, Pose: geom.ExpSE3(geom.Tangent6{2 * math.Sin(.4*s), .2 * math.Sin(1.3*s), 1.5 * math.Sin(.3*s+1), .3 * math.Sin(.9*s), .8 * math.Sin(.5*s), .25 * math.Sin(1.1*s+2)})})
	}
	estimate := filepath.Join(dir, "estimate.tum")
	if err := export.WriteTUM(estimate, truth); err != nil {
		t.Fatal(err)
	}
	rows := func(name, head, sep string, unit float64, wFirst bool, read func(geom.SE3) geom.SE3) string {
		var b strings.Builder
		b.WriteString(head)
		for _, p := range truth {
			pose := read(p.Pose)
			q := geom.QuatFromMat3(pose.R)
			v := []float64{p.Time * unit, pose.T.X, pose.T.Y, pose.T.Z, q.X, q.Y, q.Z, q.W}
			if wFirst {
				v[4], v[5], v[6], v[7] = q.W, q.X, q.Y, q.Z
			}
			for i, x := range v {
				if i > 0 {
					b.WriteString(sep)
				}
				fmt.Fprintf(&b, "%.6f", x)
			}
			b.WriteString("\n")
		}
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(b.String()), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	same := func(p geom.SE3) geom.SE3 { return p }
	for path, told := range map[string]string{
		rows("csv", "timestamp,tx,ty,tz,qx,qy,qz,qw\n", ",", 1, false, same):                 "",
		rows("plain csv", "", ", ", 1, false, same):                                          "",
		rows("named", "#timestamp, p_x [m], p_y, p_z, q_w [], q_x\n", ",", 1, true, same):    "w first in its quaternions",
		rows("w first", "", " ", 1, true, same):                                              "w first (qw qx qy qz)",
		rows("inverse", "", " ", 1, false, geom.SE3.Inverse):                                 "world to camera",
		rows("milliseconds", "", " ", 1000, false, same):                                     "milliseconds",
		rows("w first, ms", "# time x y z qw qx qy qz\n", " ", 1000, true, geom.SE3.Inverse): "milliseconds",
	} {
		status, out, errOut := capture(t, "eval", "trajectory", "--truth", path, "--estimate", estimate, "--json")
		var r eval.TrajectoryResult
		if err := json.Unmarshal([]byte(out), &r); status != 0 || err != nil {
			t.Fatalf("%s: status %d, %v, %s", path, status, err, errOut)
		}
		if r.Pairs != len(truth) || r.ATENone.RMSE > 1e-3 || r.RPE[0].RotDeg.Max > .01 {
			t.Errorf("%s: %d pairs, ATE %g m, RPE %g degrees", path, r.Pairs, r.ATENone.RMSE, r.RPE[0].RotDeg.Max)
		}
		if all := strings.Join(r.Warnings, " "); !strings.Contains(all, told) || told == "" && strings.Contains(all, "read as") {
			t.Errorf("%s: warnings %q, want %q", path, all, told)
		}
	}
}
