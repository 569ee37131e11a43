package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/metricslam/metricslam/eval"
	"github.com/metricslam/metricslam/export"
	"github.com/metricslam/metricslam/internal/realdata"
	"github.com/metricslam/metricslam/pipeline"
	"github.com/metricslam/metricslam/slam"
)

// must runs a command that must succeed and returns what it printed.
func must(t *testing.T, args ...string) string {
	t.Helper()
	status, stdout, stderr := capture(t, args...)
	if status != 0 {
		t.Fatalf("%v: status %d: %s", args, status, stderr)
	}
	return stdout
}

// infoOf is what map info says of a file.
func infoOf(t *testing.T, path string) (info mapInfo) {
	t.Helper()
	if err := json.Unmarshal([]byte(must(t, "map", "info", path, "--json")), &info); err != nil {
		t.Fatal(err)
	}
	return info
}

// A map of every fourth frame holds the frames between: nearly all of them are
// localised, as exactly as the map is, and the file stays as it is.
func TestLocalize(t *testing.T) {
	scene, out := realdata.Path(t, "tum/redkitchen"), t.TempDir()
	file := filepath.Join(out, "map.mslam")
	must(t, "run", scene, "--depth", "sensor", "--stride", "4", "--no-mesh", "-o", out, "--quiet")
	before, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	found := filepath.Join(out, "localised")
	var rep pipeline.Localisation
	text := must(t, "localize", file, scene, "--start", "2", "--stride", "4", "-o", found, "--json", "--quiet")
	if err := json.Unmarshal([]byte(text), &rep); err != nil {
		t.Fatal(err)
	}
	if rep.Frames != 100 || rep.LocalisedShare < .95 || rep.ATESE3M == nil || *rep.ATESE3M > .06 {
		t.Errorf("%d of %d frames localised, ATE %v", rep.Localised, rep.Frames, rep.ATESE3M)
	}
	poses, err := export.ReadTUM(filepath.Join(found, "trajectory.tum"))
	if err != nil || len(poses) != rep.Localised {
		t.Errorf("%d poses of %d localised frames, error %v", len(poses), rep.Localised, err)
	}
	// The frame is the map's: localised frames lie between the keyframes.
	keys, err := export.ReadTUM(filepath.Join(out, "trajectory.tum"))
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range poses {
		if k, ok := nearestIn(keys, p.Time); ok && k.Pose.T.Sub(p.Pose.T).Norm() > .15 {
			t.Errorf("%.2f s: %.2f m from the map's path", p.Time, k.Pose.T.Sub(p.Pose.T).Norm())
		}
	}
	if after, err := os.ReadFile(file); err != nil || !bytes.Equal(before, after) {
		t.Errorf("localising changed the map (error %v)", err)
	}
	for _, name := range []string{"report.json", "run.log", "frames.csv"} {
		if _, err := os.Stat(filepath.Join(found, name)); err != nil {
			t.Error(err)
		}
	}
}

// nearestIn returns the pose within a tenth of a second of a time.
func nearestIn(t slam.Trajectory, time float64) (slam.StampedPose, bool) {
	i := slices.IndexFunc(t, func(p slam.StampedPose) bool { return p.Time >= time && p.Time < time+.1 })
	if i < 0 {
		return slam.StampedPose{}, false
	}
	return t[i], true
}

// Two maps of overlapping halves are merged, and one is continued with the other
// half: either is one connected map that is as exact as a single run.
func TestMergeAndContinue(t *testing.T) {
	scene, dir := realdata.Path(t, "tum/redkitchen"), t.TempDir()
	a, b, c := filepath.Join(dir, "a"), filepath.Join(dir, "b"), filepath.Join(dir, "c")
	flags := []string{"--depth", "sensor", "--stride", "4", "--no-mesh", "--quiet"}
	must(t, slices.Concat([]string{"run", scene, "-o", a, "--max-frames", "60"}, flags)...)
	must(t, slices.Concat([]string{"run", scene, "-o", b, "--start", "200"}, flags)...)
	merged := filepath.Join(dir, "merged.mslam")
	must(t, "map", "merge", filepath.Join(a, "map.mslam"), filepath.Join(b, "map.mslam"), "-o", merged, "--quiet")
	must(t, slices.Concat([]string{"run", scene, "-o", c, "--start", "200", "--map", filepath.Join(a, "map.mslam")}, flags)...)
	for name, file := range map[string]string{"merged": merged, "continued": filepath.Join(c, "map.mslam")} {
		info := infoOf(t, file)
		if info.Checksums != "right" || len(info.Parts) != 1 || len(info.Sources) != 2 || !info.Metric {
			t.Errorf("%s: %d parts of %d sources", name, len(info.Parts), len(info.Sources))
		}
		out := filepath.Join(dir, name)
		files := []string{"keyframes.tum", "mesh.ply", "colmap/sparse/0/points3D.bin", "colmap/images/000000.jpg"}
		args := []string{"export", file, "-o", out, "--voxel", ".05"}
		if name != "merged" {
			files, args = files[:1], append(args, "--format", "tum")
		}
		must(t, args...)
		for _, f := range files {
			if _, err := os.Stat(filepath.Join(out, f)); err != nil {
				t.Error(err)
			}
		}
		if ate := exportedATE(t, scene, out); ate > .06 {
			t.Errorf("%s: ATE of the keyframes %.3f m", name, ate)
		}
	}
}

// exportedATE is the error of an exported map's keyframes, of both sources in one
// frame.
func exportedATE(t *testing.T, scene, dir string) float64 {
	t.Helper()
	truth, err := export.ReadTUM(filepath.Join(scene, "groundtruth.txt"))
	if err != nil {
		t.Fatal(err)
	}
	var pairs []eval.Pair
	for _, name := range []string{"keyframes.tum", "keyframes.1.tum"} {
		keys, err := export.ReadTUM(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		p, err := eval.Associate(truth, keys, eval.MaxTimeDiff)
		if err != nil {
			t.Fatal(err)
		}
		pairs = append(pairs, p...)
	}
	align, err := eval.Align(pairs, eval.AlignSE3)
	if err != nil {
		t.Fatal(err)
	}
	return eval.NewStats(eval.ATE(eval.Apply(pairs, align))).RMSE
}

// Commands name the file that is no map and say what to do.
func TestMapErrors(t *testing.T) {
	dir := t.TempDir()
	text := filepath.Join(dir, "text.mslam")
	if err := os.WriteFile(text, []byte("this is not a map, though it is named like one"), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{
		{"map", "info", text}, {"map", "info", dir}, {"map", "info", filepath.Join(dir, "none")},
		{"map", "merge", text, text, "-o", filepath.Join(dir, "out")},
		{"export", text, "-o", filepath.Join(dir, "out")},
		{"localize", text, "synthetic:room", "-o", filepath.Join(dir, "out")},
		{"run", "synthetic:room", "--map", text, "--max-frames", "2", "-o", filepath.Join(dir, "run")},
	} {
		status, _, stderr := capture(t, args...)
		if status != 1 || !strings.Contains(stderr, dir) || !strings.Contains(stderr, "give ") && !strings.Contains(stderr, "writes a map") {
			t.Errorf("%v: status %d: %s", args, status, stderr)
		}
	}
	if _, err := os.Stat(filepath.Join(dir, "out")); err == nil {
		t.Error("something was written")
	}
}

// What tiles cannot be made of is named, with what to do.
func TestTileErrors(t *testing.T) {
	dir := t.TempDir()
	plan := filepath.Join(dir, "tiles.json")
	if err := os.WriteFile(plan, []byte(`{"kind":"tiles","version":1,"joined":{"file":"`+filepath.ToSlash(filepath.Join(dir, "joined.json"))+`"},
		"grid":{"voxel_m":0.1,"edge_blocks":8,"axes":[0,2]},"max_depth_m":5,"min_views":1,"recordings":[],"tiles":[{"x":0,"y":0,"views":[]}]}`), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "joined.json"), []byte("{}"), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"fuse", plan, "--tile", "x", "-o", "t.ply"}, "want X,Y"},
		{[]string{"fuse", plan, "--tile", "0,0", "-o", "t.ply"}, "has changed"},
		{[]string{"fuse", filepath.Join(dir, "joined.json"), "--tile", "0,0", "-o", "t.ply"}, "want tiles"},
		{[]string{"fuse", "synthetic:room", "-o", dir}, "--poses is missing"},
		{[]string{"mesh", "merge", plan, dir, "-o", filepath.Join(dir, "m.ply")}, "fuse --tile"},
		{[]string{"mesh", "merge", plan, dir, "-o", filepath.Join(dir, "tileset.json")}, "fuse --tile"},
		{[]string{"map", "tiles", filepath.Join(dir, "none.json"), "--dense", "a", "-o", plan}, "none.json"},
	} {
		if status, _, stderr := capture(t, c.args...); status != statusFailed || !strings.Contains(stderr, c.want) {
			t.Errorf("%v: status %d, %s; want %q", c.args, status, stderr, c.want)
		}
	}
}
