package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/metricslam/metricslam/bench"
	"github.com/metricslam/metricslam/internal/atomicfile"
)

// benchCmd runs many sequences and makes a table of them.
type benchCmd struct {
	Source []string `arg:"" optional:"" help:"Sequences, as run takes them; none with --suite."`
	Output string   `short:"o" required:"" placeholder:"DIR" help:"Folder for the table and the runs; runs that are there are not repeated."`
	Suite  string   `type:"existingfile" placeholder:"FILE" help:"Table in YAML: rows with name, source, args, seeds (docs/bench.md)."`
	Row    []string `placeholder:"NAME,..." help:"Rows of the suite to run; default: all."`
	Depth  []string `default:"auto" placeholder:"SPEC,..." sep:";" help:"Depth sources, separated by semicolons: a row each (without a suite)."`
	Seeds  []uint64 `default:"1,2,3" placeholder:"N,..." help:"Seeds of every row (without a suite)."`
	Arg    []string `placeholder:"FLAG" sep:"none" help:"Further flag of run, for all rows; may be repeated: --arg=--max-frames=300 (without a suite)."`
	Mesh   bool     `help:"Judge the meshes against the fused depth of the sensor at the true poses (without a suite)."`
	Data   string   `env:"METRICSLAM_DATA" placeholder:"DIR" help:"Folder that {data} of a suite stands for."`
	Priors string   `env:"METRICSLAM_PRIORS" placeholder:"DIR" help:"Folder that {priors} of a suite stands for."`
	Jobs   int      `default:"1" placeholder:"N" help:"Runs at a time."`
	Before string   `type:"existingfile" placeholder:"FILE" help:"bench.json of an earlier bench: what became worse is marked, and the exit status is 1."`
	List   bool     `help:"Print the runs as JSON, one a line, and run nothing."`
	Quiet  bool     `help:"Show the table alone."`

	Workflow bool   `help:"Print the runs and their table as a workflow for Snakemake, and run nothing."`
	Only     string `placeholder:"ROW:SEED" help:"Do one run, and make no table: a step of the workflow."`
}

// Run runs what is missing and writes bench.json, bench.csv and bench.html.
func (c benchCmd) Run(ctx context.Context) error {
	suite, err := c.suite()
	if err != nil {
		return err
	}
	if c.List {
		enc := json.NewEncoder(os.Stdout)
		enc.SetEscapeHTML(false)
		for _, r := range suite.Runs(c.Output, buildVersion()) {
			if err := enc.Encode(r); err != nil {
				return err
			}
		}
		return nil
	}
	if c.Workflow {
		return c.workflow(suite)
	}
	if c.Only != "" {
		if suite, err = suite.One(c.Only); err != nil {
			return fmt.Errorf("--only: %w", err)
		}
	}
	var before *bench.Summary
	if c.Before != "" {
		s, err := bench.ReadSummary(c.Before)
		if err != nil {
			return fmt.Errorf("--before %w", err)
		}
		before = &s
	}
	binary, err := os.Executable()
	if err != nil {
		return err
	}
	if err := os.MkdirAll(c.Output, 0o755); err != nil {
		return fmt.Errorf("-o %s: %w", c.Output, err)
	}
	runner := bench.Runner{Binary: binary, Version: buildVersion(), Dir: c.Output, Jobs: c.Jobs, Done: c.tell}
	outcomes, err := runner.Execute(ctx, suite)
	if err != nil {
		return err
	}
	if c.Only != "" {
		return nil
	}
	return c.write(bench.Summarise(buildVersion(), outcomes), before)
}

// workflow prints the suite as a Snakefile, whose steps call this program with the same
// arguments.
func (c benchCmd) workflow(s bench.Suite) error {
	w := bench.Workflow{}
	var err error
	if w.Program, err = os.Executable(); err != nil {
		return err
	}
	if w.Dir, err = os.Getwd(); err != nil {
		return err
	}
	if w.Out, err = filepath.Abs(c.Output); err != nil {
		return err
	}
	add := func(flag string, values ...string) {
		for _, v := range values {
			w.Args = append(w.Args, flag+"="+v)
		}
	}
	if c.Suite != "" {
		add("--suite", c.Suite)
		add("--row", c.Row...)
	} else {
		w.Args = append(w.Args, c.Source...)
		add("--depth", strings.Join(c.Depth, ";"))
		for _, seed := range c.Seeds {
			add("--seeds", fmt.Sprint(seed))
		}
		add("--arg", c.Arg...)
		if c.Mesh {
			w.Args = append(w.Args, "--mesh")
		}
	}
	if c.Data != "" {
		add("--data", c.Data)
	}
	if c.Priors != "" {
		add("--priors", c.Priors)
	}
	return w.Write(os.Stdout, s, buildVersion())
}

// suite is the table that the command line asks for.
func (c benchCmd) suite() (bench.Suite, error) {
	if c.Suite == "" {
		if len(c.Row) > 0 {
			return bench.Suite{}, fmt.Errorf("--row %v chooses rows of a --suite", c.Row)
		}
		return bench.Cross(c.Source, c.Depth, c.Seeds, c.Arg, c.Mesh)
	}
	if len(c.Source) > 0 {
		return bench.Suite{}, fmt.Errorf("--suite %s names its own sequences; leave out %v", c.Suite, c.Source)
	}
	s, err := bench.ReadSuite(c.Suite, bench.Places{Data: c.Data, Priors: c.Priors})
	if err != nil || len(c.Row) == 0 {
		return s, err
	}
	return s.Only(c.Row)
}

// tell shows a run that has ended.
func (c benchCmd) tell(o bench.Outcome) {
	if c.Quiet {
		return
	}
	word := "done"
	if o.Failure != "" {
		word = "FAILED: " + o.Failure
	}
	fmt.Fprintf(os.Stderr, "%s, seed %d: %s\n", o.Row, o.Seed, word)
}

func (c benchCmd) write(s bench.Summary, before *bench.Summary) error {
	var changes []bench.Change
	if before != nil {
		changes = append([]bench.Change{}, bench.Compare(*before, s)...)
	}
	for _, f := range []struct {
		name  string
		write func(io.Writer) error
	}{
		{"bench.json", func(w io.Writer) error {
			enc := json.NewEncoder(w)
			enc.SetIndent("", "  ")
			return enc.Encode(s)
		}},
		{"bench.csv", s.WriteCSV},
		{"bench.txt", s.WriteText},
		{"bench.html", func(w io.Writer) error { return s.WriteHTML(w, changes) }},
	} {
		if err := atomicfile.Write(filepath.Join(c.Output, f.name), f.write); err != nil {
			return err
		}
	}
	if err := s.WriteText(os.Stdout); err != nil {
		return err
	}
	if before == nil {
		return nil
	}
	if worse := bench.WriteChanges(os.Stdout, changes); worse > 0 {
		return fmt.Errorf("%d figures are worse than in %s", worse, c.Before)
	}
	return nil
}
