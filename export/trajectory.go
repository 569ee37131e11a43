package export

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"math"
	"os"
	"strconv"
	"strings"

	"github.com/metricslam/metricslam/geom"
	"github.com/metricslam/metricslam/internal/atomicfile"
	"github.com/metricslam/metricslam/slam"
)

// ReadTUM reads a trajectory in the TUM RGB-D format: one camera-to-world pose
// a line, "time tx ty tz qx qy qz qw", seconds and metres, blank lines and
// those that start with # left out. Quaternions are scaled to length 1; one
// whose length is off by more than 2 % is refused as not being one. Times must
// increase strictly. An error names the file and the line.
func ReadTUM(path string) (slam.Trajectory, error) {
	var traj slam.Trajectory
	err := readRows(path, 8, "time tx ty tz qx qy qz qw", func(v []float64) error { return appendTUM(&traj, v) })
	return traj, err
}

// appendTUM appends "time tx ty tz qx qy qz qw".
func appendTUM(traj *slam.Trajectory, v []float64) error {
	if n := len(*traj); n > 0 && v[0] <= (*traj)[n-1].Time {
		return fmt.Errorf("time %s does not come after %s: times must increase; sort the file by its first column and drop repeats",
			formatTime(v[0]), formatTime((*traj)[n-1].Time))
	}
	q := geom.Quat{X: v[4], Y: v[5], Z: v[6], W: v[7]}
	if n := math.Sqrt(q.X*q.X + q.Y*q.Y + q.Z*q.Z + q.W*q.W); math.Abs(n-1) > .02 {
		return fmt.Errorf("quaternion of length %.4g, want 1 (order qx qy qz qw)", n)
	}
	*traj = append(*traj, slam.StampedPose{Time: v[0], Pose: geom.FromQuat(q, geom.Vec3{X: v[1], Y: v[2], Z: v[3]})})
	return nil
}

// ReadKITTI reads poses in the KITTI odometry format: one a line, the first
// three rows of the 4x4 camera-to-world matrix. The rotations, written with
// seven digits, are made orthonormal; one that is further than 1e-2 from a
// rotation is refused. An error names the file and the line.
func ReadKITTI(path string) ([]geom.SE3, error) {
	var poses []geom.SE3
	err := readRows(path, 12, "the three upper rows of a 4x4 pose", func(v []float64) error {
		pose, err := matrixPose(v)
		poses = append(poses, pose)
		return err
	})
	return poses, err
}

// matrixPose is the pose of the three upper rows of a 4x4 matrix.
func matrixPose(v []float64) (geom.SE3, error) {
	r := geom.Mat3{{v[0], v[1], v[2]}, {v[4], v[5], v[6]}, {v[8], v[9], v[10]}}
	if !nearRotation(r, 1e-2) {
		return geom.SE3{}, fmt.Errorf("columns 1-3, 5-7 and 9-11 are not a rotation matrix")
	}
	return geom.SE3{R: nearestRotation(r), T: geom.Vec3{X: v[3], Y: v[7], Z: v[11]}}, nil
}

// nearRotation reports whether r r^T is the unit matrix to within tol in every
// entry, and r no mirror.
func nearRotation(r geom.Mat3, tol float64) bool {
	d := r.Mul(r.T()).Add(geom.Identity3().Scale(-1))
	for _, row := range d {
		for _, x := range row {
			if math.Abs(x) > tol {
				return false
			}
		}
	}
	return r.Det() > 0
}

// nearestRotation returns the rotation nearest to r in the Frobenius norm, the
// orthogonal factor of its polar decomposition, by Newton-Schulz iterations
// r (3 I - r^T r)/2 (Higham 2008, 8.3): each squares the error, and four take
// 1e-2 below rounding. It is used, rather than a quaternion of r, because its
// error does not depend on the entries chosen.
func nearestRotation(r geom.Mat3) geom.Mat3 {
	for range 4 {
		r = r.Mul(geom.Identity3().Scale(1.5).Add(r.T().Mul(r).Scale(-.5)))
	}
	return r
}

// readRows calls row with the n finite numbers of every line of the file that
// is neither blank nor a comment. A file without any is an error.
func readRows(path string, n int, what string, row func([]float64) error) error {
	return readLines(path, n, what, strings.Fields, row)
}

// readColumns does it for the first n columns of a csv file.
func readColumns(path string, n int, what string, row func([]float64) error) error {
	first := func(line string) []string {
		f := strings.FieldsFunc(line, isSeparator)
		return f[:min(n, len(f))]
	}
	return readLines(path, n, what, first, row)
}

func readLines(path string, n int, what string, split func(string) []string, row func([]float64) error) error {
	f, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("read trajectory: %w", err)
	}
	defer f.Close()
	in := bufio.NewReader(f)
	if head, err := in.Peek(512); bytes.IndexByte(head, 0) >= 0 {
		return fmt.Errorf("read trajectory %s: the file holds no text, so no trajectory (%q)", path, head[:min(len(head), 8)])
	} else if err != nil && err != io.EOF {
		return fmt.Errorf("read trajectory: %w", err)
	}
	rows, line, v := 0, 0, make([]float64, n)
	for s := bufio.NewScanner(in); ; rows++ {
		text, ok := nextRow(s, &line)
		for ok && rows == 0 && isHeader(text) {
			text, ok = nextRow(s, &line)
		}
		if !ok {
			if err := s.Err(); err != nil {
				return fmt.Errorf("read trajectory %s: after line %d: %w", path, line, err)
			}
			break
		}
		if err := parseNumbers(split(text), v); err != nil {
			return fmt.Errorf("read trajectory %s:%d: %w; a line is %q", path, line, err, what)
		}
		if err := row(v); err != nil {
			return fmt.Errorf("read trajectory %s:%d: %w", path, line, err)
		}
	}
	if rows == 0 {
		return fmt.Errorf("read trajectory %s: the file holds no pose", path)
	}
	return nil
}

// nextRow returns the next line that holds numbers and counts those it passed.
func nextRow(s *bufio.Scanner, line *int) (string, bool) {
	for s.Scan() {
		*line++
		text := s.Text()
		if *line == 1 {
			text = strings.TrimPrefix(text, "\ufeff") // the mark some editors put first
		}
		if text = strings.TrimSpace(text); text != "" && text[0] != '#' {
			return text, true
		}
	}
	return "", false
}

// isHeader reports whether a line names columns: none of its fields is a number.
func isHeader(line string) bool {
	for _, f := range strings.FieldsFunc(line, isSeparator) {
		if _, err := strconv.ParseFloat(f, 64); err == nil {
			return false
		}
	}
	return true
}

// parseNumbers fills v with the numbers of a line, which must be as many.
func parseNumbers(fields []string, v []float64) error {
	if len(fields) != len(v) {
		return fmt.Errorf("%d numbers, want %d", len(fields), len(v))
	}
	for i, f := range fields {
		x, err := strconv.ParseFloat(f, 64)
		if err != nil {
			return fmt.Errorf("column %d: %q is no number", i+1, f)
		}
		if math.IsNaN(x) || math.IsInf(x, 0) {
			return fmt.Errorf("column %d: %q is not finite", i+1, f)
		}
		v[i] = x
	}
	return nil
}

// WriteTUM writes a trajectory in the format that ReadTUM reads, times to the
// microsecond, metres and quaternions to nine digits. Where two times are the
// same microsecond, all times get the digits that tell them apart. Poses that are
// not finite and times that do not increase are refused.
func WriteTUM(path string, traj slam.Trajectory) error {
	var b bytes.Buffer
	digits := timeDigits(traj)
	for i, p := range traj {
		if !p.Pose.IsFinite() || math.IsNaN(p.Time) || math.IsInf(p.Time, 0) {
			return fmt.Errorf("write trajectory %s: pose %d at time %s is not finite", path, i, formatTime(p.Time))
		}
		if i > 0 && p.Time <= traj[i-1].Time {
			return fmt.Errorf("write trajectory %s: pose %d: time %s does not come after %s",
				path, i, formatTime(p.Time), formatTime(traj[i-1].Time))
		}
		q := geom.QuatFromMat3(p.Pose.R)
		b.WriteString(strconv.FormatFloat(p.Time, 'f', digits, 64))
		writeNumbers(&b, p.Pose.T.X, p.Pose.T.Y, p.Pose.T.Z, q.X, q.Y, q.Z, q.W)
	}
	return atomicfile.WriteBytes(path, b.Bytes())
}

// timeDigits returns how many decimals tell the increasing times of a trajectory
// apart: 6, or all that they have.
func timeDigits(traj slam.Trajectory) int {
	const micro = 6
	for i := 1; i < len(traj); i++ {
		if math.Round(traj[i].Time*1e6) <= math.Round(traj[i-1].Time*1e6) {
			return -1
		}
	}
	return micro
}

// WriteKITTI writes poses in the format that ReadKITTI reads. Poses that are
// not finite are refused.
func WriteKITTI(path string, poses []geom.SE3) error {
	var b bytes.Buffer
	for i, p := range poses {
		if !p.IsFinite() {
			return fmt.Errorf("write trajectory %s: pose %d is not finite", path, i)
		}
		r, t := p.R, p.T
		b.WriteString(strconv.FormatFloat(r[0][0], 'f', 9, 64))
		writeNumbers(&b, r[0][1], r[0][2], t.X, r[1][0], r[1][1], r[1][2], t.Y, r[2][0], r[2][1], r[2][2], t.Z)
	}
	return atomicfile.WriteBytes(path, b.Bytes())
}

func formatTime(t float64) string { return strconv.FormatFloat(t, 'f', 6, 64) }

// writeNumbers appends the rest of a line.
func writeNumbers(w io.Writer, v ...float64) {
	for _, x := range v {
		fmt.Fprintf(w, " %.9f", x)
	}
	fmt.Fprintln(w)
}
