package datasets

import (
	"errors"
	"fmt"
	"math"
	"path/filepath"

	"github.com/metricslam/metricslam/geom"
)

func isTUMMono(dir string) bool {
	return exists(dir, "times.txt") && exists(dir, "camera.txt") && (exists(dir, "images") || exists(dir, "images.zip"))
}

// listTUMMono reads a sequence of the TUM mono visual odometry data set (Engel et
// al., 2016): images, times.txt with "name stamp exposure", camera.txt with the
// lens. The response of the sensor (pcalib.txt, vignette.png) is left out.
func listTUMMono(dir string) (*listing, error) {
	folder := filepath.Join(dir, "images")
	if !exists(folder) {
		return nil, fmt.Errorf("%s is missing: unpack images.zip into it", folder)
	}
	files, err := imageFiles(folder)
	if err != nil {
		return nil, err
	}
	byName := map[string]string{}
	for _, f := range files {
		byName[stem(f)] = f
	}
	path := filepath.Join(dir, "times.txt")
	rows, err := readTable(path)
	if err != nil {
		return nil, err
	}
	l := &listing{}
	var bad badRows
	for _, r := range rows {
		var t []float64
		err := fmt.Errorf("want a name and a stamp")
		if len(r.fields) > 1 {
			t, err = row{r.line, r.fields[1:]}.numbers(1)
		}
		if err != nil {
			bad.add(r.line, err)
			continue
		}
		file, ok := byName[r.fields[0]]
		if !ok {
			file = r.fields[0] + ".jpg" // missing: told when it is read
		}
		l.entries = append(l.entries, entry{time: t[0], name: r.fields[0], image: filepath.Join(folder, file)})
	}
	bad.warn(l, path)
	if len(l.entries) == 0 {
		return nil, fmt.Errorf("%s lists no images; a line is \"name stamp exposure\"", path)
	}
	l.sortEntries(path)
	l.fps = medianRate(l.entries)
	l.own, err = tumMonoCamera(filepath.Join(dir, "camera.txt"))
	return l, err
}

// tumMonoCamera reads camera.txt of DSO's calibrations: "fx fy cx cy omega" in
// units of the image's sides (or in pixels), then its width and height. omega 0
// is a pinhole camera.
func tumMonoCamera(path string) (*lens, error) {
	rows, err := readTable(path)
	if err != nil {
		return nil, err
	}
	fail := func(err error) (*lens, error) {
		return nil, fmt.Errorf("%s: %w; its first line is \"fx fy cx cy omega\", its second the width and height", path, err)
	}
	if len(rows) < 2 {
		return fail(errors.New("too short"))
	}
	if len(rows[0].fields) > 5 {
		return fail(fmt.Errorf("%d values in the first line, which is another model", len(rows[0].fields)))
	}
	v, err := rows[0].numbers(5)
	if err != nil {
		return fail(err)
	}
	size, err := rows[1].numbers(2)
	if err != nil {
		return fail(err)
	}
	w, h := size[0], size[1]
	c := geom.Camera{W: int(w), H: int(h), Fx: v[0], Fy: v[1], Cx: v[2], Cy: v[3]}
	if math.Abs(v[2]) < 1 && math.Abs(v[3]) < 1 {
		c.Fx, c.Fy, c.Cx, c.Cy = v[0]*w, v[1]*h, v[2]*w-.5, v[3]*h-.5
	}
	l := &lens{cam: c, from: path}
	if v[4] != 0 {
		l.model, l.coeffs = modelFOV, []float64{v[4]}
	}
	if err := l.setCoefficients(); err != nil {
		return fail(err)
	}
	return l, nil
}
