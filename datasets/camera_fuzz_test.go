package datasets

import (
	"github.com/metricslam/metricslam/internal/fuzzbound"
	"math"
	"testing"
)

// Whatever a camera file holds, reading it gives an error or a camera whose numbers
// are finite, and whose distortion can be evaluated.
func FuzzCameraFile(f *testing.F) {
	for _, text := range []string{
		openCVFile, orbSLAM3File, orbSLAM2File,
		"Camera:\n  model: fisheye\n  fx: 400\n  fy: 400\n  cx: 320\n  cy: 240\n  k1: .1\n  cols: 640\n  rows: 480\n",
		"cam0:\n  camera_model: omni\n  distortion_model: radtan\n  distortion_coeffs: [0, 0, 0, 0]\n  intrinsics: [1, 500, 500, 320, 240]\n  resolution: [640, 480]\n  line_delay: 1e-5\n",
		"model_type: KANNALA_BRANDT\nprojection_parameters:\n  k2: .1\n  mu: 400\n  mv: 400\n  u0: 320\n  v0: 240\n",
		"1 FOV 640 480 400 400 320 240 .9\n",
		`{"fl_x": 400, "w": 640, "h": 480, "frames": [{"k1": 0.1}]}`,
		"<?xml version=\"1.0\"?><opencv_storage><camera_matrix type_id=\"opencv-matrix\"><data>1 0 2 0 1 2 0 0 1</data></camera_matrix></opencv_storage>",
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		defer fuzzbound.Check(t)()
		l, err := parseCamera(data)
		if err != nil {
			return
		}
		c := l.cam
		for _, x := range append([]float64{c.Fx, c.Fy, c.Cx, c.Cy, l.fps, l.depthScale, l.readoutS}, l.coeffs...) {
			if math.IsNaN(x) {
				t.Fatalf("%+v", l)
			}
		}
		fitted, err := l.fit(64, 48)
		if err != nil {
			return
		}
		if d := fitted.distorter(); d != nil {
			pinholeFor(fitted.cam, d)
		}
	})
}
