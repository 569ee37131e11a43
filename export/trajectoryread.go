package export

import (
	"bufio"
	"fmt"
	"os"
	"strings"

	"github.com/metricslam/metricslam/geom"
	"github.com/metricslam/metricslam/internal/stamps"
	"github.com/metricslam/metricslam/slam"
)

// Format is how a trajectory is written.
type Format string

// The formats that ReadTrajectory knows.
const (
	FormatAuto  Format = "auto"
	FormatTUM   Format = "tum"   // time tx ty tz qx qy qz qw
	FormatKITTI Format = "kitti" // 12 numbers of a 3x4 matrix, or 16 of a 4x4 one
	FormatEuRoC Format = "euroc" // nanoseconds, px, py, pz, qw, qx, qy, qz, ...
)

// TrajectoryFile is what a trajectory file holds: poses with stamps, or rows
// without.
type TrajectoryFile struct {
	Stamped slam.Trajectory
	Rows    []geom.SE3
	Notes   []string // what the user should know of how it was read
}

// ReadTrajectory reads a trajectory in any of the formats. Stamps in other units
// than seconds, told by their size and step, become seconds, with a note. An error
// names the file and the line.
func ReadTrajectory(path string, format Format) (f TrajectoryFile, err error) {
	columns := 12
	if format == FormatAuto || format == FormatKITTI {
		var found Format
		if found, columns, err = formatOf(path); err != nil {
			return f, err
		}
		if format == FormatAuto {
			format = found
		}
	}
	switch format {
	case FormatTUM:
		f.Stamped, err = readTUMColumns(path)
	case FormatKITTI:
		f.Rows, err = readMatrices(path, columns)
	case FormatEuRoC:
		f.Stamped, err = readEuRoC(path)
		f.Notes = append(f.Notes, fmt.Sprintf("%s is read with w first in its quaternions, as EuRoC has them. EuRoC's poses are those of the body (the IMU), not of a camera: the turn and the offset between the two stay in the errors", path))
	default:
		err = fmt.Errorf("read trajectory %s: the format %q, want auto, tum, kitti or euroc", path, format)
	}
	if err != nil {
		return f, err
	}
	f.toSeconds(path)
	return f, nil
}

// toSeconds brings the stamps to seconds.
func (f *TrajectoryFile) toSeconds(path string) {
	times := make([]float64, len(f.Stamped))
	for i, p := range f.Stamped {
		times[i] = p.Time
	}
	unit := stamps.UnitOf(times)
	if unit.Seconds == 1 || unit.Seconds == 1./stamps.FrameRate {
		return // numbers of frames pair as they are
	}
	f.Notes = append(f.Notes, fmt.Sprintf("%s: its stamps are read as %s, not seconds", path, unit.Name))
	for i := range f.Stamped {
		f.Stamped[i].Time *= unit.Seconds
	}
}

// formatOf tells the format by the first row of numbers, and by the names of the
// columns where a line gives them.
func formatOf(path string) (format Format, columns int, err error) {
	file, err := os.Open(path)
	if err != nil {
		return "", 0, fmt.Errorf("read trajectory: %w", err)
	}
	defer file.Close()
	line, row, names := 0, "", ""
	for s := bufio.NewScanner(file); s.Scan() && row == ""; line++ {
		switch text := strings.TrimSpace(strings.TrimPrefix(s.Text(), "\ufeff")); {
		case text == "":
		case text[0] == '#' || isHeader(text):
			names = text
		default:
			row = text
		}
	}
	fields := strings.FieldsFunc(row, isSeparator)
	n := len(fields)
	switch commas := strings.Contains(row, ","); {
	case row == "":
		return "", 0, fmt.Errorf("read trajectory %s: the file holds no pose", path)
	case n >= 8 && (commas || n == 8) && wFirstNamed(names):
		return FormatEuRoC, n, nil
	case n == 8 && !commas, n >= 8 && commas && wLastNamed(names):
		return FormatTUM, n, nil
	case n >= 8 && commas && !strings.Contains(fields[0], "."): // nanoseconds
		return FormatEuRoC, n, nil
	case n == 12 || n == 16:
		return FormatKITTI, n, nil
	case n == 8:
		return FormatTUM, n, nil
	}
	return "", 0, fmt.Errorf("read trajectory %s:%d: %d columns are no known format: want 8 (TUM: time tx ty tz qx qy qz qw), 12 or 16 (KITTI: a matrix), or EuRoC's csv", path, line, n)
}

// wFirstNamed reports whether the names of columns have a quaternion with w first, and
// wLastNamed whether w comes last, as in "q_RS_w [], q_RS_x []" and "qx, qy, qz, qw".
func wFirstNamed(names string) bool { w, x := quaternionNamed(names); return x >= 0 && w >= 0 && w < x }
func wLastNamed(names string) bool  { w, x := quaternionNamed(names); return x >= 0 && w > x }

// quaternionNamed returns which of the columns are the quaternion's w and x, -1 where
// no name says so.
func quaternionNamed(names string) (w, x int) {
	w, x = -1, -1
	for i, f := range strings.FieldsFunc(strings.TrimLeft(strings.ToLower(names), "# "), func(r rune) bool { return r == ',' || r == ';' || r == ' ' || r == '\t' }) {
		switch q := strings.HasPrefix(f, "q") || strings.Contains(f, "quat") || strings.Contains(f, "rot") || strings.Contains(f, "orientation"); {
		case q && strings.HasSuffix(f, "w"):
			w = i
		case q && strings.HasSuffix(f, "x"):
			x = i
		}
	}
	return w, x
}

func isSeparator(r rune) bool { return r == ',' || r == ' ' || r == '\t' || r == ';' }

// readMatrices reads KITTI's rows of 12 numbers, or of the 16 of a 4x4 matrix.
func readMatrices(path string, columns int) ([]geom.SE3, error) {
	if columns != 16 {
		return ReadKITTI(path)
	}
	var poses []geom.SE3
	err := readRows(path, 16, "a 4x4 pose", func(v []float64) error {
		if v[12] != 0 || v[13] != 0 || v[14] != 0 || v[15] != 1 {
			return fmt.Errorf("the last row of the matrix is %v, want 0 0 0 1", v[12:])
		}
		pose, err := matrixPose(v)
		poses = append(poses, pose)
		return err
	})
	return poses, err
}

// readTUMColumns is ReadTUM for files with commas too.
func readTUMColumns(path string) (slam.Trajectory, error) {
	var traj slam.Trajectory
	split := func(line string) []string { return strings.FieldsFunc(line, isSeparator) }
	err := readLines(path, 8, "time tx ty tz qx qy qz qw", split, func(v []float64) error { return appendTUM(&traj, v) })
	return traj, err
}

// readEuRoC reads EuRoC's csv of the truth: nanoseconds, position, quaternion with
// w first, and what follows.
func readEuRoC(path string) (slam.Trajectory, error) {
	var traj slam.Trajectory
	const columns = 8
	err := readColumns(path, columns, "nanoseconds, px, py, pz, qw, qx, qy, qz", func(v []float64) error {
		v[4], v[5], v[6], v[7] = v[5], v[6], v[7], v[4]
		return appendTUM(&traj, v)
	})
	return traj, err
}
