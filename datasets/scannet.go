package datasets

import (
	"fmt"
	"path/filepath"
	"slices"
	"strconv"

	"github.com/metricslam/metricslam/slam"
)

func isScanNet(dir string) bool {
	return isFolder(filepath.Join(dir, "color")) && (exists(dir, "pose") || exists(dir, "depth") || exists(dir, "intrinsic"))
}

// listScanNet reads what ScanNet's reader exports of a .sens file (Dai et al.,
// CVPR 2017): color/N.jpg, depth/N.png in millimetres, pose/N.txt with the
// camera-to-world matrix, intrinsic/intrinsic_color.txt. N counts the frames of
// the camera, of which every so many-th may have been exported.
func listScanNet(dir string, rate float64) (*listing, error) {
	l := &listing{fps: rate, depthScale: 1000}
	folder := filepath.Join(dir, "color")
	files, err := imageFiles(folder)
	if err != nil {
		return nil, err
	}
	if len(files) == 0 {
		return nil, fmt.Errorf("%s holds no images", folder)
	}
	slices.SortFunc(files, compareNatural)
	bad, first := 0, ""
	for i, f := range files {
		name := stem(f)
		e := entry{name: name, image: filepath.Join(folder, f), time: float64(i) / rate}
		if n, err := strconv.Atoi(name); err == nil {
			e.time = float64(n) / rate
		}
		if d := filepath.Join(dir, "depth", name+".png"); exists(d) {
			e.depth = d
		}
		if path := filepath.Join(dir, "pose", name+".txt"); exists(path) {
			if pose, err := readPoseMatrix(path); err == nil {
				e.truth = &pose
				l.truth = append(l.truth, slam.StampedPose{Time: e.time, Pose: pose})
			} else if bad++; bad == 1 {
				first = fmt.Sprintf("%s: %v", path, err)
			}
		}
		l.entries = append(l.entries, e)
	}
	if bad > 0 {
		l.warn("%d poses are malformed or unknown, first %s", bad, first)
	}
	for _, name := range []string{"intrinsic_color.txt", "intrinsics_color.txt"} {
		if path := filepath.Join(dir, "intrinsic", name); exists(path) {
			v, err := readMatrix(path, 16)
			if err != nil {
				return nil, fmt.Errorf("%s: %w; it is a 4x4 matrix", path, err)
			}
			l.own = &lens{cam: pinholeMatrix(v, 4), from: path}
		}
	}
	return l, nil
}
