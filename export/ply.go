package export

import (
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"strings"

	"github.com/metricslam/metricslam/internal/atomicfile"
	"github.com/metricslam/metricslam/slam"
)

// WritePLY writes a mesh as binary little-endian PLY: x y z, then nx ny nz, red
// green blue and deviation where the mesh has them. Without triangles it is a point
// cloud.
func WritePLY(path string, m *slam.Mesh) error {
	if err := CheckMesh(m); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	return atomicfile.Write(path, func(w io.Writer) error { return encodePLY(w, m) })
}

// WriteCloud writes points, and their colours unless nil, as PLY.
func WriteCloud(path string, points [][3]float32, colors [][3]uint8) error {
	return WritePLY(path, &slam.Mesh{Vertices: points, Colors: colors})
}

func encodePLY(w io.Writer, m *slam.Mesh) error {
	var h strings.Builder
	fmt.Fprintf(&h, "ply\nformat binary_little_endian 1.0\ncomment metres\nelement vertex %d\n", len(m.Vertices))
	h.WriteString("property float x\nproperty float y\nproperty float z\n")
	if m.Normals != nil {
		h.WriteString("property float nx\nproperty float ny\nproperty float nz\n")
	}
	if m.Colors != nil {
		h.WriteString("property uchar red\nproperty uchar green\nproperty uchar blue\n")
	}
	if m.Deviation != nil {
		h.WriteString("property float deviation\n")
	}
	if len(m.Triangles) > 0 {
		fmt.Fprintf(&h, "element face %d\nproperty list uchar int vertex_indices\n", len(m.Triangles))
	}
	h.WriteString("end_header\n")
	if _, err := io.WriteString(w, h.String()); err != nil {
		return err
	}
	var buf []byte
	for i := range m.Vertices {
		buf = appendVec(buf[:0], m.Vertices[i])
		if m.Normals != nil {
			buf = appendVec(buf, m.Normals[i])
		}
		if m.Colors != nil {
			buf = append(buf, m.Colors[i][:]...)
		}
		if m.Deviation != nil {
			buf = binary.LittleEndian.AppendUint32(buf, math.Float32bits(m.Deviation[i]))
		}
		if _, err := w.Write(buf); err != nil {
			return err
		}
	}
	for _, t := range m.Triangles {
		buf = append(buf[:0], 3)
		for _, v := range t {
			buf = binary.LittleEndian.AppendUint32(buf, v)
		}
		if _, err := w.Write(buf); err != nil {
			return err
		}
	}
	return nil
}

func appendVec(buf []byte, v [3]float32) []byte {
	for _, x := range v {
		buf = binary.LittleEndian.AppendUint32(buf, math.Float32bits(x))
	}
	return buf
}
