package datasets

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	_ "image/jpeg" // sizes of images, before OpenCV sees them
	_ "image/png"
	"net/http"
	"strings"

	"github.com/metricslam/metricslam/slam"
	"gocv.io/x/gocv"
	_ "golang.org/x/image/bmp"
	_ "golang.org/x/image/tiff"
	_ "golang.org/x/image/webp"
)

// Bounds of the images that are decoded: OpenCV's coordinates are 16-bit, and
// 200 megapixels are more than any camera of today's has.
const (
	maxSide   = 1<<15 - 1
	maxPixels = 200e6
)

// checkImage refuses, before OpenCV sees it, what is no image, too large, or
// cut off: OpenCV ends the process over impossible sizes, and paints the missing
// part of a truncated JPEG grey.
func checkImage(data []byte) (w, h int, err error) {
	cfg, format, err := image.DecodeConfig(bytes.NewReader(data))
	if err != nil {
		if strings.HasPrefix(http.DetectContentType(data), "video/") {
			return 0, 0, errors.New("no image but a video: take images out of it by `ffmpeg -i IN %04d.png`")
		}
		if what := looksLike(data); what != "" {
			return 0, 0, fmt.Errorf("no image: it is %s", what)
		}
		return 0, 0, fmt.Errorf("no readable image (PNG, JPEG, BMP, TIFF, WebP, PGM, PPM): %w", err)
	}
	w, h = cfg.Width, cfg.Height
	if w < 1 || h < 1 || w > maxSide || h > maxSide || w*h > maxPixels {
		return 0, 0, fmt.Errorf("images of %dx%d pixels are not supported", w, h)
	}
	if format == "jpeg" && !jpegComplete(data) || format == "png" && !bytes.Contains(data[max(0, len(data)-4096):], []byte("IEND")) ||
		format == "netpbm" && !netpbmComplete(data) {
		return 0, 0, fmt.Errorf("the %s is cut off after %d bytes", format, len(data))
	}
	return w, h, nil
}

// jpegComplete reports whether the end marker follows the image's data. The
// headers are passed by their lengths, because a thumbnail in them has an end
// marker too.
func jpegComplete(data []byte) bool {
	const startOfScan, end = 0xda, 0xd9
	for i := 2; i+4 <= len(data) && data[i] == 0xff; {
		if data[i+1] == 0xff { // padding
			i++
			continue
		}
		if data[i+1] == startOfScan {
			return bytes.LastIndex(data[i:], []byte{0xff, end}) >= 0
		}
		i += 2 + int(data[i+2])<<8 + int(data[i+3])
	}
	return false
}

// decodeImage decodes 8-bit grey or colour (blue first), turned upright as
// EXIF says. The caller closes the Mat.
func decodeImage(p encodedImage) (gocv.Mat, error) {
	if _, _, err := checkImage(p.data); err != nil {
		return gocv.Mat{}, err
	}
	flags := gocv.IMReadAnyColor
	if p.upright {
		flags |= gocv.IMReadIgnoreOrientation
	}
	return decodeAs(p.data, flags)
}

// decodeAs decodes what passed checkImage.
func decodeAs(data []byte, flags gocv.IMReadFlag) (gocv.Mat, error) {
	m, err := gocv.IMDecode(data, flags)
	if err != nil {
		return gocv.Mat{}, err
	}
	if err := checkDecoded(m); err != nil {
		m.Close()
		return gocv.Mat{}, err
	}
	return m, nil
}

// checkDecoded refuses a Mat that is not an image of 8-bit grey or colour.
func checkDecoded(m gocv.Mat) error {
	if t := m.Type(); m.Empty() || !m.IsContinuous() || t != gocv.MatTypeCV8UC1 && t != gocv.MatTypeCV8UC3 {
		return errors.New("the image is damaged")
	}
	return nil
}

// decodeFrame decodes an image, undistorted where rect is given.
func decodeFrame(p encodedImage, rect *rectifier) (slam.Gray, slam.RGB, error) {
	m, err := decodeImage(p)
	if err != nil {
		return slam.Gray{}, slam.RGB{}, err
	}
	// rect replaces m: close the one it is then.
	defer func() { m.Close() }()
	if rect != nil {
		if err := rect.apply(&m); err != nil {
			return slam.Gray{}, slam.RGB{}, err
		}
	}
	return fromMat(m)
}

// fromMat copies an image of decodeImage into Go memory: colour and grey
// (OpenCV's weights .299 .587 .114), or grey alone.
func fromMat(m gocv.Mat) (slam.Gray, slam.RGB, error) {
	w, h := m.Cols(), m.Rows()
	if m.Type() == gocv.MatTypeCV8UC1 {
		pix, err := copyMat(m, w*h)
		return slam.Gray{W: w, H: h, Pix: pix}, slam.RGB{}, err
	}
	conv := gocv.NewMat()
	defer conv.Close()
	gocv.CvtColor(m, &conv, gocv.ColorBGRToGray)
	gray, err := copyMat(conv, w*h)
	if err != nil {
		return slam.Gray{}, slam.RGB{}, err
	}
	gocv.CvtColor(m, &m, gocv.ColorBGRToRGB)
	rgb, err := copyMat(m, 3*w*h)
	return slam.Gray{W: w, H: h, Pix: gray}, slam.RGB{W: w, H: h, Pix: rgb}, err
}

// copyMat copies the n bytes of a continuous Mat.
func copyMat(m gocv.Mat, n int) ([]uint8, error) {
	p, err := m.DataPtrUint8()
	if err != nil {
		return nil, err
	}
	if len(p) != n {
		return nil, fmt.Errorf("OpenCV holds %d bytes for an image of %d", len(p), n)
	}
	return append([]uint8(nil), p...), nil
}
