package datasets

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"

	"github.com/metricslam/metricslam/geom"
	"github.com/metricslam/metricslam/slam"
)

// listEuRoC reads the folder of one camera of the EuRoC layout (Burri et al.,
// IJRR 2016): data.csv with stamps in nanoseconds, sensor.yaml, and the truth
// of ../state_groundtruth_estimate0 where it exists.
func listEuRoC(cam string) (*listing, error) {
	l := &listing{depthScale: 1000}
	list := filepath.Join(cam, "data.csv")
	if err := eurocFrames(l, list); err != nil {
		return nil, err
	}
	l.sortEntries(list)
	l.fps = medianRate(l.entries)
	sensor := filepath.Join(cam, "sensor.yaml")
	own, err := readCameraFile(sensor)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		l.warn("%s is missing", sensor)
	case err != nil:
		return nil, err
	case own.cam.Fx > 0:
		l.own = own
	}
	bodyFromCam, err := eurocExtrinsics(sensor)
	if err != nil {
		return nil, err
	}
	return l, eurocTruth(l, filepath.Join(cam, "..", "state_groundtruth_estimate0"), bodyFromCam)
}

// eurocFrames reads "stamp,file" lines; images lie in the folder data.
func eurocFrames(l *listing, path string) error {
	rows, err := readTable(path)
	if err != nil {
		return err
	}
	var bad badRows
	for _, r := range rows {
		t, err := nanoseconds(r.fields[0])
		if err != nil {
			bad.add(r.line, err)
			continue
		}
		file := r.fields[0] + ".png"
		if len(r.fields) > 1 {
			file = r.fields[1]
		}
		l.entries = append(l.entries, entry{time: t, name: stem(file), image: filepath.Join(filepath.Dir(path), "data", file)})
	}
	bad.warn(l, path)
	if len(l.entries) == 0 {
		return fmt.Errorf("%s lists no images; a line is \"nanoseconds,file\"", path)
	}
	return nil
}

// nanoseconds reads an integer stamp as seconds.
func nanoseconds(s string) (float64, error) {
	ns, err := strconv.ParseInt(s, 10, 64)
	if err != nil {
		return 0, fmt.Errorf("%q is no stamp in nanoseconds", s)
	}
	return float64(ns/1e9) + float64(ns%1e9)*1e-9, nil
}

// eurocExtrinsics reads T_BS, the pose of a sensor in the body frame; the unit
// pose where the file or the key is missing.
func eurocExtrinsics(path string) (geom.SE3, error) {
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return geom.IdentitySE3(), nil
	}
	if err != nil {
		return geom.SE3{}, err
	}
	s, err := parseSettings(data)
	if err != nil {
		return geom.SE3{}, fmt.Errorf("%s: %w", path, err)
	}
	v, err := s.matrix("T_BS")
	if err == nil && v == nil {
		return geom.IdentitySE3(), nil
	}
	if err == nil && len(v) != 16 {
		err = fmt.Errorf("T_BS has %d values, want 16", len(v))
	}
	var pose geom.SE3
	if err == nil {
		pose, err = matrixPose(v[:12])
	}
	if err != nil {
		return geom.SE3{}, fmt.Errorf("%s: %w", path, err)
	}
	return pose, nil
}

// eurocTruth reads "stamp, px py pz, qw qx qy qz, ..." lines, the poses of the
// sensor of the truth, and turns them into poses of the camera.
func eurocTruth(l *listing, dir string, bodyFromCam geom.SE3) error {
	path := filepath.Join(dir, "data.csv")
	rows, err := readTable(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	bodyFromTruth, err := eurocExtrinsics(filepath.Join(dir, "sensor.yaml"))
	if err != nil {
		return err
	}
	truthFromCam := bodyFromTruth.Inverse().Mul(bodyFromCam)
	var traj slam.Trajectory
	var bad badRows
	for _, r := range rows {
		t, err := nanoseconds(r.fields[0])
		var pose geom.SE3
		if err == nil {
			pose, err = eurocPose(r)
		}
		if err != nil {
			bad.add(r.line, err)
			continue
		}
		traj = append(traj, slam.StampedPose{Time: t, Pose: pose.Mul(truthFromCam)})
	}
	bad.warn(l, path)
	l.truth = sortTruth(l, traj, path)
	for i := range l.entries {
		l.entries[i].truth = poseAt(l.truth, l.entries[i].time)
	}
	return nil
}

func eurocPose(r row) (geom.SE3, error) {
	v, err := r.numbers(8)
	if err != nil {
		return geom.SE3{}, err
	}
	return quaternionPose([]float64{v[1], v[2], v[3], v[5], v[6], v[7], v[4]})
}
