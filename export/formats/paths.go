package formats

import (
	"fmt"

	"github.com/metricslam/metricslam/export"
	"github.com/metricslam/metricslam/geom"
	"github.com/metricslam/metricslam/slam"
)

// keyframePaths returns the poses of the keyframes, one path a source, for stamps of
// several sources may overlap.
func (w *writer) keyframePaths() (out []slam.Trajectory) {
	starts := append(append([]int{0}, w.m.Sources...), len(w.m.Map.Keyframes))
	for i, first := range starts[:len(starts)-1] {
		var t slam.Trajectory
		for _, k := range w.m.Map.Keyframes[first:starts[i+1]] {
			if k.Part == w.m.Part {
				t = append(t, slam.StampedPose{Time: k.Time, Pose: w.toLevel.Mul(k.Pose)})
			}
		}
		if len(t) > 0 {
			out = append(out, t)
		}
	}
	return out
}

// paths returns the path of all posed frames, or those of the keyframes where the
// frames between are not known.
func (w *writer) paths() []slam.Trajectory {
	if len(w.m.Trajectory) == 0 {
		return w.keyframePaths()
	}
	return []slam.Trajectory{export.MovedPath(w.m.Trajectory, w.toLevel)}
}

// numbered writes paths under a name, NAME.EXT, NAME.1.EXT and so on.
func (w *writer) numbered(name, ext string, paths []slam.Trajectory, write func(string, slam.Trajectory) error) (files []string, err error) {
	for i, t := range paths {
		file := name + ext
		if i > 0 {
			file = fmt.Sprintf("%s.%d%s", name, i, ext)
		}
		if err := write(w.path(file), t); err != nil {
			return nil, err
		}
		files = append(files, file)
	}
	return files, nil
}

func (w *writer) tum() ([]string, error) {
	files, err := w.numbered("keyframes", ".tum", w.keyframePaths(), export.WriteTUM)
	if err != nil {
		return nil, err
	}
	more, err := w.numbered("trajectory", ".tum", w.paths(), export.WriteTUM)
	return append(files, more...), err
}

func (w *writer) euroc() ([]string, error) {
	return w.numbered("trajectory", ".csv", w.paths(), export.WriteEuRoC)
}

// kitti writes rows that begin with the first camera at the origin, as KITTI's
// tools expect.
func (w *writer) kitti() ([]string, error) {
	write := func(path string, rows []geom.SE3) error {
		moved := make([]geom.SE3, len(rows))
		for i, p := range rows {
			moved[i] = rows[0].Between(p)
		}
		return export.WriteKITTI(path, moved)
	}
	if w.m.Rows != nil {
		return []string{"trajectory.kitti"}, write(w.path("trajectory.kitti"), w.m.Rows)
	}
	return w.numbered("trajectory", ".kitti", w.paths(), func(path string, t slam.Trajectory) error {
		rows := make([]geom.SE3, len(t))
		for i, p := range t {
			rows[i] = p.Pose
		}
		return write(path, rows)
	})
}
