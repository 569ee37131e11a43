//go:build matprofile

package datasets_test

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/metricslam/metricslam/datasets"
	"gocv.io/x/gocv"
)

// No source leaves a Mat behind, whatever it met. Run with -tags matprofile.
func TestNoMatLeak(t *testing.T) {
	dir := t.TempDir()
	writeTUM(t, dir, 6)
	write(t, dir, map[string]any{
		"rgb/100.100000.png":   "rubbish",
		"rgb/100.200000.png":   encodePNG(t, texture(tinyH, tinyW, 0)), // another size
		"depth/100.300000.png": encodePNG(t, texture(tinyW, tinyH, 0)), // colour
	})
	photos := t.TempDir()
	write(t, photos, map[string]any{
		"a.jpg": withEXIF(encodeJPEG(t, texture(40, 30, 0)), []exifEntry{{tag: tagOrientation, num: 7}}, nil),
	})
	distorted := filepath.Join(dir, "distorted.yaml")
	if err := os.WriteFile(distorted, []byte(tinyCamera+"Camera.k1: -.2\nCamera.k2: .05\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	video := filepath.Join(t.TempDir(), "a.avi")
	writeVideo(t, video, "MJPG", 10)
	stream := mjpegServer{n: 5, interval: time.Millisecond, length: true, boundary: "b", damaged: 2}.start(t)
	before := gocv.MatProfile.Count()
	for _, c := range []struct {
		spec string
		opt  datasets.Options
	}{
		{dir, datasets.Options{}}, {dir, datasets.Options{CameraFile: distorted}}, {dir, datasets.Options{CameraFile: distorted, Live: true}},
		{photos, datasets.Options{}}, {video, datasets.Options{}}, {stream, datasets.Options{}},
	} {
		src, err := datasets.Open(t.Context(), c.spec, c.opt)
		if err != nil {
			t.Fatal(err)
		}
		src = datasets.Prefetch(src, 2)
		frames, _ := drain(t, src)
		for _, f := range frames {
			if f.SensorDepth != nil {
				f.SensorDepth()
			}
		}
		src.Close()
	}
	if _, _, err := datasets.LoadPhoto(filepath.Join(photos, "a.jpg")); err != nil {
		t.Fatal(err)
	}
	datasets.Open(t.Context(), dir, datasets.Options{Fx: 60, Cx: 1000})
	datasets.Open(t.Context(), video, datasets.Options{Fx: 60, Cx: 1000})
	if after := gocv.MatProfile.Count(); after != before {
		var b bytes.Buffer
		gocv.MatProfile.WriteTo(&b, 1)
		t.Errorf("%d Mats left:\n%s", after-before, b.String())
	}
}
