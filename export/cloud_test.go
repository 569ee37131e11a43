package export_test

import (
	"archive/zip"
	"context"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"io"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/metricslam/metricslam/export"
	"github.com/metricslam/metricslam/geom"
	"github.com/metricslam/metricslam/slam"
)

// cloud has more points than a packet of E57 and a page hold.
func cloud() *slam.Mesh {
	m := &slam.Mesh{}
	for i := range 7001 {
		x := float32(i)
		m.Vertices = append(m.Vertices, [3]float32{-5 + x/1000, x / 7, 2})
		m.Colors = append(m.Colors, [3]uint8{uint8(i), 7, 255})
	}
	m.Triangles = [][3]uint32{{0, 1, 2}}
	return m
}

func written(t *testing.T, name string, write func(string, *slam.Mesh) error) []byte {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := write(path, cloud()); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func TestWriteLAS(t *testing.T) {
	data := written(t, "c.las", export.WriteLAS)
	le := binary.LittleEndian
	if string(data[:4]) != "LASF" || data[24] != 1 || data[25] != 4 || data[104] != 7 || le.Uint64(data[247:]) != 7001 || len(data) != 375+36*7001 {
		t.Fatalf("%d bytes, header % x", len(data), data[:110])
	}
	float := func(at int) float64 { return math.Float64frombits(le.Uint64(data[at:])) }
	last := data[375+36*7000:]
	for c, want := range []float64{2, 7000. / 7, 2} {
		got := float64(int32(le.Uint32(last[4*c:])))*float(131+8*c) + float(155+8*c)
		if math.Abs(got-want) > 1e-4 {
			t.Errorf("coordinate %d of the last point: %g, want %g", c, got, want)
		}
	}
	if r, b := le.Uint16(last[30:]), le.Uint16(last[34:]); int(r) != 257*(7000%256) || b != 65535 {
		t.Errorf("colour %d, %d", r, b)
	}
}

// Every page of an E57 carries its checksum, and the header's lengths are right.
func TestWriteE57(t *testing.T) {
	data := written(t, "c.e57", export.WriteE57)
	le := binary.LittleEndian
	if string(data[:8]) != "ASTM-E57" || int(le.Uint64(data[16:])) != len(data) || len(data)%1024 != 0 {
		t.Fatalf("%d bytes, header % x", len(data), data[:48])
	}
	var logical []byte
	for page := data; len(page) > 0; page = page[1024:] {
		if got, want := crc32.Checksum(page[:1020], crc32.MakeTable(crc32.Castagnoli)), binary.BigEndian.Uint32(page[1020:1024]); got != want {
			t.Fatalf("checksum %08x, want %08x", got, want)
		}
		logical = append(logical, page[:1020]...)
	}
	physical := int(le.Uint64(data[24:]))
	at := physical/1024*1020 + physical%1024
	xml := string(logical[at : at+int(le.Uint64(data[32:]))])
	if !strings.HasPrefix(xml, "<?xml") || !strings.HasSuffix(xml, "</e57Root>\n") || !strings.Contains(xml, `recordCount="7001"`) {
		t.Errorf("XML:\n%s", xml)
	}
}

func TestWriteUSDZ(t *testing.T) {
	path := filepath.Join(t.TempDir(), "m.usdz")
	if err := export.WriteUSDZ(path, cloud()); err != nil {
		t.Fatal(err)
	}
	z, err := zip.OpenReader(path)
	if err != nil {
		t.Fatal(err)
	}
	defer z.Close()
	at, err := z.File[0].DataOffset()
	if err != nil || at%64 != 0 || z.File[0].Method != zip.Store || len(z.File) != 1 {
		t.Errorf("data at %d, method %d, error %v", at, z.File[0].Method, err)
	}
	r, err := z.File[0].Open()
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(r)
	if err != nil || !strings.Contains(string(text), "metersPerUnit = 1") || !strings.Contains(string(text), "faceVertexIndices = [0, 1, 2]") {
		t.Errorf("%.300s, error %v", text, err)
	}
	flat := cloud()
	flat.Triangles = nil
	if err := export.WriteUSDZ(path, flat); err == nil {
		t.Error("a cloud as USDZ")
	}
}

func TestWriteEuRoC(t *testing.T) {
	path := filepath.Join(t.TempDir(), "t.csv")
	traj := slam.Trajectory{{Time: 1403636579.75, Pose: geom.SE3{R: geom.Identity3(), T: geom.Vec3{X: 1}}}}
	if err := export.WriteEuRoC(path, traj); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(path)
	if _, row, _ := strings.Cut(string(text), "\n"); err != nil || row != "1403636579750000000,1.000000000,0.000000000,0.000000000,1.000000000,0.000000000,0.000000000,0.000000000\n" {
		t.Errorf("%s, error %v", text, err)
	}
	traj[0].Pose.T.X = math.NaN()
	if err := export.WriteEuRoC(path, traj); err == nil {
		t.Error("NaN was written")
	}
}

// Bad clouds and a missing packer are refused, and nothing is left behind.
func TestCloudRefused(t *testing.T) {
	bad := cloud()
	bad.Vertices[3][0] = float32(math.Inf(1))
	wide := cloud()
	wide.Vertices[3][0] = 1e6
	dir := t.TempDir()
	for name, err := range map[string]error{
		"e57": export.WriteE57(filepath.Join(dir, "c.e57"), bad), "las": export.WriteLAS(filepath.Join(dir, "c.las"), bad),
		"usdz": export.WriteUSDZ(filepath.Join(dir, "c.usdz"), bad), "wide las": export.WriteLAS(filepath.Join(dir, "c.las"), wide),
	} {
		if err == nil || !strings.Contains(err.Error(), dir) {
			t.Errorf("%s: %v", name, err)
		}
	}
	t.Setenv("PATH", "")
	if err := export.WriteLAZ(context.Background(), filepath.Join(dir, "c.laz"), cloud()); !errors.Is(err, export.ErrNoLAZ) {
		t.Errorf("LAZ without a program: %v", err)
	}
	if left, _ := os.ReadDir(dir); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

// Up is found whatever the world's axes are, and Level puts it where it says.
func TestLevel(t *testing.T) {
	tilt := geom.ExpSE3(geom.Tangent6{3, 2, 1, .5, -.4, 1})
	var path slam.Trajectory
	for i := range 5 {
		path = append(path, slam.StampedPose{Time: float64(i), Pose: tilt.Mul(geom.SE3{R: geom.Identity3(), T: geom.Vec3{Z: float64(i)}})})
	}
	up := export.Upright(path, nil)
	l := export.Level(up, path[0].Pose)
	moved := export.MovedPath(path, l)
	if d := moved[4].Pose.T.Sub(geom.Vec3{X: 4}).Norm(); d > 1e-9 {
		t.Errorf("4 m ahead is %v", moved[4].Pose.T)
	}
	if d := l.R.MulVec(up).Sub(geom.Vec3{Z: 1}).Norm(); d > 1e-9 {
		t.Errorf("up is %v", l.R.MulVec(up))
	}
	// A camera that looks straight down: the top of its image is ahead.
	down := geom.SE3{R: geom.FromCols(geom.Vec3{X: 1}, geom.Vec3{Z: -1}, geom.Vec3{Y: 1})}
	if l := export.Level(geom.Vec3{Y: -1}, down); l.R.MulVec(geom.Vec3{Z: 1}).Sub(geom.Vec3{X: 1}).Norm() > 1e-9 {
		t.Errorf("looking down: %v", l.R)
	}
	if v := export.YUp().R.MulVec(geom.Vec3{Z: 1}); v != (geom.Vec3{Y: 1}) {
		t.Errorf("z becomes %v", v)
	}
}
