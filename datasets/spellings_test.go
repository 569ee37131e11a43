package datasets

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/metricslam/metricslam/geom"
)

// What peers write is read, with their pixel and focal length conventions.
func TestCameraFilesOfPeers(t *testing.T) {
	euroc := geom.Camera{W: 752, H: 480, Fx: 458.654, Fy: 457.296, Cx: 367.215, Cy: 248.375}
	radtan := []float64{-.28, .07, .0002, .00002}
	fisheye := []float64{.01, -.02, .03, -.004}
	unsized := euroc
	unsized.W, unsized.H = 0, 0
	half := euroc // COLMAP's and nerfstudio's pixels
	half.Cx, half.Cy = half.Cx-.5, half.Cy-.5
	const fxfy = "fx: 458.654\nCamera.fy: 457.296\nCamera.cx: 367.215\nCamera.cy: 248.375\n"
	tests := map[string]struct {
		text string
		want lens
		note string
	}{
		"OpenVSLAM": {text: "Camera.name: \"EuRoC\"\nCamera.setup: \"monocular\"\nCamera.model: \"perspective\"\nCamera." + fxfy +
			"Camera.k1: -.28\nCamera.k2: .07\nCamera.p1: .0002\nCamera.p2: .00002\nCamera.k3: 0\nCamera.fps: 20\nCamera.cols: 752\nCamera.rows: 480\nCamera.color_order: \"Gray\"\nFeature.max_num_keypoints: 1000\n",
			want: lens{cam: euroc, model: modelRadTan, coeffs: append(slices.Clone(radtan), 0), fps: 20}},
		"stella fisheye": {text: "Camera:\n  name: \"a\"\n  setup: \"monocular\"\n  model: \"fisheye\"\n  fx: 458.654\n  fy: 457.296\n  cx: 367.215\n  cy: 248.375\n  k1: .01\n  k2: -.02\n  k3: .03\n  k4: -.004\n  cols: 752\n  rows: 480\n  color_order: \"RGB\"\nPreprocessing:\n  min_size: 800\n",
			want: lens{cam: euroc, model: modelFisheye, coeffs: fisheye}},
		"bFishEye": {text: "%YAML:1.0\nCamera." + fxfy + "Camera.k1: .01\nCamera.k2: -.02\nCamera.k3: .03\nCamera.k4: -.004\nCamera.bFishEye: 1\nCamera.RGB: 1\nCamera.bf: 40\n",
			want: lens{cam: unsized, model: modelFisheye, coeffs: fisheye}},
		"ORB-SLAM3 resized": {text: "Camera.type: \"PinHole\"\nCamera1.fx: 458.654\nCamera1.fy: 457.296\nCamera1.cx: 367.215\nCamera1.cy: 248.375\nCamera1.k1: -.28\nCamera1.k2: .07\nCamera1.p1: .0002\nCamera1.p2: .00002\nCamera2.fx: 3\nCamera.width: 752\nCamera.height: 480\nCamera.newWidth: 600\nCamera.newHeight: 350\n",
			want: lens{cam: euroc, model: modelRadTan, coeffs: append(slices.Clone(radtan), 0)}},
		"Kalibr": {text: "cam0:\n  cam_overlaps: [1]\n  camera_model: pinhole\n  distortion_coeffs: [-.28, .07, .0002, .00002]\n  distortion_model: radtan\n  intrinsics: [458.654, 457.296, 367.215, 248.375]\n  resolution: [752, 480]\n  rostopic: /cam0\ncam1:\n  T_cn_cnm1: [[1, 0, 0, 0]]\n",
			want: lens{cam: euroc, model: modelRadTan, coeffs: radtan}, note: "cam0 is taken"},
		"Kalibr equidistant": {text: "cam0:\n  camera_model: pinhole\n  distortion_coeffs: [.01, -.02, .03, -.004]\n  distortion_model: equidistant\n  intrinsics: [458.654, 457.296, 367.215, 248.375]\n  resolution: [752, 480]\n  T_cam_imu: [[1, 0, 0, 0]]\n  timeshift_cam_imu: .01\n",
			want: lens{cam: euroc, model: modelFisheye, coeffs: fisheye}},
		"Kalibr omni": {text: "cam0:\n  camera_model: omni\n  distortion_coeffs: [-.28, .07, .0002, .00002]\n  distortion_model: radtan\n  intrinsics: [1, 917.308, 914.592, 367.215, 248.375]\n  resolution: [752, 480]\n",
			want: lens{cam: euroc, model: modelMEI, coeffs: append([]float64{1}, radtan...)}},
		"Kalibr fov": {text: fmt.Sprintf("cam0:\n  camera_model: pinhole\n  distortion_coeffs: [.9]\n  distortion_model: fov\n  intrinsics: [%.9f, %.9f, 367.215, 248.375]\n  resolution: [752, 480]\n", 458.654*.45/math.Tan(.45), 457.296*.45/math.Tan(.45)),
			want: lens{cam: euroc, model: modelFOV, coeffs: []float64{.9}}},
		"VINS": {text: "%YAML:1.0\n\n#common parameters\nimu_topic: \"/imu0\"\nmodel_type: PINHOLE\ncamera_name: camera\nimage_width: 752\nimage_height: 480\ndistortion_parameters:\n   k1: -.28\n   k2: .07\n   p1: .0002\n   p2: .00002\nprojection_parameters:\n   fx: 458.654\n   fy: 457.296\n   cx: 367.215\n   cy: 248.375\nfocal_check: 0\n",
			want: lens{cam: euroc, model: modelRadTan, coeffs: append(slices.Clone(radtan), 0)}, note: "focal_check"},
		"camodocal MEI": {text: "%YAML:1.0\n---\nmodel_type: MEI\ncamera_name: camera\nimage_width: 752\nimage_height: 480\nmirror_parameters:\n   xi: 1\ndistortion_parameters:\n   k1: -.28\n   k2: .07\n   p1: .0002\n   p2: .00002\nprojection_parameters:\n   gamma1: 917.308\n   gamma2: 914.592\n   u0: 367.215\n   v0: 248.375\n",
			want: lens{cam: euroc, model: modelMEI, coeffs: append([]float64{1}, radtan...)}},
		"camodocal equidistant": {text: "model_type: KANNALA_BRANDT\ncamera_name: c\nimage_width: 752\nimage_height: 480\nprojection_parameters:\n   k2: .01\n   k3: -.02\n   k4: .03\n   k5: -.004\n   mu: 458.654\n   mv: 457.296\n   u0: 367.215\n   v0: 248.375\n",
			want: lens{cam: euroc, model: modelFisheye, coeffs: fisheye}},
		"COLMAP OPENCV": {text: "# Camera list with one line of data per camera:\n#   CAMERA_ID, MODEL, WIDTH, HEIGHT, PARAMS[]\n1 OPENCV 752 480 458.654 457.296 367.215 248.375 -.28 .07 .0002 .00002\n",
			want: lens{cam: half, model: modelRadTan, coeffs: radtan}},
		"COLMAP OPENCV_FISHEYE": {text: "7 OPENCV_FISHEYE 752 480 458.654 457.296 367.215 248.375 .01 -.02 .03 -.004\n",
			want: lens{cam: half, model: modelFisheye, coeffs: fisheye}},
		"COLMAP SIMPLE_RADIAL": {text: "1 SIMPLE_RADIAL 752 480 458 376 240 -.05\n2 SIMPLE_RADIAL 752 480 458 376 240 -.05\n",
			want: lens{cam: geom.Camera{W: 752, H: 480, Fx: 458, Fy: 458, Cx: 375.5, Cy: 239.5}, model: modelRadTan, coeffs: []float64{-.05, 0, 0, 0}}},
		"nerfstudio": {text: `{"camera_model": "OPENCV", "fl_x": 458.654, "fl_y": 457.296, "cx": 367.215, "cy": 248.375, "w": 752, "h": 480, "k1": -0.28, "k2": 0.07, "p1": 0.0002, "p2": 0.00002, "frames": [{"file_path": "a.png", "transform_matrix": [[1,0,0,0]]}]}`,
			want: lens{cam: half, model: modelRadTan, coeffs: append(slices.Clone(radtan), 0)}},
		"nerfstudio by frame": {text: `{"camera_model": "OPENCV_FISHEYE", "frames": [{"fl_x": 458.654, "fl_y": 457.296, "cx": 367.215, "cy": 248.375, "w": 752, "h": 480, "k1": 0.01, "k2": -0.02, "k3": 0.03, "k4": -0.004}]}`,
			want: lens{cam: half, model: modelFisheye, coeffs: fisheye}},
		"instant-ngp": {text: `{"camera_angle_x": 1.5707963267948966, "w": 800, "h": 600, "frames": []}`,
			want: lens{cam: geom.Camera{W: 800, H: 600, Fx: 400, Fy: 400, Cx: 399.5, Cy: 299.5}, model: modelRadTan, coeffs: make([]float64, 5)}},
		"ROS message": {text: "header:\n  seq: 1\nheight: 480\nwidth: 752\ndistortion_model: \"plumb_bob\"\nD: [-.28, .07, .0002, .00002, 0]\nK: [458.654, 0, 367.215, 0, 457.296, 248.375, 0, 0, 1]\nR: [1, 0, 0, 0, 1, 0, 0, 0, 1]\nP: [1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0]\nbinning_x: 0\nroi:\n  width: 0\n---\n",
			want: lens{cam: euroc, model: modelRadTan, coeffs: append(slices.Clone(radtan), 0)}},
		"ROS 2 equidistant": {text: "height: 480\nwidth: 752\ndistortion_model: equidistant\nd: [.01, -.02, .03, -.004]\nk: [458.654, 0, 367.215, 0, 457.296, 248.375, 0, 0, 1]\n",
			want: lens{cam: euroc, model: modelFisheye, coeffs: fisheye}},
		"OpenCV XML": {text: "<?xml version=\"1.0\"?>\n<opencv_storage>\n<calibration_time>\"Tue\"</calibration_time>\n<image_width>752</image_width>\n<image_height>480</image_height>\n<board_width>9</board_width>\n<fisheye_model>1</fisheye_model>\n<camera_matrix type_id=\"opencv-matrix\">\n  <rows>3</rows><cols>3</cols><dt>d</dt>\n  <data>\n    458.654 0. 367.215 0. 457.296 248.375 0. 0. 1.</data></camera_matrix>\n<distortion_coefficients type_id=\"opencv-matrix\"><rows>4</rows><cols>1</cols><dt>d</dt><data>.01 -.02 .03 -.004</data></distortion_coefficients>\n</opencv_storage>\n",
			want: lens{cam: euroc, model: modelFisheye, coeffs: fisheye}},
		"OpenCV stereo": {text: "%YAML:1.0\nM1: !!opencv-matrix\n   rows: 3\n   cols: 3\n   dt: d\n   data: [ 458.654, 0., 367.215, 0., 457.296, 248.375, 0., 0., 1. ]\nD1: !!opencv-matrix\n   data: [ -.28, .07, .0002, .00002, 0. ]\nM2: [1]\n",
			want: lens{cam: unsized, model: modelRadTan, coeffs: append(slices.Clone(radtan), 0)}, note: "M1, is taken"},
		"not understood": {text: "Camera." + fxfy + "Camera.gain: 3\nCamera.sigma: 2\nViewer.x: 3\n",
			want: lens{cam: unsized, model: modelRadTan, coeffs: make([]float64, 5)}, note: "left out: Camera.gain, Camera.sigma"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "camera.file")
			if err := os.WriteFile(path, []byte(tt.text), 0o644); err != nil {
				t.Fatal(err)
			}
			got, err := readCameraFile(path)
			if err != nil {
				t.Fatal(err)
			}
			w := tt.want
			near := func(a, b float64) bool { return math.Abs(a-b) < 1e-6 }
			c := got.cam
			if c.W != w.cam.W || c.H != w.cam.H || !near(c.Fx, w.cam.Fx) || !near(c.Fy, w.cam.Fy) || !near(c.Cx, w.cam.Cx) || !near(c.Cy, w.cam.Cy) || got.model != w.model || !slices.Equal(got.coeffs, w.coeffs) || got.fps != w.fps {
				t.Errorf("got %+v, want %+v", *got, w)
			}
			if notes := strings.Join(got.notes, "; "); tt.note == "" && notes != "" || !strings.Contains(notes, tt.note) {
				t.Errorf("notes %q, want one of %q", notes, tt.note)
			}
		})
	}
}

// What cannot be read for certain is refused by name.
func TestCameraFilesRefused(t *testing.T) {
	const four = "Camera.fx: 500\nCamera.fy: 500\nCamera.cx: 320\nCamera.cy: 240\n"
	for name, tt := range map[string]struct{ text, fails string }{
		"unknown model":       {"Camera.type: Spherical9\n" + four, "Camera.type Spherical9"},
		"panorama":            {"Camera.model: equirectangular\nCamera.cols: 1920\nCamera.rows: 960\n", "equirectangular"},
		"fisheye by flag too": {"Camera.type: PinHole\nCamera.model: radtan\nbFishEye: 1\n" + four, "bFishEye"},
		"tangential fisheye":  {"Camera.bFishEye: 1\nCamera.k1: .1\nCamera.p1: .01\n" + four, "Camera.p1"},
		"k4 without a model":  {"Camera.k1: .1\nCamera.k4: .01\n" + four, "Camera.k4"},
		"thin prism":          {"Camera.s1: .1\n" + four, "Camera.s1"},
		"four coefficients":   {"camera_matrix: [[500, 0, 320], [0, 500, 240], [0, 0, 1]]\ndistortion_coefficients: [.1, .2, .3, .4]\n", "distortion_model: fisheye"},
		"skew":                {"camera_matrix: [[500, 3, 320], [0, 500, 240], [0, 0, 1]]\n", "skew"},
		"rectified, bent":     {"Camera.type: Rectified\nCamera.k1: .2\n" + four, "Camera.k1"},
		"double sphere":       {"cam0:\n  camera_model: ds\n  intrinsics: [.1, .5, 300, 300, 320, 240]\n  distortion_model: none\n", "camera_model ds"},
		"no distortion model": {"cam0:\n  camera_model: pinhole\n  intrinsics: [300, 300, 320, 240]\n  distortion_coeffs: [.1, .1, .1, .1]\n", "distortion_model is missing"},
		"Scaramuzza":          {"model_type: scaramuzza\npoly_parameters:\n  p0: 3\n", "model_type scaramuzza"},
		"VINS-Fusion":         {"cam0_calib: \"cam0_mei.yaml\"\nimage_width: 752\n", "cam0_mei.yaml"},
		"COLMAP thin prism":   {"1 THIN_PRISM_FISHEYE 752 480 458 457 367 248 0 0 0 0 0 0 0 0\n", "THIN_PRISM_FISHEYE"},
		"COLMAP two cameras":  {"1 PINHOLE 752 480 458 457 367 248\n2 PINHOLE 752 480 459 457 367 248\n", "line 2: the file holds several"},
		"COLMAP short":        {"1 PINHOLE 752 480 458 457 367\n", "PINHOLE has 3 parameters, want 4"},
		"COLMAP binary":       {"\x01\x00\x00\x00\x00\x00", "model_converter"},
		"nerfstudio cameras":  {`{"frames": [{"fl_x": 1, "w": 4, "h": 3}, {"fl_x": 2, "w": 4, "h": 3}]}`, "frames[1] has fl_x 2"},
		"nerfstudio unsized":  {`{"fl_x": 500, "frames": []}`, "w or h is missing"},
		"nerfstudio k4":       {`{"fl_x": 500, "w": 640, "h": 480, "k4": 0.1}`, "k4"},
		"other keys":          {"sensor: a\nfocus: 3\n", "focus, sensor"},
		"XML of something":    {"<html><p>not found</p></html>", "html"},
	} {
		t.Run(name, func(t *testing.T) {
			l, err := parseCamera([]byte(tt.text))
			if err == nil || !strings.Contains(err.Error(), tt.fails) {
				t.Errorf("%+v, error %v, want one of %q", l, err, tt.fails)
			}
		})
	}
}

// How long a rolling shutter takes is read in the words of several programs, and
// refused where no picture is read so slowly.
func TestReadout(t *testing.T) {
	const pinhole = "Camera.fx: 500\nCamera.fy: 500\nCamera.cx: 320\nCamera.cy: 240\nCamera.width: 640\nCamera.height: 480\n"
	for text, want := range map[string]float64{
		pinhole: 0, pinhole + "Camera.rolling_shutter_ms: 20\n": .02,
		pinhole + "rolling_shutter: 1\nrolling_shutter_tr: .03\n": .03, pinhole + "rolling_shutter: 0\nrolling_shutter_tr: .03\n": 0,
		"cam0:\n  camera_model: pinhole\n  distortion_model: none\n  distortion_coeffs: []\n  intrinsics: [500, 500, 320, 240]\n  resolution: [640, 480]\n  line_delay: 3.0e-05\n": .0144,
	} {
		l, err := parseCamera([]byte(text))
		if err != nil || math.Abs(l.readoutS-want) > 1e-9 || len(l.notes) > 0 {
			t.Errorf("%q: %+v, %v, want %g s", text, l, err, want)
		}
	}
	for _, text := range []string{"Camera.rolling_shutter_ms: 2000\n", "Camera.rolling_shutter_ms: -1\n", "line_delay: .001\n"} {
		if _, err := parseCamera([]byte(pinhole + text)); err == nil || !strings.Contains(err.Error(), strings.Split(text, ":")[0]) {
			t.Errorf("%q: error %v", text, err)
		}
	}
	ms := .025
	if l, err := resolveLens(plainDisplay(640, 480), Options{Fx: 500, ReadoutS: &ms}, &lens{fps: 30, readoutS: .01}, &listing{}, ""); err != nil || l.readoutS != ms {
		t.Errorf("%+v, %v", l, err)
	}
	if l, err := resolveLens(plainDisplay(640, 480), Options{Fx: 500}, &lens{fps: 30, readoutS: .01}, &listing{}, ""); err != nil || l.readoutS != .01 {
		t.Errorf("%+v, %v", l, err)
	}
}

// A principal point far from the middle is told; normalised values, and those
// that lost their point, are named as what they may be.
func TestImplausibleCameras(t *testing.T) {
	l := &listing{}
	if _, err := resolveLens(plainDisplay(640, 480), Options{Fx: 500, Cx: 160, Cy: 120}, nil, l, ""); err != nil || len(l.warnings) != 1 || !strings.Contains(l.warnings[0], "another size") {
		t.Errorf("%v, %q", err, l.warnings)
	}
	for _, tt := range []struct {
		opt   Options
		fails string
	}{
		{Options{Fx: .825}, "0.825 x 640 = 528.0"},
		{Options{Fx: 1e9}, "fx = 1e+09"},
		{Options{Fx: 528123}, "528.123"},
		{Options{Fx: 500, Fy: 5}, "fy = 5"},
		{Options{Fx: 500, Cx: .5, Cy: .5}, "multiply by 640 and 480"},
	} {
		if _, err := resolveLens(plainDisplay(640, 480), tt.opt, nil, &listing{}, ""); err == nil || !strings.Contains(err.Error(), tt.fails) || !strings.Contains(err.Error(), "--fx") {
			t.Errorf("%+v: error %v, want one of %q", tt.opt, err, tt.fails)
		}
	}
	turned := lens{cam: geom.Camera{W: 1920, H: 1080, Fx: 1500, Fy: 1500, Cx: 960, Cy: 540}, from: "test"}
	if _, err := turned.fit(1080, 1920); err == nil || !strings.Contains(err.Error(), "turned by a quarter") {
		t.Errorf("turned images: %v", err)
	}
}
