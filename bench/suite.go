package bench

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/metricslam/metricslam/internal/strictyaml"
)

// Suite is a table to be made.
type Suite struct {
	Rows []Row `yaml:"rows"`
}

// Row is a sequence under one setting.
type Row struct {
	Name   string   `yaml:"name"`
	Source string   `yaml:"source"` // as `run` takes it; {data} stands for the data folder
	Args   []string `yaml:"args"`   // further flags of `run`; {seed}, {data} and {priors} are replaced
	Seeds  []uint64 `yaml:"seeds"`  // default: 1

	// Mesh judges mesh.ply against the fused depth of the sensor at the true poses.
	Mesh bool `yaml:"mesh"`
	// MeshSource is the source whose true mesh that is, where it differs: the same
	// place without the people in it.
	MeshSource string `yaml:"mesh_source"`
	// DriftTruth is a file of true poses in KITTI's format, DriftLengthsM the
	// lengths of sub-paths: with them t_rel and r_rel are measured.
	DriftTruth    string    `yaml:"drift_truth"`
	DriftLengthsM []float64 `yaml:"drift_lengths_m"`
}

// Places are the folders that a suite's placeholders stand for.
type Places struct{ Data, Priors string }

// ReadSuite reads a suite from a YAML file and checks it.
func ReadSuite(path string, places Places) (Suite, error) {
	var s Suite
	text, err := os.ReadFile(path)
	if err != nil {
		return s, err
	}
	if err := strictyaml.Unmarshal(text, &s); err != nil {
		return s, fmt.Errorf("%s: %w", path, err)
	}
	for i := range s.Rows {
		r := &s.Rows[i]
		if err := r.fill(places); err != nil {
			return s, fmt.Errorf("%s: row %d (%s): %w", path, i+1, r.Name, err)
		}
	}
	return s, s.check()
}

// fill replaces the folders' placeholders.
func (r *Row) fill(places Places) error {
	replace := func(text string) (string, error) {
		for _, p := range []struct{ name, folder, remedy string }{
			{"{data}", places.Data, "name the folder of the sequences with --data or METRICSLAM_DATA"},
			{"{priors}", places.Priors, "name the folder of the simulated priors with --priors or METRICSLAM_PRIORS"},
		} {
			if strings.Contains(text, p.name) && p.folder == "" {
				return "", fmt.Errorf("%s is not known; %s", p.name, p.remedy)
			}
			text = strings.ReplaceAll(text, p.name, p.folder)
		}
		return text, nil
	}
	var err error
	for _, s := range []*string{&r.Source, &r.MeshSource, &r.DriftTruth} {
		if *s, err = replace(*s); err != nil {
			return err
		}
	}
	for i := range r.Args {
		if r.Args[i], err = replace(r.Args[i]); err != nil {
			return err
		}
	}
	return nil
}

// Cross makes a suite of every source under every depth setting.
func Cross(sources, depths []string, seeds []uint64, args []string, mesh bool) (Suite, error) {
	var s Suite
	for _, src := range sources {
		for _, d := range depths {
			name := filepath.Base(filepath.Clean(src)) + " " + d
			if !strings.HasPrefix(src, "synthetic:") {
				parent := filepath.Base(filepath.Dir(filepath.Clean(src)))
				name = filepath.Join(parent, name)
			}
			s.Rows = append(s.Rows, Row{Name: name, Source: src, Args: append([]string{"--depth", d}, args...), Seeds: seeds, Mesh: mesh})
		}
	}
	return s, s.check()
}

// check completes the rows and names the first that cannot be run.
func (s *Suite) check() error {
	if len(s.Rows) == 0 {
		return errors.New("there is nothing to run: name sequences or a suite")
	}
	folders := make(map[string]string)
	for i := range s.Rows {
		r := &s.Rows[i]
		if r.Source == "" {
			return fmt.Errorf("row %d (%s) names no source", i+1, r.Name)
		}
		if r.Name == "" {
			return fmt.Errorf("row %d (%s) has no name", i+1, r.Source)
		}
		if len(r.Seeds) == 0 {
			r.Seeds = []uint64{1}
		}
		if r.MeshSource == "" {
			r.MeshSource = r.Source
		}
		if other, taken := folders[r.folder()]; taken {
			return fmt.Errorf("rows %q and %q would write into one folder; give one of them another name", other, r.Name)
		}
		folders[r.folder()] = r.Name
		if (r.DriftTruth == "") != (len(r.DriftLengthsM) == 0) {
			return fmt.Errorf("row %q: drift_truth and drift_lengths_m go together", r.Name)
		}
	}
	return nil
}

// Only keeps the rows of the given names.
func (s Suite) Only(names []string) (Suite, error) {
	var out Suite
	for _, n := range names {
		i := slices.IndexFunc(s.Rows, func(r Row) bool { return r.Name == n })
		if i < 0 {
			return out, fmt.Errorf("there is no row %q", n)
		}
		out.Rows = append(out.Rows, s.Rows[i])
	}
	return out, nil
}

// folder is the row's name as a name of a folder.
func (r Row) folder() string {
	return strings.Map(func(c rune) rune {
		switch {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', strings.ContainsRune("._-=", c):
			return c
		}
		return '_'
	}, r.Name)
}

// Run is one process of a suite.
type Run struct {
	Row  string   `json:"row"`
	Seed uint64   `json:"seed"`
	Dir  string   `json:"dir"`
	Args []string `json:"args"` // of the program
	Key  string   `json:"key"`  // digest of what decides the result: arguments and version
}

// Runs lists the processes of a suite whose results go below dir.
func (s Suite) Runs(dir, version string) []Run {
	var out []Run
	for _, r := range s.Rows {
		for _, seed := range r.Seeds {
			number := strconv.FormatUint(seed, 10)
			run := Run{Row: r.Name, Seed: seed, Dir: filepath.Join(dir, "runs", r.folder(), number)}
			run.Args = []string{"run", r.Source, "-o", run.Dir, "--seed", number, "--quiet"}
			if !r.Mesh {
				run.Args = append(run.Args, "--no-mesh")
			}
			for _, a := range r.Args {
				run.Args = append(run.Args, strings.ReplaceAll(a, "{seed}", number))
			}
			sum := sha256.Sum256([]byte(version + "\x00" + strings.Join(run.Args, "\x00")))
			run.Key = hex.EncodeToString(sum[:12])
			out = append(out, run)
		}
	}
	return out
}
