// Package depthio reads and writes depth images: 16-bit PNG and NPY.
package depthio

import (
	"bufio"
	"errors"
	"fmt"
	"image"
	"image/png"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/metricslam/metricslam/internal/atomicfile"
)

// Image is depth in metres as a file holds it: rows without padding, 0 where
// unknown.
type Image struct {
	W, H  int
	Depth []float32
}

// maxPixels bounds what a header may make us allocate: 100 megapixels.
const maxPixels = 100e6

// Read reads a .png or .npy file; scale is units per metre, 0 for 1000 where
// the file holds integers and 1 where it holds floats. Negative, NaN and
// infinite values become 0.
func Read(path string, scale float64) (Image, error) {
	var p Image
	var err error
	switch strings.ToLower(filepath.Ext(path)) {
	case ".png":
		p, err = readPNG(path, scale)
	case ".npy":
		p, err = readNPY(path, scale)
	default:
		err = errors.New("neither .png nor .npy")
	}
	if err != nil {
		return Image{}, fmt.Errorf("depth image %s: %w", path, err)
	}
	return p, nil
}

func readPNG(path string, scale float64) (Image, error) {
	f, err := os.Open(path)
	if err != nil {
		return Image{}, err
	}
	defer f.Close()
	cfg, err := png.DecodeConfig(bufio.NewReader(f))
	if err != nil {
		return Image{}, err
	}
	if cfg.Width*cfg.Height > maxPixels {
		return Image{}, fmt.Errorf("%dx%d pixels are more than %d million", cfg.Width, cfg.Height, int(maxPixels/1e6))
	}
	if _, err := f.Seek(0, 0); err != nil {
		return Image{}, err
	}
	img, err := png.Decode(bufio.NewReader(f))
	if err != nil {
		return Image{}, err
	}
	g, ok := img.(*image.Gray16)
	if !ok {
		return Image{}, fmt.Errorf("holds %s, not 16-bit grey: depth needs 16 bits a pixel", kindOf(img))
	}
	if scale == 0 {
		scale = 1000
	}
	w, h := g.Rect.Dx(), g.Rect.Dy()
	p := Image{W: w, H: h, Depth: make([]float32, w*h)}
	inv := 1 / scale
	for y := range h {
		row, out := g.Pix[y*g.Stride:], p.Depth[y*w:(y+1)*w]
		for x := range out {
			out[x] = float32(float64(uint16(row[2*x])<<8|uint16(row[2*x+1])) * inv)
		}
	}
	return p, nil
}

func kindOf(img image.Image) string {
	switch img.(type) {
	case *image.Gray:
		return "8-bit grey"
	case *image.Paletted:
		return "a palette"
	default:
		return "colour"
	}
}

// WritePNG writes depth as a 16-bit PNG of scale units per metre, rounded; what
// 16 bits cannot hold (65.5 m in millimetres) is unknown, 0.
func WritePNG(path string, p Image, scale float64) error {
	img := image.NewGray16(image.Rect(0, 0, p.W, p.H))
	for i, z := range p.Depth {
		v := float64(z)*scale + .5
		if !(v > 0 && v < 65536) {
			v = 0
		}
		img.Pix[2*i], img.Pix[2*i+1] = uint8(uint16(v)>>8), uint8(uint16(v))
	}
	return atomicfile.Write(path, func(w io.Writer) error {
		enc := png.Encoder{CompressionLevel: png.BestSpeed}
		return enc.Encode(w, img)
	})
}
