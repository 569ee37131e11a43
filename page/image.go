package page

import (
	"bytes"
	"image"
	"image/color"
	"image/draw"
	"image/jpeg"

	xdraw "golang.org/x/image/draw"

	"github.com/metricslam/metricslam/slam"
)

const (
	// Widths in pixels and qualities of JPEG, of an image of a run that goes on and
	// of one that is saved.
	liveImageWidth, liveQuality = 360, 70
	savedWidth, savedQuality    = 640, 78
)

var trackColor = color.RGBA{40, 220, 90, 255}

// Image returns a colour image, or the grey one where that is empty, as the
// image package has it; nil where both are.
func Image(c slam.RGB, g slam.Gray) image.Image {
	switch {
	case !c.Empty():
		img := image.NewRGBA(image.Rect(0, 0, c.W, c.H))
		for i := range c.W * c.H {
			copy(img.Pix[4*i:], c.Pix[3*i:3*i+3])
			img.Pix[4*i+3] = 255
		}
		return img
	case !g.Empty():
		return &image.Gray{Pix: g.Pix, Stride: g.W, Rect: image.Rect(0, 0, g.W, g.H)}
	}
	return nil
}

// EncodeJPEG returns an image as a page shows it, no wider than savedWidth; empty
// where both are.
func EncodeJPEG(c slam.RGB, g slam.Gray) ([]byte, error) {
	img := Image(c, g)
	if img == nil {
		return nil, nil
	}
	return encode(Shrink(img, savedWidth), savedQuality)
}

func encode(img image.Image, quality int) ([]byte, error) {
	var out bytes.Buffer
	err := jpeg.Encode(&out, img, &jpeg.Options{Quality: quality})
	return out.Bytes(), err
}

// Shrink returns an image of at most a width in pixels.
func Shrink(img image.Image, width int) image.Image {
	b := img.Bounds()
	if b.Dx() <= width {
		return img
	}
	small := image.NewRGBA(image.Rect(0, 0, width, max(1, width*b.Dy()/b.Dx())))
	xdraw.ApproxBiLinear.Scale(small, small.Rect, img, b, draw.Src, nil)
	return small
}

// trackedImage is what the camera sees, with the features that are followed, as
// a small JPEG; empty without an image.
func trackedImage(s *slam.Snapshot) ([]byte, error) {
	img := Image(s.Image, s.Gray)
	if img == nil {
		return nil, nil
	}
	plain := Shrink(img, liveImageWidth)
	small := image.NewRGBA(plain.Bounds())
	draw.Draw(small, small.Rect, plain, image.Point{}, draw.Src)
	scale := float64(small.Rect.Dx()) / float64(img.Bounds().Dx())
	for _, t := range s.Tracks {
		x, y := int(scale*t.X), int(scale*t.Y)
		draw.Draw(small, image.Rect(x-1, y-1, x+2, y+2), image.NewUniform(trackColor), image.Point{}, draw.Src)
	}
	return encode(small, liveQuality)
}
