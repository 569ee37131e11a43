package datasets_test

import (
	"context"
	"errors"
	"io"
	"testing"

	"github.com/metricslam/metricslam/datasets"
	"github.com/metricslam/metricslam/geom"
	"github.com/metricslam/metricslam/internal/realdata"
)

// The real sequences open as what they are, with their own calibration, and
// their first frames decode, with truth and depth where they have them.
func TestRealSequences(t *testing.T) {
	kinect := func(f float64) geom.Camera { return geom.Camera{W: 640, H: 480, Fx: f, Fy: f, Cx: 320, Cy: 240} }
	tests := []struct {
		path, kind string
		frames     int
		fps        float64
		cam        geom.Camera
		color      bool
		depth      bool
	}{
		{"tum/redkitchen", "tum", 400, 30, kinect(528), true, true},
		{"tum/desk", "tum", 1239, 15, geom.Camera{W: 640, H: 480, Fx: 615.23, Fy: 615.46, Cx: 321.25, Cy: 244.25}, true, true},
		{"7scenes/sun3d_office_1", "7scenes", 50, 10, kinect(570.342), true, true},
		{"7scenes/sun3d_office_1/seq-01", "7scenes", 50, 10, kinect(570.342), true, true},
		{"kitti/sequences/00", "kitti", 170, 9.65, geom.Camera{W: 1241, H: 376, Fx: 718.856, Fy: 718.856, Cx: 607.1928, Cy: 185.2157}, false, false},
		{"kitti_small/sequences/00", "kitti", 600, 9.65, geom.Camera{W: 416, H: 128, Fx: 240.97, Fy: 244.71, Cx: 203.5, Cy: 63.05}, true, false},
	}
	for _, tt := range tests {
		t.Run(tt.path, func(t *testing.T) {
			src, err := datasets.Open(context.Background(), realdata.Path(t, tt.path), datasets.Options{Stride: 40})
			if err != nil {
				t.Fatal(err)
			}
			defer src.Close()
			info := src.Info()
			t.Logf("%+v", info)
			if info.Kind != tt.kind || info.Camera != tt.cam || info.HasSensorDepth != tt.depth || !info.HasTruth {
				t.Errorf("got %+v", info)
			}
			if info.FPS < .98*tt.fps || info.FPS > 1.02*tt.fps {
				t.Errorf("%g frames per second, want %g", info.FPS, tt.fps)
			}
			if n := len(src.Truth()); n != tt.frames {
				t.Errorf("%d true poses, want %d", n, tt.frames)
			}
			n := 0
			for ; ; n++ {
				f, err := src.Next(context.Background())
				if errors.Is(err, io.EOF) {
					break
				}
				if err != nil {
					t.Fatal(err)
				}
				if f.Gray.W != tt.cam.W || f.Gray.H != tt.cam.H || f.Color.Empty() == tt.color || f.Truth == nil || f.Index != 40*n {
					t.Fatalf("frame %d: grey %dx%d, colour %v, truth %v", f.Index, f.Gray.W, f.Gray.H, !f.Color.Empty(), f.Truth)
				}
				if !tt.depth {
					continue
				}
				d, err := f.SensorDepth()
				if err != nil || len(d.Depth) != 640*480 || d.Camera != tt.cam {
					t.Fatalf("depth: %v", err)
				}
			}
			if want := (tt.frames + 39) / 40; n != want || info.Len != want {
				t.Errorf("%d frames, Len %d, want %d", n, info.Len, want)
			}
		})
	}
}
