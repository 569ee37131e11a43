package datasets

import (
	"bytes"
	"fmt"
	"image"
	"image/jpeg"
	"image/png"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/image/bmp"
	"golang.org/x/image/tiff"
)

// mutate returns data with a few bytes changed, cut off or repeated.
func mutate(r *rand.Rand, data []byte) []byte {
	out := bytes.Clone(data)
	for range 1 + r.IntN(6) {
		at := r.IntN(len(out))
		if r.IntN(2) == 0 { // headers are short and matter most
			at = r.IntN(min(len(out), 64))
		}
		switch r.IntN(8) {
		case 0:
			out = out[:max(at, 1)]
		case 1:
			out = append(out[:at:at], append(bytes.Clone(out[at:min(at+20, len(out))]), out[at:]...)...)
		case 2:
			out[at] = 0xff
		default:
			out[at] = byte(r.Uint32())
		}
	}
	return out
}

// rounds is how many mutations of each file a test tries.
const rounds = 100

// Whatever an image file holds, decoding it gives an image or an error; OpenCV
// is handed nothing that ends the process.
func TestMutatedImages(t *testing.T) {
	img := image.NewNRGBA(image.Rect(0, 0, 40, 30))
	deep := image.NewGray16(img.Rect)
	for i := range img.Pix {
		img.Pix[i] = uint8(i * i >> 3)
	}
	for i := range deep.Pix {
		deep.Pix[i] = uint8(i * 7)
	}
	for name, encode := range map[string]func(io.Writer) error{
		"jpeg":  func(w io.Writer) error { return jpeg.Encode(w, img, nil) },
		"png":   func(w io.Writer) error { return png.Encode(w, img) },
		"depth": func(w io.Writer) error { return png.Encode(w, deep) },
		"bmp":   func(w io.Writer) error { return bmp.Encode(w, img) },
		"tiff":  func(w io.Writer) error { return tiff.Encode(w, img, nil) },
	} {
		var file bytes.Buffer
		if err := encode(&file); err != nil {
			t.Fatal(err)
		}
		r := rand.New(rand.NewPCG(1, uint64(len(name))))
		for range rounds {
			data := mutate(r, file.Bytes())
			if gray, color, err := decodeFrame(encodedImage{data: data}, nil); err == nil && (len(gray.Pix) != gray.W*gray.H || !color.Empty() && len(color.Pix) != 3*gray.W*gray.H) {
				t.Errorf("%s: %d values for %dx%d", name, len(gray.Pix), gray.W, gray.H)
			}
			if raw, w, h, err := decodeDepth(data); err == nil && len(raw) != w*h {
				t.Errorf("%s: %d depths for %dx%d", name, len(raw), w, h)
			}
		}
	}
}

// The same for camera files, tables, EXIF and streams, which are read in Go.
func TestMutatedTexts(t *testing.T) {
	dir := t.TempDir()
	r := rand.New(rand.NewPCG(2, 2))
	var jpg bytes.Buffer
	if err := jpeg.Encode(&jpg, image.NewGray(image.Rect(0, 0, 8, 8)), nil); err != nil {
		t.Fatal(err)
	}
	tags := "Exif\x00\x00II*\x00\x08\x00\x00\x00\x02\x00\x12\x01\x03\x00\x01\x00\x00\x00\x06\x00\x00\x00\x0a\x92\x05\x00\x01\x00\x00\x00\x26\x00\x00\x00\x00\x00\x00\x00\x05\x00\x00\x00\x01\x00\x00\x00"
	photo := "\xff\xd8\xff\xe1\x00" + string(rune(len(tags)+2)) + tags + jpg.String()[2:]
	stream := strings.Repeat("--b\r\nContent-Type: image/jpeg\r\nContent-Length: 9\r\n\r\n\xff\xd8345678\xd9\r\n--b\r\n\r\nabc\r\n", 3) + "--b--\r\n"
	for i := range rounds {
		for _, text := range []string{openCVFile, orbSLAM3File, orbSLAM2File} {
			parseCamera(mutate(r, []byte(text)))
		}
		path := filepath.Join(dir, fmt.Sprintf("%d.jpg", i))
		if err := os.WriteFile(path, mutate(r, []byte(photo)), 0o644); err != nil {
			t.Fatal(err)
		}
		CameraFromEXIF(path)
		in := newMJPEGReader(io.NopCloser(bytes.NewReader(mutate(r, []byte(stream)))), "b")
		for range 20 {
			if _, err := in.next(); err != nil {
				break
			}
		}
	}
}
