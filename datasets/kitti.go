package datasets

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/metricslam/metricslam/geom"
)

// kittiRate is the frame rate of KITTI where times.txt says nothing.
const kittiRate = 10

// listKITTI reads a KITTI odometry sequence (Geiger et al., CVPR 2012):
// image_0 (grey) or else image_2 (colour) with calib.txt, times.txt, and the
// truth in ../../poses/NN.txt where it exists.
func listKITTI(dir string) (*listing, error) {
	l := &listing{depthScale: 256}
	folder := "image_0"
	if !exists(dir, folder) {
		folder = "image_2"
	}
	var err error
	if l.entries, err = numberedImages(filepath.Join(dir, folder)); err != nil {
		return nil, err
	}
	baseline, err := kittiCalib(l, filepath.Join(dir, "calib.txt"), "P"+folder[len(folder)-1:])
	if err != nil {
		return nil, err
	}
	if err := kittiTimes(l, filepath.Join(dir, "times.txt")); err != nil {
		return nil, err
	}
	abs, err := filepath.Abs(dir) // its name is the number, even where dir is "."
	if err != nil {
		return nil, err
	}
	poses := filepath.Join(dir, "..", "..", "poses", filepath.Base(abs)+".txt")
	return l, kittiTruth(l, poses, baseline)
}

// numberedImages lists NNNNNN.png or .jpg: the entry at index NNNNNN, so that
// a missing image leaves a gap instead of moving all later ones in time.
func numberedImages(dir string) ([]entry, error) {
	files, err := imageFiles(dir)
	if err != nil {
		return nil, err
	}
	byNumber := map[int]string{}
	last := -1
	for _, f := range files {
		n, err := strconv.Atoi(strings.TrimSuffix(f, filepath.Ext(f)))
		if err != nil || n < 0 || n > 10*len(files)+1000000 {
			continue
		}
		if _, twice := byNumber[n]; !twice {
			byNumber[n] = f
		}
		last = max(last, n)
	}
	if last < 0 {
		return nil, fmt.Errorf("%s holds no image named by its number, such as 000000.png", dir)
	}
	entries := make([]entry, last+1)
	for n := range entries {
		e := &entries[n]
		e.name = fmt.Sprintf("%06d", n)
		if f, ok := byNumber[n]; ok {
			e.name, e.image = strings.TrimSuffix(f, filepath.Ext(f)), filepath.Join(dir, f)
		} else {
			e.image, e.err = filepath.Join(dir, e.name+".png"), fs.ErrNotExist
		}
	}
	return entries, nil
}

// kittiCalib reads the projection matrix of one camera, or that of any other:
// the rectified cameras of a sequence share their intrinsics. It returns where
// the camera sits on the x axis of camera 0, in metres.
func kittiCalib(l *listing, path, key string) (baselineM float64, err error) {
	rows, err := readTable(path)
	if errors.Is(err, fs.ErrNotExist) {
		l.warn("%s is missing", path)
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	matrices := map[string][]float64{}
	for _, r := range rows {
		name := strings.TrimSuffix(r.fields[0], ":")
		if len(name) != 2 || name[0] != 'P' {
			continue
		}
		v, err := row{r.line, r.fields[1:]}.numbers(12)
		if err == nil && (v[0] <= 0 || v[5] <= 0) {
			err = errors.New("focal lengths must be positive")
		}
		if err != nil {
			return 0, fmt.Errorf("%s:%d: %s: %w; a row is a 3x4 projection matrix", path, r.line, name, err)
		}
		matrices[name] = v
	}
	for _, k := range []string{key, "P0", "P1", "P2", "P3"} {
		v := matrices[k]
		if v == nil {
			continue
		}
		l.own = &lens{cam: geom.Camera{Fx: v[0], Fy: v[5], Cx: v[2], Cy: v[6]}, from: path + " (" + k + ")"}
		return -matrices[k][3] / v[0], nil
	}
	return 0, fmt.Errorf("%s has no row P0 or P2", path)
}

// kittiTimes reads one stamp a line, repairs those that go backwards, and makes
// up what is missing at the end.
func kittiTimes(l *listing, path string) error {
	rows, err := readTable(path)
	if errors.Is(err, fs.ErrNotExist) {
		l.warn("%s is missing: frames are taken as %d a second", path, kittiRate)
		l.stampByRate(kittiRate)
		return nil
	}
	if err != nil {
		return err
	}
	times := make([]float64, len(l.entries))
	known := make([]bool, len(times))
	var bad badRows
	for i, r := range rows[:min(len(rows), len(times))] {
		if v, err := r.numbers(1); err != nil {
			bad.add(r.line, err)
		} else {
			times[i], known[i] = v[0], true
		}
	}
	if n := len(times) - len(rows); n > 0 {
		l.warn("%s has %d stamps for %d images; the rest is taken as %d a second", path, len(rows), len(times), kittiRate)
	}
	if n := repairTimes(times, known, 1./kittiRate); n > 0 || bad.n > 0 {
		l.warn("%s: %d stamps are malformed, repeated or out of order and were replaced", path, n+bad.n)
	}
	for i := range times {
		l.entries[i].time = times[i]
	}
	l.fps = medianRate(l.entries)
	return nil
}

// repairTimes makes times strictly increasing: unknown ones, and those that do
// not come after the one before or come after both of the next two, are
// interpolated between good neighbours, or extrapolated by step. It returns how
// many known ones were replaced.
func repairTimes(times []float64, known []bool, step float64) (replaced int) {
	last := -1
	for i := range times {
		if !known[i] {
			continue
		}
		ahead := i+2 < len(times) && known[i+1] && known[i+2] && times[i] > times[i+1] && times[i] > times[i+2] && times[i+1] < times[i+2]
		if ahead || last >= 0 && times[i] <= times[last] {
			known[i] = false
			replaced++
			continue
		}
		fill(times, last, i, step)
		last = i
	}
	fill(times, last, len(times), step)
	return replaced
}

// fill sets times strictly between the good ones a and b; a -1 or b len(times)
// are open ends.
func fill(times []float64, a, b int, step float64) {
	for i := a + 1; i < b; i++ {
		switch {
		case a < 0 && b == len(times):
			times[i] = float64(i) * step
		case a < 0:
			times[i] = times[b] - float64(b-i)*step
		case b == len(times):
			times[i] = times[a] + float64(i-a)*step
		default:
			f := float64(i-a) / float64(b-a)
			times[i] = times[a]*(1-f) + times[b]*f
		}
	}
}

// kittiTruth reads one 3x4 pose of camera 0 a line; row i belongs to image i.
func kittiTruth(l *listing, path string, baselineM float64) error {
	rows, err := readTable(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	l.truthByRow(rows, 12, path, func(pose geom.SE3) geom.SE3 {
		pose.T = pose.Apply(geom.Vec3{X: baselineM})
		return pose
	})
	return nil
}
