package depthio

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestPNGRoundTrip(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.png")
	in := Image{W: 3, H: 2, Depth: []float32{0, .001, 1.2344, 65.535, 70, float32(math.NaN())}}
	if err := WritePNG(path, in, 1000); err != nil {
		t.Fatal(err)
	}
	got, err := Read(path, 0)
	if err != nil {
		t.Fatal(err)
	}
	want := []float32{0, .001, 1.234, 65.535, 0, 0}
	for i := range want {
		if math.Abs(float64(got.Depth[i]-want[i])) > 1e-6 {
			t.Errorf("value %d: got %v, want %v", i, got.Depth[i], want[i])
		}
	}
	if left, _ := filepath.Glob(filepath.Join(filepath.Dir(path), ".*tmp*")); left != nil {
		t.Errorf("temporary files left: %v", left)
	}
}

// npy returns an NPY file, written independently of the reader.
func npy(descr, shape string, fortran bool, values any) []byte {
	order := "False"
	if fortran {
		order = "True"
	}
	header := fmt.Sprintf("{'descr': '%s', 'fortran_order': %s, 'shape': %s, }", descr, order, shape)
	header += strings.Repeat(" ", 63-(len(header)+10)%64) + "\n"
	var b bytes.Buffer
	b.WriteString("\x93NUMPY\x01\x00")
	binary.Write(&b, binary.LittleEndian, uint16(len(header)))
	b.WriteString(header)
	var bo binary.ByteOrder = binary.LittleEndian
	if strings.HasPrefix(descr, ">") {
		bo = binary.BigEndian
	}
	binary.Write(&b, bo, values)
	return b.Bytes()
}

func TestNPY(t *testing.T) {
	half := []uint16{FloatToHalf(1.5), FloatToHalf(2), FloatToHalf(-1), FloatToHalf(float32(math.Inf(1)))}
	tests := []struct {
		name  string
		file  []byte
		scale float64
		want  []float32
	}{
		{"float32", npy("<f4", "(2, 2)", false, []float32{1.5, 2, -1, float32(math.NaN())}), 0, []float32{1.5, 2, 0, 0}},
		{"float64 big end", npy(">f8", "(2, 2)", false, []float64{1.5, 2, 3, math.Inf(1)}), 0, []float32{1.5, 2, 3, 0}},
		{"float16", npy("<f2", "(1, 2, 2)", false, half), 0, []float32{1.5, 2, 0, 0}},
		{"uint16", npy("<u2", "(2, 2, 1)", false, []uint16{1500, 0, 65535, 1}), 0, []float32{1.5, 0, 65.535, .001}},
		{"int32 scaled", npy("<i4", "(2, 2)", false, []int32{512, -3, 256, 0}), 256, []float32{2, 0, 1, 0}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "a.npy")
			if err := os.WriteFile(path, tt.file, 0o644); err != nil {
				t.Fatal(err)
			}
			got, err := Read(path, tt.scale)
			if err != nil {
				t.Fatal(err)
			}
			if got.W != 2 || got.H != 2 {
				t.Fatalf("size %dx%d", got.W, got.H)
			}
			for i := range tt.want {
				if got.Depth[i] != tt.want[i] {
					t.Errorf("value %d: got %v, want %v", i, got.Depth[i], tt.want[i])
				}
			}
		})
	}
}

func TestReadRefuses(t *testing.T) {
	var gray, rgb bytes.Buffer
	png.Encode(&gray, image.NewGray(image.Rect(0, 0, 2, 2)))
	c := image.NewNRGBA(image.Rect(0, 0, 2, 2))
	c.Set(0, 0, color.NRGBA{1, 2, 3, 255})
	png.Encode(&rgb, c)
	good := npy("<f4", "(2, 2)", false, []float32{1, 2, 3, 4})
	tests := []struct {
		name, file string
		data       []byte
		want       string
	}{
		{"empty png", "a.png", nil, "EOF"},
		{"cut png", "a.png", gray.Bytes()[:20], "EOF"},
		{"8-bit", "a.png", gray.Bytes(), "8-bit grey"},
		{"colour", "a.png", rgb.Bytes(), "colour"},
		{"jpeg", "a.jpg", []byte("x"), "neither .png nor .npy"},
		{"no npy", "a.npy", []byte("hello, world"), "not an NPY file"},
		{"cut npy", "a.npy", good[:len(good)-4], "cut short"},
		{"fortran", "a.npy", npy("<f4", "(2, 2)", true, []float32{1, 2, 3, 4}), "column by column"},
		{"complex", "a.npy", npy("<c8", "(2, 2)", false, []float32{1, 2, 3, 4}), "type"},
		{"rank", "a.npy", npy("<f4", "(2, 2, 2)", false, make([]float32, 8)), "shape"},
		{"huge", "a.npy", npy("<f4", "(99999999, 99999999)", false, []float32{1}), "shape"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), tt.file)
			if err := os.WriteFile(path, tt.data, 0o644); err != nil {
				t.Fatal(err)
			}
			_, err := Read(path, 0)
			if err == nil || !strings.Contains(err.Error(), tt.want) || !strings.Contains(err.Error(), path) {
				t.Errorf("got %v, want one with %q and the path", err, tt.want)
			}
		})
	}
}

// TestHalf holds every half precision number to the definition, and rounding to
// the nearest of the two neighbours.
func TestHalf(t *testing.T) {
	for h := range 1 << 16 {
		f := HalfToFloat(uint16(h))
		sign, exp, frac := 1-2*float64(h>>15), h>>10&31, float64(h&1023)
		want := sign * frac * math.Pow(2, -24)
		switch {
		case exp == 31 && frac == 0:
			want = math.Inf(int(sign))
		case exp == 31:
			want = math.NaN()
		case exp > 0:
			want = sign * (1 + frac/1024) * math.Pow(2, float64(exp-15))
		}
		if float64(f) != want && !(math.IsNaN(float64(f)) && math.IsNaN(want)) {
			t.Fatalf("%#x: got %v, want %v", h, f, want)
		}
		if !math.IsNaN(want) && FloatToHalf(f) != uint16(h) {
			t.Fatalf("%#x: came back as %#x", h, FloatToHalf(f))
		}
	}
	for h := range uint16(0x7bff) {
		a, b := float64(HalfToFloat(h)), float64(HalfToFloat(h+1))
		if got := FloatToHalf(float32(a + .49*(b-a))); got != h {
			t.Fatalf("below the middle of %#x: got %#x", h, got)
		}
		if got := FloatToHalf(float32((a + b) / 2)); got != h+h&1 {
			t.Fatalf("middle of %#x: got %#x, want the even one", h, got)
		}
	}
}

func TestPFM(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.pfm")
	if err := WritePFM(path, Image{W: 2, H: 2, Depth: []float32{1, 2, 3, 4}}); err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(path)
	want := "Pf\n2 2\n-1.0\n\x00\x00\x40\x40\x00\x00\x80\x40\x00\x00\x80\x3f\x00\x00\x00\x40"
	if err != nil || string(got) != want {
		t.Errorf("%q, %v, want %q", got, err, want)
	}
}
