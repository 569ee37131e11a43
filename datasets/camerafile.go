package datasets

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/metricslam/metricslam/geom"
)

// cameraFileNames are looked for in a sequence's folder and those above it.
var cameraFileNames = []string{"camera.yaml", "camera.yml"}

// findCameraFile returns the first camera file in the folders, "" for none.
func findCameraFile(dirs []string) string {
	for _, d := range dirs {
		for _, n := range cameraFileNames {
			if exists(d, n) {
				return filepath.Join(d, n)
			}
		}
	}
	return ""
}

// readCameraFile reads a YAML file with ORB-SLAM's keys (Camera.fx or
// Camera1.fx, Camera.type, Camera.fps, DepthMapFactor) or those of OpenCV's
// calibration (camera_matrix, distortion_coefficients, image_width).
func readCameraFile(path string) (*lens, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("camera file: %w", err)
	}
	l, err := parseCamera(data)
	if err != nil {
		return nil, fmt.Errorf("camera file %s: %w", path, err)
	}
	l.from = path
	return l, nil
}

// settings are the values of a camera file by key.
type settings map[string]any

func parseCamera(data []byte) (*lens, error) {
	s := settings{}
	if err := yaml.Unmarshal(plainYAML(data), &s); err != nil {
		return nil, errors.New(strings.TrimSpace(yaml.FormatError(err, false, true)))
	}
	l, err := s.intrinsics()
	if err != nil {
		return nil, err
	}
	if l.fps, err = s.positive("Camera.fps", "Camera1.fps", "fps", "rate_hz"); err != nil {
		return nil, err
	}
	if l.depthScale, err = s.positive("DepthMapFactor", "RGBD.DepthMapFactor", "depth_scale"); err != nil {
		return nil, err
	}
	// ORB-SLAM: a factor below 1 is metres per unit.
	if l.depthScale > 0 && l.depthScale < 1 {
		l.depthScale = 1 / l.depthScale
	}
	return l, nil
}

// plainYAML drops what OpenCV's FileStorage writes and YAML does not know: the
// "%YAML:1.0" line and the tag !!opencv-matrix.
func plainYAML(data []byte) []byte {
	data = bytes.TrimPrefix(data, []byte("\ufeff"))
	if bytes.HasPrefix(data, []byte("%YAML")) {
		if i := bytes.IndexByte(data, '\n'); i >= 0 {
			data = data[i+1:]
		}
	}
	return bytes.ReplaceAll(data, []byte("!!opencv-matrix"), nil)
}

// intrinsics reads whichever family of keys the file has; the focal length is 0
// where it has none.
func (s settings) intrinsics() (*lens, error) {
	switch {
	case s["Camera1.fx"] != nil:
		return s.orbSLAM("Camera1.")
	case s["Camera.fx"] != nil:
		return s.orbSLAM("Camera.")
	case s["camera_matrix"] != nil || s["Camera_Matrix"] != nil || s["K"] != nil:
		return s.openCV()
	case s["intrinsics"] != nil:
		return s.euroc()
	case s["fx"] != nil:
		return s.orbSLAM("")
	}
	return &lens{}, nil
}

// orbSLAM reads fx, fy, cx, cy, k1... with a common prefix.
func (s settings) orbSLAM(prefix string) (*lens, error) {
	var v [4]float64
	for i, k := range []string{"fx", "fy", "cx", "cy"} {
		x, ok, err := s.number(prefix + k)
		if err == nil && !ok {
			err = fmt.Errorf("%s is missing", prefix+k)
		}
		if err != nil {
			return nil, err
		}
		v[i] = x
	}
	l := &lens{cam: geom.Camera{Fx: v[0], Fy: v[1], Cx: v[2], Cy: v[3]}}
	if err := s.size(l, "Camera.width", "Camera.height"); err != nil {
		return nil, err
	}
	if err := s.size(l, "width", "height"); err != nil {
		return nil, err
	}
	keys := []string{"k1", "k2", "p1", "p2", "k3"}
	l.model = modelRadTan
	kind := strings.ToLower(fmt.Sprint(s["Camera.type"], s["camera_model"], s["distortion_model"]))
	switch {
	case strings.Contains(kind, "kannala") || strings.Contains(kind, "fisheye") || strings.Contains(kind, "equidistant"):
		l.model, keys = modelFisheye, []string{"k1", "k2", "k3", "k4"}
	case strings.Contains(kind, "rectified"):
		l.model, keys = modelNone, nil
	}
	for _, k := range keys {
		x, _, err := s.number(prefix + k)
		if err != nil {
			return nil, err
		}
		l.coeffs = append(l.coeffs, x)
	}
	return l, nil
}

// openCV reads camera_matrix and distortion_coefficients.
func (s settings) openCV() (*lens, error) {
	k, err := s.matrix("camera_matrix", "Camera_Matrix", "K")
	if err != nil {
		return nil, err
	}
	if len(k) != 9 {
		return nil, fmt.Errorf("camera_matrix has %d values, want 9", len(k))
	}
	l := &lens{cam: geom.Camera{Fx: k[0], Fy: k[4], Cx: k[2], Cy: k[5]}}
	if l.coeffs, err = s.matrix("distortion_coefficients", "Distortion_Coefficients", "dist_coeffs", "D"); err != nil {
		return nil, err
	}
	if err := s.size(l, "image_width", "image_height"); err != nil {
		return nil, err
	}
	if err := s.size(l, "image_Width", "image_Height"); err != nil {
		return nil, err
	}
	kind := strings.ToLower(fmt.Sprint(s["camera_model"], s["distortion_model"], s["model"], s["Camera.type"]))
	return l, l.setModel(kind)
}

// euroc reads the sensor.yaml of the EuRoC and TUM-VI layouts.
func (s settings) euroc() (*lens, error) {
	k, err := s.matrix("intrinsics")
	if err != nil {
		return nil, err
	}
	if len(k) != 4 {
		return nil, fmt.Errorf("intrinsics has %d values, want fu fv cu cv", len(k))
	}
	l := &lens{cam: geom.Camera{Fx: k[0], Fy: k[1], Cx: k[2], Cy: k[3]}}
	if l.coeffs, err = s.matrix("distortion_coefficients", "distortion_coeffs"); err != nil {
		return nil, err
	}
	if size, err := s.matrix("resolution"); err != nil {
		return nil, err
	} else if len(size) == 2 {
		l.cam.W, l.cam.H = int(size[0]), int(size[1])
	}
	if kind := fmt.Sprint(s["camera_model"]); s["camera_model"] != nil && kind != "pinhole" {
		return nil, fmt.Errorf("camera_model %s is not supported: want pinhole", kind)
	}
	return l, l.setModel(strings.ToLower(fmt.Sprint(s["distortion_model"])))
}

// setModel chooses the distortion by the words of the file and checks the
// number of coefficients.
func (l *lens) setModel(words string) error {
	n := len(l.coeffs)
	switch {
	case strings.Contains(words, "fisheye") || strings.Contains(words, "equidistant") || strings.Contains(words, "kannala"):
		l.model = modelFisheye
		if n != 4 && n != 0 {
			return fmt.Errorf("a fisheye distortion has the 4 coefficients k1 k2 k3 k4, not %d", n)
		}
	case n == 0:
		l.model = modelNone
	case n == 4 || n == 5:
		l.model = modelRadTan
	case n == 8 || n == 12 || n == 14:
		for _, c := range l.coeffs[5:] {
			if c != 0 {
				return fmt.Errorf("the distortion has %d coefficients; only the first five (k1 k2 p1 p2 k3) are supported: calibrate again without the rational model", n)
			}
		}
		l.model, l.coeffs = modelRadTan, l.coeffs[:5]
	default:
		return fmt.Errorf("the distortion has %d coefficients, want 4 or 5 (k1 k2 p1 p2 k3)", n)
	}
	return nil
}

// size reads the picture size that the calibration is for.
func (s settings) size(l *lens, width, height string) error {
	for key, to := range map[string]*int{width: &l.cam.W, height: &l.cam.H} {
		x, ok, err := s.number(key)
		if err != nil {
			return err
		}
		if !ok {
			continue
		}
		if x < 1 || x > 1<<20 || x != math.Trunc(x) {
			return fmt.Errorf("%s is %g; it must be a number of pixels", key, x)
		}
		*to = int(x)
	}
	return nil
}

// positive returns the value of the first key that is there, which must be
// positive; 0 where none is.
func (s settings) positive(keys ...string) (float64, error) {
	for _, k := range keys {
		x, ok, err := s.number(k)
		if err != nil {
			return 0, err
		}
		if ok && x <= 0 {
			return 0, fmt.Errorf("%s is %g; it must be positive", k, x)
		}
		if ok {
			return x, nil
		}
	}
	return 0, nil
}

func (s settings) number(key string) (x float64, ok bool, err error) {
	v, ok := s[key]
	if !ok || v == nil {
		return 0, false, nil
	}
	x, err = toNumber(v)
	if err != nil {
		return 0, false, fmt.Errorf("%s: %w", key, err)
	}
	return x, true, nil
}

func toNumber(v any) (float64, error) {
	x, err := strconv.ParseFloat(fmt.Sprint(v), 64)
	if err != nil || math.IsNaN(x) || math.IsInf(x, 0) {
		return 0, fmt.Errorf("%v is no finite number", v)
	}
	return x, nil
}

// matrix returns the numbers of the first key that is there: a list, a list of
// lists, or a map with the list under "data" as OpenCV writes it.
func (s settings) matrix(keys ...string) ([]float64, error) {
	for _, k := range keys {
		v, ok := s[k]
		if !ok || v == nil {
			continue
		}
		if m, isMap := v.(map[string]any); isMap {
			v = m["data"]
		}
		var out []float64
		if err := flatten(v, &out); err != nil {
			return nil, fmt.Errorf("%s: %w", k, err)
		}
		return out, nil
	}
	return nil, nil
}

func flatten(v any, out *[]float64) error {
	if list, ok := v.([]any); ok {
		for _, e := range list {
			if err := flatten(e, out); err != nil {
				return err
			}
		}
		return nil
	}
	x, err := toNumber(v)
	*out = append(*out, x)
	return err
}
