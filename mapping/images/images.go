package images

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"image"
	"image/jpeg"
	"math"

	"github.com/metricslam/metricslam/mapping/recognition"
	"github.com/metricslam/metricslam/slam"
)

// Images are those of one keyframe. They are not to be changed.
type Images struct {
	Gray      slam.Gray // full size, for matching
	Depth     Depth     // as its source gave it
	Color     Color
	Keypoints Keypoints
}

// bytes is what the images take in memory while they lie decoded.
func (im *Images) bytes() int {
	return len(im.Gray.Pix) + len(im.Color.rgb.Pix) + 2*len(im.Depth.code) + len(im.Depth.std)
}

// Color is a colour image, decoded or as JPEG.
type Color struct {
	W, H int
	rgb  slam.RGB
	jpeg piece // of quality jpegQuality; empty while it was not packed yet
}

// NewColor takes a colour image, averaged down to maxWidth.
func NewColor(c slam.RGB) Color {
	c = shrinkColor(c)
	return Color{W: c.W, H: c.H, rgb: c}
}

// Empty reports whether there is no image.
func (c Color) Empty() bool { return c.W == 0 || c.H == 0 }

// RGB returns the decoded image.
func (c Color) RGB() (slam.RGB, error) {
	if c.Empty() || !c.rgb.Empty() {
		return c.rgb, nil
	}
	data, err := c.jpeg.read()
	if err != nil {
		return slam.RGB{}, err
	}
	return decodeJPEG(c.W, c.H, data)
}

// encoded returns the image as JPEG, nil where there is none. One that is kept as
// JPEG is not encoded anew: that would blur it once more.
func (c Color) encoded() ([]byte, error) {
	switch {
	case c.Empty():
		return nil, nil
	case !c.jpeg.empty():
		return c.jpeg.read()
	}
	return encodeJPEG(c.rgb)
}

// packed returns the image without its decoded form, as JPEG in s.
func (c Color) packed(s *scratch) (Color, error) {
	if c.Empty() {
		return c, nil
	}
	if c.jpeg.empty() {
		data, err := encodeJPEG(c.rgb)
		if err != nil {
			return c, err
		}
		c.jpeg = piece{data: data}
	}
	return Color{W: c.W, H: c.H, jpeg: s.move(c.jpeg)}, nil
}

func encodeJPEG(c slam.RGB) ([]byte, error) {
	img := image.NewRGBA(image.Rect(0, 0, c.W, c.H))
	for i := range c.W * c.H {
		copy(img.Pix[4*i:], c.Pix[3*i:3*i+3])
		img.Pix[4*i+3] = 255
	}
	var b bytes.Buffer
	err := jpeg.Encode(&b, img, &jpeg.Options{Quality: jpegQuality})
	return b.Bytes(), err
}

// decodeJPEG unpacks an image that must be of w x h pixels.
func decodeJPEG(w, h int, data []byte) (slam.RGB, error) {
	cfg, err := jpeg.DecodeConfig(bytes.NewReader(data))
	if err != nil {
		return slam.RGB{}, fmt.Errorf("colour: %w", err)
	}
	if cfg.Width != w || cfg.Height != h {
		return slam.RGB{}, fmt.Errorf("colour of %dx%d, want %dx%d", cfg.Width, cfg.Height, w, h)
	}
	img, err := jpeg.Decode(bytes.NewReader(data))
	if err != nil {
		return slam.RGB{}, fmt.Errorf("colour: %w", err)
	}
	out := slam.NewRGB(w, h)
	for y := range h {
		for x := range w {
			r, g, b, _ := img.At(x, y).RGBA()
			i := 3 * (y*w + x)
			out.Pix[i], out.Pix[i+1], out.Pix[i+2] = uint8(r>>8), uint8(g>>8), uint8(b>>8)
		}
	}
	return out, nil
}

// shrinkColor averages a colour image down to maxWidth.
func shrinkColor(c slam.RGB) slam.RGB {
	if c.Empty() {
		return c
	}
	k := subsampling(c.W)
	out := slam.NewRGB(c.W/k, c.H/k)
	for y := range out.H {
		for x := range out.W {
			for ch := range 3 {
				var sum int
				for dy := range k {
					for dx := range k {
						sum += int(c.Pix[3*((y*k+dy)*c.W+x*k+dx)+ch])
					}
				}
				out.Pix[3*(y*out.W+x)+ch] = uint8(sum / (k * k))
			}
		}
	}
	return out
}

// Keypoints are the ORB features by which a place is recognised.
type Keypoints struct {
	list  []recognition.Keypoint
	bytes piece // the same, where they are not in memory
}

// NewKeypoints takes keypoints.
func NewKeypoints(list []recognition.Keypoint) Keypoints { return Keypoints{list: list} }

// keypointBytes is the size of a packed keypoint.
const keypointBytes = 16 + len(slam.Descriptor{})

// All returns the keypoints, strongest first.
func (k Keypoints) All() ([]recognition.Keypoint, error) {
	if k.bytes.empty() {
		return k.list, nil
	}
	data, err := k.bytes.read()
	if err != nil {
		return nil, err
	}
	out := make([]recognition.Keypoint, len(data)/keypointBytes)
	for i := range out {
		b := data[keypointBytes*i:]
		out[i].Pixel.X = math.Float64frombits(binary.LittleEndian.Uint64(b))
		out[i].Pixel.Y = math.Float64frombits(binary.LittleEndian.Uint64(b[8:]))
		copy(out[i].Desc[:], b[16:])
	}
	return out, nil
}

// packed returns the keypoints in the scratch file, where there is one.
func (k Keypoints) packed(s *scratch) Keypoints {
	if !s.onDisk() || len(k.list) == 0 {
		return k
	}
	data := make([]byte, 0, keypointBytes*len(k.list))
	for i := range k.list {
		p := &k.list[i]
		data = binary.LittleEndian.AppendUint64(data, math.Float64bits(p.Pixel.X))
		data = binary.LittleEndian.AppendUint64(data, math.Float64bits(p.Pixel.Y))
		data = append(data, p.Desc[:]...)
	}
	return Keypoints{bytes: s.move(piece{data: data})}
}
