package export_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/metricslam/metricslam/export"
	"github.com/metricslam/metricslam/geom"
)

func TestWriteColmap(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "model")
	cam := geom.Camera{W: 640, H: 480, Fx: 500, Fy: 510, Cx: 319.5, Cy: 239.5}
	other := cam
	other.Fx = 400
	images := []export.ColmapImage{
		{Name: "a.png", Camera: cam, Pose: geom.IdentitySE3(), Pixels: []geom.Vec2{{X: 1, Y: 2}, {X: 3, Y: 4}}},
		{Name: "b.png", Camera: other, Pose: geom.SE3{R: geom.Identity3(), T: geom.Vec3{X: 1}}, Pixels: []geom.Vec2{{X: 5, Y: 6}}},
		{Name: "c.png", Camera: cam, Pose: geom.IdentitySE3()},
	}
	points := []export.ColmapPoint{{
		Position: geom.Vec3{X: .5, Z: 2}, Color: [3]uint8{9, 8, 7}, ErrorPx: .25,
		Track: []export.ColmapObservation{{Image: 0, Feature: 1}, {Image: 1, Feature: 0}},
	}}
	if err := export.WriteColmap(dir, images, points); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"cameras.txt":  "1 PINHOLE 640 480 500 510 320 240\n2 PINHOLE 640 480 400 510 320 240\n",
		"images.txt":   "1 1 0 0 0 0 0 0 1 a.png\n1.5000 2.5000 -1 3.5000 4.5000 1 \n2 1 0 0 0 -1 0 0 2 b.png\n5.5000 6.5000 1 \n3 1 0 0 0 0 0 0 1 c.png\n\n",
		"points3D.txt": "1 0.5 0 2 9 8 7 0.25 1 1 2 0\n",
	} {
		text, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		var rows []string
		for line := range strings.Lines(string(text)) {
			if !strings.HasPrefix(line, "#") {
				rows = append(rows, line)
			}
		}
		if got := strings.Join(rows, ""); got != want {
			t.Errorf("%s:\n%s\nwant\n%s", name, got, want)
		}
	}
}
