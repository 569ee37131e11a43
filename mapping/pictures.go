package mapping

import (
	"bytes"
	"fmt"
	"image"
	"image/jpeg"

	"github.com/metricslam/metricslam/geom"
	"github.com/metricslam/metricslam/mapfile"
	"github.com/metricslam/metricslam/mapping/recognition"
	"github.com/metricslam/metricslam/slam"
)

// colorQuality is the JPEG quality of the colour kept in a map file, which paints
// surfaces. The grey picture, which is matched, is kept without loss, and so are
// the codes of depth.
const colorQuality = 90

// encodePictures makes the section of what never changes of a keyframe, which
// stays as it is.
func encodePictures(k *Keyframe) ([]byte, error) {
	c := *k
	c.unpack()
	var e mapfile.Encoder
	e.Ints("gray.size", []int{c.Gray.W, c.Gray.H})
	e.Bytes("gray", medResiduals(c.Gray))
	w, h, data, err := c.jpeg()
	if err != nil {
		return nil, err
	}
	e.Ints("color.size", []int{w, h})
	if data != nil {
		e.Bytes("color", data)
	}
	encodeDepth(&e, &c.Depth)
	places := k.Places()
	pixels, desc := make([]float32, 0, 2*len(places)), make([]byte, 0, 32*len(places))
	for i := range places {
		p := &places[i]
		pixels = append(pixels, float32(p.Pixel.X), float32(p.Pixel.Y))
		desc = append(desc, p.Desc[:]...)
	}
	e.Floats32("place.pixel", pixels)
	e.Bytes("place.desc", desc)
	return e.Data(), nil
}

// decodePictures fills in what encodePictures has kept; the camera is known.
func decodePictures(d *mapfile.Decoder, k *Keyframe) error {
	var err error
	if w, h, ok := takeSize(d, "gray.size"); ok {
		if w != k.Camera.W || h != k.Camera.H {
			return fmt.Errorf("a picture of %dx%d and a camera of %dx%d", w, h, k.Camera.W, k.Camera.H)
		}
		k.Gray = medPicture(w, h, d.Bytes("gray", w*h))
	} else if !k.Culled() {
		d.Fail("no picture")
	}
	if w, h, ok := takeSize(d, "color.size"); ok {
		if k.Color, err = decodeColor(w, h, d.Bytes("color", -1)); err != nil {
			return err
		}
	}
	decodeDepth(d, &k.Depth)
	desc := d.Bytes("place.desc", -1)
	pixels := d.Floats32("place.pixel", len(desc)/16)
	if d.Err() != nil {
		return d.Err()
	}
	k.Place = make([]recognition.Keypoint, len(pixels)/2)
	for i := range k.Place {
		k.Place[i].Pixel = geom.Vec2{X: float64(pixels[2*i]), Y: float64(pixels[2*i+1])}
		copy(k.Place[i].Desc[:], desc[32*i:])
		if !k.Place[i].Pixel.IsFinite() {
			return fmt.Errorf("place feature %d lies nowhere", i)
		}
	}
	return nil
}

// takeSize reads a width and a height; ok is false for none.
func takeSize(d *mapfile.Decoder, name string) (w, h int, ok bool) {
	v := d.Ints(name, 2)
	if len(v) != 2 {
		return 0, 0, false
	}
	if v[0] < 0 || v[1] < 0 || v[0] > maxSide || v[1] > maxSide {
		d.Fail("%s is %dx%d", name, v[0], v[1])
		return 0, 0, false
	}
	return v[0], v[1], v[0] > 0 && v[1] > 0
}

// medGuess predicts a pixel from those at its left, above and above left: the
// median edge detector of LOCO-I (Weinberger et al. 1996).
func medGuess(pix []uint8, i, x, y, w int) uint8 {
	switch {
	case x == 0 && y == 0:
		return 0
	case y == 0:
		return pix[i-1]
	case x == 0:
		return pix[i-w]
	}
	a, b, c := pix[i-1], pix[i-w], pix[i-w-1]
	switch {
	case c >= max(a, b):
		return min(a, b)
	case c <= min(a, b):
		return max(a, b)
	default:
		return a + b - c
	}
}

// medResiduals returns what the prediction leaves of each pixel.
func medResiduals(g slam.Gray) []byte {
	out := make([]byte, len(g.Pix))
	for y := range g.H {
		for x := range g.W {
			i := y*g.W + x
			out[i] = g.Pix[i] - medGuess(g.Pix, i, x, y, g.W)
		}
	}
	return out
}

// medPicture is the inverse; without residuals it is empty.
func medPicture(w, h int, residuals []byte) slam.Gray {
	if len(residuals) != w*h {
		return slam.Gray{}
	}
	g := slam.NewGray(w, h)
	for y := range h {
		row, r := g.Pix[y*w:(y+1)*w], residuals[y*w:(y+1)*w]
		row[0] = r[0] + medGuess(g.Pix, y*w, 0, y, w)
		if y == 0 {
			for x := 1; x < w; x++ {
				row[x] = r[x] + row[x-1]
			}
			continue
		}
		above := g.Pix[(y-1)*w : y*w]
		left, corner := row[0], above[0]
		for x := 1; x < w; x++ { // medGuess, written out: this is done for every keyframe that is opened
			up := above[x]
			low, high, guess := min(left, up), max(left, up), left+up-corner
			if corner >= high {
				guess = low
			} else if corner <= low {
				guess = high
			}
			left, corner = r[x]+guess, up
			row[x] = left
		}
	}
	return g
}

// encodeDepth adds the columns of packed depth.
func encodeDepth(e *mapfile.Encoder, p *PackedDepth) {
	e.Ints("depth.size", []int{p.W, p.H})
	if p.Empty() {
		return
	}
	e.Floats("depth.camera", []float64{p.Camera.Fx, p.Camera.Fy, p.Camera.Cx, p.Camera.Cy})
	e.Floats("depth.bend", []float64{p.Camera.K1, p.Camera.K2})
	e.Floats("depth.sigma", []float64{p.Sigma, p.ScaleSigma})
	e.Floats("depth.place_sigma", []float64{p.PlaceSigma})
	e.Strings("depth.source", []string{p.Source})
	diff, n := p.differences(), len(p.code)
	e.Bytes("depth.code", diff[:2*n])
	if p.std != nil {
		e.Bytes("depth.std", diff[2*n:])
	}
}

// differences are the codes as the difference from the pixel before (above, at
// the left margin), low bytes first, and the deviations likewise.
func (p *PackedDepth) differences() []byte {
	n := len(p.code)
	out := make([]byte, 2*n+len(p.std))
	for i, c := range p.code {
		d := c - before(p.code, i, p.W)
		d = d<<1 ^ -(d >> 15) // small differences of either sign become small numbers
		out[i], out[n+i] = byte(d), byte(d>>8)
	}
	for i, s := range p.std {
		out[2*n+i] = s - before(p.std, i, p.W)
	}
	return out
}

// fromDifferences is the inverse for a map of w x h.
func fromDifferences(diff []byte, w, h int) (code []uint16, std []uint8) {
	n := w * h
	code = make([]uint16, n)
	low, high := diff[:n], diff[n:2*n]
	for y := range h {
		var last uint16
		if y > 0 {
			last = code[(y-1)*w]
		}
		for i := y * w; i < (y+1)*w; i++ {
			z := uint16(low[i]) | uint16(high[i])<<8
			last += z>>1 ^ -(z & 1)
			code[i] = last
		}
	}
	if len(diff) < 3*n {
		return code, nil
	}
	std = make([]uint8, n)
	for i, s := range diff[2*n : 3*n] {
		std[i] = s + before(std, i, w)
	}
	return code, std
}

func decodeDepth(d *mapfile.Decoder, p *PackedDepth) {
	w, h, ok := takeSize(d, "depth.size")
	if !ok {
		return
	}
	cam, sigma := d.Floats("depth.camera", 4), d.Floats("depth.sigma", 2)
	bend := []float64{0, 0}
	if d.Has("depth.bend") {
		bend = d.Floats("depth.bend", 2)
	}
	var place []float64
	if d.Has("depth.place_sigma") {
		place = d.Floats("depth.place_sigma", 1)
	}
	source, codes := d.Strings("depth.source"), d.Bytes("depth.code", 2*w*h)
	if d.Err() != nil {
		return
	}
	if place == nil { // a map from before it was stated apart
		place = sigma[1:]
	}
	if !finite(cam...) || !finite(bend...) || !finite(sigma...) || !finite(place...) || !(cam[0] > 0) || !(cam[1] > 0) || len(source) != 1 {
		d.Fail("camera %v and deviations %v of a depth map", cam, sigma)
		return
	}
	*p = PackedDepth{
		W: w, H: h, Camera: geom.Camera{W: w, H: h, Fx: cam[0], Fy: cam[1], Cx: cam[2], Cy: cam[3], K1: bend[0], K2: bend[1]},
		Sigma: sigma[0], ScaleSigma: sigma[1], PlaceSigma: place[0], Source: source[0],
	}
	if d.Has("depth.std") {
		codes = append(codes[:len(codes):len(codes)], d.Bytes("depth.std", w*h)...)
	}
	if d.Err() == nil {
		p.code, p.std = fromDifferences(codes, w, h)
	}
}

// before is the value at the left of element i, or above it at the left margin.
func before[T uint8 | uint16](v []T, i, w int) T {
	switch {
	case i%w > 0:
		return v[i-1]
	case i > 0:
		return v[i-w]
	default:
		return 0
	}
}

// jpeg returns the colours of a keyframe packed, nil where it has none.
func (k *Keyframe) jpeg() (w, h int, data []byte, err error) {
	if p := &k.shelved; !p.color.empty() {
		data, err = p.color.read()
		return p.colorW, p.colorH, data, err
	}
	if !k.Color.Empty() {
		data, err = encodeColor(k.Color)
	}
	return k.Color.W, k.Color.H, data, err
}

func encodeColor(c slam.RGB) ([]byte, error) {
	img := image.NewRGBA(image.Rect(0, 0, c.W, c.H))
	for i := range c.W * c.H {
		copy(img.Pix[4*i:], c.Pix[3*i:3*i+3])
		img.Pix[4*i+3] = 255
	}
	var b bytes.Buffer
	err := jpeg.Encode(&b, img, &jpeg.Options{Quality: colorQuality})
	return b.Bytes(), err
}

// decodeColor unpacks a picture that must be of w x h pixels.
func decodeColor(w, h int, data []byte) (slam.RGB, error) {
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
