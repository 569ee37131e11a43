package datasets_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/metricslam/metricslam/bag/mcap"
	"github.com/metricslam/metricslam/bag/rosmsg"
	"github.com/metricslam/metricslam/datasets"
	"github.com/metricslam/metricslam/internal/otherprograms"
	"github.com/metricslam/metricslam/slam"
)

// bagFrames reads a recording to its end.
func bagFrames(t *testing.T, path string, opt datasets.Options) (slam.SourceInfo, []*slam.Frame) {
	t.Helper()
	src, err := datasets.Open(context.Background(), path, opt)
	if err != nil {
		t.Fatal(err)
	}
	defer src.Close()
	var frames []*slam.Frame
	for {
		f, err := src.Next(context.Background())
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if f.SensorDepth != nil {
			d, err := f.SensorDepth()
			if err != nil {
				t.Fatal(err)
			}
			f.SensorDepth = func() (slam.DepthMap, error) { return d, nil }
		}
		frames = append(frames, f)
	}
	return src.Info(), frames
}

// Recordings of another writer in every kind of chunk and encoding give the
// images, stamps, cameras and depth that went in.
func TestBagOfOthers(t *testing.T) {
	dir := t.TempDir()
	otherprograms.Run(t, filepath.Join("testdata", "write_bag.py"), dir)
	for name, tol := range map[string]int{"zstd": 0, "lz4": 0, "none": 0, "flat": 0, "unindexed": 6, "jpeg": 6} {
		info, frames := bagFrames(t, filepath.Join(dir, name+".mcap"), datasets.Options{})
		if info.Kind != datasets.KindBag || len(frames) != 12 || info.Len != 12 || math.Abs(info.FPS-10) > .01 {
			t.Fatalf("%s: kind %s, %d frames, Len %d, %g a second", name, info.Kind, len(frames), info.Len, info.FPS)
		}
		if c := info.Camera; c.Fx != 60 || c.Fy != 61 || c.Cx != 31 || c.Cy != 24 || !strings.Contains(info.CameraFrom, "/cam/camera_info") {
			t.Errorf("%s: camera %v from %s", name, c, info.CameraFrom)
		}
		f := frames[7]
		if math.Abs(f.Time-100.7) > 1e-9 || f.Index != 7 {
			t.Errorf("%s: frame %d at %.3f s", name, f.Index, f.Time)
		}
		if gray := f.Gray.At(20, 10); math.Abs(float64(gray)-(.299*27+.587*20+.114*50)) > float64(tol)+1 {
			t.Errorf("%s: grey %d", name, gray)
		}
		if !f.Color.Empty() {
			r, g, b := f.Color.At(20, 10)
			if abs(int(r)-27) > tol || abs(int(g)-20) > tol || abs(int(b)-50) > tol {
				t.Errorf("%s: colour %d %d %d, want 27 20 50", name, r, g, b)
			}
		} else if name != "flat" {
			t.Errorf("%s: no colour", name)
		}
		if deep := name == "zstd" || name == "lz4"; deep != info.HasSensorDepth {
			t.Errorf("%s: depth: %v", name, info.HasSensorDepth)
		} else if deep {
			d, _ := f.SensorDepth()
			if z := d.Depth[10*64+20]; math.Abs(float64(z)-1.2) > .001 {
				t.Errorf("%s: depth %.3f m, want 1.2", name, z)
			}
		}
	}
	if info, _ := bagFrames(t, filepath.Join(dir, "rect.mcap"), datasets.Options{}); info.Camera.Fx != 50 || info.Camera.Cy != 23 {
		t.Errorf("rectified images: camera %v, want P's", info.Camera)
	}
	for _, name := range []string{"distorted", "fisheye"} { // the undistorted camera is another
		if info, _ := bagFrames(t, filepath.Join(dir, name+".mcap"), datasets.Options{}); info.Camera.Fx == 60 {
			t.Errorf("%s: camera %v", name, info.Camera)
		}
	}
	info, frames := bagFrames(t, filepath.Join(dir, "two.mcap"), datasets.Options{Topic: "/b", Start: 2, Stride: 3, MaxFrames: 3})
	if len(frames) != 3 || frames[1].Index != 5 || len(info.Warnings) == 0 {
		t.Errorf("%d frames, warnings %v", len(frames), info.Warnings)
	}
	for name, want := range map[string]string{"depthonly": "no topic of images", "two": "/a (sensor_msgs/msg/Image)"} {
		_, err := datasets.Open(context.Background(), filepath.Join(dir, name+".mcap"), datasets.Options{Topic: map[string]string{"two": "/c"}[name]})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	// A recording of rosbag2 is a folder.
	folder := filepath.Join(dir, "rec")
	if err := os.Mkdir(folder, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(os.Rename(filepath.Join(dir, "none.mcap"), filepath.Join(folder, "rec_0.mcap")), os.WriteFile(filepath.Join(folder, "metadata.yaml"), nil, 0o644)); err != nil {
		t.Fatal(err)
	}
	if _, frames := bagFrames(t, folder, datasets.Options{}); len(frames) != 12 {
		t.Errorf("%d frames of a folder", len(frames))
	}
}

func abs(x int) int { return max(x, -x) }

// Pixels of YUV 4:2:2, as many cameras give them, are read in both orders.
func TestBagYUV(t *testing.T) {
	for encoding, pair := range map[string][]byte{"yuv422": {90, 100, 160, 100}, "yuv422_yuy2": {100, 90, 100, 160}} {
		path := filepath.Join(t.TempDir(), "a.mcap")
		out, err := os.Create(path)
		if err != nil {
			t.Fatal(err)
		}
		w, err := mcap.NewWriter(out, "ros2", "test")
		if err != nil {
			t.Fatal(err)
		}
		m := rosmsg.Image{Header: rosmsg.Header{Time: 1}, W: 40, H: 30, Encoding: encoding, Step: 80, Data: bytes.Repeat(pair, 600)}
		err = w.Message(w.Channel("/image", "cdr", rosmsg.Schema(rosmsg.TypeImage)), 0, m.Encode())
		if err := errors.Join(err, w.Close(), out.Close()); err != nil {
			t.Fatal(err)
		}
		_, frames := bagFrames(t, path, datasets.Options{})
		// ITU-R BT.601 of Y 100, U 90, V 160, with footroom.
		if r, g, b := frames[0].Color.At(3, 3); abs(int(r)-149) > 2 || abs(int(g)-87) > 2 || abs(int(b)-21) > 2 {
			t.Errorf("%s: colour %d %d %d", encoding, r, g, b)
		}
	}
}

// A damaged image is skipped by name, and so is a stamp that goes back.
func TestBagDamaged(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.mcap")
	out, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	w, err := mcap.NewWriter(out, "ros2", "test")
	if err != nil {
		t.Fatal(err)
	}
	topic := w.Channel("/image", "cdr", rosmsg.Schema(rosmsg.TypeImage))
	for i, stamp := range []float64{1, 2, 1.5, 3, 4} {
		m := rosmsg.Image{Header: rosmsg.Header{Time: stamp}, W: 40, H: 30, Encoding: "mono8", Step: 40, Data: make([]byte, 1200)}
		if i == 3 {
			m.Data = m.Data[:700]
		}
		if i == 4 {
			m.W, m.Encoding = 10, "32FC1"
		}
		if err := w.Message(topic, uint64(i), m.Encode()); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(w.Close(), out.Close()); err != nil {
		t.Fatal(err)
	}
	src, err := datasets.Open(context.Background(), path, datasets.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer src.Close()
	var reasons []string
	for {
		_, err := src.Next(context.Background())
		var skip *datasets.SkipError
		if errors.Is(err, io.EOF) {
			break
		}
		if errors.As(err, &skip) {
			reasons = append(reasons, skip.Error())
		} else if err != nil {
			t.Fatal(err)
		}
	}
	if len(reasons) != 3 || !strings.Contains(reasons[0], "does not come after") || !strings.Contains(reasons[1], "700 bytes") || !strings.Contains(reasons[2], "32FC1, which is depth") {
		t.Errorf("skipped %q", reasons)
	}
	if len(src.Warnings()) == 0 || !strings.Contains(src.Warnings()[0], "camera_info") {
		t.Errorf("warnings %q", src.Warnings())
	}
}

// Bags of ROS 1, SQLite files of rosbag2, and MCAP with messages of ROS 1, written by
// another program, give the images, stamps, cameras and depth that went in.
func TestRosbags(t *testing.T) {
	dir := t.TempDir()
	otherprograms.Run(t, filepath.Join("testdata", "write_rosbags.py"), dir)
	plain, err := os.ReadFile(filepath.Join(dir, "plain.bag"))
	if err != nil {
		t.Fatal(err)
	}
	// A recording that was never ended has no index at its end, and may break off
	// within a chunk.
	cut := len(plain) * 2 / 3
	if err := os.WriteFile(filepath.Join(dir, "cut.bag.active"), plain[:cut], 0o600); err != nil {
		t.Fatal(err)
	}
	for name, tol := range map[string]int{"plain.bag": 0, "bz2.bag": 0, "lz4.bag": 0, "jpeg.bag": 6, "sqlite": 0, "ros1.mcap": 0, "cut.bag.active": 0} {
		info, frames := bagFrames(t, filepath.Join(dir, name), datasets.Options{})
		isCut := name == "cut.bag.active"
		if info.Kind != datasets.KindBag || len(frames) != 12 && !isCut || isCut && (len(frames) < 6 || len(frames) > 10) || math.Abs(info.FPS-10) > .01 {
			t.Fatalf("%s: kind %s, %d frames, %g a second", name, info.Kind, len(frames), info.FPS)
		}
		if told := strings.Contains(strings.Join(info.Warnings, " "), "cut short"); told != isCut {
			t.Errorf("%s: warnings %q", name, info.Warnings)
		}
		if c := info.Camera; c.Fx != 60 || c.Fy != 61 || c.Cx != 31 || c.Cy != 24 || !strings.Contains(info.CameraFrom, "/cam/camera_info") {
			t.Errorf("%s: camera %v from %s", name, c, info.CameraFrom)
		}
		f := frames[4]
		if math.Abs(f.Time-100.4) > 1e-9 || f.Index != 4 {
			t.Errorf("%s: frame %d at %.3f s", name, f.Index, f.Time)
		}
		if r, g, b := f.Color.At(20, 10); abs(int(r)-24) > tol || abs(int(g)-20) > tol || abs(int(b)-50) > tol {
			t.Errorf("%s: colour %d %d %d, want 24 20 50", name, r, g, b)
		}
		if deep := name != "jpeg.bag"; deep != info.HasSensorDepth {
			t.Errorf("%s: depth: %v", name, info.HasSensorDepth)
		} else if deep {
			if d, _ := f.SensorDepth(); math.Abs(float64(d.Depth[10*64+20])-1.2) > .001 {
				t.Errorf("%s: depth %.3f m, want 1.2", name, d.Depth[10*64+20])
			}
		}
	}
	file := filepath.Join(dir, "sqlite", "sqlite.db3")
	if _, frames := bagFrames(t, file, datasets.Options{}); len(frames) != 12 {
		t.Errorf("%d frames of %s", len(frames), file)
	}
}
