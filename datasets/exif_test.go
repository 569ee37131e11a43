package datasets_test

import (
	"bytes"
	"encoding/binary"
	"image"
	"image/color"
	"math"
	"path/filepath"
	"strings"
	"testing"

	"github.com/metricslam/metricslam/datasets"
)

// The EXIF entries that the tests write: TIFF tag numbers.
const (
	tagModel       = 0x0110
	tagOrientation = 0x0112
	tagExifIFD     = 0x8769
	tagFocal       = 0x920a
	tagPixelX      = 0xa002
	tagPlaneX      = 0xa20e
	tagPlaneUnit   = 0xa210
	tagFilm        = 0xa405
)

// exifEntry is a short, a rational (num over den) or a text.
type exifEntry struct {
	tag      uint16
	num, den uint32
	text     string
}

// withEXIF puts an APP1 segment with the entries behind a JPEG's first marker.
func withEXIF(jpg []byte, main, exif []exifEntry) []byte {
	var ifds [2][]exifEntry
	ifds[0], ifds[1] = append(main, exifEntry{tag: tagExifIFD}), exif
	sizes := [2]int{2 + 12*len(ifds[0]) + 4, 2 + 12*len(ifds[1]) + 4}
	ifds[0][len(ifds[0])-1].num = uint32(8 + sizes[0])
	var head, tail bytes.Buffer
	le := binary.LittleEndian
	head.WriteString("II*\x00\x08\x00\x00\x00")
	at := 8 + sizes[0] + sizes[1]
	put := func(v any) { binary.Write(&head, le, v) }
	for _, ifd := range ifds {
		put(uint16(len(ifd)))
		for _, e := range ifd {
			put(e.tag)
			switch {
			case e.text != "":
				put(uint16(2))
				put(uint32(len(e.text) + 1))
				put(uint32(at + tail.Len()))
				tail.WriteString(e.text + "\x00")
			case e.den != 0:
				put(uint16(5))
				put(uint32(1))
				put(uint32(at + tail.Len()))
				binary.Write(&tail, le, [2]uint32{e.num, e.den})
			case e.tag == tagExifIFD || e.tag == tagPixelX:
				put(uint16(4))
				put(uint32(1))
				put(e.num)
			default:
				put(uint16(3))
				put(uint32(1))
				put(e.num)
			}
		}
		put(uint32(0))
	}
	body := append([]byte("Exif\x00\x00"), append(head.Bytes(), tail.Bytes()...)...)
	segment := binary.BigEndian.AppendUint16([]byte{0xff, 0xe1}, uint16(len(body)+2))
	return append(append(bytes.Clone(jpg[:2]), append(segment, body...)...), jpg[2:]...)
}

func TestCameraFromEXIF(t *testing.T) {
	jpg := encodeJPEG(t, texture(400, 300, 0)) // diagonal 500
	film := func(mm uint32) exifEntry { return exifEntry{tag: tagFilm, num: mm} }
	focal := func(num, den uint32) exifEntry { return exifEntry{tag: tagFocal, num: num, den: den} }
	tests := map[string]struct {
		main, exif []exifEntry
		px         float64 // 0 = unknown
		words      string
	}{
		"35 mm equivalent": {nil, []exifEntry{film(26), focal(42, 10)}, 26 / 43.2666 * 500, "26 mm on 35 mm film"},
		// 4000 pixels wide when taken, 5 mm sensor: 800 pixels a millimetre, now a tenth.
		"focal plane":            {nil, []exifEntry{focal(4, 1), {tag: tagPixelX, num: 4000}, {tag: tagPlaneX, num: 20320, den: 1}, {tag: tagPlaneUnit, num: 2}}, 320, "focal plane"},
		"both agree":             {nil, []exifEntry{film(28), focal(4, 1), {tag: tagPixelX, num: 4000}, {tag: tagPlaneX, num: 8000, den: 1}, {tag: tagPlaneUnit, num: 3}}, 320, "focal plane"},
		"both disagree":          {nil, []exifEntry{film(50), focal(4, 1), {tag: tagPlaneX, num: 8000, den: 1}, {tag: tagPlaneUnit, num: 3}}, 50 / 43.2666 * 500, "35 mm film"},
		"sensor of known size":   {[]exifEntry{{tag: tagModel, text: "Canon EOS 5D Mark II"}}, []exifEntry{focal(50, 1)}, 50 / 43.2 * 500, "eos 5d"},
		"sensor of unknown size": {[]exifEntry{{tag: tagModel, text: "Nobody's"}}, []exifEntry{focal(50, 1)}, 0, "not the size of the sensor"},
		"no focal length":        {nil, []exifEntry{{tag: tagPixelX, num: 400}}, 0, "no focal length"},
		"absurd":                 {nil, []exifEntry{film(1)}, 0, "no focal length"},
		"zero denominator":       {nil, []exifEntry{focal(50, 0), {tag: tagPlaneX, num: 1, den: 0}}, 0, "EXIF"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			write(t, dir, map[string]any{"a.jpg": withEXIF(jpg, tt.main, tt.exif)})
			c := datasets.CameraFromEXIF(filepath.Join(dir, "a.jpg"))
			if c.OK != (tt.px > 0) || math.Abs(c.Camera.Fx-tt.px) > 1e-6*tt.px || !strings.Contains(c.From+c.Reason, tt.words) || c.Camera.W != 400 {
				t.Errorf("%+v, want %g pixels, %q", c, tt.px, tt.words)
			}
			if tt.px == 0 {
				return
			}
			// A folder of such photographs uses it.
			if info := open(t, dir, datasets.Options{}).Info(); math.Abs(info.Camera.Fx-tt.px) > 1e-6*tt.px || len(info.Warnings) > 0 {
				t.Errorf("folder: %+v", info)
			}
		})
	}
}

func TestEXIFOfOtherFiles(t *testing.T) {
	dir := t.TempDir()
	full := withEXIF(encodeJPEG(t, texture(40, 30, 0)), nil, []exifEntry{{tag: tagFilm, num: 26}})
	damaged := bytes.Clone(full)
	for i := 24; i < 60; i++ {
		damaged[i] = 0xfe // offsets far outside
	}
	write(t, dir, map[string]any{"plain.jpg": encodeJPEG(t, texture(40, 30, 0)), "a.png": encodePNG(t, texture(40, 30, 0)), "damaged.jpg": damaged, "rubbish.jpg": "rubbish"})
	for _, f := range []string{"plain.jpg", "a.png", "damaged.jpg", "rubbish.jpg", "missing.jpg"} {
		if c := datasets.CameraFromEXIF(filepath.Join(dir, f)); c.OK || c.Reason == "" || c.Orientation != 1 {
			t.Errorf("%s: %+v", f, c)
		}
	}
}

// A photograph is turned upright whatever way the camera was held, by LoadPhoto
// and by a folder alike.
func TestOrientation(t *testing.T) {
	// Upright: red at the left, top half brighter in green.
	const w, h = 64, 32
	upright := func(x, y int) color.NRGBA {
		c := color.NRGBA{A: 255}
		if x < w/2 {
			c.R = 250
		}
		if y < h/2 {
			c.G = 250
		}
		return c
	}
	// stored[o] maps a stored pixel to the upright one (EXIF 2.3, tag 274).
	stored := map[uint32]func(x, y int) (int, int){
		1: func(x, y int) (int, int) { return x, y },
		2: func(x, y int) (int, int) { return w - 1 - x, y },
		3: func(x, y int) (int, int) { return w - 1 - x, h - 1 - y },
		4: func(x, y int) (int, int) { return x, h - 1 - y },
		5: func(x, y int) (int, int) { return y, x },
		6: func(x, y int) (int, int) { return w - 1 - y, x },
		7: func(x, y int) (int, int) { return w - 1 - y, h - 1 - x },
		8: func(x, y int) (int, int) { return y, h - 1 - x },
	}
	for o, at := range stored {
		sw, sh := w, h
		if o >= 5 {
			sw, sh = h, w
		}
		img := image.NewNRGBA(image.Rect(0, 0, sw, sh))
		for y := range sh {
			for x := range sw {
				ux, uy := at(x, y)
				img.SetNRGBA(x, y, upright(ux, uy))
			}
		}
		dir := t.TempDir()
		write(t, dir, map[string]any{"a.jpg": withEXIF(encodeJPEG(t, img), []exifEntry{{tag: tagOrientation, num: o}}, []exifEntry{{tag: tagFilm, num: 26}})})
		photo, cam, err := datasets.LoadPhoto(filepath.Join(dir, "a.jpg"))
		if err != nil {
			t.Fatal(err)
		}
		frames, _ := drain(t, open(t, dir, datasets.Options{}))
		for name, p := range map[string]struct {
			w, h int
			at   func(x, y int) (r, g, b uint8)
		}{"LoadPhoto": {photo.W, photo.H, photo.At}, "folder": {frames[0].Color.W, frames[0].Color.H, frames[0].Color.At}} {
			if p.w != w || p.h != h || cam.Camera.W != w || cam.Camera.H != h || cam.Orientation != int(o) || !cam.OK {
				t.Fatalf("orientation %d, %s: %dx%d, camera %+v", o, name, p.w, p.h, cam)
			}
			for _, q := range [][2]int{{10, 5}, {50, 5}, {10, 25}, {50, 25}} {
				r, g, _ := p.at(q[0], q[1])
				want := upright(q[0], q[1])
				if math.Abs(float64(r)-float64(want.R)) > 40 || math.Abs(float64(g)-float64(want.G)) > 40 {
					t.Errorf("orientation %d, %s at %v: %d %d, want %d %d", o, name, q, r, g, want.R, want.G)
				}
			}
		}
	}
}

func TestLoadPhotoErrors(t *testing.T) {
	dir := t.TempDir()
	jpg := encodeJPEG(t, texture(40, 30, 0))
	write(t, dir, map[string]any{"cut.jpg": jpg[:len(jpg)/2], "empty.png": "", "text.jpg": "text", "gray.png": encodePNG(t, image.NewGray(image.Rect(0, 0, 5, 4)))})
	for _, f := range []string{"cut.jpg", "empty.png", "text.jpg", "missing.jpg", ""} {
		if _, _, err := datasets.LoadPhoto(filepath.Join(dir, f)); err == nil || !strings.Contains(err.Error(), filepath.Join(dir, f)) {
			t.Errorf("%s: error %v", f, err)
		}
	}
	if p, _, err := datasets.LoadPhoto(filepath.Join(dir, "gray.png")); err != nil || len(p.Pix) != 3*5*4 {
		t.Errorf("grey photograph: %v, %v", p, err)
	}
}
