package formats_test

import (
	"bytes"
	"context"
	"image"
	"image/color"
	"image/draw"
	"image/jpeg"
	"image/png"
	"path/filepath"
	"testing"

	"github.com/metricslam/metricslam/export"
	"github.com/metricslam/metricslam/export/formats"
	"github.com/metricslam/metricslam/internal/otherprograms"
	"github.com/metricslam/metricslam/slam"
	"github.com/metricslam/metricslam/texture"
)

// banner is three squares side by side along x, seen from larger z: red and green in
// the upper and the lower half of one image, blue in another.
func banner(t *testing.T) *slam.TexturedMesh {
	t.Helper()
	paint := func(upper, lower color.RGBA) image.Image {
		img := image.NewRGBA(image.Rect(0, 0, 64, 64))
		draw.Draw(img, image.Rect(0, 0, 64, 32), image.NewUniform(upper), image.Point{}, draw.Src)
		draw.Draw(img, image.Rect(0, 32, 64, 64), image.NewUniform(lower), image.Point{}, draw.Src)
		return img
	}
	red, green, blue := color.RGBA{220, 20, 20, 255}, color.RGBA{20, 220, 20, 255}, color.RGBA{20, 20, 220, 255}
	var a, b bytes.Buffer
	if err := jpeg.Encode(&a, paint(red, green), nil); err != nil {
		t.Fatal(err)
	}
	if err := png.Encode(&b, paint(blue, blue)); err != nil {
		t.Fatal(err)
	}
	m := &slam.TexturedMesh{Pages: []slam.TexturePage{{Data: a.Bytes(), Triangles: 4}, {Data: b.Bytes(), Triangles: 2}}}
	for i := range 3 {
		n, v := uint32(len(m.Vertices)), .5*float32(i%2)
		for _, c := range [][2]float32{{0, 0}, {1, 0}, {1, 1}, {0, 1}} {
			m.Vertices = append(m.Vertices, [3]float32{float32(i) + c[0], c[1], 0})
			m.UV = append(m.UV, [2]float32{.1 + .8*c[0], v + .1 + .3*c[1]})
		}
		m.Triangles = append(m.Triangles, [3]uint32{n, n + 1, n + 2}, [3]uint32{n, n + 2, n + 3})
	}
	return m
}

// Others find the images of a textured mesh, and each triangle's colour in them:
// trimesh (OBJ, GLB), pygltflib, OpenUSD.
func TestOthersOpenTextured(t *testing.T) {
	otherprograms.Python(t)
	dir := t.TempDir()
	m := banner(t)
	for _, name := range []string{"mesh.obj", "mesh.glb", "mesh.usdz"} {
		if _, err := export.WriteSurface(filepath.Join(dir, name), &m.Mesh, m); err != nil {
			t.Fatal(err)
		}
	}
	otherprograms.Run(t, filepath.Join("testdata", "textured.py"), dir)
}

// A map's surface is handed on with the images of its keyframes, in the same place.
func TestTexturedMap(t *testing.T) {
	m := known(t)
	stats, err := m.BuildTexture(context.Background(), texture.Default())
	if err != nil {
		t.Fatal(err)
	}
	if stats.Views == 0 || len(m.Textured.Triangles) != len(m.Mesh.Triangles) {
		t.Fatalf("%d triangles of %d: %v", len(m.Textured.Triangles), len(m.Mesh.Triangles), stats)
	}
	dir := t.TempDir()
	files, _, err := formats.Write(context.Background(), dir, []string{"obj", "glb", "usdz", "ply"}, m)
	if err != nil {
		t.Fatal(err)
	}
	got := contents(t, dir)
	for _, name := range []string{"mesh.obj", "mesh.mtl", "mesh.0.jpg", "mesh.glb", "mesh.usdz"} {
		if len(got[name]) == 0 {
			t.Errorf("no %s among %v", name, files)
		}
	}
}
