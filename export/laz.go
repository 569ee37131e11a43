package export

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/metricslam/metricslam/slam"
)

// ErrNoLAZ says that no program that packs LAS files was found.
var ErrNoLAZ = errors.New("LAZ needs a program that packs LAS files: laszip, laspy (pip install 'laspy[cli,lazrs]') or pdal; install one, or export las")

// lazTools are the programs that pack a LAS file, the one that does nothing else
// first.
var lazTools = []struct {
	name string
	args func(from, to string) []string
}{
	{"laszip", func(from, to string) []string { return []string{"-i", from, "-o", to} }},
	{"laszip64", func(from, to string) []string { return []string{"-i", from, "-o", to} }},
	{"laspy", func(from, to string) []string { return []string{"compress", from, "--output-path", to} }},
	{"pdal", func(from, to string) []string { return []string{"translate", from, to, "--writers.las.forward=all"} }},
}

// FindLAZ returns the program that packs LAS files, ErrNoLAZ where there is none.
func FindLAZ() (path string, err error) {
	for _, t := range lazTools {
		if path, err := exec.LookPath(t.name); err == nil {
			return path, nil
		}
	}
	return "", ErrNoLAZ
}

// WriteLAZ is WriteLAS packed by the first program there is of those that do it.
func WriteLAZ(ctx context.Context, path string, m *slam.Mesh) error {
	tool, err := FindLAZ()
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp(filepath.Dir(path), ".laz-*")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	las, laz := filepath.Join(dir, "cloud.las"), filepath.Join(dir, "cloud.laz")
	if err := WriteLAS(las, m); err != nil {
		return err
	}
	for _, t := range lazTools {
		if t.name != filepath.Base(tool) {
			continue
		}
		if out, err := exec.CommandContext(ctx, tool, t.args(las, laz)...).CombinedOutput(); err != nil {
			return fmt.Errorf("write %s: %s: %w: %s", path, tool, err, strings.TrimSpace(string(out)))
		}
	}
	return os.Rename(laz, path)
}
