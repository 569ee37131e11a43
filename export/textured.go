package export

import (
	"bytes"
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/metricslam/metricslam/geom"
	"github.com/metricslam/metricslam/slam"
)

// WriteTextured writes a mesh with its images in the format that the name ends in:
// .obj (with a .mtl and the images beside it), .glb or .usdz.
func WriteTextured(path string, m *slam.TexturedMesh) error {
	switch strings.ToLower(filepath.Ext(path)) {
	case ".obj":
		return WriteOBJTextured(path, m)
	case ".glb":
		return WriteGLBTextured(path, m)
	case ".usdz":
		return WriteUSDZTextured(path, m)
	}
	return fmt.Errorf("write textured mesh %s: the name must end in .obj, .glb or .usdz", path)
}

// WriteSurface writes a mesh in the format that the name ends in, with its images where
// it has them and the format shows them; textured may be nil. It returns the names of
// the files.
func WriteSurface(path string, m *slam.Mesh, textured *slam.TexturedMesh) ([]string, error) {
	names := []string{filepath.Base(path)}
	ext := strings.ToLower(filepath.Ext(path))
	if textured == nil || ext == ".ply" {
		return names, WriteMesh(path, m)
	}
	if ext == ".obj" {
		name := strings.TrimSuffix(names[0], filepath.Ext(path))
		names = append(names, name+".mtl")
		for i, p := range pages(textured) {
			names = append(names, p.name(name, i))
		}
	}
	return names, WriteTextured(path, textured)
}

// MovedTextured returns a mesh after a rigid motion of the world.
func MovedTextured(m *slam.TexturedMesh, t geom.SE3) *slam.TexturedMesh {
	out := *m
	out.Mesh = *Moved(&m.Mesh, t)
	return &out
}

// CheckTextured is CheckMesh for a mesh with images.
func CheckTextured(m *slam.TexturedMesh) error {
	if err := CheckMesh(&m.Mesh); err != nil {
		return err
	}
	if len(m.Triangles) == 0 {
		return errors.New("a textured mesh without triangles")
	}
	if len(m.UV) != len(m.Vertices) {
		return fmt.Errorf("%d texture coordinates for %d vertices", len(m.UV), len(m.Vertices))
	}
	n := 0
	for i, p := range m.Pages {
		if (page{TexturePage: p}).mime() == "" {
			return fmt.Errorf("texture %d is neither PNG nor JPEG", i)
		}
		n += p.Triangles
	}
	if n != len(m.Triangles) {
		return fmt.Errorf("textures of %d triangles for %d", n, len(m.Triangles))
	}
	return nil
}

// page is an image with the triangles that it is for.
type page struct {
	slam.TexturePage
	triangles [][3]uint32
}

// pages returns those that are used.
func pages(m *slam.TexturedMesh) (out []page) {
	at := 0
	for _, p := range m.Pages {
		if p.Triangles > 0 {
			out = append(out, page{p, m.Triangles[at : at+p.Triangles]})
		}
		at += p.Triangles
	}
	return out
}

// mime is the type of the image, empty where it is none of those that viewers read.
func (p page) mime() string {
	switch {
	case bytes.HasPrefix(p.Data, []byte("\x89PNG\r\n\x1a\n")):
		return "image/png"
	case bytes.HasPrefix(p.Data, []byte("\xff\xd8\xff")):
		return "image/jpeg"
	}
	return ""
}

// name is that of the image's file, beside a mesh of a name without its ending.
func (p page) name(mesh string, i int) string {
	ext := ".jpg"
	if p.mime() == "image/png" {
		ext = ".png"
	}
	return fmt.Sprintf("%s.%d%s", mesh, i, ext)
}
