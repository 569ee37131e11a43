package main

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/metricslam/metricslam/report"
)

// An earlier run's results are refused, or removed whole where that is asked for;
// other files and the file of --map stay.
func TestResultsFolder(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "a[b]*")
	for _, name := range []string{"trajectory.tum", "trajectory.1.tum", "mesh.obj", "map.mslam", "depth/1.500000.png", "export/colmap/a.txt", "report.html", "run.log", ".mesh.ply.tmp123", "notes.txt", "depth/mine.png", "mesh.blend"} {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, nil, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := openResults(dir, false); err == nil || !strings.Contains(err.Error(), "--overwrite") || !strings.Contains(err.Error(), "trajectory.tum") {
		t.Errorf("an earlier run: %v", err)
	}
	r, err := openResults(dir, true)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := openResults(dir, true); err == nil || !strings.Contains(err.Error(), "another run") {
		t.Errorf("two at once: %v", err)
	}
	if err := r.clear(filepath.Join(dir, ".", "map.mslam")); err != nil {
		t.Fatal(err)
	}
	var left []string
	err = filepath.WalkDir(dir, func(path string, e os.DirEntry, err error) error {
		if err == nil && !e.IsDir() {
			name, _ := filepath.Rel(dir, path)
			left = append(left, name)
		}
		return err
	})
	if want := []string{"depth/mine.png", "map.mslam", "mesh.blend", "notes.txt", "run.log"}; err != nil || !slices.Equal(left, want) {
		t.Errorf("left %v, want %v: %v", left, want, err)
	}
	r.close()
	again, err := openResults(dir, true)
	if err != nil {
		t.Fatalf("behind the first: %v", err)
	}
	again.close()
}

// What a failed run left stands in the way of none.
func TestResultsOfFailure(t *testing.T) {
	dir := t.TempDir()
	r, err := openResults(dir, false)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := r.openLog(io.Discard, true); err != nil {
		t.Fatal(err)
	}
	if err := r.begin(report.Report{Source: "a"}); err != nil {
		t.Fatal(err)
	}
	if rep := readReport(t, dir); rep.Status != report.Running || rep.Source != "a" {
		t.Errorf("report %+v", rep)
	}
	r.close()
	if r, err = openResults(dir, false); err != nil {
		t.Fatal(err)
	}
	r.close()
}

// A run that is stopped leaves trajectory, map and a report that says what is
// missing, and its status says that it cannot be vouched for.
func TestRunStopped(t *testing.T) {
	for name, c := range map[string]struct {
		frames  []string
		inInput bool
	}{
		"in the input":     {[]string{"--max-frames", "100000"}, true},
		"behind the input": {[]string{"--max-frames", "30"}, false},
	} {
		t.Run(name, func(t *testing.T) {
			out := t.TempDir()
			ctx, cancel := context.WithCancel(t.Context())
			stop := cancelAfter(t, cancel, out, c.inInput)
			status := runUntil(ctx, interrupts{stop}, append([]string{"run", "synthetic:room:4", "--depth", "sim:bias=0", "-o", out, "--quiet"}, c.frames...))
			rep := readReport(t, out)
			if status != statusDoubtful || rep.Status != report.Stopped || len(rep.Doubts) == 0 || rep.Posed == 0 || rep.Mesh != nil {
				t.Errorf("status %d, report %s, doubts %v, %d posed, mesh %v", status, rep.Status, rep.Doubts, rep.Posed, rep.Mesh)
			}
			for _, file := range []string{"trajectory.tum", "map.mslam", "report.html", "run.log"} {
				if _, err := os.Stat(filepath.Join(out, file)); err != nil {
					t.Error(err)
				}
			}
		})
	}
}

// cancelAfter ends a run once its log says that it tracks, or that the map is saved,
// which is the last of the adjustment.
func cancelAfter(t *testing.T, cancel context.CancelFunc, out string, inInput bool) context.Context {
	stop, endAll := context.WithCancel(t.Context())
	word := "map saved"
	if inInput {
		word = "state=tracking"
	}
	go func() {
		for stop.Err() == nil {
			if text, _ := os.ReadFile(filepath.Join(out, "run.log")); strings.Contains(string(text), word) {
				cancel()
				endAll()
			}
		}
	}()
	t.Cleanup(endAll)
	return stop
}

// A mesh has the images where its format shows them, and the page where it is asked to.
func TestTextureWhereAsked(t *testing.T) {
	for _, c := range []struct {
		args        []string
		model, page bool
	}{
		{nil, false, false},
		{[]string{"--texture"}, false, true},
		{[]string{"--mesh-format", "glb"}, true, true},
		{[]string{"--mesh-format", "glb", "--no-texture"}, false, false},
	} {
		dir := filepath.Join(t.TempDir(), "run")
		args := append([]string{"run", "synthetic:room", "--max-frames", "30", "--depth", "sensor", "--voxel", ".05", "--no-map", "--quiet", "-o", dir}, c.args...)
		if status, _, stderr := capture(t, args...); status != 0 && status != statusDoubtful {
			t.Fatal(status, stderr)
		}
		model, err := os.ReadFile(filepath.Join(dir, "mesh.glb"))
		if err != nil && slices.Contains(c.args, "glb") {
			t.Fatal(err)
		}
		if got := bytes.Contains(model, []byte("baseColorTexture")); got != c.model {
			t.Errorf("%v: texture in the model: %v", c.args, got)
		}
		var rep report.Report
		text, err := os.ReadFile(filepath.Join(dir, "report.json"))
		if err != nil || json.Unmarshal(text, &rep) != nil {
			t.Fatal(err)
		}
		if got := slices.ContainsFunc(rep.Timings, func(s report.Timing) bool { return s.Stage == "texture" }); got != c.page {
			t.Errorf("%v: a texture was made: %v", c.args, got)
		}
	}
}
