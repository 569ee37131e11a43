package storage

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// makeFolder writes files, in folders where their names have slashes.
func makeFolder(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "mine")
	for name, text := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func checkFolder(t *testing.T, dir string, want map[string]string) {
	t.Helper()
	names, err := regularFiles(dir)
	if err != nil {
		t.Fatal(err)
	}
	if len(names) != len(want) {
		t.Errorf("%d files %v, want %d", len(names), names, len(want))
	}
	for name, text := range want {
		if got, err := os.ReadFile(filepath.Join(dir, name)); err != nil || string(got) != text {
			t.Errorf("%s: %.40q, %v, want %.40q", name, got, err, text)
		}
	}
}

// checkRoundTrip pushes and fetches files and folders through a bucket.
func checkRoundTrip(t *testing.T, bucket string) {
	ctx := t.Context()
	at := func(name string) string {
		base, options, _ := strings.Cut(bucket, "?")
		if options != "" {
			options = "?" + options
		}
		return base + "/" + name + options
	}
	big := strings.Repeat("twelve bytes", 1<<20) // more than S3's libraries send in one part
	files := map[string]string{"report.json": "{}", "depth/0001.png": "picture", "a b/ü.txt": "", "mesh.ply": big}
	dir := makeFolder(t, files)
	if err := Push(ctx, dir, at("results/mine")); err != nil {
		t.Fatal(err)
	}
	to := t.TempDir()
	got, err := Fetch(ctx, at("results/mine"), to)
	if err != nil || got != filepath.Join(to, "mine") {
		t.Fatal(got, err)
	}
	checkFolder(t, got, files)
	if got, err = Fetch(ctx, at("results/mine/mesh.ply"), to); err != nil || got != filepath.Join(to, "mesh.ply") {
		t.Fatal(got, err)
	}

	// A folder that changes: what is gone is gone there, what differs is copied.
	os.Remove(filepath.Join(dir, "report.json"))
	os.WriteFile(filepath.Join(dir, "mesh.ply"), []byte("small"), 0o644)
	if err := Push(ctx, dir, at("results/mine")); err != nil {
		t.Fatal(err)
	}
	again := t.TempDir()
	if got, err = Fetch(ctx, at("results/mine"), again); err != nil {
		t.Fatal(err)
	}
	checkFolder(t, got, map[string]string{"depth/0001.png": "picture", "a b/ü.txt": "", "mesh.ply": "small"})

	// What is there and the same is not written again.
	kept := filepath.Join(got, "depth", "0001.png")
	before, _ := os.Stat(kept)
	if _, err := Fetch(ctx, at("results/mine"), again); err != nil {
		t.Fatal(err)
	}
	if after, _ := os.Stat(kept); !os.SameFile(before, after) {
		t.Error("a file that was there was copied again")
	}
	os.WriteFile(kept, []byte("spoiled"), 0o644)
	if _, err := Fetch(ctx, at("results/mine"), again); err != nil {
		t.Fatal(err)
	}
	if text, _ := os.ReadFile(kept); string(text) != "picture" {
		t.Errorf("a spoiled file of the same size stayed: %q", text)
	}

	var stamp, later bytes.Buffer
	if err := Stamp(ctx, at("results/mine"), &stamp); err != nil || strings.Count(stamp.String(), "\n") != 3 {
		t.Errorf("stamp %q, %v", &stamp, err)
	}
	if err := Push(ctx, makeFolder(t, map[string]string{"mesh.ply": "other"}), at("results/mine")); err != nil {
		t.Fatal(err)
	}
	if Stamp(ctx, at("results/mine"), &later); stamp.String() == later.String() {
		t.Error("the stamp of a changed folder is the same")
	}

	if _, err := Fetch(ctx, at("results/nobody"), to); err == nil || !strings.Contains(err.Error(), "no such file or folder") {
		t.Errorf("what is not there: %v", err)
	}
}

func TestFile(t *testing.T) {
	checkRoundTrip(t, "file://"+filepath.ToSlash(t.TempDir()))
}

// A folder that lacks one of its files, or has another, is refused.
func TestIncomplete(t *testing.T) {
	ctx, root := t.Context(), t.TempDir()
	url := "file://" + filepath.ToSlash(filepath.Join(root, "mine"))
	dir := makeFolder(t, map[string]string{"a": "1", "b": "2"})
	if err := Push(ctx, dir, url); err != nil {
		t.Fatal(err)
	}
	os.Remove(filepath.Join(root, "mine", "b"))
	if _, err := Fetch(ctx, url, t.TempDir()); err == nil || !strings.Contains(err.Error(), "incomplete") {
		t.Errorf("a folder without b: %v", err)
	}
	os.WriteFile(filepath.Join(root, "mine", "b"), []byte("3"), 0o644)
	stop, cancel := context.WithCancel(ctx) // it would be tried again
	cancel()
	to := t.TempDir()
	if _, err := Fetch(stop, url, to); err == nil {
		t.Error("another b was taken")
	}
	if _, err := os.Stat(filepath.Join(to, "mine", "b")); err == nil {
		t.Error("another b lies under its name")
	}
}

func TestParse(t *testing.T) {
	for text, want := range map[string]location{
		"s3://bucket/a/b.mp4":              {bucket: "s3://bucket", key: "a/b.mp4"},
		"s3://bucket/a/?region=eu-north-1": {bucket: "s3://bucket?region=eu-north-1", key: "a"},
		"gs://bucket/a":                    {bucket: "gs://bucket", key: "a"},
		"azblob://container/a%20b":         {bucket: "azblob://container", key: "a b"},
		"file:///data/my%20films/a.mp4":    {bucket: "file:///data/my%20films?create_dir=true&no_tmp_dir=true&metadata=skip", key: "a.mp4"},
	} {
		got, err := parse(text)
		want.url = text
		if err != nil || got != want {
			t.Errorf("%s: %+v, %v, want %+v", text, got, err, want)
		}
	}
	for text, want := range map[string]string{
		"s3://bucket": "names no file", "s3:///a": "names no bucket", "file://data/a": "three slashes", "ftp://host/a": "scheme", "s3://%": "invalid",
	} {
		if _, err := parse(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want an error with %q", text, err, want)
		}
	}
}

func TestLocal(t *testing.T) {
	for _, name := range []string{"../a", "a/../../b", "/etc/passwd", ""} {
		if p, err := local("dir", name); err == nil {
			t.Errorf("object %q would be written to %s", name, p)
		}
	}
	if p, err := local("dir", "a/b"); err != nil || p != filepath.Join("dir", "a", "b") {
		t.Error(p, err)
	}
}

func FuzzParseDigests(f *testing.F) {
	f.Add([]byte(fmt.Sprintf("%064x  a b\n", 1)))
	f.Fuzz(func(t *testing.T, text []byte) {
		d, err := parseDigests(text)
		if err != nil {
			return
		}
		again, err := parseDigests(d.text())
		if err != nil || len(again) != len(d) {
			t.Errorf("%q: %v", text, err)
		}
	})
}
