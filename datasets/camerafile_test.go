package datasets

import (
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/metricslam/metricslam/geom"
)

const openCVFile = `%YAML:1.0
---
calibration_time: "Tue 24 Nov 2026"
image_width: 1280
image_height: 720
camera_matrix: !!opencv-matrix
   rows: 3
   cols: 3
   dt: d
   data: [ 9.1e+02, 0., 6.395e+02, 0., 9.12e+02,
       3.595e+02, 0., 0., 1. ]
distortion_coefficients: !!opencv-matrix
   rows: 1
   cols: 5
   dt: d
   data: [ -2.8e-01, 7.3e-02, 1.9e-04, 1.7e-05, 0. ]
avg_reprojection_error: 2.1e-01
`

const orbSLAM3File = `%YAML:1.0

#--------------------------------------------------------------------------
# Camera Parameters
File.version: "1.0"

Camera.type: "KannalaBrandt8"

Camera1.fx: 190.97
Camera1.fy: 190.97
Camera1.cx: 254.93
Camera1.cy: 256.89
Camera1.k1: 0.0034823894022493434
Camera1.k2: 0.0007150348452162257
Camera1.k3: -0.0020532361418706202
Camera1.k4: 0.00020293673591811182

Camera.width: 512
Camera.height: 512
Camera.fps: 20
RGBD.DepthMapFactor: 5208.
T_c1_c2: !!opencv-matrix
  rows: 2
  cols: 2
  dt: f
  data: [1.0, 0, 0,
         1.0]
`

const orbSLAM2File = "%YAML:1.0\n\nCamera.fx: 517.3\nCamera.fy: 516.5\nCamera.cx: 318.6\nCamera.cy: 255.3\nCamera.k1: .26\nCamera.k2: -.95\nCamera.p1: -.005\nCamera.p2: .0026\nCamera.k3: 1.16\nCamera.fps: 30.\nCamera.bf: 40.0\nDepthMapFactor: 5000.0\n"

func TestReadCameraFile(t *testing.T) {
	tests := map[string]struct {
		text  string
		want  lens
		fails string
	}{
		"OpenCV": {text: openCVFile, want: lens{cam: geom.Camera{W: 1280, H: 720, Fx: 910, Fy: 912, Cx: 639.5, Cy: 359.5},
			model: modelRadTan, coeffs: []float64{-.28, .073, .00019, .000017, 0}}},
		"ORB-SLAM3": {text: orbSLAM3File, want: lens{cam: geom.Camera{W: 512, H: 512, Fx: 190.97, Fy: 190.97, Cx: 254.93, Cy: 256.89},
			model: modelFisheye, coeffs: []float64{0.0034823894022493434, 0.0007150348452162257, -0.0020532361418706202, 0.00020293673591811182}, fps: 20, depthScale: 5208}},
		"ORB-SLAM2": {text: orbSLAM2File, want: lens{cam: geom.Camera{Fx: 517.3, Fy: 516.5, Cx: 318.6, Cy: 255.3},
			model: modelRadTan, coeffs: []float64{.26, -.95, -.005, .0026, 1.16}, fps: 30, depthScale: 5000}},
		"EuRoC": {text: "rate_hz: 20\nresolution: [752, 480]\ncamera_model: pinhole\nintrinsics: [458., 457., 367., 248.]\ndistortion_model: equidistant\ndistortion_coefficients: [.1, .2, .3, .4]\n",
			want: lens{cam: geom.Camera{W: 752, H: 480, Fx: 458, Fy: 457, Cx: 367, Cy: 248}, model: modelFisheye, coeffs: []float64{.1, .2, .3, .4}, fps: 20}},
		"ROS": {text: "image_width: 640\nimage_height: 480\ncamera_name: a\ncamera_matrix:\n  rows: 3\n  cols: 3\n  data: [500, 0, 320, 0, 501, 240, 0, 0, 1]\ndistortion_model: plumb_bob\ndistortion_coefficients:\n  rows: 1\n  cols: 5\n  data: [0, 0, 0, 0, 0]\n",
			want: lens{cam: geom.Camera{W: 640, H: 480, Fx: 500, Fy: 501, Cx: 320, Cy: 240}, model: modelRadTan, coeffs: make([]float64, 5)}},
		"plain":          {text: "fx: 5\nfy: 6\ncx: 3\ncy: 2\nwidth: 8\nheight: 5\n", want: lens{cam: geom.Camera{W: 8, H: 5, Fx: 5, Fy: 6, Cx: 3, Cy: 2}, model: modelRadTan, coeffs: make([]float64, 5)}},
		"rate only":      {text: "Camera.fps: 12\nDepthMapFactor: .001\n", want: lens{fps: 12, depthScale: 1000}},
		"rectified":      {text: "Camera.type: Rectified\nCamera1.fx: 5\nCamera1.fy: 6\nCamera1.cx: 3\nCamera1.cy: 2\n", want: lens{cam: geom.Camera{Fx: 5, Fy: 6, Cx: 3, Cy: 2}}},
		"missing key":    {text: "Camera.fx: 5\nCamera.fy: 6\nCamera.cx: 7\n", fails: "Camera.cy"},
		"no number":      {text: "Camera.fx: wide\n", fails: "Camera.fx: wide"},
		"not finite":     {text: "Camera.fx: .nan\nCamera.fy: 6\nCamera.cx: 7\nCamera.cy: 1\n", fails: "Camera.fx"},
		"no YAML":        {text: "Camera.fx: [1, 2\n", fails: "["},
		"short matrix":   {text: "camera_matrix: [1, 2, 3]\n", fails: "3 values, want 9"},
		"rational":       {text: "camera_matrix: [[5,0,3],[0,6,2],[0,0,1]]\ndistortion_coefficients: [1, 2, 3, 4, 5, 6, 7, 8]\n", fails: "first five"},
		"six":            {text: "camera_matrix: [[5,0,3],[0,6,2],[0,0,1]]\ndistortion_coefficients: [1, 2, 3, 4, 5, 6]\n", fails: "6 coefficients"},
		"fisheye of two": {text: "camera_matrix: [[5,0,3],[0,6,2],[0,0,1]]\ndistortion_model: fisheye\ndistortion_coefficients: [1, 2]\n", fails: "4 coefficients"},
		"omni of four":   {text: "camera_model: omni\nintrinsics: [5, 6, 3, 2]\n", fails: "want xi fu fv cu cv"},
		"scale":          {text: "DepthMapFactor: 0\n", fails: "must be positive"},
		"size":           {text: "fx: 5\nfy: 6\ncx: 3\ncy: 2\nwidth: 8.5\n", fails: "width is 8.5"},
		"not a map":      {text: "- 1\n- 2\n", fails: "camera.yaml"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "camera.yaml")
			if err := os.WriteFile(path, []byte(tt.text), 0o644); err != nil {
				t.Fatal(err)
			}
			got, err := readCameraFile(path)
			if tt.fails != "" {
				if err == nil || !strings.Contains(err.Error(), tt.fails) || !strings.Contains(err.Error(), path) {
					t.Errorf("error %v, want one with %q and the file", err, tt.fails)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			w := tt.want
			if got.cam != w.cam || got.model != w.model || !slices.Equal(got.coeffs, w.coeffs) || got.fps != w.fps || got.depthScale != w.depthScale {
				t.Errorf("got %+v, want %+v", *got, w)
			}
		})
	}
}

// A calibration for images of another size is scaled, and refused for images
// of another shape.
func TestLensFit(t *testing.T) {
	l := lens{cam: geom.Camera{W: 1280, H: 960, Fx: 1000, Fy: 1002, Cx: 639.5, Cy: 479.5}, from: "test"}
	half, err := l.fit(640, 480)
	if err != nil || half.cam.Fx != 500 || math.Abs(half.cam.Cx-319.5) > 1e-9 || !strings.Contains(half.from, "scaled from 1280x960") {
		t.Errorf("%+v, %v", half, err)
	}
	if _, err := l.fit(1280, 720); err == nil || !strings.Contains(err.Error(), "1280x960") || !strings.Contains(err.Error(), "1280x720") {
		t.Errorf("error %v", err)
	}
	if _, err := l.fit(1241, 930); err != nil {
		t.Errorf("rounding of a resize: %v", err)
	}
	for _, bad := range []geom.Camera{{Fx: 0, Fy: 1, Cx: 3, Cy: 3}, {Fx: -5, Fy: 5, Cx: 3, Cy: 3}, {Fx: 5, Fy: 5, Cx: 300, Cy: 3}, {Fx: math.NaN(), Fy: 1, Cx: 1, Cy: 1},
		{Fx: .825, Fy: 1.1, Cx: 31.5, Cy: 23.5}, {Fx: 1e9, Fy: 1e9, Cx: 31.5, Cy: 23.5}, {Fx: 60, Fy: 6, Cx: 31.5, Cy: 23.5}, {Fx: 60, Fy: 60, Cx: .5, Cy: .5}} {
		if _, err := (lens{cam: bad}).fit(64, 48); err == nil {
			t.Errorf("%+v is taken", bad)
		}
	}
}

// What the user says comes before camera.yaml, that before the data's own, that
// before defaults, and those before a guess.
func TestIntrinsicsPrecedence(t *testing.T) {
	cam := func(f float64) geom.Camera { return geom.Camera{W: 64, H: 48, Fx: f, Fy: f, Cx: 32, Cy: 24} }
	file := &lens{cam: cam(41), from: "file"}
	l := &listing{own: &lens{cam: cam(42), from: "own"}, defaults: &lens{cam: cam(43), from: "default"}}
	guess := math.Sqrt(64 * 48)
	for _, tt := range []struct {
		opt  Options
		file *lens
		l    *listing
		fx   float64
	}{
		{Options{Fx: 49}, file, l, 49},
		{Options{FOVRad: math.Pi / 2}, file, l, 32},
		{Options{}, file, l, 41},
		{Options{}, &lens{fps: 5}, l, 42},
		{Options{}, nil, l, 42},
		{Options{}, nil, &listing{defaults: l.defaults}, 43},
		{Options{}, nil, &listing{defaults: &lens{cam: geom.Camera{W: 640, H: 200, Fx: 3, Fy: 3, Cx: 1, Cy: 1}}}, guess},
		{Options{}, nil, &listing{}, guess},
	} {
		got, err := resolveLens(plainDisplay(64, 48), tt.opt, tt.file, tt.l, "")
		if err != nil || math.Abs(got.cam.Fx-tt.fx) > 1e-9 {
			t.Errorf("%+v: fx %g from %s, %v; want %g", tt.opt, got.cam.Fx, got.from, err, tt.fx)
		}
	}
}

// What no lens and no shutter does is refused: coefficients of another model or unit,
// seconds for milliseconds.
func TestImplausibleLens(t *testing.T) {
	const head = "Camera.fx: 528\nCamera.fy: 528\nCamera.cx: 320\nCamera.cy: 240\n"
	const fisheye = "Camera.type: KannalaBrandt8\n" + head
	for text, want := range map[string]string{
		head + "Camera.k1: 12\n": "no lens does", head + "Camera.k1: -.35\n": "", head + "Camera.k1: .2\n": "",
		fisheye + "Camera.k1: .5\nCamera.k2: 100\nCamera.k3: 0\nCamera.k4: 0\n":  "no lens does",
		fisheye + "Camera.k1: .1\nCamera.k2: -.05\nCamera.k3: 0\nCamera.k4: 0\n": "",
		head + "Camera.rolling_shutter_ms: .02\n":                                "give 20", head + "Camera.rolling_shutter_ms: 2e4\n": "10 to 30", head + "Camera.rolling_shutter_ms: 20\n": "",
	} {
		l, err := parseCamera([]byte(text))
		if err == nil {
			_, err = l.fit(640, 480)
		}
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want an error with %q", text, err, want)
		}
	}
}

// Files of nothing but numbers are a camera matrix, or a row as DROID-SLAM has it.
func TestBareNumbers(t *testing.T) {
	for text, k1 := range map[string]float64{
		"528 0 320\n0 527 240\n0 0 1\n": 0, "528, 0, 320\r\n0, 527, 240\r\n0, 0, 1\r\n": 0,
		"528 0 320 0\n0 527 240 0\n0 0 1 0\n0 0 0 1\n": 0, "# fx fy cx cy\n528 527 320 240\n": 0, "528 527 320 240 -.1 0 0 0 .01\n": -.1,
	} {
		l, err := parseCamera([]byte(text))
		if err != nil {
			t.Errorf("%q: %v", text, err)
			continue
		}
		if c := l.cam; c.Fx != 528 || c.Fy != 527 || c.Cx != 320 || c.Cy != 240 || k1 != 0 && l.coeffs[0] != k1 {
			t.Errorf("%q: %+v, %v", text, c, l.coeffs)
		}
	}
	for text, want := range map[string]string{"1 2 3\n": "neither", "528 0 0\n0 528 0\n320 240 1\n": "last row", "528 0 320\n0 528\n0 0 1\n": "row 2 has 2"} {
		if _, err := parseCamera([]byte(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want an error with %q", text, err, want)
		}
	}
}
