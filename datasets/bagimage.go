package datasets

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/metricslam/metricslam/bag/rosmsg"
	"github.com/metricslam/metricslam/geom"
	"gocv.io/x/gocv"
)

// bagImage is a message with an image, not yet decoded.
type bagImage struct {
	header   rosmsg.Header
	w, h     int
	encoding string // of pixels, or the format of a file
	file     []byte // a JPEG or PNG; nil for pixels
	pixels   rosmsg.Image
}

// The head of images of compressed_depth_image_transport before their PNG.
const compressedDepthHead = 12

// image reads the message of an image and what it says of itself.
func (b *bag) image(t bagTopic, m bagMessage) (p bagImage, err error) {
	data, err := b.data(m)
	if err != nil {
		return p, err
	}
	if t.kind == rosmsg.TypeImage {
		if p.pixels, err = rosmsg.DecodeImage(t.encoding, data); err != nil {
			return p, err
		}
		p.header, p.w, p.h, p.encoding = p.pixels.Header, p.pixels.W, p.pixels.H, p.pixels.Encoding
		return p, p.checkPixels()
	}
	c, err := rosmsg.DecodeCompressedImage(t.encoding, data)
	if err != nil {
		return p, err
	}
	p.header, p.encoding, p.file = c.Header, c.Format, c.Data
	if strings.Contains(c.Format, "compressedDepth") && len(p.file) > compressedDepthHead {
		p.file = p.file[compressedDepthHead:]
	}
	p.w, p.h, err = checkImage(p.file)
	return p, err
}

// pixelBytes are the bytes a pixel of the encodings that are read.
var pixelBytes = map[string]int{
	"mono8": 1, "8UC1": 1, "rgb8": 3, "bgr8": 3, "8UC3": 3, "rgba8": 4, "bgra8": 4, "8UC4": 4,
	"bayer_rggb8": 1, "bayer_bggr8": 1, "bayer_gbrg8": 1, "bayer_grbg8": 1,
	"yuv422": 2, "uyvy": 2, "yuv422_yuy2": 2, "yuyv": 2,
	"16UC1": 2, "mono16": 2, "32FC1": 4,
}

// toBGR are the conversions to OpenCV's order. OpenCV names a Bayer pattern by its
// second row.
var toBGR = map[string]gocv.ColorConversionCode{
	"rgb8": gocv.ColorBGRToRGB, "rgba8": gocv.ColorRGBAToBGR, "bgra8": gocv.ColorBGRAToBGR, "8UC4": gocv.ColorBGRAToBGR,
	"yuv422": gocv.ColorYUVToBGRUYVY, "uyvy": gocv.ColorYUVToBGRUYVY, "yuv422_yuy2": gocv.ColorYUVToBGRYUY2, "yuyv": gocv.ColorYUVToBGRYUY2,
	"bayer_rggb8": gocv.ColorBayerBGToBGR, "bayer_bggr8": gocv.ColorBayerRGToBGR, "bayer_gbrg8": gocv.ColorBayerGRToBGR, "bayer_grbg8": gocv.ColorBayerGBToBGR,
}

// checkPixels refuses what is not read and what its own numbers contradict.
func (p *bagImage) checkPixels() error {
	n, ok := pixelBytes[p.encoding]
	if !ok {
		return fmt.Errorf("pixels of encoding %q are not read; known are mono8, rgb8, bgr8, rgba8, bgra8, yuv422, bayer_*8, and 16UC1 and 32FC1 for depth", p.encoding)
	}
	if p.w < 1 || p.h < 1 || p.w > maxSide || p.h > maxSide || p.w*p.h > maxPixels {
		return fmt.Errorf("images of %dx%d pixels are not supported", p.w, p.h)
	}
	if p.pixels.Step < n*p.w || len(p.pixels.Data) < p.pixels.Step*(p.h-1)+n*p.w {
		return fmt.Errorf("%d bytes in rows of %d for %dx%d pixels of %s: the message is damaged", len(p.pixels.Data), p.pixels.Step, p.w, p.h, p.encoding)
	}
	return nil
}

func (p *bagImage) isDepth() bool {
	if p.file != nil {
		return strings.Contains(p.encoding, "compressedDepth") || strings.HasPrefix(p.encoding, "16UC1")
	}
	return slices.Contains([]string{"16UC1", "mono16", "32FC1"}, p.encoding)
}

// rows returns the pixels without padding.
func (p *bagImage) rows() []byte {
	n := pixelBytes[p.encoding] * p.w
	if p.pixels.Step == n {
		return p.pixels.Data[:n*p.h]
	}
	out := make([]byte, 0, n*p.h)
	for y := range p.h {
		out = append(out, p.pixels.Data[y*p.pixels.Step:y*p.pixels.Step+n]...)
	}
	return out
}

// decode returns 8-bit grey or colour, blue first. The caller closes it.
func (p *bagImage) decode() (gocv.Mat, error) {
	if p.isDepth() {
		return gocv.Mat{}, fmt.Errorf("an image of %s, which is depth, among those of a camera", p.encoding)
	}
	if p.file != nil {
		return decodeAs(p.file, gocv.IMReadAnyColor|gocv.IMReadIgnoreOrientation)
	}
	kinds := map[int]gocv.MatType{1: gocv.MatTypeCV8UC1, 2: gocv.MatTypeCV8UC2, 3: gocv.MatTypeCV8UC3, 4: gocv.MatTypeCV8UC4}
	m, err := gocv.NewMatFromBytes(p.h, p.w, kinds[pixelBytes[p.encoding]], p.rows())
	if err != nil {
		return gocv.Mat{}, err
	}
	defer m.Close()
	code, convert := toBGR[p.encoding]
	if !convert {
		return m.Clone(), nil
	}
	if strings.HasPrefix(p.encoding, "bayer") && (p.w < 4 || p.h < 4) {
		return gocv.Mat{}, errors.New("a Bayer pattern of less than 4x4 pixels")
	}
	if pixelBytes[p.encoding] == 2 && p.w%2 != 0 {
		return gocv.Mat{}, fmt.Errorf("%s of an odd width, %d pixels", p.encoding, p.w)
	}
	out := gocv.NewMat()
	gocv.CvtColor(m, &out, code)
	return out, nil
}

// depth returns 16-bit values; metres of 32FC1 become millimetres.
func (p *bagImage) depth() ([]uint16, error) {
	if p.file != nil {
		raw, _, _, err := decodeDepth(p.file)
		return raw, err
	}
	order := binary.ByteOrder(binary.LittleEndian)
	if p.pixels.BigEndian {
		order = binary.BigEndian
	}
	rows := p.rows()
	out := make([]uint16, p.w*p.h)
	for i := range out {
		if p.encoding != "32FC1" {
			out[i] = order.Uint16(rows[2*i:])
			continue
		}
		if mm := float64(math.Float32frombits(order.Uint32(rows[4*i:]))) * 1000; mm > 0 && mm < math.MaxUint16 {
			out[i] = uint16(math.Round(mm))
		}
	}
	return out, nil
}

// cameraInfo is the calibration that lies beside the images: the topic
// camera_info next to theirs, else the one of the same frame. nil where there is
// none.
func (b *bag) cameraInfo(p bagImage, l *listing) (*lens, error) {
	name := strings.TrimSuffix(b.topic.name, "/compressed")
	sibling := name[:strings.LastIndex(name, "/")+1] + "camera_info"
	var found *rosmsg.CameraInfo
	var from string
	for _, t := range b.topics(rosmsg.TypeCameraInfo) {
		all := b.messages(t)
		if len(all) == 0 {
			continue
		}
		data, err := b.data(all[0])
		if err != nil {
			return nil, err
		}
		info, err := rosmsg.DecodeCameraInfo(t.encoding, data)
		if err != nil {
			return nil, fmt.Errorf("topic %s: %w", t.name, err)
		}
		if t.name == sibling || found == nil && info.Frame == p.header.Frame {
			found, from = &info, t.name
		}
	}
	if found == nil || found.K[0] == 0 {
		l.warn("no camera_info belongs to %s, or it is empty: the camera was never calibrated", b.topic.name)
		return nil, nil
	}
	c := &lens{from: "topic " + from, cam: geom.Camera{W: found.W, H: found.H, Fx: found.K[0], Fy: found.K[4], Cx: found.K[2], Cy: found.K[5]}}
	if base := name[strings.LastIndex(name, "/")+1:]; strings.HasPrefix(base, "image_rect") { // rectified: P is their camera
		c.cam.Fx, c.cam.Fy, c.cam.Cx, c.cam.Cy = found.P[0], found.P[5], found.P[2], found.P[6]
		return c, nil
	}
	model, ok := modelWords[strings.ToLower(found.Model)]
	if !ok && (found.Model != "" || len(found.D) > 0) {
		return nil, fmt.Errorf("topic %s: distortion model %q is not known; give the camera with --camera", from, found.Model)
	}
	if c.model = model; model == modelRadTan || model == modelFisheye {
		c.coeffs = found.D
	}
	if err := c.setCoefficients(); err != nil {
		return nil, fmt.Errorf("topic %s: %w", from, err)
	}
	return c, nil
}
