package datasets

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/metricslam/metricslam/internal/strictyaml"
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

// readCameraFile reads a camera as the programs of the field write it; the
// layouts are listed in docs/input.md. What the file says and this reader does
// not understand stands in the notes of the lens, or is an error where the
// camera depends on it.
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
	for i, n := range l.notes {
		l.notes[i] = fmt.Sprintf("camera file %s: %s", path, n)
	}
	return l, nil
}

// parseCamera tells the formats apart by how they begin: XML, COLMAP's table, a
// bare 3x3 matrix, else YAML, of which JSON is a part.
func parseCamera(data []byte) (*lens, error) {
	data = bytes.TrimPrefix(data, []byte("\ufeff"))
	switch {
	case bytes.IndexByte(data, 0) >= 0:
		return nil, errors.New("this is no text file; COLMAP's cameras.bin becomes text by `colmap model_converter --output_type TXT`")
	case colmapLine.Match(data):
		return parseCOLMAP(string(data))
	}
	if v, ok := bareNumbers(data); ok {
		return lensOfNumbers(v)
	}
	s, err := parseSettings(data)
	if err != nil {
		return nil, err
	}
	return s.lens()
}

// parseSettings reads the keys of a camera file.
func parseSettings(data []byte) (*settings, error) {
	values := map[string]any{}
	var err error
	switch trimmed := bytes.TrimSpace(data); {
	case bytes.HasPrefix(trimmed, []byte("<")):
		values, err = parseStorageXML(trimmed)
	case bytes.HasPrefix(trimmed, []byte("{")) && json.Valid(trimmed):
		err = json.Unmarshal(trimmed, &values)
	default:
		values, err = strictyaml.Map(plainYAML(data))
	}
	if err != nil {
		return nil, err
	}
	return newSettings("", values), nil
}

// plainYAML drops what OpenCV's FileStorage writes and YAML does not know: the
// "%YAML:1.0" line and the tag !!opencv-matrix.
func plainYAML(data []byte) []byte {
	if bytes.HasPrefix(data, []byte("%YAML")) {
		if i := bytes.IndexByte(data, '\n'); i >= 0 {
			data = data[i+1:]
		}
	}
	return bytes.ReplaceAll(data, []byte("!!opencv-matrix"), nil)
}

// lens reads whichever family of keys the file has, what goes with all of them,
// and names the keys that nobody read. The focal length is 0 where the file has
// no intrinsics.
func (s *settings) lens() (*lens, error) {
	l, err := s.intrinsics()
	if err != nil {
		return nil, err
	}
	if l.fps, err = s.positive("Camera.fps", "Camera1.fps", "fps", "rate_hz"); err != nil {
		return nil, err
	}
	if l.depthScale, err = s.positive("DepthMapFactor", "RGBD.DepthMapFactor", "depthmap_factor", "depth_scale"); err != nil {
		return nil, err
	}
	// ORB-SLAM: a factor below 1 is metres per unit.
	if l.depthScale > 0 && l.depthScale < 1 {
		l.depthScale = 1 / l.depthScale
	}
	if err := s.readout(l); err != nil {
		return nil, err
	}
	if err := l.leftOver(s); err != nil {
		return nil, err
	}
	if l.cam.Fx == 0 && l.fps == 0 && l.depthScale == 0 {
		return nil, fmt.Errorf("no intrinsics that are understood among the keys %s; docs/input.md lists the layouts", strings.Join(s.firstNames(8), ", "))
	}
	return l, nil
}

// maxReadoutS is the longest time in which the rows of an image are read: that of a
// frame at 10 a second.
const maxReadoutS = .1

// minReadoutS is the shortest one that is none of a global shutter, and what a number of
// seconds looks like where milliseconds are meant.
const minReadoutS = .2e-3

func checkReadout(s float64) error {
	switch {
	case s == 0 || s >= minReadoutS && s <= maxReadoutS:
		return nil
	case s > 0 && s < minReadoutS:
		return fmt.Errorf("the rows of an image would be read in %.3g ms, in which no shutter rolls: if seconds are meant, give %.3g, which is milliseconds", 1e3*s, 1e6*s)
	}
	return fmt.Errorf("the rows of an image would be read in %.3g ms, and are in 0 to %g: those of telephones in 10 to 30", 1e3*s, 1e3*maxReadoutS)
}

// readout reads how long a rolling shutter takes: as metricslam writes it, in VINS's
// words, or by Kalibr's delay of a line.
func (s *settings) readout(l *lens) error {
	for _, key := range []struct {
		name  string
		scale float64
	}{{"Camera.rolling_shutter_ms", .001}, {"rolling_shutter_ms", .001}, {"rolling_shutter_tr", 1}, {"line_delay", float64(l.cam.H)}} {
		x, ok, err := s.number(key.name)
		if err != nil {
			return err
		}
		if !ok || key.name == "rolling_shutter_tr" && !s.truth("rolling_shutter") {
			continue
		}
		if key.scale == 0 {
			return fmt.Errorf("%s needs the height of the image", s.name(key.name))
		}
		l.readoutS = x * key.scale
		if err := checkReadout(l.readoutS); err != nil {
			return fmt.Errorf("%s is %g: %w", s.name(key.name), x, err)
		}
		return nil
	}
	return nil
}

// intrinsics dispatches on the keys that only one family has.
func (s *settings) intrinsics() (*lens, error) {
	if l, is, err := s.firstOfSeveral(); is || err != nil {
		return l, err
	}
	switch {
	case s.has("model_type") || s.has("projection_parameters"):
		return s.camodocal()
	case s.has("fl_x") || s.has("camera_angle_x") || s.has("frames"):
		return s.nerfstudio()
	case s.has("Camera1.fx"):
		return s.orbSLAM("Camera1.")
	case s.has("Camera.fx"):
		return s.orbSLAM("Camera.")
	case s.has(matrixKeys...):
		return s.openCV()
	case s.has("intrinsics"):
		return s.kalibr()
	case s.has("fx"):
		return s.orbSLAM("")
	}
	for _, k := range []string{"cam0_calib", "cam1_calib"} { // VINS-Fusion
		if s.has(k) {
			return nil, fmt.Errorf("%s names another file, %v: give that one", k, s.value(k))
		}
	}
	if word := s.text("Camera.model", "Camera.type", "camera_model"); strings.Contains(word, "equirect") {
		return nil, fmt.Errorf("the camera model %s is not supported: cut perspective images out of the panoramas", word)
	}
	return &lens{}, nil
}

// firstOfSeveral reads cam0 of a Kalibr chain, or the first camera of a stereo
// calibration under the names that OpenCV's sample gives them.
func (s *settings) firstOfSeveral() (l *lens, is bool, err error) {
	for _, name := range []string{"cam0", "cam1"} {
		block, ok := s.value(name).(map[string]any)
		if !ok {
			continue
		}
		cam := newSettings(name+".", block)
		if l, err = cam.lens(); err != nil {
			return nil, true, fmt.Errorf("%s: %w", name, err)
		}
		if others := s.matching(regexp.MustCompile(`^cam\d+$`)); len(others) > 1 {
			l.note("%d cameras; %s is taken", len(others), name)
		}
		return l, true, nil
	}
	if s.has("M1") && s.has("M2") {
		l, err = s.openCV()
		if l != nil {
			l.note("two cameras; the first, M1, is taken")
		}
		return l, true, err
	}
	return nil, false, nil
}

// lensWord matches keys that speak of how a camera images.
var lensWord = regexp.MustCompile(`^(camera1?\.|cam\d\.)?(k\d+|p\d|s[1-4]|tau_?[xy]|xi|mu|mv|gamma\d?|omega|f|[fc][xy]|c_[xy]|fl_?[xy]?|.*focal.*|.*distort.*|.*intrinsic.*|.*fish_?eye.*|lens.*|.*resolution|(image_?)?(width|height)|cols|rows|skew|shear.*|.*model.*|.*readout.*|.*shutter.*)$`)

// coefficient matches keys that bend the image where they are not 0.
var coefficient = regexp.MustCompile(`^(.*\.)?(k\d+|p\d|s[1-4]|tau_?[xy]|xi|mirror_.*|skew|shear.*)$`)

// known lists keys that cameras files have and that say nothing of the lens, or
// nothing that is needed.
var known = regexp.MustCompile(`^((camera1?\.)(name|setup|color_order|rgb|bf|newwidth|newheight|imagescale|overlapping.*|lappingbegin|lappingend|depth_threshold|focal_x_baseline|bfishereye)|cam\d\.(rostopic|cam_overlaps|t_.*|timeshift.*|.*_topic|label|id)|model_path|ply_file_path|sensor_model|sensor_type|camera_name|intrinsics_file|distortion_map.*|fisheye_mask)$`)

// leftOver names the keys of the camera that nobody read: coefficients that
// bend the image are an error, anything else a note.
func (l *lens) leftOver(s *settings) error {
	var names []string
	for _, key := range s.unread() {
		k, v := strings.ToLower(s.prefix)+key, s.values[key].value
		switch {
		case known.MatchString(k) || strings.HasPrefix(k, "camera2"):
		case coefficient.MatchString(k) && l.cam.Fx != 0:
			if x, err := toNumber(v); err != nil || x != 0 {
				return fmt.Errorf("%s = %v has no place in the %s model: say which model it belongs to, or leave it out", s.values[key].name, v, l.modelName())
			}
		case lensWord.MatchString(k) || s.prefix != "" || strings.HasPrefix(k, "camera.") || strings.HasPrefix(k, "camera1."):
			names = append(names, s.values[key].name)
		}
	}
	if len(names) > 0 {
		l.note("not understood and left out: %s", strings.Join(names, ", "))
	}
	return nil
}

// fromFOV is the focal length of a field of view across n pixels.
func fromFOV(n int, angleRad float64) float64 { return float64(n) / 2 / math.Tan(angleRad/2) }
