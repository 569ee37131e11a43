package datasets

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/metricslam/metricslam/geom"
	"github.com/metricslam/metricslam/slam"
)

// list7Scenes reads one sequence of the 7-Scenes layout (Shotton et al., CVPR
// 2013): frame-NNNNNN.color.png or .jpg, .depth.png in millimetres and
// .pose.txt, a 4x4 camera-to-world matrix. There are no stamps: rate is the
// frame rate.
func list7Scenes(dir string, rate float64) (*listing, error) {
	l := &listing{depthScale: 1000, fps: rate}
	if err := sevenScenesFrames(l, dir); err != nil {
		return nil, err
	}
	l.stampByRate(rate)
	sevenScenesTruth(l)
	var err error
	l.own, err = intrinsicsMatrix(filepath.Join(dir, "camera-intrinsics.txt"), filepath.Join(dir, "..", "camera-intrinsics.txt"))
	l.defaults = &lens{cam: geom.Camera{W: 640, H: 480, Fx: 525, Fy: 525, Cx: 319.5, Cy: 239.5},
		from: "the nominal calibration of a Kinect (7-Scenes does not calibrate its colour camera)", guess: true, focalSigma: nominalFocalSigma}
	return l, err
}

func sevenScenesFrames(l *listing, dir string) error {
	files, err := imageFiles(dir)
	if err != nil {
		return err
	}
	for _, f := range files {
		stem := strings.TrimSuffix(f, filepath.Ext(f))
		name, isColor := strings.CutSuffix(stem, ".color")
		if !isColor {
			continue
		}
		e := entry{name: name, image: filepath.Join(dir, f)}
		if d := name + ".depth.png"; exists(dir, d) {
			e.depth = filepath.Join(dir, d)
		}
		l.entries = append(l.entries, e)
	}
	if len(l.entries) == 0 {
		return fmt.Errorf("%s holds no frame-NNNNNN.color.png or .jpg", dir)
	}
	return nil
}

// sevenScenesTruth reads the pose of every frame that has one.
func sevenScenesTruth(l *listing) {
	bad, first := 0, ""
	for i := range l.entries {
		e := &l.entries[i]
		path := filepath.Join(filepath.Dir(e.image), e.name+".pose.txt")
		pose, err := readPoseMatrix(path)
		switch {
		case errors.Is(err, fs.ErrNotExist):
		case err != nil:
			if bad++; bad == 1 {
				first = fmt.Sprintf("%s: %v", path, err)
			}
		default:
			e.truth = &pose
			l.truth = append(l.truth, slam.StampedPose{Time: e.time, Pose: pose})
		}
	}
	if bad > 0 {
		l.warn("%d poses are malformed and count as unknown, first %s", bad, first)
	}
}

// readPoseMatrix reads a 4x4 matrix.
func readPoseMatrix(path string) (geom.SE3, error) {
	v, err := readMatrix(path, 16)
	if err != nil {
		return geom.SE3{}, err
	}
	return matrixPose(v[:12])
}

// readMatrix reads the n numbers of a file that holds nothing else.
func readMatrix(path string, n int) ([]float64, error) {
	rows, err := readTable(path)
	if err != nil {
		return nil, err
	}
	var all row
	for _, r := range rows {
		all.fields = append(all.fields, r.fields...)
	}
	if len(all.fields) != n {
		return nil, fmt.Errorf("%d numbers, want %d", len(all.fields), n)
	}
	return all.numbers(n)
}

// intrinsicsMatrix reads the first of the paths that exists as the 3x3 matrix K
// that SUN3D and 3DMatch ship; nil where there is none.
func intrinsicsMatrix(paths ...string) (*lens, error) {
	for _, path := range paths {
		if _, err := os.Stat(path); err != nil {
			continue
		}
		v, err := readMatrix(path, 9)
		if err == nil && (v[0] <= 0 || v[4] <= 0) {
			err = errors.New("focal lengths must be positive")
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w; it is a 3x3 camera matrix", path, err)
		}
		return &lens{cam: geom.Camera{Fx: v[0], Fy: v[4], Cx: v[2], Cy: v[5]}, from: path}, nil
	}
	return nil, nil
}
