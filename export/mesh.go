package export

import (
	"fmt"
	"math"
	"path/filepath"
	"strings"

	"github.com/metricslam/metricslam/slam"
)

// WriteMesh writes a mesh in the format that the name ends in: .ply, .obj or
// .glb.
func WriteMesh(path string, m *slam.Mesh) error {
	switch strings.ToLower(filepath.Ext(path)) {
	case ".ply":
		return WritePLY(path, m)
	case ".obj":
		return WriteOBJ(path, m)
	case ".glb":
		return WriteGLB(path, m)
	}
	return fmt.Errorf("write mesh %s: the name must end in .ply, .obj or .glb", path)
}

// CheckMesh returns an error that says what is inconsistent in a mesh: arrays
// of different lengths, indices out of range, positions that are not finite.
func CheckMesh(m *slam.Mesh) error {
	n := len(m.Vertices)
	switch {
	case m.Normals != nil && len(m.Normals) != n:
		return fmt.Errorf("%d normals for %d vertices", len(m.Normals), n)
	case m.Colors != nil && len(m.Colors) != n:
		return fmt.Errorf("%d colours for %d vertices", len(m.Colors), n)
	case m.Deviation != nil && len(m.Deviation) != n:
		return fmt.Errorf("%d deviations for %d vertices", len(m.Deviation), n)
	case uint64(n) > math.MaxUint32:
		return fmt.Errorf("%d vertices, at most %d can be numbered", n, uint32(math.MaxUint32))
	}
	for i, v := range m.Vertices {
		if s := float64(v[0]) + float64(v[1]) + float64(v[2]); math.IsNaN(s) || math.IsInf(s, 0) {
			return fmt.Errorf("vertex %d is not finite: %v", i, v)
		}
	}
	for i, t := range m.Triangles {
		if max(t[0], t[1], t[2]) >= uint32(n) {
			return fmt.Errorf("triangle %d uses vertex %d of %d", i, max(t[0], t[1], t[2]), n)
		}
	}
	return nil
}
