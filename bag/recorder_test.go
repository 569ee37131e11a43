package bag_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"testing"

	"github.com/metricslam/metricslam/bag"
	"github.com/metricslam/metricslam/export/formats"
	"github.com/metricslam/metricslam/geom"
	"github.com/metricslam/metricslam/internal/otherprograms"
	"github.com/metricslam/metricslam/mapping"
	"github.com/metricslam/metricslam/mapping/images"
	"github.com/metricslam/metricslam/slam"
)

var cam = geom.Camera{W: 32, H: 24, Fx: 30, Fy: 31, Cx: 15.5, Cy: 11.5}

// record writes a run of three frames, the first without a pose.
func record(t *testing.T, path string) {
	t.Helper()
	r, err := bag.Create(path, false)
	if err != nil {
		t.Fatal(err)
	}
	pose := func(i int) geom.SE3 { return geom.SE3{R: geom.Identity3(), T: geom.Vec3{X: float64(i) / 4}} }
	var path3 slam.Trajectory
	for i := range 3 {
		s := slam.Snapshot{Frame: i, Time: 1403636579.25 + float64(i)/4, State: slam.Tracking, Camera: cam, Image: slam.NewRGB(cam.W, cam.H), Pose: pose(i)}
		if i == 0 {
			s.State = slam.Initialising
		} else {
			path3 = append(path3, slam.StampedPose{Time: s.Time, Pose: s.Pose})
			s.Trajectory, s.Points = path3, []geom.Vec3{{X: 1}, {Y: 2}}
		}
		if !r.Wants(i) {
			t.Fatal("a frame of recorded input is not wanted")
		}
		r.Publish(s)
	}
	st := &mapping.State{Parts: 1}
	k := &mapping.Keyframe{Time: path3[0].Time, Pose: path3[0].Pose, Camera: cam, Unit: 1}
	store := images.New(images.Options{Budget: 1 << 20})
	depth := slam.DepthMap{W: cam.W, H: cam.H, Camera: cam, Depth: make([]float32, cam.W*cam.H), Sigma: .1}
	for i := range depth.Depth {
		depth.Depth[i] = 1.5
	}
	im := images.Images{Gray: slam.NewGray(cam.W, cam.H), Depth: images.NewDepth(depth)}
	if err := store.Put(0, im); err != nil {
		t.Fatal(err)
	}
	k.Depth = im.Depth.DepthInfo
	st.Keyframes, st.Images = []*mapping.Keyframe{k}, store.Snapshot()
	finished, err := st.Map()
	if err != nil {
		t.Fatal(err)
	}
	mesh := &slam.Mesh{Vertices: [][3]float32{{1, 2, 3}, {2, 2, 3}, {1, 3, 3}}, Colors: [][3]uint8{{255, 0, 0}, {0, 0, 0}, {0, 0, 0}}, Triangles: [][3]uint32{{0, 1, 2}}}
	if err := r.Finish(formats.Map{Map: finished, Trajectory: path3, Mesh: mesh}); err != nil {
		t.Fatal(err)
	}
	r.Discard() // does nothing any more
}

// Two readers of others read every message.
func TestOthersRead(t *testing.T) {
	path := filepath.Join(t.TempDir(), "run.mcap")
	record(t, path)
	var got map[string]any
	if err := json.Unmarshal([]byte(otherprograms.Run(t, filepath.Join("testdata", "open.py"), path)), &got); err != nil {
		t.Fatal(err)
	}
	want := map[string]any{
		"count": map[string]any{
			"/camera/camera_info": 3., "/camera/depth": 1., "/camera/image/compressed": 3., "/camera/pose": 2., "/map/mesh": 1., "/map/points": 2., "/path": 3., "/tf": 4.,
		},
		"pose": []any{.5, 0., 0., 1.}, "path": 2., "triangles": 1., "corner": []any{1., 2., 3.}, "red": 1.,
		"points": 0., "fields": []any{"x", "y", "z", "rgb"}, "bytes": 0.,
		"depth": []any{32., 24., "16UC1", 1500.}, "jpeg": "jpeg ffd8ff", "k": []any{30., 0., 15.5, 0., 31., 11.5, 0., 0., 1.},
		"frames": []any{[]any{"map", "world"}}, "stamp": []any{1403636579., 750000000.},
	}
	for key, w := range want {
		if !reflect.DeepEqual(got[key], w) {
			t.Errorf("%s: got %v, want %v", key, got[key], w)
		}
	}
}

// The same run gives the same bytes; a record that is given up leaves nothing.
func TestRecordRepeats(t *testing.T) {
	dir := t.TempDir()
	var before []byte
	for range 2 {
		record(t, filepath.Join(dir, "run.mcap"))
		data, err := os.ReadFile(filepath.Join(dir, "run.mcap"))
		if err != nil || before != nil && string(before) != string(data) {
			t.Fatalf("%d bytes, %d before, error %v", len(data), len(before), err)
		}
		before = data
	}
	r, err := bag.Create(filepath.Join(dir, "other.mcap"), true)
	if err != nil {
		t.Fatal(err)
	}
	r.Discard()
	if left, _ := os.ReadDir(dir); len(left) != 1 {
		t.Errorf("left behind: %v", left)
	}
	if _, err := bag.Create(filepath.Join(dir, "none", "run.mcap"), false); err == nil {
		t.Error("a folder that is not there")
	}
	(*bag.Recorder)(nil).Discard()
}
