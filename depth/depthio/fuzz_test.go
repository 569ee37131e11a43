package depthio

import (
	"bytes"
	"github.com/metricslam/metricslam/internal/fuzzbound"
	"image"
	"image/color"
	"image/png"
	"math"
	"os"
	"path/filepath"
	"testing"
)

// Whatever a depth file holds, reading it gives an error or depths that are 0 or
// positive and finite, as many as its size says.
func FuzzRead(f *testing.F) {
	img := image.NewGray16(image.Rect(0, 0, 3, 2))
	img.SetGray16(1, 1, color.Gray16{Y: 1500})
	var file bytes.Buffer
	if err := png.Encode(&file, img); err != nil {
		f.Fatal(err)
	}
	npy := append([]byte("\x93NUMPY\x01\x00\x3a\x00{'descr': '<f4', 'fortran_order': False, 'shape': (1, 2), }\n"), 0, 0, 128, 63, 0, 0, 0, 64)
	f.Add(file.Bytes(), false, 1000.)
	f.Add(npy, true, 0.)
	f.Add([]byte("\x93NUMPY\x02\x00\x3a\x00\x00\x00{'descr': '>u2', 'fortran_order': True, 'shape': (2, 1), }\nabcd"), true, 5000.)
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, data []byte, asNPY bool, scale float64) {
		defer fuzzbound.Check(t)()
		if !(scale >= 0) || math.IsInf(scale, 0) {
			return // a flag, checked elsewhere
		}
		path := filepath.Join(dir, "a.png")
		if asNPY {
			path = filepath.Join(dir, "a.npy")
		}
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		p, err := Read(path, scale)
		if err != nil {
			return
		}
		if p.W < 1 || p.H < 1 || len(p.Depth) != p.W*p.H {
			t.Fatalf("%d depths of %dx%d", len(p.Depth), p.W, p.H)
		}
		for _, d := range p.Depth {
			if !(d >= 0) || math.IsInf(float64(d), 0) {
				t.Fatalf("a depth of %g", d)
			}
		}
	})
}
