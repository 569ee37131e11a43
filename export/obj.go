package export

import (
	"fmt"
	"io"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/metricslam/metricslam/internal/atomicfile"
	"github.com/metricslam/metricslam/slam"
)

// WriteOBJ writes a mesh as Wavefront OBJ. Colours stand behind the positions
// ("v x y z r g b", 0 to 1), as MeshLab, Blender and Open3D read them.
func WriteOBJ(path string, m *slam.Mesh) error {
	if err := CheckMesh(m); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	return atomicfile.Write(path, func(w io.Writer) error { return encodeOBJ(w, m, nil, "") })
}

// WriteOBJTextured writes a mesh as Wavefront OBJ with its materials and images beside
// it: NAME.mtl, NAME.0.jpg and so on.
func WriteOBJTextured(path string, m *slam.TexturedMesh) error {
	if err := CheckTextured(m); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	name := strings.TrimSuffix(filepath.Base(path), filepath.Ext(path))
	var materials strings.Builder
	for i, p := range pages(m) {
		file := p.name(name, i)
		fmt.Fprintf(&materials, "newmtl page%d\nKa 1 1 1\nKd 1 1 1\nKs 0 0 0\nillum 1\nmap_Kd %s\n", i, file)
		if err := atomicfile.WriteBytes(filepath.Join(filepath.Dir(path), file), p.Data); err != nil {
			return err
		}
	}
	if err := atomicfile.WriteBytes(filepath.Join(filepath.Dir(path), name+".mtl"), []byte(materials.String())); err != nil {
		return err
	}
	return atomicfile.Write(path, func(w io.Writer) error {
		return encodeOBJ(w, &slam.Mesh{Vertices: m.Vertices, Normals: m.Normals, Triangles: m.Triangles}, m, name+".mtl")
	})
}

// encodeOBJ writes a mesh, and the places in its images where it is textured.
func encodeOBJ(w io.Writer, m *slam.Mesh, textured *slam.TexturedMesh, materials string) error {
	line := []byte("# metres\n")
	if textured != nil {
		line = append(line, "mtllib "+materials+"\n"...)
	}
	number := func(x float32) {
		line = strconv.AppendFloat(append(line, ' '), float64(x), 'g', 7, 32)
	}
	flush := func() error {
		_, err := w.Write(append(line, '\n'))
		line = line[:0]
		return err
	}
	for i, v := range m.Vertices {
		line = append(line, 'v')
		for _, x := range v {
			number(x)
		}
		if m.Colors != nil {
			for _, c := range m.Colors[i] {
				line = strconv.AppendFloat(append(line, ' '), float64(c)/255, 'f', 4, 32)
			}
		}
		if err := flush(); err != nil {
			return err
		}
	}
	for _, n := range m.Normals {
		line = append(line, "vn"...)
		for _, x := range n {
			number(x)
		}
		if err := flush(); err != nil {
			return err
		}
	}
	if textured == nil {
		return encodeFaces(w, m.Triangles, false, m.Normals != nil)
	}
	for _, c := range textured.UV { // from the bottom of the image
		line = append(line, "vt"...)
		number(c[0])
		number(1 - c[1])
		if err := flush(); err != nil {
			return err
		}
	}
	for i, p := range pages(textured) {
		if _, err := fmt.Fprintf(w, "usemtl page%d\n", i); err != nil {
			return err
		}
		if err := encodeFaces(w, p.triangles, true, m.Normals != nil); err != nil {
			return err
		}
	}
	return nil
}

// encodeFaces writes triangles; what belongs to a corner has its vertex's number.
func encodeFaces(w io.Writer, triangles [][3]uint32, textured, normals bool) error {
	var line []byte
	for _, t := range triangles {
		line = append(line[:0], 'f')
		for _, v := range t {
			n := uint64(v) + 1
			line = strconv.AppendUint(append(line, ' '), n, 10)
			switch {
			case textured:
				line = strconv.AppendUint(append(line, '/'), n, 10)
				if normals {
					line = strconv.AppendUint(append(line, '/'), n, 10)
				}
			case normals:
				line = strconv.AppendUint(append(line, "//"...), n, 10)
			}
		}
		if _, err := w.Write(append(line, '\n')); err != nil {
			return err
		}
	}
	return nil
}
