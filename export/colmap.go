package export

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"

	"github.com/metricslam/metricslam/geom"
	"github.com/metricslam/metricslam/internal/atomicfile"
)

// ColmapImage is an image of a COLMAP model.
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

// ColmapObservation says that a point is seen as feature Feature of image Image,
// both counted from 0.
type ColmapObservation struct{ Image, Feature int }

// colmapModel is a model with the numbers that its files share; ids count from 1.
type colmapModel struct {
	images  []ColmapImage
	points  []ColmapPoint
	cameras []geom.Camera       // by id - 1
	camera  map[geom.Camera]int // id
	seen    [][]int             // point of each feature, 0 for none
}

func newColmapModel(images []ColmapImage, points []ColmapPoint) *colmapModel {
	m := &colmapModel{images: images, points: points, camera: make(map[geom.Camera]int), seen: make([][]int, len(images))}
	for i, im := range images {
		m.seen[i] = make([]int, len(im.Pixels))
		if m.camera[im.Camera] == 0 {
			m.cameras = append(m.cameras, im.Camera)
			m.camera[im.Camera] = len(m.cameras)
		}
	}
	for i, p := range points {
		for _, o := range p.Track {
			m.seen[o.Image][o.Feature] = i + 1
		}
	}
	return m
}

// WriteColmap writes cameras.txt, images.txt and points3D.txt, COLMAP's model as
// text, into a folder, which is made. Cameras must be pinholes. COLMAP's pixels have
// their corner, not their centre, at (0, 0), so that half a pixel is added.
// https://colmap.github.io/format.html#text-format
func WriteColmap(dir string, images []ColmapImage, points []ColmapPoint) error {
	m := newColmapModel(images, points)
	return writeColmapFiles(dir, []colmapFile{{"cameras.txt", m.camerasText}, {"images.txt", m.imagesText}, {"points3D.txt", m.pointsText}})
}

type colmapFile struct {
	name  string
	write func(*bytes.Buffer)
}

func writeColmapFiles(dir string, files []colmapFile) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	for _, f := range files {
		var b bytes.Buffer
		f.write(&b)
		if err := atomicfile.WriteBytes(filepath.Join(dir, f.name), b.Bytes()); err != nil {
			return err
		}
	}
	return nil
}

func (m *colmapModel) camerasText(b *bytes.Buffer) {
	b.WriteString("# CAMERA_ID MODEL WIDTH HEIGHT PARAMS[fx fy cx cy]\n")
	for i, c := range m.cameras {
		fmt.Fprintf(b, "%d PINHOLE %d %d %.9g %.9g %.9g %.9g\n", i+1, c.W, c.H, c.Fx, c.Fy, c.Cx+.5, c.Cy+.5)
	}
}

func (m *colmapModel) imagesText(b *bytes.Buffer) {
	b.WriteString("# IMAGE_ID QW QX QY QZ TX TY TZ CAMERA_ID NAME\n# X Y POINT3D_ID ...\n")
	for i, im := range m.images {
		cw := im.Pose.Inverse()
		q := geom.QuatFromMat3(cw.R)
		fmt.Fprintf(b, "%d %.12g %.12g %.12g %.12g %.9g %.9g %.9g %d %s\n",
			i+1, q.W, q.X, q.Y, q.Z, cw.T.X+0, cw.T.Y+0, cw.T.Z+0, m.camera[im.Camera], im.Name)
		for j, u := range im.Pixels {
			id := m.seen[i][j]
			if id == 0 {
				id = -1
			}
			fmt.Fprintf(b, "%.4f %.4f %d ", u.X+.5, u.Y+.5, id)
		}
		b.WriteByte('\n')
	}
}

func (m *colmapModel) pointsText(b *bytes.Buffer) {
	b.WriteString("# POINT3D_ID X Y Z R G B ERROR (IMAGE_ID POINT2D_IDX) ...\n")
	for i, p := range m.points {
		fmt.Fprintf(b, "%d %.9g %.9g %.9g %d %d %d %.6g",
			i+1, p.Position.X, p.Position.Y, p.Position.Z, p.Color[0], p.Color[1], p.Color[2], p.ErrorPx)
		for _, o := range p.Track {
			fmt.Fprintf(b, " %d %d", o.Image+1, o.Feature)
		}
		b.WriteByte('\n')
	}
}
