package images

import (
	"bytes"
	"fmt"

	"github.com/metricslam/metricslam/geom"
	"github.com/metricslam/metricslam/mapfile"
	"github.com/metricslam/metricslam/mapping/recognition"
)

// Encode makes the section of a map file that holds images.
func Encode(im Images) ([]byte, error) {
	var e mapfile.Encoder
	e.Ints("gray.size", []int{im.Gray.W, im.Gray.H})
	e.Bytes("gray", residuals(im.Gray))
	color, err := im.Color.encoded()
	if err != nil {
		return nil, err
	}
	e.Ints("color.size", []int{im.Color.W, im.Color.H})
	if color != nil {
		e.Bytes("color", color)
	}
	encodeDepth(&e, &im.Depth)
	keypoints, err := im.Keypoints.All()
	if err != nil {
		return nil, err
	}
	pixels, desc := make([]float32, 0, 2*len(keypoints)), make([]byte, 0, 32*len(keypoints))
	for i := range keypoints {
		p := &keypoints[i]
		pixels = append(pixels, float32(p.Pixel.X), float32(p.Pixel.Y))
		desc = append(desc, p.Desc[:]...)
	}
	e.Floats32("place.pixel", pixels)
	e.Bytes("place.desc", desc)
	return e.Data(), nil
}

// Decode reads what Encode has made and checks it.
func Decode(d *mapfile.Decoder) (im Images, err error) {
	if w, h, ok := takeSize(d, "gray.size"); ok {
		im.Gray = fromResiduals(w, h, d.Bytes("gray", w*h))
	}
	if w, h, ok := takeSize(d, "color.size"); ok {
		data := bytes.Clone(d.Bytes("color", -1))
		if _, err := decodeJPEG(w, h, data); err != nil {
			return Images{}, err
		}
		im.Color = Color{W: w, H: h, jpeg: piece{data: data}}
	}
	decodeDepth(d, &im.Depth)
	desc := d.Bytes("place.desc", -1)
	pixels := d.Floats32("place.pixel", len(desc)/16)
	if d.Err() != nil {
		return Images{}, d.Err()
	}
	list := make([]recognition.Keypoint, len(pixels)/2)
	for i := range list {
		list[i].Pixel = geom.Vec2{X: float64(pixels[2*i]), Y: float64(pixels[2*i+1])}
		copy(list[i].Desc[:], desc[32*i:])
		if !list[i].Pixel.IsFinite() {
			return Images{}, fmt.Errorf("keypoint %d is at no pixel", i)
		}
	}
	im.Keypoints = NewKeypoints(list)
	return im, nil
}

// takeSize reads a width and a height; ok is false for none.
func takeSize(d *mapfile.Decoder, name string) (w, h int, ok bool) {
	v := d.Ints(name, 2)
	if len(v) != 2 {
		return 0, 0, false
	}
	if v[0] < 0 || v[1] < 0 || v[0] > MaxSide || v[1] > MaxSide {
		d.Fail("%s is %dx%d", name, v[0], v[1])
		return 0, 0, false
	}
	return v[0], v[1], v[0] > 0 && v[1] > 0
}

// encodeDepth adds the columns of packed depth.
func encodeDepth(e *mapfile.Encoder, p *Depth) {
	e.Ints("depth.size", []int{p.W, p.H})
	if p.Empty() {
		return
	}
	e.Floats("depth.camera", []float64{p.Camera.Fx, p.Camera.Fy, p.Camera.Cx, p.Camera.Cy})
	e.Floats("depth.bend", []float64{p.Camera.U1, p.Camera.U2})
	e.Floats("depth.sigma", []float64{p.Sigma, p.ScaleSigma})
	e.Floats("depth.place_sigma", []float64{p.PlaceSigma})
	e.Strings("depth.source", []string{p.Source})
	diff, n := p.differences(), len(p.code)
	e.Bytes("depth.code", diff[:2*n])
	if p.std != nil {
		e.Bytes("depth.std", diff[2*n:])
	}
}

func decodeDepth(d *mapfile.Decoder, p *Depth) {
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
	if !geom.Finite(cam...) || !geom.Finite(bend...) || !geom.Finite(sigma...) || !geom.Finite(place...) || !(cam[0] > 0) || !(cam[1] > 0) || len(source) != 1 {
		d.Fail("camera %v and deviations %v of a depth map", cam, sigma)
		return
	}
	p.DepthInfo = DepthInfo{
		W: w, H: h, Camera: geom.Camera{W: w, H: h, Fx: cam[0], Fy: cam[1], Cx: cam[2], Cy: cam[3], U1: bend[0], U2: bend[1]},
		Sigma: sigma[0], ScaleSigma: sigma[1], PlaceSigma: place[0], Source: source[0],
	}
	if d.Has("depth.std") {
		codes = append(codes[:len(codes):len(codes)], d.Bytes("depth.std", w*h)...)
	}
	if d.Err() == nil {
		p.code, p.std = fromDifferences(codes, w, h)
	}
}
