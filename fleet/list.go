package fleet

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/metricslam/metricslam/internal/strictyaml"
)

// Recording is what one run of the program maps.
type Recording struct {
	Name   string   `yaml:"name"`   // of its folder: letters, digits, dot, dash, underscore
	Source string   `yaml:"source"` // as run takes it
	Args   []string `yaml:"args"`   // further flags of run
}

var goodName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]*$`)

// ReadList reads a list of recordings: YAML with recordings, each with source and, where
// wanted, name and args. {data} in them stands for a folder.
func ReadList(path, data string) ([]Recording, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var list struct {
		Recordings []Recording `yaml:"recordings"`
	}
	if err := strictyaml.Unmarshal(text, &list); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	for i := range list.Recordings {
		r := &list.Recordings[i]
		for _, s := range append([]*string{&r.Source}, pointers(r.Args)...) {
			if strings.Contains(*s, "{data}") && data == "" {
				return nil, fmt.Errorf("%s: {data} is not known; name the folder with --data or METRICSLAM_DATA", path)
			}
			*s = strings.ReplaceAll(*s, "{data}", data)
		}
	}
	return list.Recordings, nil
}

func pointers(v []string) (out []*string) {
	for i := range v {
		out = append(out, &v[i])
	}
	return out
}

// Folder returns the recordings of a folder: each entry that is not hidden is one.
func Folder(dir string) ([]Recording, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	var out []Recording
	for _, e := range entries {
		if !strings.HasPrefix(e.Name(), ".") {
			out = append(out, Recording{Source: filepath.Join(dir, e.Name())})
		}
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("%s is empty; it should hold a folder or a video for each recording", dir)
	}
	return out, nil
}

// complete names what has no name, and refuses what cannot be.
func complete(all []Recording) error {
	if len(all) < 2 {
		return errors.New("one map of one recording is what `run` makes; name two recordings or more")
	}
	seen := make(map[string]string)
	for i := range all {
		r := &all[i]
		if r.Source == "" {
			return fmt.Errorf("recording %d (%s) names no source", i+1, r.Name)
		}
		if r.Name == "" {
			r.Name = cleanName(filepath.Base(filepath.Clean(r.Source)))
		}
		if !goodName.MatchString(r.Name) {
			return fmt.Errorf("recording %q: a name has letters, digits, dot, dash and underscore only", r.Name)
		}
		if other, ok := seen[r.Name]; ok {
			return fmt.Errorf("%s and %s are both called %s; give one of them a name in a list", other, r.Source, r.Name)
		}
		seen[r.Name] = r.Source
	}
	return nil
}

// cleanName makes a name of the last part of a source.
func cleanName(base string) string {
	name := regexp.MustCompile(`[^A-Za-z0-9._-]+`).ReplaceAllString(base, "-")
	return strings.Trim(name, "-._")
}
