package datasets

import (
	"errors"
	"fmt"

	"github.com/metricslam/metricslam/slam"
	"gocv.io/x/gocv"
)

// depthShapeTol is how far the ratio of a depth image's sides may be from
// that of the image's: the rounding of a resize.
const depthShapeTol = .02

// loadDepth reads a 16-bit depth image of scale units per metre that is
// registered to the images, at any size of the same shape. 0 and 65535 are
// unknown.
func loadDepth(path string, scale float64, rect *rectifier) (slam.DepthMap, error) {
	fail := func(err error) (slam.DepthMap, error) {
		return slam.DepthMap{}, fmt.Errorf("depth image %s: %w", path, err)
	}
	p, err := readImage(path)
	if err != nil {
		return fail(err)
	}
	raw, w, h, err := decodeDepth(p.data)
	if err != nil {
		return fail(err)
	}
	d, err := depthMap(raw, w, h, scale, rect)
	if err != nil {
		return fail(err)
	}
	return d, nil
}

// depthMap brings the values of a depth image to metres and to the camera of the
// undistorted images.
func depthMap(raw []uint16, w, h int, scale float64, rect *rectifier) (slam.DepthMap, error) {
	cam := rect.camera
	if !sameShape(cam.W, cam.H, w, h, depthShapeTol) {
		return slam.DepthMap{}, fmt.Errorf("%dx%d pixels do not cover the image of %dx%d: is it the depth of another camera?", w, h, cam.W, cam.H)
	}
	if rect.dist != nil {
		raw = gather(raw, rect.depthIndex(w, h))
	}
	depthM := make([]float32, len(raw))
	inv := 1 / scale
	for i, v := range raw {
		if v != 0xffff {
			depthM[i] = float32(float64(v) * inv)
		}
	}
	return slam.DepthMap{W: w, H: h, Camera: cam.Resized(w, h), Depth: depthM, Source: "sensor"}, nil
}

// decodeDepth returns the values of a 16-bit grey image.
func decodeDepth(data []byte) (raw []uint16, w, h int, err error) {
	if _, _, err := checkImage(data); err != nil {
		return nil, 0, 0, err
	}
	m, err := gocv.IMDecode(data, gocv.IMReadUnchanged)
	if err != nil {
		return nil, 0, 0, err
	}
	defer m.Close()
	if m.Empty() {
		return nil, 0, 0, errors.New("the image is damaged")
	}
	if m.Type() != gocv.MatTypeCV16UC1 {
		return nil, 0, 0, errors.New("is not 16-bit grey, as depth must be")
	}
	p, err := m.DataPtrUint16()
	if err != nil {
		return nil, 0, 0, err
	}
	w, h = m.Cols(), m.Rows()
	if len(p) < w*h {
		return nil, 0, 0, fmt.Errorf("OpenCV holds %d values for %dx%d pixels", len(p), w, h)
	}
	return append([]uint16(nil), p[:w*h]...), w, h, nil
}

// gather returns the values at the indices, 0 for those that are negative.
func gather(raw []uint16, index []int32) []uint16 {
	out := make([]uint16, len(index))
	for i, j := range index {
		if j >= 0 {
			out[i] = raw[j]
		}
	}
	return out
}
