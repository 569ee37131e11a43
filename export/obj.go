package export

import (
	"fmt"
	"io"
	"strconv"

	"github.com/metricslam/metricslam/internal/atomicfile"
	"github.com/metricslam/metricslam/slam"
)

// WriteOBJ writes a mesh as Wavefront OBJ. Colours stand behind the positions
// ("v x y z r g b", 0 to 1), as MeshLab, Blender and Open3D read them.
func WriteOBJ(path string, m *slam.Mesh) error {
	if err := CheckMesh(m); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	return atomicfile.Write(path, func(w io.Writer) error { return encodeOBJ(w, m) })
}

func encodeOBJ(w io.Writer, m *slam.Mesh) error {
	line := []byte("# metres\n")
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
	for _, t := range m.Triangles {
		line = append(line, 'f')
		for _, v := range t {
			line = strconv.AppendUint(append(line, ' '), uint64(v)+1, 10)
			if m.Normals != nil {
				line = strconv.AppendUint(append(line, "//"...), uint64(v)+1, 10)
			}
		}
		if err := flush(); err != nil {
			return err
		}
	}
	return nil
}
