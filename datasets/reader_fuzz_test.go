package datasets

import (
	"bytes"
	"context"
	"errors"
	"github.com/metricslam/metricslam/internal/fuzzbound"
	"image"
	"image/jpeg"
	"image/png"
	"io"
	"os"
	"path/filepath"
	"testing"
)

// fuzzJPEG is a small photograph.
func fuzzJPEG(f *testing.F) []byte {
	var b bytes.Buffer
	if err := jpeg.Encode(&b, image.NewGray(image.Rect(0, 0, 16, 8)), nil); err != nil {
		f.Fatal(err)
	}
	return b.Bytes()
}

// Whatever an image file holds, decoding gives an image or an error; OpenCV is
// handed nothing that ends the process.
func FuzzImage(f *testing.F) {
	var gray, deep bytes.Buffer
	if err := errors.Join(png.Encode(&gray, image.NewNRGBA(image.Rect(0, 0, 9, 7))), png.Encode(&deep, image.NewGray16(image.Rect(0, 0, 9, 7)))); err != nil {
		f.Fatal(err)
	}
	f.Add(gray.Bytes())
	f.Add(deep.Bytes())
	f.Add(fuzzJPEG(f))
	f.Fuzz(func(t *testing.T, data []byte) {
		defer fuzzbound.Check(t)()
		if w, h, err := checkImage(data); err == nil && w*h > 1<<20 {
			return // allowed, but slow
		}
		if g, c, err := decodeFrame(encodedImage{data: data}, nil); err == nil && (len(g.Pix) != g.W*g.H || !c.Empty() && len(c.Pix) != 3*g.W*g.H) {
			t.Errorf("%d values for %dx%d", len(g.Pix), g.W, g.H)
		}
		if raw, w, h, err := decodeDepth(data); err == nil && len(raw) != w*h {
			t.Errorf("%d depths for %dx%d", len(raw), w, h)
		}
	})
}

// Whatever EXIF data hold, they give a camera that is plausible or a reason.
func FuzzEXIF(f *testing.F) {
	jpg := fuzzJPEG(f)
	tags := "Exif\x00\x00II*\x00\x08\x00\x00\x00\x02\x00\x12\x01\x03\x00\x01\x00\x00\x00\x06\x00\x00\x00\x0a\x92\x05\x00\x01\x00\x00\x00\x26\x00\x00\x00\x00\x00\x00\x00\x05\x00\x00\x00\x01\x00\x00\x00"
	f.Add(append([]byte("\xff\xd8\xff\xe1\x00"+string(rune(len(tags)+2))+tags), jpg[2:]...))
	f.Add([]byte("II*\x00\b\x00\x00\x00\x02\x00\x12\x01\x03\x00\x01\x00\x00\x00000000\x05\x00\x01\x00\x00\x80 \x00\x00\x00\x00\x00\x00\x0000000000")) // half a billion rationals
	f.Add(jpg)
	f.Fuzz(func(t *testing.T, data []byte) {
		defer fuzzbound.Check(t)()
		c := cameraFromEXIF(encodedImage{data: data}, 400, 300)
		if c.OK != (c.Reason == "") || c.Orientation < 1 || c.Orientation > 8 {
			t.Errorf("camera %+v", c)
		}
		if c.OK && !plausible(c.Camera.Fx, 500) {
			t.Errorf("focal length %g", c.Camera.Fx)
		}
	})
}

// Whatever a server sends as motion JPEG, reading it ends.
func FuzzMJPEG(f *testing.F) {
	f.Add([]byte("--b\r\nContent-Type: image/jpeg\r\nContent-Length: 3\r\n\r\nabc\r\n--b\r\n\r\nabc\r\n--b--\r\n"), "b")
	f.Add([]byte("--b\nContent-Length: 99999999999\n\nabc"), "--b")
	f.Add([]byte("\n\n----\n"), "")
	f.Fuzz(func(t *testing.T, data []byte, boundary string) {
		defer fuzzbound.Check(t)()
		in := newMJPEGReader(io.NopCloser(bytes.NewReader(data)), boundary)
		for range len(data) + 2 {
			if _, err := in.next(); err != nil {
				return
			}
		}
		t.Errorf("%d bytes never end", len(data))
	})
}

// fuzzFiles are the lists of all layouts, each with what it must lie beside.
var fuzzFiles = []struct {
	file, seed string
	beside     map[string]string
	kind       string
}{
	{"rgb.txt", "# a\n1.5 a.png\n2 b.png\n", nil, KindTUM},
	{"associations.txt", "1 a.png 1 depth/a.png\n2 depth/b.png 2 b.png\n", nil, KindTUM},
	{"groundtruth.txt", "1.5 0 0 0 0 0 0 1\n2 nan 0 0 0 0 0 1\n", map[string]string{"rgb.txt": "1.5 a.png\n2 b.png\n"}, KindTUM},
	{"data.csv", "#t\n1403636579763555584,a.png\n", map[string]string{"sensor.yaml": ""}, KindEuRoC},
	{"sensor.yaml", "T_BS:\n  data: [1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1]\n", map[string]string{"data.csv": "1403636579763555584,a.png\n"}, KindEuRoC},
	{"calib.txt", "P0: 50 0 30 0 0 50 20 0 0 0 1 0\n", map[string]string{"image_0/000000.png": ""}, KindKITTI},
	{"times.txt", "0\n0.1\n0.05\n", map[string]string{"image_0/000000.png": "", "image_0/000002.png": ""}, KindKITTI},
	{"image_00/timestamps.txt", "2011-09-26 13:02:25.964389445\n", map[string]string{"image_00/data/000000.png": ""}, KindKITTIRaw},
	{"calib_cam_to_cam.txt", "S_rect_00: 64 48\nP_rect_00: 50 0 30 0 0 50 20 0 0 0 1 0\n", map[string]string{"image_00/data/000000.png": ""}, KindKITTIRaw},
	{"traj.txt", "1 0 0 0 0 1 0 0 0 0 1 0 0 0 0 1\n", map[string]string{"frame0.jpg": "", "depth0.png": ""}, KindReplica},
	{"cam_params.json", `{"camera": {"w": 64, "h": 48, "fx": 60, "fy": 60, "cx": 31.5, "cy": 23.5, "scale": 2000}}`, map[string]string{"frame0.jpg": "", "depth0.png": ""}, KindReplica},
	{"intrinsic/intrinsic_color.txt", "60 0 31.5 0\n0 60 23.5 0\n0 0 1 0\n0 0 0 1\n", map[string]string{"color/0.jpg": ""}, KindScanNet},
	{"pose/0.txt", "1 0 0 0\n0 1 0 0\n0 0 1 0\n0 0 0 1\n", map[string]string{"color/0.jpg": ""}, KindScanNet},
	{"camera.txt", "0.9 1.2 0.5 0.5 0.9\n64 48\ncrop\n64 48\n", map[string]string{"times.txt": "0 1 1\n", "images/0.jpg": ""}, KindTUMMono},
	{"times.txt", "0 1 1\n1 2 1\n", map[string]string{"camera.txt": "0.9 1.2 0.5 0.5 0\n64 48\n", "images/0.jpg": ""}, KindTUMMono},
	{"transforms.json", `{"fl_x": 60, "cx": 32, "cy": 24, "w": 64, "h": 48, "frames": [{"file_path": "a.png"}]}`, nil, KindNerfstudio},
	{"camera-intrinsics.txt", "60 0 31.5\n0 60 23.5\n0 0 1\n", map[string]string{"frame-000000.color.png": ""}, Kind7Scenes},
	{"frame-000000.pose.txt", "1 0 0 0\n0 1 0 0\n0 0 1 0\n0 0 0 1\n", map[string]string{"frame-000000.color.png": ""}, Kind7Scenes},
}

// Whatever a list holds, reading it gives an error or entries whose stamps do not
// decrease, and true poses that are finite.
func FuzzListing(f *testing.F) {
	for i, file := range fuzzFiles {
		f.Add(uint8(i), []byte(file.seed))
	}
	f.Fuzz(func(t *testing.T, which uint8, data []byte) {
		defer fuzzbound.Check(t)()
		file := fuzzFiles[int(which)%len(fuzzFiles)]
		dir := t.TempDir()
		put := func(name string, data []byte) {
			path := filepath.Join(dir, filepath.FromSlash(name))
			if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o700), os.WriteFile(path, data, 0o600)); err != nil {
				t.Fatal(err)
			}
		}
		for name, text := range file.beside {
			put(name, []byte(text))
		}
		put(file.file, data)
		l, err := list(dir, dir, file.kind, defaultRate)
		if err != nil {
			return
		}
		if len(l.entries) == 0 {
			t.Fatal("no entries and no error")
		}
		for i, e := range l.entries {
			if i > 0 && !(e.time >= l.entries[i-1].time) {
				t.Errorf("stamp %g after %g", e.time, l.entries[i-1].time)
			}
			if e.truth != nil && !e.truth.IsFinite() {
				t.Errorf("true pose %v", e.truth)
			}
		}
	})
}

// Whatever a video file holds, reading it ends, with images of one size.
func FuzzVideo(f *testing.F) {
	f.Add(bytes.Repeat(fuzzJPEG(f), 3))
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, data []byte) {
		defer fuzzbound.Check(t)()
		path := filepath.Join(dir, "a.mjpeg")
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		src, err := openVideo(context.Background(), path, Options{MaxFrames: 50})
		if err != nil {
			return
		}
		defer src.Close()
		c := src.Info().Camera
		if c.W*c.H > 1<<20 {
			return // allowed, but slow
		}
		for range 100 {
			frame, err := src.Next(context.Background())
			var skip *SkipError
			switch {
			case errors.As(err, &skip):
			case err != nil:
				return
			case frame.Gray.W != c.W || frame.Gray.H != c.H:
				t.Fatalf("an image of %dx%d, the camera has %dx%d", frame.Gray.W, frame.Gray.H, c.W, c.H)
			}
		}
	})
}
