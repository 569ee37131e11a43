package formats

import (
	"errors"
	"fmt"

	"github.com/metricslam/metricslam/export"
	"github.com/metricslam/metricslam/export/floorplan"
	"github.com/metricslam/metricslam/geom"
	"github.com/metricslam/metricslam/slam"
)

// surface is the mesh that was handed on.
func (w *writer) surface() (*slam.Mesh, error) {
	if w.mesh == nil || len(w.mesh.Triangles) == 0 {
		return nil, fmt.Errorf("%w: no surface, for no keyframe has depth", errNothing)
	}
	return w.mesh, nil
}

// points is the densest cloud there is: that of the surface, the mesh's vertices, the
// landmarks.
func (w *writer) points() *slam.Mesh {
	if c := w.m.Cloud; c != nil && len(c.Vertices) > 0 {
		return export.Moved(c, w.toLevel)
	}
	if w.mesh != nil && len(w.mesh.Vertices) > 0 {
		return &slam.Mesh{Vertices: w.mesh.Vertices, Colors: w.mesh.Colors}
	}
	return w.landmarks()
}

// landmarks is the sparse cloud.
func (w *writer) landmarks() *slam.Mesh {
	m := &slam.Mesh{Vertices: make([][3]float32, len(w.cloud)), Colors: make([][3]uint8, len(w.cloud))}
	for i, p := range w.cloud {
		v := w.toLevel.Apply(p.Position)
		m.Vertices[i], m.Colors[i] = [3]float32{float32(v.X), float32(v.Y), float32(v.Z)}, p.Color
	}
	return m
}

func (w *writer) ply() ([]string, error) {
	files := []string{"landmarks.ply"}
	if err := export.WritePLY(w.path(files[0]), w.landmarks()); err != nil {
		return nil, err
	}
	if m, err := w.surface(); err == nil {
		files = append(files, "cloud.ply", "mesh.ply")
		return files, errors.Join(export.WritePLY(w.path("cloud.ply"), w.points()), export.WritePLY(w.path("mesh.ply"), m))
	}
	return files, nil
}

func (w *writer) las() ([]string, error) {
	return []string{"cloud.las"}, export.WriteLAS(w.path("cloud.las"), w.points())
}

func (w *writer) laz() ([]string, error) {
	return []string{"cloud.laz"}, export.WriteLAZ(w.ctx, w.path("cloud.laz"), w.points())
}

func (w *writer) e57() ([]string, error) {
	return []string{"cloud.e57"}, export.WriteE57(w.path("cloud.e57"), w.points())
}

// upward writes the mesh after a turn, with its images where it has them.
func (w *writer) upward(name string, turn geom.SE3, plain func(string, *slam.Mesh) error) ([]string, error) {
	m, err := w.surface()
	if err != nil {
		return nil, err
	}
	if w.m.Textured != nil {
		return export.WriteSurface(w.path(name), nil, export.MovedTextured(w.m.Textured, turn.Mul(w.toLevel)))
	}
	return []string{name}, plain(w.path(name), export.Moved(m, turn))
}

func (w *writer) obj() ([]string, error) {
	return w.upward("mesh.obj", export.YUp(), export.WriteOBJ)
}

func (w *writer) usdz() ([]string, error) {
	return w.upward("mesh.usdz", export.YUp(), export.WriteUSDZ)
}

// WriteGLB takes the frame of a camera, y down, and turns it by itself.
func (w *writer) glb() ([]string, error) {
	halfTurn := geom.SE3{R: geom.Mat3{{1, 0, 0}, {0, -1, 0}, {0, 0, -1}}}
	return w.upward("mesh.glb", halfTurn.Mul(export.YUp()), export.WriteGLB)
}

// flat is the map from above.
func (w *writer) flat() (*floorplan.Grid, error) {
	m, err := w.surface()
	if err != nil {
		return nil, err
	}
	var path []geom.Vec3
	for _, t := range w.paths() {
		for _, p := range t {
			path = append(path, p.Pose.T)
		}
	}
	return floorplan.Build(m, path, floorplan.Default())
}

func (w *writer) grid() ([]string, error) {
	g, err := w.flat()
	if err != nil {
		return nil, err
	}
	return []string{"map.yaml", "map.pgm"}, g.WriteROS(w.dir)
}

func (w *writer) plan() ([]string, error) {
	g, err := w.flat()
	if err != nil {
		return nil, err
	}
	return []string{"floorplan.svg", "floorplan.png"}, floorplan.Plan{Grid: g, Title: w.m.Name, LogStd: w.m.LogStd}.Write(w.dir)
}
