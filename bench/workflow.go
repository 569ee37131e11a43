package bench

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"io"
	"path/filepath"
	"strconv"
	"strings"
	"text/template"
)

//go:embed workflow.smk
var workflowText string

var workflow = template.Must(template.New("workflow").Parse(workflowText))

// Workflow is a bench as a workflow engine runs it: each run is a call of the program.
type Workflow struct {
	Program string
	Args    []string // of bench, but for the folder of results
	Dir     string   // that relative paths begin at
	Out     string   // folder of the results, absolute
}

// Write writes the runs of a suite and their table as a Snakefile. Version is that of the
// program.
func (w Workflow) Write(out io.Writer, s Suite, version string) error {
	runs := make(map[string]string) // what Only takes, by the file that marks the end
	for _, r := range s.Runs(w.Out, version) {
		runs[filepath.ToSlash(filepath.Join(r.Dir, doneFile))] = r.Row + ":" + strconv.FormatUint(r.Seed, 10)
	}
	args, err := json.Marshal(w.Args)
	if err != nil {
		return err
	}
	list, err := json.MarshalIndent(runs, "", " ")
	if err != nil {
		return err
	}
	return workflow.Execute(out, map[string]any{
		"Runs": runs, "Program": python(w.Program), "Args": python(string(args)), "Out": python(filepath.ToSlash(w.Out)),
		"RunList": python(string(list)), "Dir": python(w.Dir),
	})
}

// python is text as a literal of Python: JSON's, whose escapes are Python's too.
func python(text string) string {
	data, _ := json.Marshal(text) // text always is
	return string(data)
}

// One returns the suite with a single run, named ROW:SEED.
func (s Suite) One(name string) (Suite, error) {
	i := strings.LastIndexByte(name, ':')
	if i < 0 {
		return Suite{}, fmt.Errorf("run %q: want ROW:SEED", name)
	}
	seed, err := strconv.ParseUint(name[i+1:], 10, 64)
	if err != nil {
		return Suite{}, fmt.Errorf("run %q: want ROW:SEED, a whole number behind the last colon", name)
	}
	for _, r := range s.Rows {
		for _, n := range r.Seeds {
			if r.Name == name[:i] && n == seed {
				r.Seeds = []uint64{seed}
				return Suite{Rows: []Row{r}}, nil
			}
		}
	}
	return Suite{}, fmt.Errorf("run %q: no row with that seed", name)
}
