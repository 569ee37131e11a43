package bench

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/metricslam/metricslam/report"
)

// The test binary stands for the program: `run` leaves a report whose error is
// .01 m a seed, seed 3 fails, and every call is noted.
func TestMain(m *testing.M) {
	if calls := os.Getenv("BENCH_FAKE_CALLS"); calls != "" {
		os.Exit(fakeProgram(calls, os.Args[1:]))
	}
	os.Exit(m.Run())
}

func fakeProgram(calls string, args []string) int {
	f, err := os.OpenFile(calls, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		panic(err)
	}
	fmt.Fprintln(f, strings.Join(args, " "))
	f.Close()
	value := func(flag string) string { return args[slices.Index(args, flag)+1] }
	if args[0] != "run" {
		fmt.Fprintln(os.Stderr, "metricslam: unexpected", args)
		return 2
	}
	var seed float64
	fmt.Sscan(value("--seed"), &seed)
	if seed == 3 {
		fmt.Fprintln(os.Stderr, "a warning\nmetricslam: no frame could be read")
		return 1
	}
	ate := .01 * seed
	r := report.Report{PosedShare: 1, ATESE3M: &ate, WallS: 2, InputS: 10, CPUS: 3}
	text, err := json.Marshal(r)
	if err != nil {
		panic(err)
	}
	if err := os.WriteFile(filepath.Join(value("-o"), "report.json"), text, 0o644); err != nil {
		panic(err)
	}
	return 0
}

func fakeRunner(t *testing.T) (Runner, func() int) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	calls := filepath.Join(t.TempDir(), "calls")
	t.Setenv("BENCH_FAKE_CALLS", calls)
	return Runner{Binary: self, Version: "v1", Dir: t.TempDir(), Jobs: 2}, func() int {
		text, _ := os.ReadFile(calls)
		return bytes.Count(text, []byte("\n"))
	}
}

// A run that fails is infinitely wrong; what has run is not run again, but for
// another version or other arguments.
func TestExecute(t *testing.T) {
	runner, calls := fakeRunner(t)
	suite, err := Cross([]string{"synthetic:room:4"}, []string{"sensor", "none"}, []uint64{1, 2, 3}, []string{"--max-frames=9"}, false)
	if err != nil {
		t.Fatal(err)
	}
	outcomes, err := runner.Execute(context.Background(), suite)
	if err != nil {
		t.Fatal(err)
	}
	s := Summarise("v1", outcomes)
	if len(s.Rows) != 2 || s.Rows[0].Runs != 3 || s.Rows[0].Failed != 1 {
		t.Fatalf("rows %+v", s.Rows)
	}
	ate := s.Rows[0].Figures["ate_se3_m"]
	if ate.Median != .02 || ate.Least != .01 || !math.IsInf(float64(ate.Most), 1) {
		t.Errorf("ATE %+v, want a median of .02 and a failure at the end", ate)
	}
	if got := s.Rows[0].Figures["posed_share"]; got.Least != 0 || got.Median != 1 {
		t.Errorf("posed %+v: a failed run poses nothing", got)
	}
	if got := s.Rows[0].Figures["speed"]; got.Median < 20 {
		t.Errorf("speed %+v of runs that take no time", got)
	}
	if !strings.Contains(s.Rows[0].Failure, "seed 3: metricslam: no frame could be read") {
		t.Errorf("failure %q", s.Rows[0].Failure)
	}
	if n := calls(); n != 6 {
		t.Errorf("%d processes for 6 runs", n)
	}
	again, err := runner.Execute(context.Background(), suite)
	if err != nil {
		t.Fatal(err)
	}
	if n := calls(); n != 6 {
		t.Errorf("%d processes after a second time, want still 6", n)
	}
	if a, b := fmt.Sprint(outcomes), fmt.Sprint(again); a != b {
		t.Errorf("read again: %s, want %s", b, a)
	}
	runner.Version = "v2"
	if _, err := runner.Execute(context.Background(), suite); err != nil {
		t.Fatal(err)
	}
	if n := calls(); n != 12 {
		t.Errorf("%d processes with another version, want 12", n)
	}
	var text, page, table bytes.Buffer
	if err := s.WriteText(&text); err != nil {
		t.Fatal(err)
	}
	if err := s.WriteHTML(&page, []Change{}); err != nil {
		t.Fatal(err)
	}
	if err := s.WriteCSV(&table); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"0.020 (0.010..failed)", "3, 1 failed", "no frame could be read"} {
		if !strings.Contains(text.String(), want) || !strings.Contains(page.String(), want) {
			t.Errorf("text or page lacks %q:\n%s", want, text.String())
		}
	}
	if !strings.Contains(page.String(), "<svg") || strings.Count(table.String(), "\n") != 7 {
		t.Errorf("page without a plot, or CSV without its 7 lines:\n%s", table.String())
	}
}

// A cancelled bench leaves nothing that would pass for a finished run.
func TestExecuteCancelled(t *testing.T) {
	runner, _ := fakeRunner(t)
	suite, err := Cross([]string{"synthetic:room:4"}, []string{"none"}, []uint64{1}, nil, false)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := runner.Execute(ctx, suite); err == nil {
		t.Error("a cancelled bench returned no error")
	}
	if _, ok := readOutcome(suite.Runs(runner.Dir, runner.Version)[0]); ok {
		t.Error("a run that was cancelled counts as done")
	}
}

func TestReadSuite(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "suite.yaml")
	write := func(text string) {
		t.Helper()
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	write("rows:\n- {name: a b, source: '{data}/x', args: [--depth, '{priors}/p-{seed}'], seeds: [4, 5], mesh: true}\n")
	s, err := ReadSuite(path, Places{Data: "/d", Priors: "/p"})
	if err != nil {
		t.Fatal(err)
	}
	runs := s.Runs("/out", "v")
	want := "run /d/x -o /out/runs/a_b/5 --seed 5 --quiet --depth /p/p-5"
	if len(runs) != 2 || strings.Join(runs[1].Args, " ") != want {
		t.Errorf("runs %v, want %s", runs, want)
	}
	if runs[0].Key == runs[1].Key || runs[0].Key == s.Runs("/out", "w")[0].Key {
		t.Error("another seed or version has the same key")
	}
	for text, want := range map[string]string{
		"rows: []\n":                               "nothing to run",
		"rows:\n- {name: a}\n":                     "no source",
		"rows:\n- {source: x}\n":                   "no name",
		"rows:\n- {nmae: a}\n":                     "nmae",
		"rows:\n- {name: a, source: '{data}/x'}\n": "--data",
		"rows:\n- {name: a b, source: x}\n- {name: a_b, source: y}\n": "one folder",
		"rows:\n- {name: a, source: x, drift_truth: t}\n":             "go together",
	} {
		write(text)
		if _, err := ReadSuite(path, Places{}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: error %v, want one about %q", text, err, want)
		}
	}
	if _, err := s.Only([]string{"c"}); err == nil {
		t.Error("a row that is not there was chosen")
	}
}

// The true mesh is made of the frames that the run read.
func TestOfSource(t *testing.T) {
	got := ofSource(strings.Fields("run x -o y --seed 2 --quiet --depth sensor --max-frames=9 --stride 3"))
	if want := "--seed 2 --max-frames=9 --stride 3"; strings.Join(got, " ") != want {
		t.Errorf("%v, want %s", got, want)
	}
}

// What differs by more than chance is told, with the right sign; a summary
// survives its file.
func TestCompare(t *testing.T) {
	row := func(ate, f float64) Summary {
		o := Outcome{Run: Run{Row: "a", Seed: 1}, Figures: map[string]float64{"ate_se3_m": ate, "mesh_f_score": f}}
		if math.IsInf(ate, 1) {
			delete(o.Figures, "ate_se3_m")
			o.Failure = "lost"
		}
		s := Summarise("v", []Outcome{o, o})
		text, err := json.Marshal(s)
		if err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(t.TempDir(), "bench.json")
		if err := os.WriteFile(path, text, 0o644); err != nil {
			t.Fatal(err)
		}
		if s, err = ReadSummary(path); err != nil {
			t.Fatal(err)
		}
		return s
	}
	if got := Compare(row(.1, .8), row(.105, .82)); len(got) != 0 {
		t.Errorf("changes of 5 %% are told: %+v", got)
	}
	got := Compare(row(.1, .8), row(.2, .95))
	if len(got) != 2 || !got[0].Worse || got[1].Worse {
		t.Fatalf("changes %+v, want a worse ATE and a better F", got)
	}
	var text bytes.Buffer
	if n := WriteChanges(&text, got); n != 1 || !strings.HasPrefix(text.String(), "WORSE") {
		t.Errorf("%d worse:\n%s", n, text.String())
	}
	if got := Compare(row(math.Inf(1), .8), row(.2, .8)); len(got) != 0 {
		t.Errorf("a figure that only one table has: %+v", got)
	}
}

// A workflow holds every run, and each can be done by itself.
func TestWorkflow(t *testing.T) {
	s, err := Cross([]string{"synthetic:room:6"}, []string{"sensor", `sim:"x"`}, []uint64{1, 2}, nil, false)
	if err != nil {
		t.Fatal(err)
	}
	var text strings.Builder
	w := Workflow{Program: "/usr/bin/metricslam", Args: []string{"synthetic:room:6"}, Dir: "/data", Out: "/out"}
	if err := w.Write(&text, s, "v1"); err != nil {
		t.Fatal(err)
	}
	for _, r := range s.Runs("/out", "v1") {
		if !strings.Contains(text.String(), r.Dir+"/bench-run.json") {
			t.Errorf("no run of %s, seed %d", r.Row, r.Seed)
		}
		one, err := s.One(fmt.Sprintf("%s:%d", r.Row, r.Seed))
		if err != nil || len(one.Runs("/out", "v1")) != 1 || one.Runs("/out", "v1")[0].Key != r.Key {
			t.Errorf("one run of %s, seed %d: %+v, %v", r.Row, r.Seed, one, err)
		}
	}
	for _, bad := range []string{"", "sensor", "synthetic:room:6 sensor:x", "synthetic:room:6 sensor:3", "other:1"} {
		if _, err := s.One(bad); err == nil {
			t.Errorf("%q is taken", bad)
		}
	}
}
