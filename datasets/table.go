package datasets

import (
	"bufio"
	"bytes"
	"cmp"
	"fmt"
	"math"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/metricslam/metricslam/geom"
	"github.com/metricslam/metricslam/slam"
)

// row is one line of a text table, split at blanks and commas.
type row struct {
	line   int
	fields []string
}

// readTable reads the lines of a text file that are neither empty nor comments.
func readTable(path string) ([]row, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	if bytes.HasPrefix(data, []byte("\xff\xfe")) || bytes.HasPrefix(data, []byte("\xfe\xff")) {
		return nil, fmt.Errorf("%s is in UTF-16; save it as UTF-8, with `iconv -f UTF-16 -t UTF-8 IN > OUT`", path)
	}
	var rows []row
	s := bufio.NewScanner(bytes.NewReader(bytes.TrimPrefix(data, []byte("\ufeff"))))
	for line := 1; s.Scan(); line++ {
		text := strings.TrimSpace(s.Text())
		if text == "" || text[0] == '#' {
			continue
		}
		if n := decimalComma(text); n != "" {
			return nil, fmt.Errorf("%s, line %d: %q is a number with a decimal comma; write points, with `sed -E 's/([0-9]),([0-9])/\\1.\\2/g' IN > OUT`", path, line, n)
		}
		f := strings.FieldsFunc(text, func(r rune) bool { return r == ',' || r == ' ' || r == '\t' })
		if len(f) > 0 { // not separators alone
			rows = append(rows, row{line, f})
		}
	}
	if err := s.Err(); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return rows, nil
}

// decimalComma returns the number at the beginning of a line whose fields stand
// between blanks, where it has a decimal comma; empty where it has none.
func decimalComma(text string) string {
	first, rest, blanks := strings.Cut(text, " ")
	whole, part, comma := strings.Cut(first, ",")
	if !blanks || !comma || strings.HasPrefix(strings.TrimSpace(rest), ",") {
		return ""
	}
	for _, digits := range [2]string{strings.TrimPrefix(whole, "-"), part} {
		if digits == "" || strings.Trim(digits, "0123456789") != "" {
			return ""
		}
	}
	return first
}

// numbers returns the fields as n finite numbers.
func (r row) numbers(n int) ([]float64, error) {
	if len(r.fields) < n {
		return nil, fmt.Errorf("%d values, want %d", len(r.fields), n)
	}
	v := make([]float64, n)
	for i := range v {
		x, err := strconv.ParseFloat(r.fields[i], 64)
		if err != nil {
			return nil, fmt.Errorf("%q is no number", r.fields[i])
		}
		if math.IsNaN(x) || math.IsInf(x, 0) {
			return nil, fmt.Errorf("%q is not finite", r.fields[i])
		}
		v[i] = x
	}
	return v, nil
}

// badRows counts the rows of a file that could not be used.
type badRows struct {
	n     int
	first string
}

func (b *badRows) add(line int, err error) {
	if b.n == 0 {
		b.first = fmt.Sprintf("line %d: %v", line, err)
	}
	b.n++
}

// warn tells of the rows that were left out, if any.
func (b *badRows) warn(l *listing, path string) {
	if b.n > 0 {
		l.warn("%s: %d malformed lines were left out, first %s", path, b.n, b.first)
	}
}

// quaternionPose returns the pose of "tx ty tz qx qy qz qw". A quaternion whose
// length is off by more than 2 % is refused as not being one.
func quaternionPose(v []float64) (geom.SE3, error) {
	q := geom.Quat{X: v[3], Y: v[4], Z: v[5], W: v[6]}
	if n := math.Sqrt(q.X*q.X + q.Y*q.Y + q.Z*q.Z + q.W*q.W); math.Abs(n-1) > .02 {
		return geom.SE3{}, fmt.Errorf("quaternion of length %.4g, want 1", n)
	}
	return geom.FromQuat(q, geom.Vec3{X: v[0], Y: v[1], Z: v[2]}), nil
}

// matrixPose returns the pose of the first three rows of a 4x4 matrix, made
// orthonormal; one further than 1 % from a rotation is refused.
func matrixPose(v []float64) (geom.SE3, error) {
	r := geom.Mat3{{v[0], v[1], v[2]}, {v[4], v[5], v[6]}, {v[8], v[9], v[10]}}
	d := r.Mul(r.T()).Add(geom.Identity3().Scale(-1))
	for _, row := range d {
		for _, x := range row {
			if math.Abs(x) > .01 || r.Det() < 0 {
				return geom.SE3{}, fmt.Errorf("its 3x3 part is no rotation")
			}
		}
	}
	return geom.SE3{R: geom.Orthonormalize(r), T: geom.Vec3{X: v[3], Y: v[7], Z: v[11]}}, nil
}

// truthByRow takes row i, a matrix of the given count of numbers, for the true pose of
// frame i, moved to the camera that is read.
func (l *listing) truthByRow(rows []row, count int, path string, move func(geom.SE3) geom.SE3) {
	var bad badRows
	for i, r := range rows[:min(len(rows), len(l.entries))] {
		v, err := r.numbers(count)
		var pose geom.SE3
		if err == nil {
			pose, err = matrixPose(v)
		}
		if err != nil {
			bad.add(r.line, err)
			continue
		}
		pose = move(pose)
		l.entries[i].truth = &pose
		l.truth = append(l.truth, slam.StampedPose{Time: l.entries[i].time, Pose: pose})
	}
	bad.warn(l, path)
}

// sortTruth orders a trajectory by time and drops repeated stamps.
func sortTruth(l *listing, traj slam.Trajectory, path string) slam.Trajectory {
	byTime := func(a, b slam.StampedPose) int { return cmp.Compare(a.Time, b.Time) }
	if !slices.IsSortedFunc(traj, byTime) {
		l.warn("%s: the poses are not in order of time; they were sorted", path)
		slices.SortStableFunc(traj, byTime)
	}
	n := len(traj)
	traj = slices.CompactFunc(traj, func(a, b slam.StampedPose) bool { return a.Time == b.Time })
	if d := n - len(traj); d > 0 {
		l.warn("%s: %d poses repeat a time stamp and were left out", path, d)
	}
	return traj
}
