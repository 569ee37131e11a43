package marker

import (
	"image"
	_ "image/jpeg"
	_ "image/png"
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/image/draw"

	"github.com/metricslam/metricslam/internal/realdata"
	"github.com/metricslam/metricslam/slam"
)

func readGray(t *testing.T, path string) slam.Gray {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	img, _, err := image.Decode(f)
	if err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	g := image.NewGray(image.Rect(0, 0, img.Bounds().Dx(), img.Bounds().Dy()))
	draw.Draw(g, g.Bounds(), img, img.Bounds().Min, draw.Src)
	return slam.Gray{W: g.Rect.Dx(), H: g.Rect.Dy(), Pix: g.Pix}
}

// No marker lies in these sequences.
func TestNoMarkerInRealImages(t *testing.T) {
	var detectors []*Detector
	for _, name := range []string{"apriltag36h11", "aruco4x4_50", "aruco4x4_1000", "aruco5x5_1000", "aruco6x6_250", "aruco7x7_1000", "aruco_original"} {
		detectors = append(detectors, NewDetector(family(t, name)))
	}
	for _, dir := range []string{"tum/redkitchen/rgb", "tum/desk/rgb", "tum/fr3_cabinet/rgb"} {
		t.Run(dir, func(t *testing.T) {
			files, err := filepath.Glob(filepath.Join(realdata.Path(t, dir), "*"))
			if err != nil || len(files) == 0 {
				t.Fatalf("no images: %v", err)
			}
			const wanted = 30
			for i := 0; i < len(files); i += 1 + len(files)/wanted {
				g := readGray(t, files[i])
				for _, d := range detectors {
					if got := d.Detect(g); len(got) > 0 {
						t.Errorf("%s: %s marker %v", filepath.Base(files[i]), d.family.Name, got)
					}
				}
			}
		})
	}
}
