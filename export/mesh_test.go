package export

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"image"
	"image/png"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/metricslam/metricslam/slam"
)

// tetrahedron has everything a mesh can have.
func tetrahedron() *slam.Mesh {
	return &slam.Mesh{
		Vertices:  [][3]float32{{0, 0, 0}, {1, 0, 0}, {0, 1.25, 0}, {0, 0, -3e-5}},
		Normals:   [][3]float32{{-1, 0, 0}, {1, 0, 0}, {0, 1, 0}, {0, 0, 1}},
		Colors:    [][3]uint8{{255, 0, 10}, {0, 128, 255}, {1, 2, 3}, {40, 50, 60}},
		Triangles: [][3]uint32{{0, 2, 1}, {0, 1, 3}, {1, 2, 3}, {2, 0, 3}},
	}
}

func TestPLYRoundTrip(t *testing.T) {
	full := tetrahedron()
	tests := map[string]*slam.Mesh{
		"full":      full,
		"bare":      {Vertices: full.Vertices, Triangles: full.Triangles},
		"cloud":     {Vertices: full.Vertices, Colors: full.Colors},
		"no vertex": {Vertices: [][3]float32{}},
	}
	for name, want := range tests {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "a.ply")
			if err := WriteMesh(path, want); err != nil {
				t.Fatal(err)
			}
			got, err := ReadPLY(path)
			if err != nil {
				t.Fatal(err)
			}
			if !reflect.DeepEqual(got, want) {
				t.Errorf("got %+v, want %+v", got, want)
			}
		})
	}
}

func TestReadForeignPLY(t *testing.T) {
	ascii := "ply\nformat ascii 1.0\ncomment by hand\nobj_info x\nelement vertex 4\n" +
		"property double x\nproperty double y\nproperty double z\nproperty float red\nproperty float green\nproperty float blue\nproperty list uchar int other\n" +
		"element face 1\nproperty uchar flag\nproperty list uchar uint vertex_index\nelement edge 1\nproperty int vertex1\nend_header\n" +
		"0 0 0 1 0 .5 0\n1 0 0 0 0 0 2 7 8\n1 1 0 0 0 0 0\n0 1e0 0 0 0 0 0\n9 4 0 1 2 3\n5\n"
	var big bytes.Buffer
	big.WriteString("ply\r\nformat binary_big_endian 1.0\r\nelement vertex 3\r\nproperty float64 x\r\nproperty float32 y\r\nproperty int16 z\r\n" +
		"element face 1\r\nproperty list uint16 int32 vertex_indices\r\nend_header\r\n")
	for i := range 3 {
		binary.Write(&big, binary.BigEndian, float64(i))
		binary.Write(&big, binary.BigEndian, float32(i)/2)
		binary.Write(&big, binary.BigEndian, int16(-i))
	}
	binary.Write(&big, binary.BigEndian, []uint16{3, 0, 0, 0, 1, 0, 2})
	tests := map[string]struct {
		file string
		want *slam.Mesh
	}{
		"ascii, doubles, quad, extras": {ascii, &slam.Mesh{
			Vertices:  [][3]float32{{0, 0, 0}, {1, 0, 0}, {1, 1, 0}, {0, 1, 0}},
			Colors:    [][3]uint8{{255, 0, 128}, {}, {}, {}},
			Triangles: [][3]uint32{{0, 1, 2}, {0, 2, 3}},
		}},
		"big end": {big.String(), &slam.Mesh{
			Vertices:  [][3]float32{{0, 0, 0}, {1, .5, -1}, {2, 1, -2}},
			Triangles: [][3]uint32{{0, 1, 2}},
		}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "a.ply")
			if err := os.WriteFile(path, []byte(tt.file), 0o644); err != nil {
				t.Fatal(err)
			}
			got, err := ReadPLY(path)
			if err != nil {
				t.Fatal(err)
			}
			if !reflect.DeepEqual(got, tt.want) {
				t.Errorf("got %+v, want %+v", got, tt.want)
			}
		})
	}
}

func TestReadPLYRefuses(t *testing.T) {
	head := "ply\nformat ascii 1.0\nelement vertex 1\nproperty float x\nproperty float y\nproperty float z\n"
	tests := map[string]struct{ file, want string }{
		"empty":         {"", "header"},
		"no ply":        {"solid cube\n", "not a PLY"},
		"cut header":    {"ply\nformat ascii 1.0\n", "end_header"},
		"no format":     {"ply\nend_header\n", "no format"},
		"no vertex":     {"ply\nformat ascii 1.0\nend_header\n", "vertex"},
		"format":        {"ply\nformat ebcdic 1.0\nend_header\n", "line 2"},
		"type":          {"ply\nformat ascii 1.0\nelement vertex 1\nproperty quad x\nend_header\n", "line 4"},
		"negative":      {"ply\nformat ascii 1.0\nelement vertex -1\nend_header\n", "line 3"},
		"no y":          {"ply\nformat ascii 1.0\nelement vertex 1\nproperty float x\nend_header\n1\n", "x, y, z"},
		"cut data":      {head + "end_header\n1 2\n", "vertex 0 of 1: unexpected EOF"},
		"word":          {head + "end_header\n1 2 x3\n", "\"x3\" is no number"},
		"nan":           {head + "end_header\n1 2 nan\n", "not finite"},
		"bad index":     {head + "element face 1\nproperty list uchar int vertex_indices\nend_header\n1 2 3\n3 0 0 1\n", "triangle 0"},
		"minus index":   {head + "element face 1\nproperty list uchar int vertex_indices\nend_header\n1 2 3\n3 0 0 -1\n", "triangle 0"},
		"endless list":  {head + "element face 1\nproperty list int int vertex_indices\nend_header\n1 2 3\n99999999 0\n", "a list of 99999999 numbers"},
		"claims a lot":  {"ply\nformat ascii 1.0\nelement vertex 2000000000\nproperty float x\nproperty float y\nproperty float z\nend_header\n1 2 3\n", "EOF"},
		"property lost": {"ply\nformat ascii 1.0\nproperty float x\nend_header\n", "line 3"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "a.ply")
			if err := os.WriteFile(path, []byte(tt.file), 0o644); err != nil {
				t.Fatal(err)
			}
			_, err := ReadPLY(path)
			if err == nil || !strings.Contains(err.Error(), tt.want) || !strings.Contains(err.Error(), path) {
				t.Errorf("got %v, want an error with %q and the path", err, tt.want)
			}
		})
	}
	if _, err := ReadPLY(filepath.Join(t.TempDir(), "none.ply")); !os.IsNotExist(unwrap(err)) {
		t.Errorf("missing file: %v", err)
	}
}

func unwrap(err error) error {
	for {
		u, ok := err.(interface{ Unwrap() error })
		if !ok || os.IsNotExist(err) {
			return err
		}
		err = u.Unwrap()
	}
}

func TestWritersRefuse(t *testing.T) {
	dir := t.TempDir()
	index, nan, normals := tetrahedron(), tetrahedron(), tetrahedron()
	index.Triangles[1][2] = 4
	nan.Vertices[2][1] = float32(math.NaN())
	normals.Normals = normals.Normals[:2]
	for want, m := range map[string]*slam.Mesh{"triangle 1 uses vertex 4": index, "vertex 2 is not finite": nan, "2 normals": normals} {
		for _, ext := range []string{"ply", "obj", "glb"} {
			if err := WriteMesh(filepath.Join(dir, "a."+ext), m); err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%s: got %v, want an error with %q", ext, err, want)
			}
		}
	}
	if err := WriteMesh(filepath.Join(dir, "a.stl"), tetrahedron()); err == nil || !strings.Contains(err.Error(), ".ply") {
		t.Errorf("unknown format: %v", err)
	}
	if err := WriteGLBTextured(filepath.Join(dir, "a.glb"), textured("GIF89a")); err == nil {
		t.Error("a GIF is taken as texture")
	}
	if left, _ := os.ReadDir(dir); len(left) != 0 {
		t.Errorf("%d files left behind", len(left))
	}
}

// textured is a tetrahedron with an image.
func textured(img string) *slam.TexturedMesh {
	m := tetrahedron()
	return &slam.TexturedMesh{Mesh: *m, UV: make([][2]float32, len(m.Vertices)), Pages: []slam.TexturePage{{Data: []byte(img), Triangles: len(m.Triangles)}}}
}

func TestOBJ(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.obj")
	m := tetrahedron()
	if err := WriteMesh(path, m); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var v, vn, f int
	for line := range strings.Lines(string(data)) {
		var x, y, z, r, g, b float64
		var i [6]int
		switch {
		case strings.HasPrefix(line, "v "):
			if _, err := fmt.Sscanf(line, "v %g %g %g %g %g %g", &x, &y, &z, &r, &g, &b); err != nil {
				t.Fatalf("%q: %v", line, err)
			}
			if [3]float32{float32(x), float32(y), float32(z)} != m.Vertices[v] || math.Abs(r*255-float64(m.Colors[v][0])) > .02 {
				t.Errorf("vertex %d: %q", v, line)
			}
			v++
		case strings.HasPrefix(line, "vn "):
			vn++
		case strings.HasPrefix(line, "f "):
			if _, err := fmt.Sscanf(line, "f %d//%d %d//%d %d//%d", &i[0], &i[1], &i[2], &i[3], &i[4], &i[5]); err != nil {
				t.Fatalf("%q: %v", line, err)
			}
			if uint32(i[2]) != m.Triangles[f][1]+1 || i[2] != i[3] {
				t.Errorf("face %d: %q", f, line)
			}
			f++
		}
	}
	if v != 4 || vn != 4 || f != 4 {
		t.Errorf("%d vertices, %d normals, %d faces", v, vn, f)
	}
}

// readGLB checks the container and every accessor, and returns the document
// and its buffer.
func readGLB(t *testing.T, path string) (gltfDoc, []byte) {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	word := func(at int) int { return int(binary.LittleEndian.Uint32(data[at:])) }
	if word(0) != glbMagic || word(4) != 2 || word(8) != len(data) {
		t.Fatalf("header %x %d %d of %d bytes", word(0), word(4), word(8), len(data))
	}
	n := word(12)
	if word(16) != glbJSON || n%4 != 0 {
		t.Fatalf("first chunk: type %x, length %d", word(16), n)
	}
	var doc gltfDoc
	if err := json.Unmarshal(data[20:20+n], &doc); err != nil {
		t.Fatal(err)
	}
	if 20+n == len(data) {
		return doc, nil
	}
	if word(24+n) != glbBin || word(20+n)%4 != 0 || 28+n+word(20+n) != len(data) || doc.Buffers[0].ByteLength > word(20+n) {
		t.Fatalf("second chunk: type %x, length %d", word(24+n), word(20+n))
	}
	for i, v := range doc.BufferViews {
		if v.ByteOffset%4 != 0 || v.ByteOffset+v.ByteLength > doc.Buffers[0].ByteLength {
			t.Errorf("buffer view %d: %+v", i, v)
		}
	}
	size := map[int]int{gltfUint16: 2, gltfUint32: 4, gltfFloat: 4}
	width := map[string]int{"SCALAR": 1, "VEC2": 2, "VEC3": 3, "VEC4": 4}
	for i, a := range doc.Accessors {
		if want := a.Count * size[a.ComponentType] * width[a.Type]; want == 0 || want != doc.BufferViews[a.BufferView].ByteLength {
			t.Errorf("accessor %d of %d bytes: %+v", i, want, a)
		}
	}
	return doc, data[28+n:]
}

func TestGLB(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.glb")
	m := tetrahedron()
	if err := WriteMesh(path, m); err != nil {
		t.Fatal(err)
	}
	doc, bin := readGLB(t, path)
	p := doc.Meshes[0].Primitives[0]
	pos := doc.Accessors[p.Attributes["POSITION"]]
	if !reflect.DeepEqual(pos.Min, []float32{0, -1.25, 0}) || !reflect.DeepEqual(pos.Max, []float32{1, 0, 3e-5}) {
		t.Errorf("bounds %v %v", pos.Min, pos.Max)
	}
	for i := range m.Vertices {
		at := doc.BufferViews[pos.BufferView].ByteOffset + 12*i
		y := math.Float32frombits(binary.LittleEndian.Uint32(bin[at+4:]))
		if y != -m.Vertices[i][1] {
			t.Errorf("vertex %d: y %g, want %g", i, y, -m.Vertices[i][1])
		}
	}
	color := doc.Accessors[p.Attributes["COLOR_0"]]
	at := doc.BufferViews[color.BufferView].ByteOffset
	if got := binary.LittleEndian.Uint16(bin[at:]); got != 65535 || !color.Normalized {
		t.Errorf("red of vertex 0: %d, %+v", got, color)
	}
	if got := float64(binary.LittleEndian.Uint16(bin[at+8+2:])) / 65535; math.Abs(got-.2158605) > 1e-5 {
		t.Errorf("green 128 of vertex 1 is %g in linear light, want .2158605", got)
	}
	if p.Mode != gltfTriangles || doc.Accessors[*p.Indices].Count != 12 || doc.BufferViews[doc.Accessors[*p.Indices].BufferView].Target != gltfElementBuffer {
		t.Errorf("primitive %+v", p)
	}
}

func TestGLBVariants(t *testing.T) {
	dir := t.TempDir()
	m := tetrahedron()
	if err := WriteGLB(filepath.Join(dir, "cloud.glb"), &slam.Mesh{Vertices: m.Vertices, Colors: m.Colors}); err != nil {
		t.Fatal(err)
	}
	if doc, _ := readGLB(t, filepath.Join(dir, "cloud.glb")); doc.Meshes[0].Primitives[0].Mode != gltfPoints {
		t.Error("a cloud is not drawn as points")
	}
	if err := WriteGLB(filepath.Join(dir, "empty.glb"), &slam.Mesh{}); err != nil {
		t.Fatal(err)
	}
	if doc, bin := readGLB(t, filepath.Join(dir, "empty.glb")); doc.Meshes != nil || bin != nil {
		t.Errorf("empty: %+v", doc)
	}
	var img bytes.Buffer
	png.Encode(&img, image.NewRGBA(image.Rect(0, 0, 3, 3)))
	if err := WriteGLBTextured(filepath.Join(dir, "tex.glb"), textured(img.String())); err != nil {
		t.Fatal(err)
	}
	doc, bin := readGLB(t, filepath.Join(dir, "tex.glb"))
	v := doc.BufferViews[doc.Images[0].BufferView]
	if doc.Images[0].MimeType != "image/png" || !bytes.Equal(bin[v.ByteOffset:v.ByteOffset+v.ByteLength], img.Bytes()) {
		t.Errorf("image %+v", doc.Images)
	}
	if doc.Materials[0].PBR.BaseColorTexture == nil || v.Target != 0 {
		t.Errorf("material %+v, view %+v", doc.Materials[0], v)
	}
}
