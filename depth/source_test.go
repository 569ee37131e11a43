package depth

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/metricslam/metricslam/depth/depthio"
	"github.com/metricslam/metricslam/geom"
	"github.com/metricslam/metricslam/slam"
)

var cam = geom.Camera{W: 8, H: 6, Fx: 8, Fy: 8, Cx: 3.5, Cy: 2.5}

func sensorFrame(index int, z float32) *slam.Frame {
	return &slam.Frame{Index: index, Camera: cam, SensorDepth: func() (slam.DepthMap, error) {
		d := slam.DepthMap{W: 8, H: 6, Camera: cam, Depth: make([]float32, 48)}
		for i := range d.Depth {
			d.Depth[i] = z
		}
		return d, nil
	}}
}

func writeDepth(t *testing.T, dir, name string, z float32) {
	t.Helper()
	p := depthio.Image{W: 4, H: 3, Depth: make([]float32, 12)}
	for i := range p.Depth {
		p.Depth[i] = z
	}
	if err := depthio.WritePNG(filepath.Join(dir, name), p, 1000); err != nil {
		t.Fatal(err)
	}
}

func TestOpen(t *testing.T) {
	dir := t.TempDir()
	empty := filepath.Join(dir, "empty")
	os.Mkdir(empty, 0o755)
	writeDepth(t, dir, "0.png", 1)
	os.WriteFile(filepath.Join(dir, "text.txt"), nil, 0o644)
	for spec, want := range map[string]string{"": "none", "none": "none", "sensor": "sensor", "sim": "sim", "sim:seed=3": "sim", dir: "folder"} {
		s, err := Open(spec, Options{})
		if err != nil {
			t.Fatalf("%q: %v", spec, err)
		}
		if s.Name() != want {
			t.Errorf("%q: got source %q, want %q", spec, s.Name(), want)
		}
		if err := s.Close(); err != nil {
			t.Errorf("%q: close: %v", spec, err)
		}
	}
	for spec, want := range map[string]string{
		"sim:bais=1":                   "bais",
		filepath.Join(dir, "none"):     "no such file",
		filepath.Join(dir, "text.txt"): "neither",
		empty:                          "no .png or .npy",
	} {
		if _, err := Open(spec, Options{}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got %v, want an error with %q", spec, err, want)
		}
	}
	if _, err := Open(dir, Options{DepthScale: -1}); err == nil {
		t.Error("a negative depth scale passed")
	}
}

func TestNoDepth(t *testing.T) {
	f := &slam.Frame{Camera: cam}
	for _, s := range []Source{None{}, Sensor{}, &Simulated{}} {
		if _, err := s.Depth(context.Background(), f); !errors.Is(err, ErrNoDepth) {
			t.Errorf("%s: got %v, want ErrNoDepth", s.Name(), err)
		}
	}
}

func TestSensorSigma(t *testing.T) {
	d, err := Sensor{}.Depth(context.Background(), sensorFrame(0, 2))
	if err != nil {
		t.Fatal(err)
	}
	if z, s, ok := d.At(geom.Vec2{X: 3, Y: 3}); !ok || z != 2 || s < .0030 || s > .0031 {
		t.Errorf("got %v m, deviation %v, want 2 and (.0012+.0019 1.6^2)/2 = .00303", z, s)
	}
	if d.ScaleSigma != 0 {
		t.Error("a sensor has a scale of its own")
	}
}

func TestSensorFails(t *testing.T) {
	broken := errors.New("cut short")
	f := &slam.Frame{Index: 7, Name: "abc", Camera: cam}
	f.SensorDepth = func() (slam.DepthMap, error) { return slam.DepthMap{}, broken }
	if _, err := (Sensor{}).Depth(context.Background(), f); !errors.Is(err, broken) || !strings.Contains(err.Error(), "abc") {
		t.Errorf("got %v", err)
	}
	f.SensorDepth = func() (slam.DepthMap, error) {
		return slam.DepthMap{W: 9, H: 9, Depth: make([]float32, 3)}, nil
	}
	if _, err := (Sensor{}).Depth(context.Background(), f); err == nil {
		t.Error("wrong number of values passed")
	}
}

func TestSimulated(t *testing.T) {
	s, err := Open("sim:bias=.2,frame=0,warp=0,noise=0", Options{})
	if err != nil {
		t.Fatal(err)
	}
	d, err := s.Depth(context.Background(), sensorFrame(3, 2))
	if err != nil {
		t.Fatal(err)
	}
	if z := d.Depth[10]; z < 2.3999 || z > 2.4001 {
		t.Errorf("got %v m, want 2.4", z)
	}
	if d.Sigma != .08 || d.ScaleSigma != .1 || d.Source != "sim" {
		t.Errorf("got %v %v %q", d.Sigma, d.ScaleSigma, d.Source)
	}
	if _, err := s.Depth(context.Background(), sensorFrame(3, 0)); !errors.Is(err, ErrNoDepth) {
		t.Errorf("sensor without a value: got %v", err)
	}
}

func TestFolderMatching(t *testing.T) {
	tests := []struct {
		name  string
		files []string // file i holds i+1 metres
		frame slam.Frame
		want  float32 // 0: no depth
	}{
		{"same name", []string{"a.png", "b.png"}, slam.Frame{Name: "b"}, 2},
		{"7-scenes", []string{"frame-000004.depth.png", "frame-000005.depth.png"}, slam.Frame{Name: "frame-000005.color", Index: 0}, 2},
		{"same stamp", []string{"10.00.png", "10.01.png"}, slam.Frame{Name: "10.01", Time: 10.01}, 2},
		{"nearest stamp", []string{"10.00.png", "10.033.png"}, slam.Frame{Name: "10.031", Time: 10.031}, 2},
		{"stamp too far", []string{"10.00.png", "10.10.png"}, slam.Frame{Name: "10.05", Time: 10.05}, 0},
		{"stamp by time alone", []string{"10.00.png", "10.10.png"}, slam.Frame{Name: "000001", Index: 1, Time: 10.09}, 2},
		{"nanoseconds", []string{"1403636579763555584.png", "1403636579813555456.png"}, slam.Frame{Name: "x", Time: 1403636579.813}, 2},
		{"number in both names", []string{"sync_depth_00000.png", "sync_depth_00050.png"}, slam.Frame{Name: "rgb_00050", Index: 1}, 2},
		{"index", []string{"0000.png", "0001.png"}, slam.Frame{Name: "1305031102.175304", Time: 1305031102.175304, Index: 1}, 2},
		{"every eighth", []string{"000000.png", "000008.png"}, slam.Frame{Name: "000004", Index: 4}, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			dir := t.TempDir()
			for i, name := range tt.files {
				writeDepth(t, dir, name, float32(i+1))
			}
			s, err := Open(dir, Options{})
			if err != nil {
				t.Fatal(err)
			}
			tt.frame.Camera = cam
			d, err := s.Depth(context.Background(), &tt.frame)
			if tt.want == 0 {
				if !errors.Is(err, ErrNoDepth) {
					t.Fatalf("got %v, want ErrNoDepth", err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if d.Depth[0] != tt.want {
				t.Errorf("got the file of %v m, want %v", d.Depth[0], tt.want)
			}
			if want := cam.Resized(4, 3); d.Camera != want {
				t.Errorf("camera %+v, want %+v", d.Camera, want)
			}
		})
	}
}

func TestFolderRefuses(t *testing.T) {
	dir := t.TempDir()
	writeDepth(t, dir, "0.png", 1)
	s, err := Open(dir, Options{})
	if err != nil {
		t.Fatal(err)
	}
	f := &slam.Frame{Name: "0", Camera: geom.Camera{W: 8, H: 8, Fx: 1, Fy: 1}}
	if _, err := s.Depth(context.Background(), f); err == nil || !strings.Contains(err.Error(), "another sequence") {
		t.Errorf("another shape: got %v", err)
	}
	os.WriteFile(filepath.Join(dir, "0.png"), []byte("\x89PNG"), 0o644)
	if _, err := s.Depth(context.Background(), &slam.Frame{Name: "0", Camera: cam}); err == nil || !strings.Contains(err.Error(), "0.png") {
		t.Errorf("damaged file: got %v", err)
	}
}
