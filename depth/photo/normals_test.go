package photo

import (
	"image/color"
	"image/png"
	"os"
	"testing"
)

// TestNormals: the wall z - .1 x = 4 m shows its normal (.1, 0, -1), the edge of
// the box none.
func TestNormals(t *testing.T) {
	p := compute(t, scene{std: .1}, camera320())
	files, err := p.Write(Output{Dir: t.TempDir(), Name: "a", Only: []string{"normal"}})
	if err != nil || len(files) != 1 {
		t.Fatalf("got %v, %v", files, err)
	}
	f, err := os.Open(files[0])
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	img, err := png.Decode(f)
	if err != nil || img.Bounds().Dx() != 320 || img.Bounds().Dy() != 240 {
		t.Fatalf("%v, %v", img.Bounds(), err)
	}
	wall := color.RGBAModel.Convert(img.At(60, 50)).(color.RGBA)
	for i, d := range []int{int(wall.R) - 140, int(wall.G) - 128, int(wall.B) - 254} {
		if d < -2 || d > 2 {
			t.Errorf("wall %v, channel %d, want 140 128 254", wall, i)
		}
	}
	black := 0
	for x := range 320 {
		if color.RGBAModel.Convert(img.At(x, 120)) == (color.RGBA{0, 0, 0, 255}) {
			black++
		}
	}
	if black < 2 || black > 12 {
		t.Errorf("%d pixels without a normal along a row across the box, want those of its two sides", black)
	}
}
