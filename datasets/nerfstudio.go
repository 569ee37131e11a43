package datasets

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
)

const transformsFile = "transforms.json"

func isNerfstudio(dir string) bool { return exists(dir, transformsFile) }

// listNerfstudio reads the images that transforms.json of nerfstudio and
// instant-ngp lists, in the order of their names. Its poses are of free scale and
// no truth: they are left out.
func listNerfstudio(dir string, rate float64) (*listing, error) {
	path := filepath.Join(dir, transformsFile)
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var file struct {
		Frames []struct {
			FilePath string `json:"file_path"`
		} `json:"frames"`
	}
	if err := json.Unmarshal(data, &file); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	l := &listing{fps: rate}
	for _, f := range file.Frames {
		image := filepath.Join(dir, filepath.FromSlash(f.FilePath))
		if filepath.Ext(image) == "" && !exists(image) {
			image += ".png" // as instant-ngp writes it
		}
		if f.FilePath != "" {
			l.entries = append(l.entries, entry{name: stem(image), image: image})
		}
	}
	if len(l.entries) == 0 {
		return nil, fmt.Errorf("%s lists no frames with file_path", path)
	}
	slices.SortFunc(l.entries, func(a, b entry) int { return compareNatural(a.image, b.image) })
	l.entries = slices.CompactFunc(l.entries, func(a, b entry) bool { return a.image == b.image })
	l.stampByRate(rate)
	l.own, err = readCameraFile(path)
	return l, err
}
