package export

import (
	"bufio"
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/metricslam/metricslam/internal/fuzzbound"
	"github.com/metricslam/metricslam/slam"
)

// Whatever a trajectory file holds, reading it gives an error or poses that are
// finite, in order of time, and can be written.
func FuzzReadTrajectory(f *testing.F) {
	f.Add([]byte("# time\n1 0 0 0 0 0 0 1\n1.5 1 0 0 0 0 0.6 0.8\n"), false)
	f.Add([]byte("1403636579763555584 0 0 0 0 0 0 1\r\n1403636579813555456 1 0 0 0 0 0 1\r\n"), false)
	f.Add([]byte("#timestamp, p\n1403636579763555584,0,0,0,1,0,0,0,5\n1403636579813555456,1,0,0,1,0,0,0,5\n"), false)
	f.Add([]byte("1 0 0 0 0 1 0 0 0 0 1 0\n"), true)
	f.Add([]byte("1 0 0 0 0 1 0 0 0 0 1 0 0 0 0 1\n"), true)
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, data []byte, asKITTI bool) {
		defer fuzzbound.Check(t)()
		path, out := filepath.Join(dir, "in"), filepath.Join(dir, "out")
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		format := FormatAuto
		if asKITTI {
			format = FormatKITTI
		}
		file, err := ReadTrajectory(path, format)
		if err != nil {
			return
		}
		if (len(file.Stamped) == 0) == (len(file.Rows) == 0) {
			t.Fatalf("%d stamped poses and %d rows", len(file.Stamped), len(file.Rows))
		}
		if err := WriteKITTI(out, file.Rows); err != nil {
			t.Error(err)
		}
		if increasing(file.Stamped) {
			if err := WriteTUM(out, file.Stamped); err != nil {
				t.Error(err)
			}
		}
	})
}

// increasing reports whether the times increase still once they are seconds: of
// two that are a unit apart at the end of a float's digits they may not.
func increasing(traj slam.Trajectory) bool {
	for i := 1; i < len(traj); i++ {
		if traj[i].Time <= traj[i-1].Time {
			return false
		}
	}
	return true
}

// Whatever a PLY file holds, reading it gives an error or a mesh whose triangles
// name vertices that there are.
func FuzzReadPLY(f *testing.F) {
	f.Add([]byte("ply\nformat ascii 1.0\nelement vertex 3\nproperty float x\nproperty float y\nproperty float z\nproperty uchar red\nproperty uchar green\nproperty uchar blue\nelement face 1\nproperty list uchar int vertex_indices\nend_header\n0 0 0 1 2 3\n1 0 0 4 5 6\n0 1 0 7 8 9\n3 0 1 2\n"))
	f.Add([]byte("ply\nformat binary_little_endian 1.0\nelement vertex 1\nproperty double x\nproperty double y\nproperty double z\nend_header\n012345678901234567890123"))
	f.Add([]byte("ply\nformat binary_big_endian 1.0\ncomment a\nelement face 1\nproperty list uint8 uint32 vertex_index\nelement vertex 0\nproperty float32 x\nend_header\n\x03\x00\x00\x00\x00"))
	f.Fuzz(func(t *testing.T, data []byte) {
		defer fuzzbound.Check(t)()
		m, err := decodePLY(bufio.NewReader(bytes.NewReader(data)))
		if err != nil {
			return
		}
		if err := CheckMesh(m); err != nil {
			return
		}
		for _, tri := range m.Triangles {
			for _, i := range tri {
				if int(i) >= len(m.Vertices) {
					t.Fatalf("triangle %v of %d vertices", tri, len(m.Vertices))
				}
			}
		}
	})
}
