package datasets

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"strings"

	"github.com/metricslam/metricslam/geom"
	"github.com/rwcarlsen/goexif/exif"
)

// PhotoCamera is what a photograph's EXIF data tell of the camera. Camera is
// that of the upright image: W and H are the upright size, the focal length
// is in pixels (0 where unknown), the optical axis goes through the centre.
type PhotoCamera struct {
	Camera      geom.Camera
	OK          bool   // the focal length is known
	From        string // which entries gave it, for the log
	Reason      string // why it is unknown, empty where OK
	Orientation int    // EXIF's 1 to 8: how the stored image is turned upright
}

// CameraFromEXIF reads the focal length and the orientation from a photograph.
// It never fails: where the file has no usable entries, Reason says so.
//
// The focal length is that of FocalPlaneXResolution where it agrees to 10 % with
// the 35 mm equivalent (whole millimetres) or stands alone, else the equivalent,
// else that of a sensor of known size. The 35 mm equivalent is taken by the
// diagonal, 43.27 mm, as CIPA DCG-001 recommends.
func CameraFromEXIF(file string) PhotoCamera {
	p, err := readImage(file)
	w, h := 0, 0
	if err == nil {
		w, h, err = checkImage(p.data)
	}
	if err != nil {
		return PhotoCamera{Reason: err.Error(), Orientation: 1}
	}
	return cameraFromEXIF(p, w, h)
}

// cameraFromEXIF does it for an image whose stored size is known.
func cameraFromEXIF(p encodedImage, w, h int) PhotoCamera {
	c := PhotoCamera{Orientation: 1}
	tags, err := readEXIF(p.data)
	focalPx := 0.
	if err != nil {
		c.Reason = err.Error()
	} else {
		if o := int(tags.number(exif.Orientation)); o >= 1 && o <= 8 && !p.upright {
			c.Orientation = o
		}
		focalPx, c.From, c.Reason = tags.focal(w, h)
	}
	if c.Orientation >= 5 { // turned by 90 degrees
		w, h = h, w
	}
	c.OK = focalPx > 0
	c.Camera = geom.Camera{W: w, H: h, Fx: focalPx, Fy: focalPx, Cx: float64(w-1) / 2, Cy: float64(h-1) / 2}
	return c
}

// exifTags are the entries of a photograph.
type exifTags struct{ x *exif.Exif }

// readEXIF reads the entries of a JPEG or TIFF file.
func readEXIF(data []byte) (tags exifTags, err error) {
	// The decoder trusts the offsets in the file; damaged ones make it panic.
	defer func() {
		if r := recover(); r != nil {
			err = errors.New("its EXIF data are damaged")
		}
	}()
	if !soundTIFF(data) {
		return exifTags{}, errors.New("its EXIF data are damaged")
	}
	x, err := exif.Decode(bytes.NewReader(data))
	if x == nil || err != nil && exif.IsCriticalError(err) {
		return tags, errors.New("it has no EXIF data")
	}
	return exifTags{x}, nil
}

// number returns a numeric entry, 0 where it is missing or not a number.
func (t exifTags) number(name exif.FieldName) float64 {
	tag, err := t.x.Get(name)
	if err != nil || tag.Count < 1 {
		return 0
	}
	if num, den, err := tag.Rat2(0); err == nil && den != 0 {
		return float64(num) / float64(den)
	}
	v, err := tag.Int(0)
	if err != nil {
		return 0
	}
	return float64(v)
}

// text returns a text entry in lower case.
func (t exifTags) text(name exif.FieldName) string {
	tag, err := t.x.Get(name)
	if err != nil {
		return ""
	}
	s, _ := tag.StringVal()
	return strings.ToLower(strings.Trim(s, " \x00"))
}

// filmDiagonalMM is the diagonal of a 36 x 24 mm image.
const filmDiagonalMM = 43.2666

// focal returns the focal length in pixels of a stored image of w x h.
func (t exifTags) focal(w, h int) (px float64, from, reason string) {
	diagonal := math.Hypot(float64(w), float64(h))
	film := t.number(exif.FocalLengthIn35mmFilm) / filmDiagonalMM * diagonal
	mm := t.number(exif.FocalLength)
	plane := mm * t.planePerMM(w)
	switch {
	case plausible(plane, diagonal) && (film == 0 || math.Abs(plane/film-1) < .1):
		return plane, fmt.Sprintf("EXIF: %.4g mm and the resolution of the focal plane", mm), ""
	case plausible(film, diagonal):
		return film, fmt.Sprintf("EXIF: %g mm on 35 mm film", t.number(exif.FocalLengthIn35mmFilm)), ""
	}
	model := t.text(exif.Model)
	if s, ok := sensorDiagonalMM(model); ok && plausible(mm/s*diagonal, diagonal) {
		return mm / s * diagonal, fmt.Sprintf("EXIF: %.4g mm and the sensor size of %s", mm, model), ""
	}
	if mm == 0 {
		return 0, "", "its EXIF data tell no focal length"
	}
	return 0, "", fmt.Sprintf("its EXIF data tell a focal length of %.4g mm but not the size of the sensor", mm)
}

// planePerMM returns the pixels of a stored image of width w per millimetre
// of the sensor, 0 where unknown. The entries hold for the image as taken;
// one that was resized since is scaled.
func (t exifTags) planePerMM(w int) float64 {
	perUnit := t.number(exif.FocalPlaneXResolution)
	unitMM := map[int]float64{0: 25.4, 2: 25.4, 3: 10, 4: 1, 5: .001}[int(t.number(exif.FocalPlaneResolutionUnit))]
	if perUnit <= 0 || unitMM == 0 {
		return 0
	}
	scale := 1.
	if taken := t.number(exif.PixelXDimension); taken > 0 {
		scale = float64(w) / taken
	}
	return perUnit / unitMM * scale
}

// sensors lists cameras, by words in their model's name, that tell their focal
// length but neither its equivalent nor their resolution, with the diagonals of
// their sensors in millimetres as their makers give them. The first match wins.
var sensors = []struct {
	words      string
	diagonalMM float64
}{
	{"eos 5d", 43.2}, {"eos 6d", 43.2}, {"eos-1d x", 43.3}, {"eos", 26.8},
	{"nikon d3x", 43.2}, {"nikon d700", 43.2}, {"nikon d800", 43.3}, {"nikon d", 28.3},
	{"hero", 7.7}, {"fc300", 7.7}, {"fc330", 7.7}, {"fc220", 7.7}, {"fc6310", 15.9},
	{"iphone 3", 4.6}, {"iphone 4", 5.7}, {"pentax k", 28.2}, {"e-m", 21.6}, {"dmc-g", 21.6},
}

func sensorDiagonalMM(model string) (float64, bool) {
	for _, s := range sensors {
		if model != "" && strings.Contains(model, s.words) {
			return s.diagonalMM, true
		}
	}
	return 0, false
}
