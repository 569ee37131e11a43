package fleet

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/metricslam/metricslam/join"
	"github.com/metricslam/metricslam/tiles"
)

// The test binary stands for the program: each command writes what the next one reads,
// and a line of calls.txt. The recording "broken" fails while the file broken.txt is
// there.
func TestMain(m *testing.M) {
	if os.Getenv("FLEET_TEST_DIR") == "" {
		os.Exit(m.Run())
	}
	if err := stand(os.Getenv("FLEET_TEST_DIR"), os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func stand(dir string, args []string) error {
	f, err := os.OpenFile(filepath.Join(dir, "calls.txt"), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	defer f.Close()
	fmt.Fprintln(f, strings.Join(args[:2], " "))
	out := after(args, "-o")
	switch strings.Join(args[:2], " ") {
	case "map index":
		ref, err := join.Refer(args[2])
		if err != nil {
			return err
		}
		return (&join.Index{Kind: "places", Version: join.Version, Map: ref}).Write(out)
	case "map pairs":
		return os.WriteFile(out, []byte(`{"kind":"pairs","version":1,"maps":[{},{}],"pairs":[{"a":0,"b":1}]}`), 0o644)
	case "map match":
		return (&join.Links{Kind: "links", Version: join.Version}).Write(out)
	case "map dense":
		return os.WriteFile(out, []byte(args[2]), 0o644)
	case "map tiles":
		p := &tiles.Plan{Kind: "tiles", Version: join.Version, Grid: tiles.Grid{VoxelM: .1, Blocks: 8, Axes: [2]int{0, 2}}, MaxDepthM: 5, MinViews: 1,
			Recordings: []tiles.PlanRecording{{Dense: after(args, "--dense")}}}
		for x := range 2 {
			p.Tiles = append(p.Tiles, tiles.Tile{Index: tiles.Index{X: x}, Views: []tiles.TileViews{{Keyframes: []int{0}}}})
		}
		return p.Write(out)
	case "fuse " + after(args, "fuse"):
		if kill := filepath.Join(dir, "kill.txt"); os.Remove(kill) == nil {
			self, err := os.FindProcess(os.Getpid())
			if err == nil && self.Kill() == nil {
				select {}
			}
			return err
		}
		return os.WriteFile(out, []byte(args[2]), 0o644)
	case "mesh merge":
		if err := os.MkdirAll(filepath.Dir(out), 0o755); err != nil {
			return err
		}
		return os.WriteFile(out, nil, 0o644)
	case "map join":
		j := &join.Joined{Kind: "joined", Version: join.Version, Components: []join.Component{{}}}
		for range strings.Count(strings.Join(args, " "), "map.mslam") {
			j.Maps = append(j.Maps, join.JoinedMap{})
		}
		return j.Write(out)
	}
	if _, err := os.Stat(filepath.Join(dir, "broken.txt")); err == nil && args[1] == "broken" {
		return fmt.Errorf("no frame could be read")
	}
	if err := os.MkdirAll(out, 0o755); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(out, "map.mslam"), []byte(args[1]), 0o644)
}

func after(args []string, flag string) string {
	for i := range args[:len(args)-1] {
		if args[i] == flag {
			return args[i+1]
		}
	}
	return ""
}

// calls returns what the program was called for since the last time.
func calls(t *testing.T, dir string) (out []string) {
	t.Helper()
	path := filepath.Join(dir, "calls.txt")
	text, err := os.ReadFile(path)
	if err == nil {
		out = strings.Split(strings.TrimSpace(string(text)), "\n")
	}
	os.Remove(path)
	return out
}

func newFleet(t *testing.T) (*Fleet, string) {
	t.Helper()
	dir := t.TempDir()
	t.Setenv("FLEET_TEST_DIR", dir)
	binary, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return &Fleet{Binary: binary, Version: "1", Out: filepath.Join(dir, "out"), Jobs: 2}, dir
}

// What is done is not done again; what is gone, or was made by another version, is.
func TestGoesOn(t *testing.T) {
	f, dir := newFleet(t)
	run := func() *Report {
		t.Helper()
		r, err := f.Run(context.Background(), []Recording{{Source: "a"}, {Source: "b"}, {Source: "broken"}})
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	if err := os.WriteFile(filepath.Join(dir, "broken.txt"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	r := run()
	if r.Recordings[2].Failure != "no frame could be read" || r.Recordings[2].Component != -1 || len(r.Warnings) != 1 || r.Recordings[1].Component != 0 {
		t.Errorf("report %+v", r)
	}
	if got := calls(t, dir); len(got) != 8 {
		t.Errorf("calls %q, want 3 runs, 2 indices, pairs, match, join", got)
	}
	if run(); fmt.Sprint(calls(t, dir)) != "[run broken]" {
		t.Error("more than what had failed was done again")
	}
	os.Remove(filepath.Join(dir, "broken.txt"))
	if r := run(); len(r.Warnings) != 0 {
		t.Errorf("warnings %q", r.Warnings)
	}
	if got := calls(t, dir); len(got) != 4 { // run, index, pairs; the match is as it was; join
		t.Errorf("calls %q", got)
	}
	os.Remove(f.path("links", "a--b.json"))
	if run(); fmt.Sprint(calls(t, dir)) != "[map match]" {
		t.Error("a file that is gone is not made again, or more than that")
	}
	f.Version = "2"
	if run(); len(calls(t, dir)) != 9 {
		t.Error("another version does not do all again")
	}
}

// The dense map is made by tile and reported; a step that was killed is tried again, and a
// tile that is gone is made again, with what is merged of it.
func TestMesh(t *testing.T) {
	f, dir := newFleet(t)
	f.Mesh, f.TileArgs = []string{"ply", Levels}, []string{"--edge=8"}
	run := func() *Report {
		t.Helper()
		r, err := f.Run(context.Background(), []Recording{{Source: "a"}, {Source: "b"}})
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	if err := os.WriteFile(filepath.Join(dir, "kill.txt"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	r := run()
	if r.Tiles != 2 || len(r.Mesh) != 2 || len(r.Warnings) != 0 || r.Cost["fuse"].Steps != 2 || r.Cost["fuse"].Retries != 1 || r.Cost["dense"].WrittenMB == 0 {
		t.Errorf("report %+v", r)
	}
	if got := calls(t, dir); len(got) != 7+2+1+3+2 || strings.Count(fmt.Sprint(got), "fuse") != 3 {
		t.Errorf("calls %q, want 2 dense, tiles, 2 fuse and one again, 2 merge at the end", got)
	}
	text, err := os.ReadFile(f.path("report.html"))
	if err != nil || !strings.Contains(string(text), "3dtiles/tileset.json") || !strings.Contains(string(text), "<td>fuse<td>2") {
		t.Errorf("report.html: %v\n%s", err, text)
	}
	os.Remove(f.path("tiles", "1_0.ply"))
	if run(); strings.Count(fmt.Sprint(calls(t, dir)), "fuse") != 1 {
		t.Error("one tile was gone, and another one was made, or none")
	}
	f.Mesh = []string{"obj"}
	if run(); fmt.Sprint(calls(t, dir)) != "[mesh merge]" {
		t.Error("another format does more than merge")
	}
}

// A fleet that is stopped leaves no note of what it was doing.
func TestStopped(t *testing.T) {
	f, dir := newFleet(t)
	ctx, stop := context.WithCancel(context.Background())
	f.Jobs, f.Done = 1, func(*Note) { stop() }
	all := []Recording{{Source: "a"}, {Source: "b"}}
	if _, err := f.Run(ctx, all); err == nil {
		t.Fatal("a fleet that was stopped says nothing")
	}
	calls(t, dir)
	f.Done = nil
	if _, err := f.Run(context.Background(), all); err != nil {
		t.Fatal(err)
	}
	if got := calls(t, dir); len(got) != 6 || got[0] != "run b" {
		t.Errorf("calls %q, want all but run a", got)
	}
}

// A recording that has changed is mapped anew, and so is one whose camera file has.
func TestChangedRecording(t *testing.T) {
	f, dir := newFleet(t)
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		return path
	}
	image, camera := write("a/1.png", "one"), write("camera.yaml", "fx: 1")
	all := []Recording{{Source: filepath.Dir(image)}, {Source: "b", Args: []string{"--camera", camera}}}
	run := func() string {
		t.Helper()
		if _, err := f.Run(context.Background(), all); err != nil {
			t.Fatal(err)
		}
		return fmt.Sprint(calls(t, dir))
	}
	run()
	if got := run(); got != "[]" {
		t.Errorf("nothing has changed, and %s is done", got)
	}
	write("a/2.png", "two")
	if got := run(); got != "[run "+filepath.Dir(image)+"]" {
		t.Errorf("after another image: %s", got)
	}
	write("camera.yaml", "fx: 22")
	if got := run(); got != "[run b]" {
		t.Errorf("after another camera: %s", got)
	}
}

func TestLists(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "list.yaml")
	write := func(text string) {
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	write(`recordings: [{name: a, source: "{data}/x", args: [--camera, "{data}/c.yaml"]}, {source: synthetic:room}]`)
	all, err := ReadList(path, "/d")
	if err != nil || all[0].Source != "/d/x" || all[0].Args[1] != "/d/c.yaml" {
		t.Errorf("list %+v, %v", all, err)
	}
	if err := complete(all); err != nil || all[1].Name != "synthetic-room" {
		t.Errorf("names %+v, %v", all, err)
	}
	if _, err := ReadList(path, ""); err == nil || !strings.Contains(err.Error(), "--data") {
		t.Errorf("a folder that is not known: %v", err)
	}
	write("recordings: [{sauce: x}]")
	if _, err := ReadList(path, ""); err == nil || !strings.Contains(err.Error(), "list.yaml") {
		t.Errorf("a key that is not known: %v", err)
	}
	for _, bad := range [][]Recording{{{Source: "a"}}, {{Source: "a"}, {Source: "x/a"}}, {{Source: "a", Name: "../a"}, {Source: "b"}}, {{Name: "a"}, {Source: "b"}}} {
		if complete(bad) == nil {
			t.Errorf("%+v is taken", bad)
		}
	}
}

// A recording in a bucket is mapped anew when its stamp there changes.
func TestChangedInBucket(t *testing.T) {
	f, dir := newFleet(t)
	stamp := "1"
	f.StampURL = func(url string) ([]byte, error) { return []byte(url + stamp), nil }
	all := []Recording{{Name: "a", Source: "s3://films/a.mp4"}, {Name: "b", Source: "s3://films/b.mp4"}}
	run := func() string {
		t.Helper()
		if _, err := f.Run(t.Context(), all); err != nil {
			t.Fatal(err)
		}
		return fmt.Sprint(calls(t, dir))
	}
	run()
	if got := run(); got != "[]" {
		t.Errorf("nothing has changed, and %s is done", got)
	}
	stamp = "2"
	if got := run(); !strings.Contains(got, "run s3://films/a.mp4") || !strings.Contains(got, "run s3://films/b.mp4") {
		t.Errorf("both have changed, and %s is done", got)
	}
}
