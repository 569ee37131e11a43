package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// buildStorageTool builds metricslam-storage and puts it into PATH.
func buildStorageTool(t *testing.T) {
	t.Helper()
	dir := t.TempDir()
	if out, err := exec.Command("go", "build", "-ldflags", "-s -w", "-o", dir, "../metricslam-storage").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	t.Setenv("PATH", dir+string(os.PathListSeparator)+os.Getenv("PATH"))
	t.Setenv("METRICSLAM_STAGING", t.TempDir())
}

// A run writes into a bucket, and other commands read its files from there.
func TestBuckets(t *testing.T) {
	buildStorageTool(t)
	bucket := t.TempDir()
	url := "file://" + filepath.ToSlash(bucket) + "/results/mine"
	args := []string{"run", "synthetic:room", "--max-frames", "12", "--depth", "sensor", "--no-mesh", "--quiet", "-o", url}
	if status, _, stderr := capture(t, args...); status != 0 && status != statusDoubtful {
		t.Fatal(status, stderr)
	}
	for _, name := range []string{"map.mslam", "report.json", "trajectory.tum", "SHA256SUMS"} {
		if _, err := os.Stat(filepath.Join(bucket, "results", "mine", name)); err != nil {
			t.Error(err)
		}
	}
	status, stdout, stderr := capture(t, "map", "info", url+"/map.mslam")
	if status != 0 || !strings.Contains(stdout, "keyframes") || !strings.Contains(stderr, "fetching "+url) {
		t.Error(status, stdout, stderr)
	}
	status, _, stderr = capture(t, "eval", "trajectory", "--truth="+url+"/trajectory.tum", "--estimate", url+"/trajectory.tum")
	if status != 0 {
		t.Error(status, stderr)
	}
	if status, _, stderr = capture(t, args...); status != statusFailed || !strings.Contains(stderr, "--overwrite") {
		t.Error("a second run into the same folder:", status, stderr)
	}
	if status, _, stderr = capture(t, "map", "info", url+"/nothing.mslam"); status != statusFailed || !strings.Contains(stderr, "no such file or folder") {
		t.Error("a file that is not there:", status, stderr)
	}
}

// URLs are replaced wherever an argument may hold a path: lists, flags with their value.
func TestStageLists(t *testing.T) {
	buildStorageTool(t)
	bucket := t.TempDir()
	base := "file://" + filepath.ToSlash(bucket)
	for _, name := range []string{"a.json", "b.json"} {
		if err := os.WriteFile(filepath.Join(bucket, name), []byte(name), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	s, args, err := stage(t.Context(), []string{"map", "join", "--links", base + "/a.json," + base + "/b.json", "-o" + base + "/joined.json", "--arg=x", "rtsp://camera/1"})
	if err != nil {
		t.Fatal(err)
	}
	links := strings.Split(args[3], ",")
	if len(links) != 2 || filepath.Base(links[1]) != "b.json" || !strings.HasPrefix(args[4], "-o/") || args[5] != "--arg=x" || args[6] != "rtsp://camera/1" {
		t.Fatal(args)
	}
	for _, l := range links {
		if text, err := os.ReadFile(l); err != nil || string(text) != filepath.Base(l) {
			t.Error(string(text), err)
		}
	}
	if err := s.push(t.Context()); err != nil {
		t.Error("what the command did not write is not pushed:", err)
	}
	if err := os.WriteFile(args[4][2:], []byte("joint"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := s.push(t.Context()); err != nil {
		t.Fatal(err)
	}
	if text, err := os.ReadFile(filepath.Join(bucket, "joined.json")); string(text) != "joint" {
		t.Error(string(text), err)
	}
}
