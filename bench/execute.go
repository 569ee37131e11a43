package bench

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/metricslam/metricslam/internal/atomicfile"
	"github.com/metricslam/metricslam/internal/subprocess"
)

// Runner runs suites.
type Runner struct {
	Binary  string // the program
	Version string // its version: another one repeats the runs
	Dir     string // results
	Jobs    int    // runs at a time
	// Done is told of every run when it has ended; it may be nil.
	Done func(Outcome)
}

// doneFile marks a folder whose run has ended, well or badly.
const doneFile = "bench-run.json"

// Execute runs what is not there yet and returns what came out, in the order of
// the suite. An error means that the bench itself could not go on; a run that
// fails is an outcome.
func (r Runner) Execute(ctx context.Context, s Suite) ([]Outcome, error) {
	runs := s.Runs(r.Dir, r.Version)
	rows := make(map[string]Row)
	for _, row := range s.Rows {
		rows[row.Name] = row
	}
	out := make([]Outcome, len(runs))
	truths := truthMeshes{runner: r}
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(max(r.Jobs, 1))
	for i, run := range runs {
		group.Go(func() error {
			o, err := r.one(ctx, run, rows[run.Row], &truths)
			if err != nil {
				return fmt.Errorf("%s, seed %d: %w", run.Row, run.Seed, err)
			}
			out[i] = o
			if r.Done != nil {
				r.Done(o)
			}
			return nil
		})
	}
	return out, group.Wait()
}

// one runs, or reads what is there.
func (r Runner) one(ctx context.Context, run Run, row Row, truths *truthMeshes) (Outcome, error) {
	if o, ok := readOutcome(run); ok {
		return o, nil
	}
	if err := os.RemoveAll(run.Dir); err != nil {
		return Outcome{}, err
	}
	if err := os.MkdirAll(run.Dir, 0o755); err != nil {
		return Outcome{}, err
	}
	o := Outcome{Run: run}
	ended := subprocess.Run(ctx, r.Binary, run.Args...)
	if ctx.Err() != nil {
		return o, ctx.Err()
	}
	if o.ExitStatus, o.Failure = ended.Status, ended.Failure; o.Failure == "" || o.ExitStatus > 0 {
		// A status of its own may still have left results that can be measured.
		if err := o.measure(ctx, r, row, truths, ended.Usage); err != nil && o.Failure == "" {
			o.Failure = err.Error()
		}
	}
	if ctx.Err() != nil {
		return o, ctx.Err()
	}
	text, err := json.MarshalIndent(o, "", "  ")
	if err != nil {
		return o, err
	}
	return o, atomicfile.WriteBytes(filepath.Join(run.Dir, doneFile), text)
}

// readOutcome reads a run that has ended before, by the same program with the
// same arguments.
func readOutcome(run Run) (Outcome, bool) {
	var o Outcome
	text, err := os.ReadFile(filepath.Join(run.Dir, doneFile))
	if err != nil || json.Unmarshal(text, &o) != nil || o.Key != run.Key {
		return Outcome{}, false
	}
	return o, true
}

// sourceFlags are the flags of `run` that choose what of a source is read; the
// true mesh is made of the same frames.
var sourceFlags = []string{"--max-frames", "--start", "--stride", "--kind", "--seed"}

// ofSource takes the flags that choose frames from the arguments of a run.
func ofSource(args []string) (out []string) {
	for i, a := range args {
		name, _, joined := strings.Cut(a, "=")
		switch {
		case !slices.Contains(sourceFlags, name):
		case joined:
			out = append(out, a)
		case i+1 < len(args):
			out = append(out, a, args[i+1])
		}
	}
	return out
}

// truthMeshes makes the true mesh of each source once.
type truthMeshes struct {
	runner Runner
	mu     sync.Mutex
	made   map[string]truthMesh
}

type truthMesh struct {
	path string
	err  error
}

// of returns the mesh of a source that is read with the flags of a run. Another
// seed is another scene where the source is rendered, and the same recording
// elsewhere.
func (t *truthMeshes) of(ctx context.Context, source string, args []string) (string, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	flags := ofSource(args)
	name := strings.Join(append([]string{source}, flags...), " ")
	if m, ok := t.made[name]; ok {
		return m.path, m.err
	}
	if t.made == nil {
		t.made = make(map[string]truthMesh)
	}
	dir := filepath.Join(t.runner.Dir, "truth", Row{Name: name}.folder())
	m := truthMesh{path: filepath.Join(dir, "mesh.ply")}
	if _, err := os.Stat(m.path); err != nil {
		args := append([]string{"fuse", source, "--poses", "truth", "--depth", "sensor", "-o", dir, "--quiet"}, flags...)
		if ended := subprocess.Run(ctx, t.runner.Binary, args...); ended.Failure != "" {
			m.err = fmt.Errorf("no true mesh: %s", ended.Failure)
		}
	}
	if ctx.Err() == nil {
		t.made[name] = m
	}
	return m.path, m.err
}
