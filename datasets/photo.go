package datasets

import (
	"fmt"

	"github.com/metricslam/metricslam/slam"
	"gocv.io/x/gocv"
)

// LoadPhoto decodes one image file as colour (a grey one is spread over the
// three channels), turned upright as its EXIF orientation says, with what EXIF
// knows of its camera. Lens distortion is not known and stays. The error names
// the file.
func LoadPhoto(file string) (slam.RGB, PhotoCamera, error) {
	fail := func(err error) (slam.RGB, PhotoCamera, error) {
		return slam.RGB{}, PhotoCamera{}, fmt.Errorf("image %s: %w", file, err)
	}
	p, err := readImage(file)
	if err != nil {
		return fail(err)
	}
	w, h, err := checkImage(p.data)
	if err != nil {
		return fail(err)
	}
	camera := cameraFromEXIF(p, w, h)
	m, err := decodeAs(p.data, gocv.IMReadColor|gocv.IMReadIgnoreOrientation)
	if err != nil {
		return fail(err)
	}
	defer m.Close()
	upright(&m, camera.Orientation)
	_, rgb, err := fromMat(m)
	if err != nil {
		return fail(err)
	}
	return rgb, camera, nil
}

// photoDisplay is how a photograph that has w x h pixels upright is stored.
func photoDisplay(w, h int, file string) display {
	d := plainDisplay(w, h)
	if d.orientation = CameraFromEXIF(file).Orientation; d.orientation >= 5 {
		d.storedW, d.storedH, d.squareW, d.squareH = h, w, h, w
	}
	return d
}

// upright turns a stored image as EXIF's orientation 1 to 8 demands.
func upright(m *gocv.Mat, orientation int) {
	const vertical, horizontal = 0, 1
	rotate := map[int]gocv.RotateFlag{
		3: gocv.Rotate180Clockwise, 5: gocv.Rotate90Clockwise, 6: gocv.Rotate90Clockwise,
		7: gocv.Rotate90CounterClockwise, 8: gocv.Rotate90CounterClockwise,
	}
	if r, ok := rotate[orientation]; ok {
		out := gocv.NewMat()
		gocv.Rotate(*m, &out, r)
		m.Close()
		*m = out
	}
	switch orientation {
	case 2, 5, 7:
		gocv.Flip(*m, m, horizontal)
	case 4:
		gocv.Flip(*m, m, vertical)
	}
}
