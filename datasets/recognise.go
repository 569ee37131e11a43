package datasets

import (
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"

	"github.com/metricslam/metricslam/bag/recording"
)

// layout is how a data set lays a recorded sequence out in folders.
type layout struct {
	kind string
	is   func(dir string) bool
	list func(dir string, rate float64) (*listing, error)
	mark string // what it is known by, for messages
}

// layouts lists the layouts that are recognised, the surest marks first. A
// function, as the readers in it end in Open again.
func layouts() []layout {
	return []layout{
		{KindTUM, isTUM, func(dir string, _ float64) (*listing, error) { return listTUM(dir) }, "rgb.txt (TUM RGB-D)"},
		{KindEuRoC, isEuRoC, func(dir string, _ float64) (*listing, error) { return listEuRoC(dir) }, "mav0 (EuRoC)"},
		{KindKITTI, isKITTI, func(dir string, _ float64) (*listing, error) { return listKITTI(dir) }, "image_0 or image_2 (KITTI)"},
		{KindKITTIRaw, isKITTIRaw, func(dir string, _ float64) (*listing, error) { return listKITTIRaw(dir) }, "image_00 or image_02 (KITTI raw, KITTI-360)"},
		{KindReplica, isReplica, listReplica, "results/frame*.jpg with depth*.png (Replica)"},
		{KindScanNet, isScanNet, listScanNet, "color with pose or depth (ScanNet)"},
		{KindTUMMono, isTUMMono, func(dir string, _ float64) (*listing, error) { return listTUMMono(dir) }, "images with times.txt and camera.txt (TUM mono)"},
		{KindNerfstudio, isNerfstudio, listNerfstudio, "transforms.json (nerfstudio)"},
		{Kind7Scenes, is7Scenes, list7Scenes, "seq-NN or frame-NNNNNN.color.png (7-Scenes)"},
	}
}

// recognise returns the kind of source that spec names.
func recognise(spec string) (string, error) {
	switch {
	case strings.HasPrefix(spec, "synthetic:"):
		return KindSynthetic, nil
	case strings.HasPrefix(spec, "camera:"):
		return KindCamera, nil
	case strings.HasPrefix(spec, "rtsp://"), strings.HasPrefix(spec, "rtsps://"), strings.HasPrefix(spec, "rtmp://"),
		strings.HasPrefix(spec, "udp://"), strings.HasPrefix(spec, "srt://"),
		strings.HasPrefix(spec, "http://"), strings.HasPrefix(spec, "https://"):
		return KindStream, nil
	}
	info, err := os.Stat(spec)
	switch {
	case spec == "":
		return "", errors.New("the source has an empty name: a variable that is not set?")
	case spec == "-":
		return "", errors.New("-: the standard input is not read, since a source is looked into before it is read: save it to a file first")
	case errors.Is(err, fs.ErrNotExist):
		return "", fmt.Errorf("%s: no such file or folder", spec)
	case err != nil:
		return "", err
	case info.Mode()&os.ModeCharDevice != 0 && strings.HasPrefix(filepath.Base(spec), "video"):
		return "", fmt.Errorf("%s is a camera of this machine: name it camera:%s", spec, strings.TrimPrefix(filepath.Base(spec), "video"))
	case !info.IsDir() && !info.Mode().IsRegular():
		return "", fmt.Errorf("%s is a pipe or device, and a source is looked into before it is read: save what it gives to a file first", spec)
	case info.IsDir() && isBagFolder(spec), isBagFile(spec):
		return KindBag, nil
	case info.IsDir():
		return recogniseFolder(spec)
	case isImage(spec), isHEIF(spec):
		return KindFolder, nil
	case isVideo(spec):
		return KindVideo, nil
	}
	return recogniseFile(spec)
}

// recogniseFile looks into a file whose name tells nothing.
func recogniseFile(path string) (string, error) {
	ext := strings.ToLower(filepath.Ext(path))
	if what, ok := foreign[ext]; ok {
		return "", fmt.Errorf("%s is %s", path, what)
	}
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	head := make([]byte, 512)
	n, _ := f.Read(head)
	if recording.Is(head[:n]) {
		return KindBag, nil
	}
	switch kind := http.DetectContentType(head[:n]); {
	case strings.HasPrefix(kind, "video/"), strings.HasPrefix(kind, "audio/"):
		return KindVideo, nil // audio: the reader says what the file holds
	case strings.HasPrefix(kind, "image/"):
		return KindFolder, nil
	}
	if what := looksLike(head[:n]); what != "" {
		return "", fmt.Errorf("%s is no video, image or recording but %s", path, what)
	}
	return "", fmt.Errorf("%s is neither a folder nor a video (mp4, mov, avi, mkv, webm, ts) nor an image; --kind forces a kind", path)
}

// foreign says of files that hold images in a form this program does not read
// what they are and what to do.
var foreign = map[string]string{
	".sens": "a ScanNet stream, which is not read: export it with ScanNet's reader (--export_color_images --export_depth_images --export_poses --export_intrinsics) and name the folder",
	".svo":  "a ZED recording, which is not read: export it with ZED's tools as an AVI of the left camera",
	".r3d":  "a Record3D recording, which is not read: export it as EXR and RGB images and name the folder",
	".zip":  "an archive: unpack it and name the folder",
	".7z":   "an archive: unpack it and name the folder",
	".rar":  "an archive: unpack it and name the folder",
	".tar":  "an archive: unpack it and name the folder",
	".gz":   "an archive: unpack it and name the folder",
	".tgz":  "an archive: unpack it and name the folder",
	".bz2":  "an archive: unpack it and name the folder",
	".xz":   "an archive: unpack it and name the folder",
	".dng":  "a raw photograph, which is not read: develop it to JPEG or PNG",
	".cr2":  "a raw photograph, which is not read: develop it to JPEG or PNG",
	".nef":  "a raw photograph, which is not read: develop it to JPEG or PNG",
	".arw":  "a raw photograph, which is not read: develop it to JPEG or PNG",
	".exr":  "an OpenEXR image, which is not read as one of a camera: convert it to 8-bit PNG",
	".avif": "an AVIF image, which is not read: convert it to PNG or JPEG",
	".ply":  "a cloud or mesh, not what a camera saw; `metricslam view` shows it",
	".tum":  "a trajectory, not what a camera saw; `metricslam eval trajectory` compares it",
	".json": "no source; name the folder of the images, and a camera file by --camera",
	".yaml": "no source; name the folder of the images, and a camera file by --camera",
	".yml":  "no source; name the folder of the images, and a camera file by --camera",
	".txt":  "no source; name the folder that holds it",
	".csv":  "no source; name the folder that holds it",
}

// recogniseFolder tells the layouts apart by the files that only they have.
func recogniseFolder(dir string) (string, error) {
	for _, l := range layouts() {
		if l.is(dir) {
			return l.kind, nil
		}
	}
	files, err := imageFiles(dir)
	if err != nil {
		return "", err
	}
	if len(files) > 0 {
		return KindFolder, nil
	}
	marks := make([]string, 0, len(layouts()))
	for _, l := range layouts() {
		marks = append(marks, l.mark)
	}
	return "", fmt.Errorf("%s holds no images and no known layout%s%s; looked for %s and images (png, jpg, bmp, tif, webp, pgm, ppm, heic)", dir, unreadable(dir), inside(dir), strings.Join(marks, ", "))
}

// Bounds of the search for what a folder may have meant: how deep it goes and how
// many folders it looks at.
const (
	insideDepth   = 4
	insideFolders = 2000
	insideNamed   = 4
)

// inside says what could be read instead of dir.
func inside(dir string) string {
	var good, archives []string
	type level struct {
		dir   string
		depth int
	}
	queue := []level{{dir, 0}}
	for seen := 0; len(queue) > 0 && seen < insideFolders && len(good) < insideNamed; seen++ {
		at := queue[0]
		queue = queue[1:]
		if at.depth > 0 {
			if what := readable(at.dir); what != "" {
				good = append(good, fmt.Sprintf("%s (%s)", at.dir, what))
				continue
			}
		}
		all, err := os.ReadDir(at.dir)
		if err != nil {
			continue
		}
		for _, e := range all {
			path := filepath.Join(at.dir, e.Name())
			switch {
			case strings.HasPrefix(e.Name(), "."):
			case e.IsDir() && at.depth < insideDepth:
				queue = append(queue, level{path, at.depth + 1})
			case isVideo(e.Name()) && len(good) < insideNamed:
				good = append(good, path+" (a video)")
			case isBagFile(e.Name()) && len(good) < insideNamed:
				good = append(good, path+" (a recording of ROS)")
			case strings.Contains(foreign[strings.ToLower(filepath.Ext(path))], "archive"):
				archives = append(archives, path)
			}
		}
	}
	switch {
	case len(good) > 0:
		return "; perhaps you meant " + strings.Join(good, " or ")
	case len(archives) > 0:
		return fmt.Sprintf("; %s is an archive: unpack it first", archives[0])
	}
	return ""
}

// readable says as what a folder could be read, "" for nothing.
func readable(dir string) string {
	for _, l := range layouts() {
		if l.is(dir) {
			return l.kind
		}
	}
	files, err := imageFiles(dir)
	if err != nil || len(files) == 0 {
		return ""
	}
	if deep(filepath.Join(dir, files[0])) {
		return "" // depth images
	}
	return fmt.Sprintf("%d images", len(files))
}

func isTUM(dir string) bool {
	return exists(dir, "rgb.txt") || exists(dir, "rgb") && associations(dir) != ""
}

func isEuRoC(dir string) bool {
	return exists(dir, "mav0") || exists(dir, "cam0", "data.csv") || exists(dir, "sensor.yaml") && exists(dir, "data.csv")
}

func isKITTI(dir string) bool { return exists(dir, "image_0") || exists(dir, "image_2") }

func is7Scenes(dir string) bool {
	if seq, _ := filepath.Glob(filepath.Join(dir, "seq-*")); len(seq) > 0 {
		return true
	}
	files, _ := imageFiles(dir)
	for _, f := range files {
		if strings.Contains(f, ".color.") {
			return true
		}
	}
	return false
}
