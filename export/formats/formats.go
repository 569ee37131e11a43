package formats

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/metricslam/metricslam/export"
	"github.com/metricslam/metricslam/export/floorplan"
	"github.com/metricslam/metricslam/geom"
	"github.com/metricslam/metricslam/internal/atomicfile"
	"github.com/metricslam/metricslam/mapping"
	"github.com/metricslam/metricslam/slam"
)

// Map is what is handed on, in the world frame of the map.
type Map struct {
	Name       string
	Map        *mapping.Map
	Part       int                // connected map of it
	Sources    []int              // first keyframe of each source of frames after the first
	LogStd     float64            // deviation of the logarithm of its metres; infinite where nothing tells them
	Trajectory slam.Trajectory    // all posed frames; nil: the keyframes stand for them
	Rows       []geom.SE3         // a pose a frame, as KITTI wants; nil: those of the paths
	Mesh       *slam.Mesh         // nil without depth
	Textured   *slam.TexturedMesh // Mesh with images, for the formats that show them; nil: the colours of vertices
	Cloud      *slam.Mesh         // of the surface before it was simplified; nil: the vertices of Mesh
}

// ToLevel returns the transform from the world frame to the one with z up that a map
// is handed on in.
func (m Map) ToLevel() geom.SE3 {
	var cameras slam.Trajectory
	for _, k := range m.Map.Keyframes {
		if k.Part == m.Part {
			cameras = append(cameras, slam.StampedPose{Time: k.Time, Pose: k.Pose})
		}
	}
	if len(cameras) == 0 {
		return geom.IdentitySE3()
	}
	return export.Level(export.Upright(cameras, m.Mesh), cameras[0].Pose)
}

// format is one of the formats: which files it writes, relative to the folder.
type format struct {
	name  string
	write func(*writer) ([]string, error)
	tool  bool // needs a program that may be missing, and is left out of all
}

var all = []format{
	{name: "colmap", write: (*writer).colmap},
	{name: "nerfstudio", write: (*writer).nerfstudio},
	{name: "tum", write: (*writer).tum},
	{name: "kitti", write: (*writer).kitti},
	{name: "euroc", write: (*writer).euroc},
	{name: "ply", write: (*writer).ply},
	{name: "las", write: (*writer).las},
	{name: "laz", write: (*writer).laz, tool: true},
	{name: "e57", write: (*writer).e57},
	{name: "obj", write: (*writer).obj},
	{name: "glb", write: (*writer).glb},
	{name: "usdz", write: (*writer).usdz},
	{name: "grid", write: (*writer).grid},
	{name: "plan", write: (*writer).plan},
}

// All names every format at once, but for those that need another program.
const All = "all"

// Names lists the formats.
func Names() []string {
	var out []string
	for _, f := range all {
		out = append(out, f.name)
	}
	return out
}

// Check names the first of a list that is no format, and what is missing for it.
func Check(list []string) error {
	for _, name := range list {
		if name != All && !slices.Contains(Names(), name) {
			return fmt.Errorf("format %q is not known; there are %s and %s", name, strings.Join(Names(), ", "), All)
		}
		if name == "laz" {
			if _, err := export.FindLAZ(); err != nil {
				return err
			}
		}
	}
	return nil
}

// errNothing says that a map lacks what a format shows.
var errNothing = errors.New("the map has no such thing")

// Write writes a map in the formats of a list into a folder, which is made, and
// export.json, which says what was written and in which frame. Of All what the map
// does not hold is left out; skipped says what and why. A format that was asked for
// by name must be possible.
func Write(ctx context.Context, dir string, list []string, m Map) (files, skipped []string, err error) {
	if err := Check(list); err != nil {
		return nil, nil, err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, nil, err
	}
	w, err := newWriter(ctx, dir, m)
	if err != nil {
		return nil, nil, err
	}
	everything := slices.Contains(list, All)
	for _, f := range all {
		named := slices.Contains(list, f.name)
		if !named && (!everything || f.tool) {
			continue
		}
		if err := ctx.Err(); err != nil {
			return files, skipped, err
		}
		names, err := f.write(w)
		switch {
		case err == nil:
			files = append(files, names...)
		case !named && (errors.Is(err, errNothing) || errors.Is(err, floorplan.ErrNoFloor)):
			skipped = append(skipped, fmt.Sprintf("%s: %v", f.name, err))
		default:
			return files, skipped, fmt.Errorf("export %s: %w", f.name, err)
		}
	}
	if math.IsInf(m.LogStd, 1) {
		skipped = append(skipped, "metres: nothing told them, the files are of free scale")
	}
	return files, skipped, w.manifest(files)
}

// writer writes one map.
type writer struct {
	ctx       context.Context
	dir       string
	m         Map
	toLevel   geom.SE3 // from the world to the frame that is handed on
	keyframes []*mapping.Keyframe
	cloud     []mapping.CloudPoint
	images    []writtenImage // once written
	mesh      *slam.Mesh
}

func newWriter(ctx context.Context, dir string, m Map) (*writer, error) {
	w := &writer{ctx: ctx, dir: dir, m: m, mesh: m.Mesh, keyframes: m.keyframes()}
	if len(w.keyframes) == 0 {
		return nil, fmt.Errorf("part %d of the map has no keyframes", m.Part)
	}
	w.toLevel = m.ToLevel()
	if w.mesh != nil {
		w.mesh = export.Moved(w.mesh, w.toLevel)
	}
	var err error
	w.cloud, err = m.Map.Cloud(m.Part)
	return w, err
}

func (w *writer) path(name string) string { return filepath.Join(w.dir, name) }

// manifest is what export.json says.
type manifest struct {
	Name       string        `json:"name"`
	Files      []string      `json:"files"`
	Frame      string        `json:"frame"`
	FromMap    [4][4]float64 `json:"level_from_map"` // of the map's own frame, that of trajectory.tum of a run
	ScaleStd   *float64      `json:"scale_std"`      // relative deviation of its metres, null: of free scale
	Keyframes  int           `json:"keyframes"`
	Landmarks  int           `json:"landmarks"`
	MeanReproj float64       `json:"mean_reprojection_error_px"`
}

func (w *writer) manifest(files []string) error {
	r, t := w.toLevel.R, w.toLevel.T
	unit := "metres"
	if math.IsInf(w.m.LogStd, 1) {
		unit = "units of free scale, for nothing told metres"
	}
	m := manifest{
		Name: w.m.Name, Files: files, Keyframes: len(w.keyframes), Landmarks: len(w.cloud), MeanReproj: w.meanError(),
		Frame: unit + "; z up, x where the first camera looks, y to its left, origin at the first camera; obj, glb and usdz have y up: (x, z, -y)",
		FromMap: [4][4]float64{
			{r[0][0], r[0][1], r[0][2], t.X}, {r[1][0], r[1][1], r[1][2], t.Y}, {r[2][0], r[2][1], r[2][2], t.Z}, {0, 0, 0, 1},
		},
	}
	if !math.IsInf(w.m.LogStd, 1) {
		m.ScaleStd = &w.m.LogStd
	}
	text, err := json.MarshalIndent(m, "", "  ")
	if err != nil {
		return err
	}
	return atomicfile.WriteBytes(w.path("export.json"), append(text, '\n'))
}

// meanError is the mean reprojection error over all observations.
func (w *writer) meanError() float64 {
	var sum, n float64
	for _, p := range w.cloud {
		sum, n = sum+p.ErrorPx*float64(len(p.Obs)), n+float64(len(p.Obs))
	}
	return sum / max(n, 1)
}
