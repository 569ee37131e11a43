package pipeline

import (
	"errors"
	"image/jpeg"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"github.com/metricslam/metricslam/internal/realdata"
	"github.com/metricslam/metricslam/slam"
)

func grayOf(w, h int, at func(x, y int) float64) slam.Gray {
	g := slam.Gray{W: w, H: h, Pix: make([]uint8, w*h)}
	for i := range g.Pix {
		g.Pix[i] = uint8(min(max(at(i%w, i/w), 0), 255))
	}
	return g
}

// Images of nothing are told, whatever the strength of the noise; those of
// places and of plain patterns pass.
func TestBlank(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	noise := func(level, sigma float64) slam.Gray {
		return grayOf(160, 120, func(int, int) float64 { return level + sigma*r.NormFloat64() })
	}
	for name, c := range map[string]struct {
		g    slam.Gray
		want error
	}{
		"black":        {noise(0, 0), errBlank},
		"white":        {noise(255, 0), errBlank},
		"covered lens": {noise(4, 1), errBlank},
		"leak of light": {grayOf(160, 120, func(x, y int) float64 {
			return 4 + 6/(1+float64((x-150)*(x-150)+y*y)/500) + r.NormFloat64()
		}), errBlank},
		"faint noise":  {noise(100, 10), errNoise},
		"strong noise": {noise(128, 60), errNoise},
		"a wall":       {grayOf(160, 120, func(x, y int) float64 { return 180 + float64(x+y)/12 + 2*r.NormFloat64() }), nil},
		"small":        {grayOf(32, 32, func(int, int) float64 { return 0 }), nil},
	} {
		if err := blank(c.g); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
}

// The dark and blurred stretches of a real sequence show something.
func TestBlankReal(t *testing.T) {
	for _, pattern := range []string{"tum/desk/rgb", "tum/redkitchen/rgb"} {
		files, err := filepath.Glob(filepath.Join(realdata.Path(t, pattern), "*.jpg"))
		if err != nil {
			t.Fatal(err)
		}
		for i := 0; i < len(files); i += 20 {
			f, err := os.Open(files[i])
			if err != nil {
				t.Fatal(err)
			}
			img, err := jpeg.Decode(f)
			f.Close()
			if err != nil {
				t.Fatal(err)
			}
			b := img.Bounds()
			g := grayOf(b.Dx(), b.Dy(), func(x, y int) float64 {
				r, gr, bl, _ := img.At(x, y).RGBA()
				return (.299*float64(r) + .587*float64(gr) + .114*float64(bl)) / 257
			})
			if err := blank(g); err != nil {
				t.Errorf("%s: %v", files[i], err)
			}
		}
	}
}

func TestFrozen(t *testing.T) {
	var f frozen
	a, b := slam.Gray{Pix: []uint8{1, 2}}, slam.Gray{Pix: []uint8{1, 3}}
	for _, g := range []slam.Gray{a, a, a, b, a, a} {
		f.see(g)
	}
	if f.total != 3 || f.longest != 2 {
		t.Errorf("%+v", f)
	}
}
