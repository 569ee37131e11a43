package datasets

import (
	"errors"
	"fmt"
	"math"
	"reflect"
	"slices"
	"strings"

	"github.com/metricslam/metricslam/geom"
)

// modelWords are the names of models in camera files. "pinhole" alone says
// nothing of the distortion.
var modelWords = map[string]string{
	"pinhole": "pinhole", "perspective": "pinhole", "simple_pinhole": "pinhole",
	"radtan": modelRadTan, "radial-tangential": modelRadTan, "radial_tangential": modelRadTan, "plumb_bob": modelRadTan, "plumb bob": modelRadTan,
	"brown": modelRadTan, "brown-conrady": modelRadTan, "brown_conrady": modelRadTan, "opencv": modelRadTan, "full_opencv": modelRadTan, "radial": modelRadTan,
	"simple_radial": modelRadTan, "rational_polynomial": modelRadTan, "pinhole_full": modelRadTan,
	"fisheye": modelFisheye, "equidistant": modelFisheye, "kannalabrandt8": modelFisheye, "kannala_brandt": modelFisheye, "kannala-brandt": modelFisheye,
	"kannalabrandt": modelFisheye, "opencv_fisheye": modelFisheye, "kb4": modelFisheye,
	"rectified": modelNone, "none": modelNone, "undistorted": modelNone,
	"mei": modelMEI, "omni": modelMEI, "fov": modelFOV, "atan": modelFOV,
}

// fisheyeFlags are 1 in the files of those who write no model.
var fisheyeFlags = []string{"bFishEye", "Camera.bFishEye", "Camera1.bFishEye", "Camera.fisheye", "fisheye_model", "fisheye", "is_fisheye"}

// model returns the model that the keys name; said is false where none does, or
// only a pinhole projection, which says nothing of the distortion.
func (s *settings) model(keys ...string) (model string, said bool, err error) {
	by := ""
	for _, k := range keys {
		word := s.text(k)
		if word == "" {
			continue
		}
		m, ok := modelWords[word]
		switch {
		case !ok:
			return "", false, fmt.Errorf("%s %v is not supported: known are pinhole with radtan (plumb_bob), fisheye (equidistant, KannalaBrandt8), MEI (omni) and fov", s.name(k), s.value(k))
		case m == "pinhole":
		case said && m != model && !(model == modelMEI && (m == modelRadTan || m == modelNone)):
			return "", false, fmt.Errorf("%s and %s contradict each other: %v and %v", by, s.name(k), s.value(by), s.value(k))
		case !said:
			model, said, by = m, true, s.name(k)
		}
	}
	if s.truth(fisheyeFlags...) {
		if said && model != modelFisheye {
			return "", false, fmt.Errorf("%s is set, and %s says %v", s.name(fisheyeFlags...), by, s.value(by))
		}
		model, said = modelFisheye, true
	}
	return model, said, nil
}

// orbSLAM reads fx, fy, cx, cy, k1... with a common prefix: ORB-SLAM 2 and 3,
// OpenVSLAM and stella_vslam.
func (s *settings) orbSLAM(prefix string) (*lens, error) {
	key := func(k string) []string { return []string{prefix + k} }
	v, err := s.need(key("fx"), key("fy"), key("cx"), key("cy"))
	if err != nil {
		return nil, err
	}
	l := &lens{cam: geom.Camera{Fx: v[0], Fy: v[1], Cx: v[2], Cy: v[3]}}
	if err := s.size(l, []string{"Camera.width", "Camera.cols", "width", "cols", "w"}, []string{"Camera.height", "Camera.rows", "height", "rows", "h"}); err != nil {
		return nil, err
	}
	model, said, err := s.model("Camera.type", "Camera.model", "Camera1.type", "camera_model", "distortion_model", "model")
	if err != nil {
		return nil, err
	}
	if l.model = model; !said {
		l.model = modelRadTan
	}
	names := map[string][]string{modelRadTan: {"k1", "k2", "p1", "p2", "k3"}, modelFisheye: {"k1", "k2", "k3", "k4"}, modelMEI: {"xi", "k1", "k2", "p1", "p2"}, modelFOV: {"omega"}}[l.model]
	for i := range names {
		names[i] = prefix + names[i]
	}
	if l.coeffs, err = s.optional(names...); err != nil {
		return nil, err
	}
	return l, l.setCoefficients()
}

// matrixKeys are the spellings of a camera matrix.
var matrixKeys = []string{"camera_matrix", "K", "cameraMatrix", "M1", "intrinsic_matrix", "mtx"}

// openCV reads a camera matrix and distortion coefficients: OpenCV's storage,
// ROS's camera_info.
func (s *settings) openCV() (*lens, error) {
	k, err := s.matrix(matrixKeys...)
	if err != nil {
		return nil, err
	}
	if len(k) != 9 {
		return nil, fmt.Errorf("%s has %d values, want 9", s.name(matrixKeys...), len(k))
	}
	if k[1] != 0 || k[3] != 0 {
		return nil, fmt.Errorf("%s has the skew %g; pixels must be rectangles", s.name(matrixKeys...), k[1])
	}
	l := &lens{cam: geom.Camera{Fx: k[0], Fy: k[4], Cx: k[2], Cy: k[5]}}
	if l.coeffs, err = s.matrix("distortion_coefficients", "dist_coeffs", "distCoeffs", "D", "D1", "dist_coeff", "dist"); err != nil {
		return nil, err
	}
	if err := s.size(l, []string{"image_width", "width", "Camera.width"}, []string{"image_height", "height", "Camera.height"}); err != nil {
		return nil, err
	}
	for _, key := range []string{"binning_x", "binning_y"} {
		if x, _, err := s.number(key); err != nil || x > 1 {
			return nil, fmt.Errorf("%s is %v: give the calibration of the images as they are", key, s.value(key))
		}
	}
	model, said, err := s.model("distortion_model", "camera_model", "model", "Camera.type")
	if err != nil {
		return nil, err
	}
	if l.model = model; !said {
		if len(l.coeffs) == 4 && slices.Max(l.coeffs) != slices.Min(l.coeffs) {
			return nil, errors.New("4 distortion coefficients and no distortion_model: they may be k1 k2 p1 p2 or the k1 k2 k3 k4 of a fisheye; add distortion_model: radtan or distortion_model: fisheye")
		}
		l.model = modelRadTan
	}
	return l, l.setCoefficients()
}

// kalibr reads one camera of a camchain, and the sensor.yaml of the EuRoC and
// TUM-VI layouts.
func (s *settings) kalibr() (*lens, error) {
	k, err := s.matrix("intrinsics")
	if err != nil {
		return nil, err
	}
	coeffs, err := s.matrix("distortion_coefficients", "distortion_coeffs")
	if err != nil {
		return nil, err
	}
	model, said, err := s.model("camera_model", "distortion_model")
	if err != nil {
		return nil, err
	}
	if !said {
		model = modelRadTan
		if len(coeffs) > 0 {
			return nil, errors.New("distortion_model is missing")
		}
	}
	if model == modelMEI {
		if word := modelWords[s.text("distortion_model")]; word != modelRadTan && word != modelNone {
			return nil, fmt.Errorf("distortion_model %v does not go with camera_model omni", s.value("distortion_model"))
		}
		if len(k) != 5 {
			return nil, fmt.Errorf("intrinsics has %d values, want xi fu fv cu cv", len(k))
		}
		coeffs = append([]float64{k[0]}, append(coeffs, make([]float64, 4)...)[:4]...)
		k = k[1:]
	}
	if len(k) != 4 {
		return nil, fmt.Errorf("intrinsics has %d values, want fu fv cu cv", len(k))
	}
	l := &lens{cam: geom.Camera{Fx: k[0], Fy: k[1], Cx: k[2], Cy: k[3]}, model: model, coeffs: coeffs}
	size, err := s.matrix("resolution")
	if err != nil {
		return nil, err
	}
	if len(size) == 2 {
		l.cam.W, l.cam.H = int(size[0]), int(size[1])
	}
	return l, l.setCoefficients()
}

// camodocal reads the blocks of camodocal, which VINS takes too.
func (s *settings) camodocal() (*lens, error) {
	model, said, err := s.model("model_type")
	if err != nil {
		return nil, err
	}
	if !said {
		model = modelRadTan
	}
	projection, err := s.block("projection_parameters")
	if err != nil {
		return nil, err
	}
	bend, err := s.block("distortion_parameters")
	if err != nil {
		return nil, err
	}
	mirror, err := s.block("mirror_parameters")
	if err != nil {
		return nil, err
	}
	l := &lens{model: model}
	names := [][]string{{"fx", "gamma1", "mu"}, {"fy", "gamma2", "mv"}, {"cx", "u0"}, {"cy", "v0"}}
	v, err := projection.need(names...)
	if err != nil {
		return nil, err
	}
	l.cam = geom.Camera{Fx: v[0], Fy: v[1], Cx: v[2], Cy: v[3]}
	if model == modelFisheye {
		l.coeffs, err = projection.optional("k2", "k3", "k4", "k5")
	} else {
		l.coeffs, err = bend.optional("k1", "k2", "p1", "p2", "k3")
	}
	if err != nil {
		return nil, err
	}
	if model == modelMEI {
		xi, err := mirror.need([]string{"xi"})
		if err != nil {
			return nil, err
		}
		l.coeffs = append(xi, l.coeffs[:4]...)
	}
	if err := s.size(l, []string{"image_width"}, []string{"image_height"}); err != nil {
		return nil, err
	}
	for _, b := range []*settings{projection, bend, mirror} {
		if err := l.leftOver(b); err != nil {
			return nil, err
		}
	}
	return l, l.setCoefficients()
}

// nerfKeys may stand in every frame of a transforms.json.
var nerfKeys = []string{"camera_model", "fl_x", "fl_y", "cx", "cy", "w", "h", "k1", "k2", "k3", "k4", "p1", "p2", "camera_angle_x"}

// nerfstudio reads transforms.json of nerfstudio and instant-ngp. Its pixels are
// COLMAP's: the middle of the upper left one is (.5, .5).
func (s *settings) nerfstudio() (*lens, error) {
	if err := s.liftFrames(); err != nil {
		return nil, err
	}
	l := &lens{}
	if err := s.size(l, []string{"w"}, []string{"h"}); err != nil {
		return nil, err
	}
	if l.cam.W == 0 || l.cam.H == 0 {
		return nil, errors.New("w or h is missing: without the size of the images the focal length says nothing")
	}
	model, said, err := s.model("camera_model")
	if err != nil {
		return nil, err
	}
	if l.model = model; !said && s.text("camera_model") == "" {
		l.model = modelRadTan
	}
	fx, ok, err := s.number("fl_x")
	if err == nil && !ok {
		var angle float64
		if angle, _, err = s.number("camera_angle_x"); err == nil && !(angle > 0 && angle < math.Pi) {
			return nil, fmt.Errorf("fl_x is missing, and camera_angle_x is %g; it must be an angle in radians", angle)
		}
		fx = fromFOV(l.cam.W, angle)
	}
	if err != nil {
		return nil, err
	}
	or := func(key string, otherwise float64) float64 {
		x, ok, e := s.number(key)
		if e != nil {
			err = e
		}
		if !ok {
			return otherwise
		}
		return x
	}
	l.cam.Fx, l.cam.Fy = fx, or("fl_y", fx)
	l.cam.Cx, l.cam.Cy = or("cx", float64(l.cam.W)/2)-.5, or("cy", float64(l.cam.H)/2)-.5
	if err != nil {
		return nil, err
	}
	names := map[string][]string{modelRadTan: {"k1", "k2", "p1", "p2", "k3"}, modelFisheye: {"k1", "k2", "k3", "k4"}}[l.model]
	if l.coeffs, err = s.optional(names...); err != nil {
		return nil, err
	}
	return l, l.setCoefficients()
}

// liftFrames takes the camera of the frames where it stands there, and refuses
// those that differ.
func (s *settings) liftFrames() error {
	frames, _ := s.value("frames").([]any)
	for _, k := range nerfKeys {
		var first any
		for i, f := range frames {
			frame, ok := f.(map[string]any)
			if !ok {
				return fmt.Errorf("frames[%d] is no block of keys", i)
			}
			if v := frame[k]; i == 0 {
				first = v
			} else if !reflect.DeepEqual(first, v) {
				return fmt.Errorf("frames[%d] has %s %v, frames[0] has %v: images of several cameras cannot be mapped as one sequence", i, k, v, first)
			}
		}
		if first != nil && !s.has(k) {
			s.values[strings.ToLower(k)] = setting{"frames." + k, first}
		}
	}
	return nil
}
