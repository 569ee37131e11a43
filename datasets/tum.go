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

// maxAssociationS is how far the stamps of an image and of its depth may be
// apart, as in the data set's own tools.
const maxAssociationS = .02

// listTUM reads a folder of the TUM RGB-D layout (Sturm et al., IROS 2012):
// rgb.txt, and depth.txt and groundtruth.txt where they exist; or a file of
// associations, as the data set's tools write it and ICL-NUIM ships it.
func listTUM(dir string) (*listing, error) {
	l := &listing{depthScale: 5000, defaults: tumDefaults(dir)}
	list, depth := filepath.Join(dir, "rgb.txt"), filepath.Join(dir, "depth.txt")
	associated := associations(dir)
	var err error
	switch {
	case exists(list) || associated == "":
		l.entries, err = tumList(l, list)
	default:
		list, depth = associated, ""
		l.entries, err = tumAssociations(l, associated)
	}
	if err != nil {
		return nil, err
	}
	if len(l.entries) == 0 {
		return nil, fmt.Errorf("%s lists no images; a line is \"stamp file\"", list)
	}
	l.sortEntries(list)
	l.fps = medianRate(l.entries)
	if depth != "" {
		if err := tumDepth(l, depth); err != nil {
			return nil, err
		}
	}
	truth := filepath.Join(dir, "groundtruth.txt")
	if icl, _ := filepath.Glob(filepath.Join(dir, "*.gt.freiburg")); len(icl) > 0 && !exists(truth) {
		l.defaults = &lens{cam: geom.Camera{W: 640, H: 480, Fx: 481.2, Fy: 480, Cx: 319.5, Cy: 239.5}, from: "the default of ICL-NUIM"}
		return l, tumTruth(l, icl[0], mirrored)
	}
	return l, tumTruth(l, truth, func(p geom.SE3) geom.SE3 { return p })
}

// mirrored turns a pose of ICL-NUIM, whose renderer has y up (its fy is -480),
// into one with y down: S R S and S t with S = diag(1, -1, 1).
func mirrored(p geom.SE3) geom.SE3 {
	for i := range 3 {
		for j := range 3 {
			if (i == 1) != (j == 1) {
				p.R[i][j] = -p.R[i][j]
			}
		}
	}
	p.T.Y = -p.T.Y
	return p
}

// associations returns the file that pairs images and depth, "" for none.
func associations(dir string) string {
	for _, name := range []string{"associations.txt", "associated.txt", "association.txt", "associate.txt"} {
		if path := filepath.Join(dir, name); exists(path) {
			return path
		}
	}
	return ""
}

// tumAssociations reads "stamp file stamp file" lines, of which the file below
// depth is the depth.
func tumAssociations(l *listing, path string) ([]entry, error) {
	rows, err := readTable(path)
	if err != nil {
		return nil, err
	}
	var entries []entry
	var bad badRows
	for _, r := range rows {
		if len(r.fields) < 4 {
			bad.add(r.line, fmt.Errorf("%d values, want \"stamp file stamp file\"", len(r.fields)))
			continue
		}
		stamp, color, depth := r.fields[0], r.fields[1], r.fields[3]
		if strings.HasPrefix(strings.ToLower(color), "depth") {
			stamp, color, depth = r.fields[2], depth, color
		}
		t, err := row{r.line, []string{stamp}}.numbers(1)
		if err != nil {
			bad.add(r.line, err)
			continue
		}
		dir := filepath.Dir(path)
		entries = append(entries, entry{time: t[0], name: stem(color), image: filepath.Join(dir, color), depth: filepath.Join(dir, depth)})
	}
	bad.warn(l, path)
	stampsToSeconds(l, entries, path)
	return entries, nil
}

func stampsToSeconds(l *listing, entries []entry, path string) {
	stamps := make([]*float64, len(entries))
	for i := range entries {
		stamps[i] = &entries[i].time
	}
	l.toSeconds(stamps, path)
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
	stampsToSeconds(l, entries, path)
	return entries, nil
}

// tumDepth gives every image the depth nearest in time within
// maxAssociationS. Where two images want the same depth, the nearer has it.
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
	owner := make(map[int]int, len(times)) // depth to image
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

// tumTruth reads "stamp tx ty tz qx qy qz qw", camera to world once turn has
// brought it to the axes of this program.
func tumTruth(l *listing, path string, turn func(geom.SE3) geom.SE3) error {
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
		traj = append(traj, slam.StampedPose{Time: v[0], Pose: turn(pose)})
	}
	bad.warn(l, path)
	stamps := make([]*float64, len(traj))
	for i := range traj {
		stamps[i] = &traj[i].Time
	}
	l.toSeconds(stamps, path)
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
			from: "the nominal calibration of a Kinect (no camera.yaml)", guess: true, focalSigma: nominalFocalSigma}
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
