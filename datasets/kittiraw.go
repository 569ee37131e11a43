package datasets

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/metricslam/metricslam/geom"
)

// kittiRawCameras are the cameras of KITTI raw, grey ones first, and of KITTI-360,
// whose image_02 and image_03 are fisheyes in data_rgb.
var kittiRawCameras = []string{"00", "01", "02", "03"}

// kittiRawFolder returns the number and the images' folder of the first camera.
func kittiRawFolder(dir string) (camera, folder string) {
	for _, n := range kittiRawCameras {
		for _, sub := range []string{"data", "data_rect"} {
			if f := filepath.Join(dir, "image_"+n, sub); exists(f) {
				return n, f
			}
		}
	}
	return "", ""
}

func isKITTIRaw(dir string) bool {
	n, _ := kittiRawFolder(dir)
	return n != ""
}

// listKITTIRaw reads one drive of KITTI raw (Geiger et al., IJRR 2013), synced and
// rectified, or of KITTI-360: image_NN/data or data_rect, timestamps.txt beside
// it, and the rectified projection of the day's calibration.
func listKITTIRaw(dir string) (*listing, error) {
	camera, folder := kittiRawFolder(dir)
	if camera == "" {
		return nil, fmt.Errorf("%s holds no image_NN/data or image_NN/data_rect with images", dir)
	}
	l := &listing{depthScale: 256}
	var err error
	if l.entries, err = numberedImages(folder); err != nil {
		return nil, err
	}
	stamps := filepath.Join(filepath.Dir(folder), "timestamps.txt")
	if err := kittiRawTimes(l, stamps); err != nil {
		return nil, err
	}
	for _, up := range []string{"..", ".", filepath.Join("..", ".."), filepath.Join("..", "..", "calibration")} {
		for _, name := range []string{"calib_cam_to_cam.txt", "perspective.txt"} {
			if path := filepath.Join(dir, up, name); exists(path) {
				l.own, err = kittiRawCalib(path, camera)
				return l, err
			}
		}
	}
	l.warn("calib_cam_to_cam.txt (KITTI raw) or calibration/perspective.txt (KITTI-360) is missing above %s", dir)
	return l, nil
}

// kittiRawCalib reads P_rect_NN and S_rect_NN of a camera.
func kittiRawCalib(path, camera string) (*lens, error) {
	rows, err := readTable(path)
	if err != nil {
		return nil, err
	}
	own := &lens{from: fmt.Sprintf("%s (P_rect_%s)", path, camera)}
	for _, r := range rows {
		name, values := strings.TrimSuffix(r.fields[0], ":"), row{r.line, r.fields[1:]}
		switch name {
		case "P_rect_" + camera:
			p, err := values.numbers(12)
			if err != nil {
				return nil, fmt.Errorf("%s:%d: %s: %w; a row is a 3x4 projection matrix", path, r.line, name, err)
			}
			own.cam.Fx, own.cam.Fy, own.cam.Cx, own.cam.Cy = p[0], p[5], p[2], p[6]
		case "S_rect_" + camera:
			s, err := values.numbers(2)
			if err != nil {
				return nil, fmt.Errorf("%s:%d: %s: %w; a row is width and height", path, r.line, name, err)
			}
			own.cam.W, own.cam.H = int(s[0]), int(s[1])
		}
	}
	if own.cam.Fx == 0 {
		return nil, fmt.Errorf("%s has no row P_rect_%s", path, camera)
	}
	return own, nil
}

// kittiRawTimes reads one date and time a line, with nanoseconds.
func kittiRawTimes(l *listing, path string) error {
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		l.warn("%s is missing: frames are taken as %d a second", path, kittiRate)
		l.stampByRate(kittiRate)
		return nil
	}
	if err != nil {
		return err
	}
	lines := strings.Split(strings.TrimSpace(string(data)), "\n")
	times, known := make([]float64, len(l.entries)), make([]bool, len(l.entries))
	bad := max(len(times)-len(lines), 0)
	var first time.Time
	for i, line := range lines[:min(len(lines), len(times))] {
		t, err := time.Parse("2006-01-02 15:04:05.999999999", strings.TrimSpace(line))
		if err != nil {
			bad++
			continue
		}
		if first.IsZero() {
			first = t
		}
		times[i], known[i] = float64(first.Unix())+float64(first.Nanosecond())*1e-9+t.Sub(first).Seconds(), true
	}
	if n := repairTimes(times, known, 1./kittiRate); n+bad > 0 {
		l.warn("%s: %d of %d stamps are missing, malformed, repeated or out of order and were replaced", path, n+bad, len(times))
	}
	for i := range times {
		l.entries[i].time = times[i]
	}
	l.fps = medianRate(l.entries)
	return nil
}

// pinholeMatrix is the camera of the 3x3 part of a matrix with the given number of
// columns.
func pinholeMatrix(v []float64, columns int) geom.Camera {
	return geom.Camera{Fx: v[0], Fy: v[columns+1], Cx: v[2], Cy: v[columns+2]}
}
