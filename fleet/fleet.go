package fleet

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/metricslam/metricslam/internal/atomicfile"
	"github.com/metricslam/metricslam/internal/subprocess"
	"github.com/metricslam/metricslam/join"
)

// Fleet makes one map of many recordings in the folder Out.
type Fleet struct {
	Binary  string // the program
	Version string // its version: another one does everything again
	Out     string
	Jobs    int // processes at a time
	// Mesh are the formats of the dense map: ply, obj, glb, Levels. None: it is not made.
	Mesh []string
	// TileArgs are further flags of map tiles.
	TileArgs []string
	// StampURL tells whether a source in a bucket has changed; nil: nothing does.
	StampURL func(url string) ([]byte, error)
	// Begin is told how many steps a stage has, Done of each that has ended; both may be
	// nil.
	Begin func(stage string, steps int)
	Done  func(*Note)

	mu    sync.Mutex
	sums  map[string]string // digests of what steps wrote
	notes []*Note
}

// Report is what a fleet did: fleet.json.
type Report struct {
	Version    string           `json:"version"`
	Recordings []Recorded       `json:"recordings"`
	Pairs      int              `json:"pairs"` // that were matched
	Components []join.Component `json:"components"`
	Links      map[string]int   `json:"links"` // by what became of them
	Warnings   []string         `json:"warnings"`
	Cost       map[string]Cost  `json:"cost"` // by step
	Joined     string           `json:"joined"`
	Tiles      int              `json:"tiles"` // of the dense map
	Mesh       []string         `json:"mesh"`  // its files
}

// stages are the kinds of steps, in their order.
var stages = []string{"run", "index", "pairs", "match", "join", "dense", "tiles", "fuse", "merge"}

// Recorded is a recording and what became of it.
type Recorded struct {
	Name      string `json:"name"`
	Source    string `json:"source"`
	Status    int    `json:"exit_status"`
	Failure   string `json:"failure,omitempty"`
	Component int    `json:"component"` // -1: it has no map
}

// Cost is what the steps of a kind took, those that were done before included.
type Cost struct {
	Steps     int     `json:"steps"`
	CPUS      float64 `json:"cpu_s"`
	WallS     float64 `json:"wall_s"`     // one after the other
	MemoryMB  float64 `json:"memory_mb"`  // of the largest
	ReadMB    float64 `json:"read_mb"`    // files of other steps
	WrittenMB float64 `json:"written_mb"` // the files that the next steps read
	Retries   int     `json:"retries"`
}

// Run does all steps that are not done yet, and writes joined.json, the dense map, fleet.json
// and report.html.
func (f *Fleet) Run(ctx context.Context, all []Recording) (*Report, error) {
	if err := complete(all); err != nil {
		return nil, err
	}
	f.notes, f.sums = nil, make(map[string]string)
	r := &Report{Version: f.Version, Warnings: []string{}, Cost: make(map[string]Cost), Links: make(map[string]int), Joined: f.path("joined.json"), Mesh: []string{}}
	if err := os.MkdirAll(f.path("steps"), 0o755); err != nil {
		return nil, err
	}
	names, err := f.mapAll(ctx, all, r)
	if err != nil {
		return nil, err
	}
	pairs, err := f.pair(ctx, names)
	if err != nil {
		return nil, err
	}
	r.Pairs = len(pairs.Pairs)
	if err := f.join(ctx, names, pairs); err != nil {
		return nil, err
	}
	if err := f.mesh(ctx, names, r); err != nil {
		return nil, err
	}
	j, err := f.conclude(r, names)
	if err != nil {
		return nil, err
	}
	data, err := json.MarshalIndent(r, "", " ")
	if err != nil {
		return nil, err
	}
	if err := atomicfile.WriteBytes(f.path("fleet.json"), data); err != nil {
		return nil, err
	}
	return r, f.writePage(r, j)
}

func (f *Fleet) path(parts ...string) string {
	return filepath.Join(append([]string{f.Out}, parts...)...)
}

func (f *Fleet) mapFile(name string) string   { return f.path("recordings", name, "map.mslam") }
func (f *Fleet) indexFile(name string) string { return f.path("places", name+".json") }

// mapAll maps every recording and indexes its map. It returns the names of those that
// have one; what failed is reported.
func (f *Fleet) mapAll(ctx context.Context, all []Recording, r *Report) (names []string, err error) {
	var runs, indices []step
	for _, rec := range all {
		dir := f.path("recordings", rec.Name)
		args := append([]string{"run", rec.Source, "-o", dir, "--overwrite", "--quiet", "--no-mesh"}, rec.Args...)
		runs = append(runs, step{name: "run." + rec.Name, args: args, output: f.mapFile(rec.Name), source: append([]string{rec.Source}, rec.Args...)})
	}
	notes, err := f.stage(ctx, "run", runs)
	if err != nil {
		return nil, err
	}
	for i, n := range notes {
		r.Recordings = append(r.Recordings, Recorded{Name: all[i].Name, Source: all[i].Source, Status: n.Status, Failure: n.Failure, Component: -1})
		switch {
		case !n.ok():
			r.Warnings = append(r.Warnings, fmt.Sprintf("%s has no map: %s", all[i].Name, n.Failure))
			continue
		case n.Status == subprocess.StatusDoubtful:
			r.Warnings = append(r.Warnings, fmt.Sprintf("%s: the run does not vouch for its map; see %s", all[i].Name, f.path("recordings", all[i].Name, "report.html")))
		}
		name := all[i].Name
		names = append(names, name)
		indices = append(indices, step{name: "index." + name, args: []string{"map", "index", f.mapFile(name), "-o", f.indexFile(name)}, inputs: []string{f.mapFile(name)}, output: f.indexFile(name)})
	}
	if len(names) == 0 {
		return nil, fmt.Errorf("no recording gave a map; the first: %s", notes[0].Failure)
	}
	return names, f.must(ctx, "index", indices)
}

// pair finds the maps that may show the same place.
func (f *Fleet) pair(ctx context.Context, names []string) (*join.Pairs, error) {
	s := step{name: "pairs", args: []string{"map", "pairs", "--quiet", "-o", f.path("pairs.json")}, output: f.path("pairs.json")}
	for _, n := range names {
		s.args, s.inputs = append(s.args, f.indexFile(n)), append(s.inputs, f.indexFile(n))
	}
	if err := f.must(ctx, "pairs", []step{s}); err != nil {
		return nil, err
	}
	return join.ReadPairs(s.output)
}

// join matches the pairs and joins all maps.
func (f *Fleet) join(ctx context.Context, names []string, pairs *join.Pairs) error {
	var matches []step
	s := step{name: "join", output: f.path("joined.json")}
	s.args = []string{"map", "join", "--quiet", "-o", s.output, "--trajectories", f.path("trajectories")}
	for _, p := range pairs.Pairs {
		a, b := names[p.A], names[p.B]
		out := f.path("links", a+"--"+b+".json")
		matches = append(matches, step{name: "match." + a + "--" + b, inputs: []string{f.mapFile(a), f.mapFile(b)}, output: out,
			args: []string{"map", "match", "--quiet", f.mapFile(a), f.mapFile(b), "-o", out}})
		s.args, s.inputs = append(s.args, "--links", out), append(s.inputs, out)
	}
	for _, n := range names {
		s.args, s.inputs = append(s.args, f.mapFile(n)), append(s.inputs, f.mapFile(n))
	}
	if err := f.must(ctx, "match", matches); err != nil {
		return err
	}
	return f.must(ctx, "join", []step{s})
}

// must does the steps of a stage that nothing can do without.
func (f *Fleet) must(ctx context.Context, stage string, steps []step) error {
	notes, err := f.stage(ctx, stage, steps)
	if err != nil {
		return err
	}
	for _, n := range notes {
		if !n.ok() {
			return fmt.Errorf("%s: %s", n.Name, n.Failure)
		}
	}
	return nil
}

// stage does steps that do not need each other, Jobs at a time.
func (f *Fleet) stage(ctx context.Context, stage string, steps []step) ([]*Note, error) {
	if f.Begin != nil {
		f.Begin(stage, len(steps))
	}
	out := make([]*Note, len(steps))
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(max(f.Jobs, 1))
	for i, s := range steps {
		g.Go(func() error {
			n, err := f.do(ctx, s)
			if err != nil {
				return fmt.Errorf("%s: %w", s.name, err)
			}
			out[i] = n
			f.mu.Lock()
			defer f.mu.Unlock()
			f.notes = append(f.notes, n)
			f.sums[n.Output] = n.SHA256
			if f.Done != nil {
				f.Done(n)
			}
			return nil
		})
	}
	return out, g.Wait()
}

// conclude enters what came out.
func (f *Fleet) conclude(r *Report, names []string) (*join.Joined, error) {
	j, err := join.Read(r.Joined)
	if err != nil {
		return nil, err
	}
	r.Components, r.Warnings = j.Components, append(r.Warnings, j.Warnings...)
	for _, l := range j.Links {
		r.Links[l.State]++
	}
	at := make(map[string]int)
	for i, n := range names {
		at[n] = i
	}
	for i := range r.Recordings {
		if k, ok := at[r.Recordings[i].Name]; ok {
			r.Recordings[i].Component = j.Maps[k].Component
		}
	}
	for _, n := range f.notes {
		kind, _, _ := strings.Cut(n.Name, ".")
		c := r.Cost[kind]
		c.Steps, c.CPUS, c.WallS, c.MemoryMB = c.Steps+1, c.CPUS+n.CPUS, c.WallS+n.WallS, max(c.MemoryMB, n.MemoryMB)
		c.ReadMB, c.WrittenMB, c.Retries = c.ReadMB+n.ReadMB, c.WrittenMB+n.WrittenMB, c.Retries+n.Retries
		r.Cost[kind] = c
	}
	return j, nil
}
