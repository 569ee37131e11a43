package datasets_test

import (
	"fmt"
	"image"
	"image/color"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/metricslam/metricslam/datasets"
	"github.com/metricslam/metricslam/geom"
)

// identityRows is a 4x4 matrix that moves by x, its rows behind one another.
func identityRows(x float64, separator string) string {
	return fmt.Sprintf("1 0 0 %g%s0 1 0 0%s0 0 1 0%s0 0 0 1\n", x, separator, separator, separator)
}

// The layouts that people have on disk beside those of layouts_test.go, each made
// small: kind, number of frames, stamps, camera, depth and truth.
func TestLayouts(t *testing.T) {
	img := func(i int) []byte { return encodeJPEG(t, texture(tinyW, tinyH, i)) }
	replica := map[string]any{"cam_params.json": `{"camera": {"w": 64, "h": 48, "fx": 60, "fy": 60, "cx": 31.5, "cy": 23.5, "scale": 2000}}`}
	scannet := map[string]any{"s/intrinsic/intrinsic_color.txt": "60 0 31.5 0\n0 60 23.5 0\n0 0 1 0\n0 0 0 1\n"}
	raw := map[string]any{"day/calib_cam_to_cam.txt": "calib_time: 09-Jan-2012 13:57:47\nS_rect_02: 64.0 48.0\nP_rect_02: 60 0 31.5 0 0 60 23.5 0 0 0 1 0\n"}
	k360 := map[string]any{"calibration/perspective.txt": "S_rect_00: 64 48\nP_rect_00: 60 0 31.5 0 0 60 23.5 0 0 0 1 0\n"}
	mono := map[string]any{"camera.txt": "0.9375 1.25 0.5 0.5 0\n64 48\ncrop\n64 48\n"}
	nerf := map[string]any{}
	icl := map[string]any{}
	var replicaPoses, rawTimes, monoTimes, nerfFrames, iclPairs, iclTruth string
	for i := range 4 {
		replica[fmt.Sprintf("office/results/frame%06d.jpg", i)] = img(i)
		replica[fmt.Sprintf("office/results/depth%06d.png", i)] = depthPNG(t, tinyW, tinyH, 4000)
		replicaPoses += identityRows(float64(i), " ")
		scannet[fmt.Sprintf("s/color/%d.jpg", 10*i)] = img(i)
		scannet[fmt.Sprintf("s/depth/%d.png", 10*i)] = depthPNG(t, tinyW, tinyH, 2000)
		scannet[fmt.Sprintf("s/pose/%d.txt", 10*i)] = identityRows(float64(i), "\n")
		raw[fmt.Sprintf("day/drive/image_02/data/%010d.png", i)] = encodePNG(t, texture(tinyW, tinyH, i))
		k360[fmt.Sprintf("data_2d_raw/drive/image_00/data_rect/%010d.png", i)] = encodePNG(t, texture(tinyW, tinyH, i))
		rawTimes += fmt.Sprintf("2011-09-26 13:02:2%d.500000123\n", i)
		mono[fmt.Sprintf("images/%05d.jpg", i)] = img(i)
		monoTimes += fmt.Sprintf("%05d %.3f 0.9\n", i, 1000+float64(i)/10)
		nerf[fmt.Sprintf("images/frame_%d.jpg", 8+i)] = img(i)
		nerfFrames = fmt.Sprintf(`{"file_path": "images/frame_%d.jpg", "transform_matrix": []},`, 8+i) + nerfFrames
		icl[fmt.Sprintf("rgb/%d.png", i+1)] = encodePNG(t, texture(tinyW*10, tinyH*10, i))
		icl[fmt.Sprintf("depth/%d.png", i+1)] = depthPNG(t, tinyW*10, tinyH*10, 10000)
		iclPairs += fmt.Sprintf("%d depth/%d.png %d rgb/%d.png\n", i+1, i+1, i+1, i+1)
		iclTruth += fmt.Sprintf("%d %d -%d 0 0 0 0.6 0.8\n", i+1, i, i)
	}
	replica["office/traj.txt"], raw["day/drive/image_02/timestamps.txt"] = replicaPoses, rawTimes
	mono["times.txt"] = monoTimes
	nerf["transforms.json"] = `{"fl_x": 60, "fl_y": 60, "cx": 32, "cy": 24, "w": 64, "h": 48, "camera_model": "OPENCV", "frames": [` + strings.TrimSuffix(nerfFrames, ",") + `]}`
	icl["associations.txt"], icl["livingRoom0.gt.freiburg"] = iclPairs, iclTruth
	for name, tt := range map[string]struct {
		files  map[string]any
		spec   string
		kind   string
		step   float64 // seconds between two frames
		focal  float64
		depthM float32
		truth  float64 // x of the second true pose, NaN for none
	}{
		"Replica":          {replica, "office", "replica", 1. / 30, 60, 2, 1},
		"Replica, results": {replica, "office/results", "replica", 1. / 30, 60, 2, 1},
		"ScanNet":          {scannet, "s", "scannet", 1. / 3, 60, 2, 1},
		"KITTI raw":        {raw, "day/drive", "kitti-raw", 1, 60, 0, math.NaN()},
		"KITTI-360":        {k360, "data_2d_raw/drive", "kitti-raw", .1, 60, 0, math.NaN()},
		"TUM mono":         {mono, "", "tum-mono", .1, 60, 0, math.NaN()},
		"nerfstudio":       {nerf, "", "nerfstudio", 1. / 30, 60, 0, math.NaN()},
		"ICL-NUIM":         {icl, "", "tum", 1. / 30, 481.2, 2, 1},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			write(t, dir, tt.files)
			src := open(t, filepath.Join(dir, tt.spec), datasets.Options{})
			info := src.Info()
			frames, skips := drain(t, src)
			if info.Kind != tt.kind || len(frames) != 4 || len(skips) != 0 {
				t.Fatalf("kind %s, %d frames, skips %v", info.Kind, len(frames), skips)
			}
			if math.Abs(info.Camera.Fx-tt.focal) > 1e-6 || math.Abs(frames[0].Camera.Cx-float64(info.Camera.W-1)/2) > 1e-6 {
				t.Errorf("camera %+v", info.Camera)
			}
			for i, f := range frames {
				if i > 0 && math.Abs(f.Time-frames[i-1].Time-tt.step) > 1e-6 {
					t.Errorf("frame %d at %.9g after %.9g", i, f.Time, frames[i-1].Time)
				}
				if w := texture(f.Color.W, f.Color.H, i); math.Abs(float64(w.NRGBAAt(9, 9).R)-float64(at(f.Color.At(9, 9)))) > 12 {
					t.Errorf("frame %d shows another", i)
				}
			}
			if (frames[1].SensorDepth != nil) != (tt.depthM > 0) {
				t.Fatal("depth missing, or made up")
			}
			if tt.depthM > 0 {
				if d, err := frames[1].SensorDepth(); err != nil || d.Depth[5] != tt.depthM {
					t.Errorf("depth %v, want %g: %v", d.Depth[5], tt.depthM, err)
				}
			}
			if truth := frames[1].Truth; (truth == nil) != math.IsNaN(tt.truth) || truth != nil && truth.T.X != tt.truth {
				t.Errorf("truth %v, want x = %g", truth, tt.truth)
			}
		})
	}
	// ICL-NUIM's y points up: turned, y is down and turns about z go the other way.
	dir := t.TempDir()
	write(t, dir, icl)
	truth := open(t, dir, datasets.Options{}).Truth()
	if want := geom.QuatFromMat3(truth[1].Pose.R); truth[1].Pose.T.Y != 1 || math.Abs(want.Z/want.W+.75) > 1e-9 {
		t.Errorf("true pose %v", truth[1].Pose)
	}
}

func at(r, _, _ uint8) uint8 { return r }

// Depth images, masks and doubles among the images are left out and named.
func TestMixedFolder(t *testing.T) {
	good := encodePNG(t, texture(tinyW, tinyH, 0))
	dir := t.TempDir()
	files := map[string]any{}
	for i := range 5 {
		files[fmt.Sprintf("IMG_%d.png", i)] = good
		files[fmt.Sprintf("IMG_%d.heic", i)] = "?"
		files[fmt.Sprintf("%d.png", i)] = depthPNG(t, tinyW, tinyH, 1000)
		files[fmt.Sprintf("IMG_%d_mask.png", i)] = encodePNG(t, image.NewGray(image.Rect(0, 0, tinyW, tinyH)))
	}
	write(t, dir, files)
	src := open(t, dir, datasets.Options{})
	frames, skips := drain(t, src)
	if len(frames) != 5 || len(skips) != 0 {
		t.Fatalf("%d frames, skips %v", len(frames), skips)
	}
	for _, want := range []string{"5 files, such as 0.png, are 16-bit", "5 files, such as IMG_0_mask.png", "5 files, such as IMG_0.heic"} {
		if !hasWarning(src, want) {
			t.Errorf("no warning %q in %v", want, src.Warnings())
		}
	}
	series := map[string]any{}
	for i := range 20 {
		series[fmt.Sprintf("left%02d.png", i)], series[fmt.Sprintf("right%02d.png", i)] = good, good
	}
	dir = t.TempDir()
	write(t, dir, series)
	if src := open(t, dir, datasets.Options{}); !hasWarning(src, "several series", "left*, right*") {
		t.Errorf("two cameras are read as one: %v", src.Warnings())
	}
	dir = t.TempDir()
	write(t, dir, map[string]any{"0.png": depthPNG(t, tinyW, tinyH, 1000)})
	if _, err := datasets.Open(t.Context(), dir, datasets.Options{}); err == nil || !strings.Contains(err.Error(), "16-bit") {
		t.Errorf("depth alone: %v", err)
	}
}

// Stamps in other units than seconds are told by their size and step.
func TestStampUnits(t *testing.T) {
	for name, tt := range map[string]struct {
		stamps [4]string
		step   float64
		want   string
	}{
		"seconds":              {[4]string{"1700000000.10", "1700000000.15", "1700000000.20", "1700000000.25"}, .05, ""},
		"nanoseconds":          {[4]string{"1403636579763555584", "1403636579813555456", "1403636579863555584", "1403636579913555456"}, .05, "nanoseconds"},
		"microseconds":         {[4]string{"1403636579763555", "1403636579813555", "1403636579863555", "1403636579913555"}, .05, "microseconds"},
		"milliseconds":         {[4]string{"1403636579763", "1403636579813", "1403636579863", "1403636579913"}, .05, "milliseconds"},
		"nanoseconds from 0":   {[4]string{"0", "50000000", "100000000", "150000000"}, .05, "nanoseconds"},
		"milliseconds from 0":  {[4]string{"0", "50", "100", "150"}, .05, "milliseconds"},
		"numbers of the frame": {[4]string{"0", "1", "2", "3"}, 1. / 30, "frame numbers"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			files, list := map[string]any{}, ""
			for i, at := range tt.stamps {
				files[fmt.Sprintf("%d.png", i)] = encodePNG(t, texture(tinyW, tinyH, i))
				list += fmt.Sprintf("%s %d.png\n", at, i)
			}
			files["rgb.txt"] = list
			write(t, dir, files)
			src := open(t, dir, datasets.Options{})
			frames, _ := drain(t, src)
			if len(frames) != 4 || math.Abs((frames[3].Time-frames[0].Time)/3-tt.step) > 1e-6 {
				t.Errorf("%d frames from %.9g to %.9g", len(frames), frames[0].Time, frames[3].Time)
			}
			if hasWarning(src, "its stamps are read as", tt.want) != (tt.want != "") {
				t.Errorf("warnings %v", src.Warnings())
			}
		})
	}
}

// A folder of folders, an archive and files of other kinds name what to do.
func TestWhatWasMeant(t *testing.T) {
	good := encodePNG(t, texture(tinyW, tinyH, 0))
	for name, tt := range map[string]struct {
		files map[string]any
		spec  string
		want  []string
	}{
		"scan app":     {map[string]any{"scan/rgb.mp4": "?", "scan/depth/0.png": depthPNG(t, 8, 8, 9), "scan/odometry.csv": ""}, "", []string{"perhaps you meant", "rgb.mp4 (a video)"}},
		"deep":         {map[string]any{"a/b/c/0.png": good, "a/b/c/1.png": good, "a/z/cam0/data.csv": ""}, "", []string{"c (2 images)", "z (euroc)"}},
		"archive only": {map[string]any{"images.zip": "PK"}, "", []string{"images.zip is an archive", "unpack"}},
		"zip":          {map[string]any{"a.zip": "PK"}, "a.zip", []string{"a.zip is an archive", "unpack"}},
		"old ROS bag":  {map[string]any{"a.bag": "#ROSBAG V1.2\n"}, "a.bag", []string{"rosbag fix"}},
		"empty bag":    {map[string]any{"a.bag": "#ROSBAG V2.0\n"}, "a.bag", []string{"no topics"}},
		"no bag":       {map[string]any{"a.bag": "something else"}, "a.bag", []string{"a.bag"}},
		"SQLite":       {map[string]any{"a.db3": "SQLite format 3\x00"}, "a.db3", []string{"not a recording of rosbag2"}},
		"bag inside":   {map[string]any{"d/a.bag": "#ROSBAG V2.0\n"}, "d", []string{"a.bag (a recording"}},
		"raw":          {map[string]any{"a.dng": "?"}, "a.dng", []string{"raw photograph", "JPEG"}},
		"sound":        {map[string]any{"a.wav": "RIFF\x24\x00\x00\x00WAVEfmt \x10\x00\x00\x00\x01\x00\x01\x00\x40\x1f\x00\x00\x80\x3e\x00\x00\x02\x00\x10\x00data\x00\x00\x00\x00"}, "a.wav", []string{"holds no images", "audio"}},
		"no index":     {map[string]any{"a.mp4": "\x00\x00\x00\x10ftypisom\x00\x00\x00\x00\x00\x00\x01\x00mdat"}, "a.mp4", []string{"moov", "not finished"}},
		"LFS video":    {map[string]any{"a.mp4": "version https://git-lfs.github.com/spec/v1\noid sha256:aa\n"}, "a.mp4", []string{"a.mp4", "git lfs pull"}},
		"LFS images":   {map[string]any{"a.png": "version https://git-lfs.github.com/spec/v1\noid sha256:aa\n"}, "", []string{"a.png", "git lfs pull"}},
		"LFS bag":      {map[string]any{"a.mcap": "version https://git-lfs.github.com/spec/v1\noid sha256:aa\n"}, "a.mcap", []string{"a.mcap", "git lfs pull"}},
		"video image":  {map[string]any{"a.jpg": "\x00\x00\x00\x18ftypmp42\x00\x00\x00\x00mp42isom"}, "", []string{"a video", "ffmpeg"}},
		"web page":     {map[string]any{"a.jpg": "<!DOCTYPE html><html>404</html>"}, "", []string{"web page", "again"}},
		"no extension": {map[string]any{"0001": string(good), "0002": string(good)}, "", []string{"2 files, such as 0001", "without an extension"}},
		"JPEG 2000":    {map[string]any{"0001.jp2": "?", "0002.jp2": "?", "a.txt": ""}, "", []string{"2 files, such as 0001.jp2", "not read", "convert"}},
		"animation":    {map[string]any{"a.webp": "RIFF\x00\x00\x00\x00WEBPVP8X\x0a\x00\x00\x00\x02\x00\x00\x00\x00\x00\x00"}, "a.webp", []string{"animation", "folder of images"}},
		"animated PNG": {map[string]any{"a.png": string(good[:33]) + "\x00\x00\x00\x08acTL\x00\x00\x00\x02\x00\x00\x00\x00????" + string(good[33:])}, "a.png", []string{"animation", ".apng"}},
		"images zipped": {map[string]any{"times.txt": "0 1 1\n", "camera.txt": "1 1 .5 .5 0\n64 48\n", "images.zip": "PK"}, "",
			[]string{"images.zip", "unpack"}},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			write(t, dir, tt.files)
			src, err := datasets.Open(t.Context(), filepath.Join(dir, tt.spec), datasets.Options{})
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

// What is no file that can be looked into twice is refused, where opening it would wait
// for ever.
func TestNoFile(t *testing.T) {
	for spec, want := range map[string]string{"": "empty name", "-": "standard input", os.DevNull: "pipe or device"} {
		if _, err := datasets.Open(t.Context(), spec, datasets.Options{}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want an error with %q", spec, err, want)
		}
	}
}

// PGM and PPM are read; those of 16 bits are depth, and cut ones are told.
func TestNetpbm(t *testing.T) {
	img := texture(tinyW, tinyH, 0)
	grey, wide := []byte(fmt.Sprintf("P5\n# a comment\n%d %d\n255\n", tinyW, tinyH)), []byte(fmt.Sprintf("P5 %d %d 65535\n", tinyW, tinyH))
	rgb := []byte(fmt.Sprintf("P6 %d %d\n255\n", tinyW, tinyH))
	for y := range tinyH {
		for x := range tinyW {
			c := color.GrayModel.Convert(img.At(x, y)).(color.Gray).Y
			grey, rgb, wide = append(grey, c), append(rgb, c, c, 255-c), append(wide, c, 0)
		}
	}
	dir := t.TempDir()
	write(t, dir, map[string]any{"0.pgm": string(grey), "1.ppm": string(rgb), "2.pgm": string(grey[:len(grey)-9]), "3.pgm": string(wide)})
	src := open(t, dir, datasets.Options{})
	frames, skips := drain(t, src)
	if len(frames) != 2 || len(skips) != 1 || !strings.Contains(skips[0].Error(), "cut off") || !hasWarning(src, "3.pgm", "16-bit") {
		t.Fatalf("%d frames, skips %v, warnings %v", len(frames), skips, src.Warnings())
	}
	want := color.GrayModel.Convert(img.At(5, 7)).(color.Gray).Y
	if g := frames[0].Gray.At(5, 7); g != want {
		t.Errorf("grey %v, want %d", g, want)
	}
	if r, _, b := frames[1].Color.At(5, 7); r != want || b != 255-want {
		t.Errorf("red %d blue %d, want %d", r, b, want)
	}
}

// The same image in two formats is one image.
func TestDoubledImages(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, map[string]any{"a.png": encodePNG(t, texture(tinyW, tinyH, 0)), "a.jpg": "?", "b.JPG": "?", "b.ppm": "?", "c.png": encodePNG(t, texture(tinyW, tinyH, 1))})
	src := open(t, dir, datasets.Options{})
	frames, skips := drain(t, src)
	if len(frames) != 2 || len(skips) != 1 || !hasWarning(src, "2 files, such as a.jpg", "another format") {
		t.Errorf("%d frames, skips %v, warnings %v", len(frames), skips, src.Warnings())
	}
}

// A phone's HEIC photographs are converted where libheif's program is there.
func TestHEIC(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, map[string]any{"a.png": encodePNG(t, marked(videoW, videoH))})
	for _, tool := range []string{"heif-enc", "heif-convert"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skip(err)
		}
	}
	heic := filepath.Join(dir, "b.heic")
	if out, err := exec.Command("heif-enc", "-o", heic, filepath.Join(dir, "a.png")).CombinedOutput(); err != nil {
		t.Skipf("heif-enc: %v: %s", err, out)
	}
	os.Remove(filepath.Join(dir, "a.png"))
	frames, skips := drain(t, open(t, dir, datasets.Options{}))
	if len(frames) != 1 || len(skips) != 0 || frames[0].Gray.W != videoW || redQuarter(frames[0]) != "ul" {
		t.Errorf("%d frames, skips %v", len(frames), skips)
	}
	t.Setenv("PATH", "")
	if _, err := datasets.Open(t.Context(), dir, datasets.Options{}); err == nil || !strings.Contains(err.Error(), "heif-convert") {
		t.Errorf("without the program: %v", err)
	}
}
