package datasets_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"image"
	"image/jpeg"
	"math"
	"path/filepath"
	"strings"
	"testing"

	"github.com/metricslam/metricslam/datasets"
)

// What cannot be opened says which file and what to do.
func TestOpenErrors(t *testing.T) {
	good := encodePNG(t, texture(tinyW, tinyH, 0))
	tests := map[string]struct {
		files map[string]any
		spec  string // below the folder, or absolute with a scheme
		opt   datasets.Options
		want  []string
	}{
		"missing folder":      {nil, "none", datasets.Options{}, []string{"none", "no such file"}},
		"empty folder":        {nil, "", datasets.Options{}, []string{"no images", "rgb.txt"}},
		"folder of sequences": {map[string]any{"sequences/00/image_0/000000.png": good}, "", datasets.Options{}, []string{"perhaps you meant", "sequences/00"}},
		"decimal commas":      {map[string]any{"rgb.txt": "0,000000 rgb/a.png\n0,033333 rgb/b.png\n"}, "", datasets.Options{}, []string{"rgb.txt", "line 1", "decimal comma"}},
		"UTF-16":              {map[string]any{"rgb.txt": "\xff\xfe0\x00 \x00a\x00"}, "", datasets.Options{}, []string{"rgb.txt", "UTF-16"}},
		"empty list":          {map[string]any{"rgb.txt": "# nothing\n"}, "", datasets.Options{}, []string{"rgb.txt", "lists no images"}},
		"list of missing":     {map[string]any{"rgb.txt": "1 rgb/1.png\n2 rgb/2.png\n"}, "", datasets.Options{}, []string{"none of the first 2", "rgb/1.png", "no such file"}},
		"KITTI empty":         {map[string]any{"image_0/readme.txt": "", "calib.txt": "P0: 1 0 0 0 0 1 0 0 0 0 1 0"}, "", datasets.Options{}, []string{"image_0", "no image"}},
		"KITTI calib":         {map[string]any{"image_0/000000.png": good, "calib.txt": "P0: 1 2 x\n"}, "", datasets.Options{}, []string{"calib.txt:1", "P0", "3 values, want 12"}},
		"KITTI no P":          {map[string]any{"image_0/000000.png": good, "calib.txt": "Tr: 1 2 3\n"}, "", datasets.Options{}, []string{"calib.txt", "P0 or P2"}},
		"unknown file":        {map[string]any{"a.xyz": "?"}, "a.xyz", datasets.Options{}, []string{"a.xyz", "--kind"}},
		"unknown kind":        {map[string]any{"a.png": good}, "", datasets.Options{Kind: "rosbag"}, []string{"rosbag", "tum"}},
		"forced kind":         {map[string]any{"a.png": good}, "", datasets.Options{Kind: "tum"}, []string{"rgb.txt"}},
		"forced euroc":        {map[string]any{"a.png": good}, "", datasets.Options{Kind: "euroc"}, []string{"data.csv"}},
		"forced 7scenes":      {map[string]any{"a.png": good}, "", datasets.Options{Kind: "7scenes"}, []string{"frame-NNNNNN.color"}},
		"start too late":      {map[string]any{"a.png": good}, "", datasets.Options{Start: 1}, []string{"--start 1"}},
		"negative stride":     {map[string]any{"a.png": good}, "", datasets.Options{Stride: -1}, []string{"--stride -1"}},
		"two cameras":         {map[string]any{"a.png": good}, "", datasets.Options{Fx: 5, FOVRad: 1}, []string{"--fov"}},
		"fy alone":            {map[string]any{"a.png": good}, "", datasets.Options{Fy: 5}, []string{"--fx"}},
		"radians":             {map[string]any{"a.png": good}, "", datasets.Options{FOVRad: 1.2 * math.Pi / 180}, []string{"--fov 1.2", "68.75"}},
		"field of view":       {map[string]any{"a.png": good}, "", datasets.Options{FOVRad: 4}, []string{"--fov"}},
		"camera file missing": {map[string]any{"a.png": good}, "", datasets.Options{CameraFile: "no.yaml"}, []string{"no.yaml"}},
		"camera outside":      {map[string]any{"a.png": good}, "", datasets.Options{Fx: 50, Cx: 500}, []string{"principal point", "64x48"}},
		"no camera":           {nil, "camera:97", datasets.Options{}, []string{"camera 97"}},
		"camera name":         {nil, "camera:front", datasets.Options{}, []string{"camera:front", "camera:0"}},
		"unreadable video":    {map[string]any{"a.mp4": "this is no video"}, "a.mp4", datasets.Options{}, []string{"a.mp4", "cannot be read as a video"}},
		"empty video":         {map[string]any{"a.mkv": ""}, "a.mkv", datasets.Options{}, []string{"a.mkv", "empty"}},
		"synthetic camera":    {nil, "synthetic:room", datasets.Options{Fx: 3}, []string{"--fx"}},
		"synthetic unknown":   {nil, "synthetic:moon", datasets.Options{}, []string{"moon"}},
		"no server":           {nil, "http://127.0.0.1:1/x", datasets.Options{}, []string{"127.0.0.1:1", "check the address"}},
		"no rtsp server":      {nil, "rtsp://127.0.0.1:1/x", datasets.Options{}, []string{"127.0.0.1:1", "check the address"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			noLeak(t)
			dir := t.TempDir()
			write(t, dir, tt.files)
			spec := tt.spec
			if !strings.Contains(spec, ":") {
				spec = filepath.Join(dir, spec)
			}
			src, err := datasets.Open(context.Background(), spec, tt.opt)
			if err == nil {
				src.Close()
				t.Fatal("no error")
			}
			for _, w := range tt.want {
				if !strings.Contains(err.Error(), w) {
					t.Errorf("error %q does not tell of %q", err, w)
				}
			}
		})
	}
}

// One damaged image is skipped with its file and reason; the frames around it
// come through.
func TestDamagedImages(t *testing.T) {
	jpg := encodeJPEG(t, texture(tinyW, tinyH, 1))
	png := encodePNG(t, texture(tinyW, tinyH, 1))
	var gray bytes.Buffer
	if err := jpeg.Encode(&gray, image.NewGray(image.Rect(0, 0, tinyW, tinyH)), nil); err != nil {
		t.Fatal(err)
	}
	flipped := bytes.Clone(png)
	flipped[len(png)/2] ^= 0xff
	// A header that promises 2^31 pixels, which OpenCV answers by ending the
	// process.
	giant := bytes.Clone(png)
	copy(giant[16:24], []byte{0, 1, 0, 0, 0, 0, 0x80, 0})
	binary.BigEndian.PutUint32(giant[29:], crc32.ChecksumIEEE(giant[12:29]))
	tests := map[string]struct {
		file string
		data []byte
		want string // empty: readable
	}{
		"zero bytes":      {"b.jpg", nil, "empty"},
		"truncated jpeg":  {"b.jpg", jpg[:len(jpg)*2/3], "cut off"},
		"jpeg headers":    {"b.jpg", jpg[:30], "no readable image"},
		"truncated png":   {"b.png", png[:len(png)*2/3], "cut off"},
		"damaged png":     {"b.png", flipped, ""},
		"giant png":       {"b.png", giant, "65536x32768"},
		"rubbish":         {"b.png", []byte("rubbish"), "no readable image"},
		"png named jpg":   {"b.jpg", png, ""},
		"padded jpeg":     {"b.jpg", append(bytes.Clone(jpg), make([]byte, 5000)...), ""},
		"grey in between": {"b.jpg", gray.Bytes(), ""},
		"image and more":  {"b.png", append(bytes.Clone(png), "more"...), ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			write(t, dir, map[string]any{"a.png": png, tt.file: tt.data, "c.png": png})
			frames, skips := drain(t, open(t, dir, datasets.Options{}))
			if name == "damaged png" {
				// Whether a checksum catches it depends on the decoder's version.
				if len(frames)+len(skips) != 3 {
					t.Errorf("%d frames, skips %v", len(frames), skips)
				}
				return
			}
			if tt.want == "" {
				if len(frames) != 3 || len(skips) != 0 {
					t.Fatalf("%d frames, skips %v", len(frames), skips)
				}
				return
			}
			if len(frames) != 2 || len(skips) != 1 || skips[0].Index != 1 || filepath.Base(skips[0].File) != tt.file || !strings.Contains(skips[0].Error(), tt.want) {
				t.Errorf("%d frames, skips %v, want %q", len(frames), skips, tt.want)
			}
		})
	}
}

// A damaged depth image is an error of the depth alone.
func TestDamagedDepth(t *testing.T) {
	full := depthPNG(t, tinyW, tinyH, 1000)
	tests := map[string]struct {
		data []byte
		want string
	}{
		"other shape": {depthPNG(t, tinyW, tinyW, 1000), "do not cover"},
		"8 bit":       {encodePNG(t, image.NewGray(image.Rect(0, 0, tinyW, tinyH))), "16-bit"},
		"colour":      {encodePNG(t, texture(tinyW, tinyH, 0)), "16-bit"},
		"truncated":   {full[:len(full)-20], "cut off"},
		"empty":       {nil, "empty"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			writeTUM(t, dir, 1)
			write(t, dir, map[string]any{"depth/100.000000.png": tt.data})
			frames, _ := drain(t, open(t, dir, datasets.Options{}))
			_, err := frames[0].SensorDepth()
			if err == nil || !strings.Contains(err.Error(), tt.want) || !strings.Contains(err.Error(), "100.000000.png") {
				t.Errorf("error %v, want one with %q", err, tt.want)
			}
		})
	}
}

func TestAfterCloseAndCancel(t *testing.T) {
	dir := t.TempDir()
	writeTUM(t, dir, 3)
	src := open(t, dir, datasets.Options{})
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := src.Next(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
	if f, err := src.Next(context.Background()); err != nil || f.Index != 0 {
		t.Errorf("after a cancelled call: %v, %v", f, err)
	}
	if err := src.Close(); err != nil {
		t.Error(err)
	}
	if err := src.Close(); err != nil {
		t.Errorf("second Close: %v", err)
	}
	if _, err := src.Next(context.Background()); !errors.Is(err, datasets.ErrClosed) {
		t.Errorf("after Close: %v", err)
	}
}
