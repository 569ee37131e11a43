package contract

import (
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"

	"github.com/metricslam/metricslam/internal/strictyaml"
)

//go:embed builtin/*.yaml
var builtin embed.FS

// Parse reads a contract; where says whose it is, for errors. Unknown fields
// are refused, so that a misspelt one does not pass in silence.
func Parse(data []byte, where string) (*Contract, error) {
	var c Contract
	if err := strictyaml.Unmarshal(data, &c); err != nil {
		return nil, fmt.Errorf("contract %s: %w", where, err)
	}
	c.setDefaults()
	if err := c.Validate(); err != nil {
		return nil, fmt.Errorf("contract %s:\n%w", where, err)
	}
	return &c, nil
}

// Load reads a contract file.
func Load(path string) (*Contract, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("contract: %w", err)
	}
	return Parse(data, path)
}

// Builtin returns the contracts of the known networks, sorted by name.
func Builtin() ([]*Contract, error) {
	var all []*Contract
	names, err := fs.Glob(builtin, "builtin/*.yaml")
	if err != nil {
		return nil, err
	}
	for _, name := range names {
		data, err := builtin.ReadFile(name)
		if err != nil {
			return nil, err
		}
		c, err := Parse(data, name)
		if err != nil {
			return nil, err
		}
		all = append(all, c)
	}
	slices.SortFunc(all, func(a, b *Contract) int { return strings.Compare(a.Name, b.Name) })
	return all, nil
}

// Named returns the built-in contract of a name.
func Named(name string) (*Contract, error) {
	all, err := Builtin()
	if err != nil {
		return nil, err
	}
	names := make([]string, len(all))
	for i, c := range all {
		if c.Name == name {
			return c, nil
		}
		names[i] = c.Name
	}
	return nil, fmt.Errorf("no contract named %q; there are %s", name, strings.Join(names, ", "))
}

// ForModel finds the contract of a model file: the one that explicit names (a
// contract file or a built-in name), else NAME.yaml beside it, else the built-in
// one of its name.
func ForModel(model, explicit string) (*Contract, error) {
	if explicit != "" {
		if ext := filepath.Ext(explicit); ext == ".yaml" || ext == ".yml" {
			return Load(explicit)
		}
		return Named(explicit)
	}
	stem := strings.TrimSuffix(model, filepath.Ext(model))
	beside := stem + ".yaml"
	switch _, err := os.Stat(beside); {
	case err == nil:
		return Load(beside)
	case !errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("contract of %s: %w", model, err)
	}
	all, err := Builtin()
	if err != nil {
		return nil, err
	}
	base := filepath.Base(model)
	for _, c := range all {
		if c.Name == filepath.Base(stem) || slices.Contains(c.Files, base) {
			return c, nil
		}
	}
	return nil, fmt.Errorf("no contract for %s: write %s beside it (metricslam models show NAME prints one to start from), or name a built-in one with --contract", model, beside)
}

// YAML returns the contract as a file would hold it.
func (c *Contract) YAML() ([]byte, error) {
	return yaml.Marshal(c)
}
