package viewer

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"strings"

	"github.com/metricslam/metricslam/export"
	"github.com/metricslam/metricslam/slam"
)

// Load reads a results folder (mesh.ply, trajectory.tum, keyframes.tum,
// report.json: what is there of them) or a single PLY mesh or cloud.
func Load(path string) (*Scene, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("%w; give a results folder of metricslam run, or a mesh.ply", err)
	}
	if info.IsDir() {
		return loadFolder(path)
	}
	if !strings.EqualFold(filepath.Ext(path), ".ply") {
		return nil, fmt.Errorf("%s: only meshes in PLY are read; run with --mesh-format ply", path)
	}
	m, err := loadMesh(path)
	if err != nil {
		return nil, err
	}
	return &Scene{Snapshot: slam.Snapshot{Mesh: m, ScaleSigma: math.Inf(1)}, Status: append([]string{filepath.Base(path)}, meshStatus(m)...)}, nil
}

func loadMesh(path string) (*slam.Mesh, error) {
	m, err := export.ReadPLY(path)
	if err != nil {
		return nil, err
	}
	if len(m.Vertices) == 0 {
		return nil, fmt.Errorf("%s: the mesh has no vertices: the run that wrote it had no depth to fuse; see its --depth", path)
	}
	return m, nil
}

func loadFolder(dir string) (*Scene, error) {
	s := &Scene{}
	var err error
	found := 0
	have := func(name string) (string, bool) {
		p := filepath.Join(dir, name)
		if _, statErr := os.Stat(p); err != nil || errors.Is(statErr, fs.ErrNotExist) {
			return p, false
		}
		found++
		return p, true
	}
	if p, ok := have("mesh.ply"); ok {
		s.Mesh, err = loadMesh(p)
	}
	if p, ok := have("trajectory.tum"); ok {
		s.Trajectory, err = export.ReadTUM(p)
	}
	if p, ok := have("keyframes.tum"); ok {
		s.Keyframes, err = export.ReadTUM(p)
	}
	if err != nil {
		return nil, err
	}
	if found == 0 {
		return nil, fmt.Errorf("%s: no mesh.ply, trajectory.tum or keyframes.tum in it; give a results folder of metricslam run, or a mesh.ply", dir)
	}
	if s.Status, s.ScaleSigma, err = folderStatus(dir); err != nil {
		return nil, err
	}
	s.Status = append(s.Status, meshStatus(s.Mesh)...)
	return s, nil
}

// folderStatus returns what a folder's report says in a few lines, and the deviation
// of the logarithm of its metres; a folder without a report is called by its name.
func folderStatus(dir string) (status []string, scaleStd float64, err error) {
	std := math.Inf(1)
	var r struct {
		Source    string   `json:"source"`
		Frames    int      `json:"frames"`
		Posed     int      `json:"posed"`
		Keyframes int      `json:"keyframes"`
		PathM     float64  `json:"path_m"`
		Scale     float64  `json:"scale"`
		ScaleStd  *float64 `json:"scale_std"`
		Sources   []struct {
			Name     string `json:"name"`
			Conflict bool   `json:"conflict"`
		} `json:"scale_sources"`
	}
	path := filepath.Join(dir, "report.json")
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return []string{filepath.Base(filepath.Clean(dir))}, std, nil
	}
	if err != nil {
		return nil, std, err
	}
	if err := json.Unmarshal(text, &r); err != nil {
		return nil, std, fmt.Errorf("%s: %w; move it away to see the rest of the folder", path, err)
	}
	if r.Keyframes == 0 { // of the fuse command, which poses nothing itself
		return []string{filepath.Base(r.Source)}, std, nil
	}
	if r.ScaleStd != nil {
		std = *r.ScaleStd
	}
	status = []string{
		filepath.Base(r.Source),
		fmt.Sprintf("%d of %d frames posed, %d keyframes, path %.1f m", r.Posed, r.Frames, r.Keyframes, r.PathM),
		scaleText(r.Scale, std),
	}
	for _, s := range r.Sources {
		if s.Conflict {
			status = append(status, fmt.Sprintf("the scale by %s contradicts and is not used", s.Name))
		}
	}
	return status, std, nil
}

// scaleText says what is known of the metres; std is infinite where nothing is.
func scaleText(scale, std float64) string {
	if math.IsInf(std, 1) {
		return "scale unknown"
	}
	return fmt.Sprintf("scale %.3f +- %.1f %%", scale, 100*std)
}

func meshStatus(m *slam.Mesh) []string {
	switch {
	case m == nil:
		return nil
	case len(m.Triangles) == 0:
		return []string{fmt.Sprintf("%s points", thousands(len(m.Vertices)))}
	}
	return []string{fmt.Sprintf("mesh of %s triangles", thousands(len(m.Triangles)))}
}

// thousands writes a number with its digits in groups of three.
func thousands(n int) string {
	s := fmt.Sprint(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + " " + s[i:]
	}
	return s
}
