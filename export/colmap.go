package export

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"

	"github.com/metricslam/metricslam/geom"
	"github.com/metricslam/metricslam/internal/atomicfile"
)

// ColmapImage is a picture of a COLMAP model.
type ColmapImage struct {
	Name   string
	Camera geom.Camera
	Pose   geom.SE3    // T_wc
	Pixels []geom.Vec2 // of its features
}

// ColmapPoint is a point of a COLMAP model.
type ColmapPoint struct {
	Position geom.Vec3
	Color    [3]uint8
	ErrorPx  float64
	Track    []ColmapObservation
}

// ColmapObservation says that a point is seen as feature Feature of picture Image,
// both counted from 0.
type ColmapObservation struct{ Image, Feature int }

// WriteColmap writes cameras.txt, images.txt and points3D.txt, COLMAP's model as
// text, into a folder, which is made. Ids count from 1. COLMAP's pixels have
// their corner, not their centre, at (0, 0), so that half a pixel is added.
// https://colmap.github.io/format.html#text-format
func WriteColmap(dir string, images []ColmapImage, points []ColmapPoint) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	seen := make([][]int, len(images)) // point of each feature, 0 for none
	for i, im := range images {
		seen[i] = make([]int, len(im.Pixels))
	}
	for i, p := range points {
		for _, o := range p.Track {
			seen[o.Image][o.Feature] = i + 1
		}
	}
	cameras := make(map[geom.Camera]int)
	for _, im := range images {
		if cameras[im.Camera] == 0 {
			cameras[im.Camera] = len(cameras) + 1
		}
	}
	for _, file := range []struct {
		name  string
		write func(*bytes.Buffer)
	}{
		{"cameras.txt", func(b *bytes.Buffer) { colmapCameras(b, cameras) }},
		{"images.txt", func(b *bytes.Buffer) { colmapImages(b, images, cameras, seen) }},
		{"points3D.txt", func(b *bytes.Buffer) { colmapPoints(b, points) }},
	} {
		var b bytes.Buffer
		file.write(&b)
		if err := atomicfile.WriteBytes(filepath.Join(dir, file.name), b.Bytes()); err != nil {
			return err
		}
	}
	return nil
}

func colmapCameras(b *bytes.Buffer, cameras map[geom.Camera]int) {
	b.WriteString("# CAMERA_ID MODEL WIDTH HEIGHT PARAMS[fx fy cx cy]\n")
	byID := make([]geom.Camera, len(cameras))
	for c, id := range cameras {
		byID[id-1] = c
	}
	for i, c := range byID {
		fmt.Fprintf(b, "%d PINHOLE %d %d %.9g %.9g %.9g %.9g\n", i+1, c.W, c.H, c.Fx, c.Fy, c.Cx+.5, c.Cy+.5)
	}
}

func colmapImages(b *bytes.Buffer, images []ColmapImage, cameras map[geom.Camera]int, seen [][]int) {
	b.WriteString("# IMAGE_ID QW QX QY QZ TX TY TZ CAMERA_ID NAME\n# X Y POINT3D_ID ...\n")
	for i, im := range images {
		cw := im.Pose.Inverse()
		q := geom.QuatFromMat3(cw.R)
		fmt.Fprintf(b, "%d %.12g %.12g %.12g %.12g %.9g %.9g %.9g %d %s\n",
			i+1, q.W, q.X, q.Y, q.Z, cw.T.X+0, cw.T.Y+0, cw.T.Z+0, cameras[im.Camera], im.Name)
		for j, u := range im.Pixels {
			id := seen[i][j]
			if id == 0 {
				id = -1
			}
			fmt.Fprintf(b, "%.3f %.3f %d ", u.X+.5, u.Y+.5, id)
		}
		b.WriteByte('\n')
	}
}

func colmapPoints(b *bytes.Buffer, points []ColmapPoint) {
	b.WriteString("# POINT3D_ID X Y Z R G B ERROR (IMAGE_ID POINT2D_IDX) ...\n")
	for i, p := range points {
		fmt.Fprintf(b, "%d %.9g %.9g %.9g %d %d %d %.4g",
			i+1, p.Position.X, p.Position.Y, p.Position.Z, p.Color[0], p.Color[1], p.Color[2], p.ErrorPx)
		for _, o := range p.Track {
			fmt.Fprintf(b, " %d %d", o.Image+1, o.Feature)
		}
		b.WriteByte('\n')
	}
}
