package datasets

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/metricslam/metricslam/geom"
)

// replicaFolder returns the folder of the images: results below a scene.
func replicaFolder(dir string) string {
	if sub := filepath.Join(dir, "results"); exists(sub) {
		return sub
	}
	return dir
}

func isReplica(dir string) bool {
	dir = replicaFolder(dir)
	color, _ := filepath.Glob(filepath.Join(dir, "frame[0-9]*.*"))
	depth, _ := filepath.Glob(filepath.Join(dir, "depth[0-9]*.png"))
	return len(color) > 0 && len(depth) > 0
}

// listReplica reads a rendered Replica scene as iMAP and NICE-SLAM published it:
// results/frameNNNNNN.jpg and depthNNNNNN.png, traj.txt with a 4x4 camera-to-world
// matrix a line, cam_params.json above the scene.
func listReplica(dir string, rate float64) (*listing, error) {
	l := &listing{fps: rate, depthScale: 6553.5}
	folder := replicaFolder(dir)
	files, err := imageFiles(folder)
	if err != nil {
		return nil, err
	}
	for _, f := range files {
		number, is := strings.CutPrefix(stem(f), "frame")
		if !is {
			continue
		}
		e := entry{name: stem(f), image: filepath.Join(folder, f)}
		if d := filepath.Join(folder, "depth"+number+".png"); exists(d) {
			e.depth = d
		}
		l.entries = append(l.entries, e)
	}
	if len(l.entries) == 0 {
		return nil, fmt.Errorf("%s holds no frameNNNNNN.jpg or .png", folder)
	}
	l.stampByRate(rate)
	above := []string{dir, filepath.Join(dir, ".."), filepath.Join(dir, "..", "..")}
	if err := replicaTruth(l, above[:2]); err != nil {
		return nil, err
	}
	for _, d := range above {
		if path := filepath.Join(d, "cam_params.json"); exists(path) {
			return l, replicaCamera(l, path)
		}
	}
	return l, nil
}

// replicaTruth reads the first traj.txt of the folders; row i belongs to frame i.
func replicaTruth(l *listing, dirs []string) error {
	for _, d := range dirs {
		path := filepath.Join(d, "traj.txt")
		rows, err := readTable(path)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return err
		}
		l.truthByRow(rows, 16, path, func(pose geom.SE3) geom.SE3 { return pose })
		return nil
	}
	return nil
}

// replicaCamera reads the renderer's camera.
func replicaCamera(l *listing, path string) error {
	data, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	var file struct {
		Camera struct {
			W, H                  int
			Fx, Fy, Cx, Cy, Scale float64
		}
	}
	if err := json.Unmarshal(data, &file); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	c := file.Camera
	if c.Fx == 0 || c.Fy == 0 {
		return fmt.Errorf("%s has no camera with fx and fy", path)
	}
	l.own = &lens{cam: geom.Camera{W: c.W, H: c.H, Fx: c.Fx, Fy: c.Fy, Cx: c.Cx, Cy: c.Cy}, from: path}
	if c.Scale > 0 {
		l.depthScale = c.Scale
	}
	return nil
}
