package datasets

import (
	"errors"
	"fmt"
	"io/fs"
	"math"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/metricslam/metricslam/geom"
	"github.com/metricslam/metricslam/slam"
)

// maxAssociationS is how far the stamps of a picture and of its depth may be
// apart, as in the data set's own tools.
const maxAssociationS = .02

// listTUM reads a folder of the TUM RGB-D layout (Sturm et al., IROS 2012):
// rgb.txt, and depth.txt and groundtruth.txt where they exist.
func listTUM(dir string) (*listing, error) {
	l := &listing{depthScale: 5000, defaults: tumDefaults(dir)}
	list := filepath.Join(dir, "rgb.txt")
	var err error
	if l.entries, err = tumList(l, list); err != nil {
		return nil, err
	}
	if len(l.entries) == 0 {
		return nil, fmt.Errorf("%s lists no pictures; a line is \"stamp file\"", list)
	}
	l.sortEntries(list)
	l.fps = medianRate(l.entries)
	if err := tumDepth(l, filepath.Join(dir, "depth.txt")); err != nil {
		return nil, err
	}
	if err := tumTruth(l, filepath.Join(dir, "groundtruth.txt")); err != nil {
		return nil, err
	}
	return l, nil
}

// tumList reads "stamp file" lines; files are relative to the list's folder.
func tumList(l *listing, path string) ([]entry, error) {
	rows, err := readTable(path)
	if err != nil {
		return nil, err
	}
	var entries []entry
	var bad badRows
	for _, r := range rows {
		t, err := r.numbers(1)
		if err == nil && len(r.fields) < 2 {
			err = errors.New("no file name")
		}
		if err != nil {
			bad.add(r.line, err)
			continue
		}
		file := strings.Join(r.fields[1:], " ")
		base := filepath.Base(file)
		entries = append(entries, entry{
			time: t[0], name: strings.TrimSuffix(base, filepath.Ext(base)),
			image: filepath.Join(filepath.Dir(path), file),
		})
	}
	bad.warn(l, path)
	return entries, nil
}

// tumDepth gives every picture the depth nearest in time within
// maxAssociationS. Where two pictures want the same depth, the nearer has it.
func tumDepth(l *listing, path string) error {
	depth, err := tumList(l, path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	d := listing{entries: depth}
	d.sortEntries(path)
	l.warnings = append(l.warnings, d.warnings...)
	times := make([]float64, len(d.entries))
	for i, e := range d.entries {
		times[i] = e.time
	}
	owner := make(map[int]int, len(times)) // depth to picture
	for i := range l.entries {
		j, gap := nearest(times, l.entries[i].time)
		if gap > maxAssociationS {
			continue
		}
		if k, taken := owner[j]; taken {
			if gap >= math.Abs(times[j]-l.entries[k].time) {
				continue
			}
			l.entries[k].depth = ""
		}
		owner[j] = i
		l.entries[i].depth = d.entries[j].image
	}
	return nil
}

// tumTruth reads "stamp tx ty tz qx qy qz qw", camera to world.
func tumTruth(l *listing, path string) error {
	rows, err := readTable(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	var traj slam.Trajectory
	var bad badRows
	for _, r := range rows {
		v, err := r.numbers(8)
		var pose geom.SE3
		if err == nil {
			pose, err = quaternionPose(v[1:])
		}
		if err != nil {
			bad.add(r.line, err)
			continue
		}
		traj = append(traj, slam.StampedPose{Time: v[0], Pose: pose})
	}
	bad.warn(l, path)
	l.truth = sortTruth(l, traj, path)
	for i := range l.entries {
		l.entries[i].truth = poseAt(l.truth, l.entries[i].time)
	}
	return nil
}

var freiburg = regexp.MustCompile(`(?i)(?:freiburg|fr)([123])(?:[^0-9]|$)`)

// tumDefaults returns the calibration of the data set's three cameras by the
// folder's name, as its web page gives them; depth is registered to colour.
func tumDefaults(dir string) *lens {
	abs, err := filepath.Abs(dir)
	if err != nil {
		abs = dir
	}
	m := freiburg.FindStringSubmatch(filepath.Base(abs))
	if m == nil {
		return &lens{cam: geom.Camera{W: 640, H: 480, Fx: 525, Fy: 525, Cx: 319.5, Cy: 239.5},
			from: "the nominal calibration of a Kinect (no camera.yaml)", guess: true}
	}
	l := map[string]lens{
		"1": {cam: geom.Camera{W: 640, H: 480, Fx: 517.3, Fy: 516.5, Cx: 318.6, Cy: 255.3},
			model: modelRadTan, coeffs: []float64{.2624, -.9531, -.0054, .0026, 1.1633}},
		"2": {cam: geom.Camera{W: 640, H: 480, Fx: 520.9, Fy: 521, Cx: 325.1, Cy: 249.7},
			model: modelRadTan, coeffs: []float64{.2312, -.7849, -.0033, -.0001, .9172}},
		"3": {cam: geom.Camera{W: 640, H: 480, Fx: 535.4, Fy: 539.2, Cx: 320.1, Cy: 247.6}},
	}[m[1]]
	l.from = "the default of TUM freiburg" + m[1]
	return &l
}
