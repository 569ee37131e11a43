package export

import (
	"bytes"
	"encoding/binary"
	"math"

	"github.com/metricslam/metricslam/geom"
)

// colmapPinhole is COLMAP's number of the model with fx fy cx cy.
const colmapPinhole = 1

// WriteColmapBinary is WriteColmap in COLMAP's binary form, which programs for
// splats read: cameras.bin, images.bin and points3D.bin, little-endian.
// https://colmap.github.io/format.html#binary-file-format
func WriteColmapBinary(dir string, images []ColmapImage, points []ColmapPoint) error {
	m := newColmapModel(images, points)
	return writeColmapFiles(dir, []colmapFile{{"cameras.bin", m.camerasBinary}, {"images.bin", m.imagesBinary}, {"points3D.bin", m.pointsBinary}})
}

// little appends numbers in their little-endian form.
type little struct{ *bytes.Buffer }

func (l little) u32(v int) {
	l.Write(binary.LittleEndian.AppendUint32(nil, uint32(v)))
}

func (l little) u64(v int) {
	l.Write(binary.LittleEndian.AppendUint64(nil, uint64(v)))
}

func (l little) f64(values ...float64) {
	for _, v := range values {
		l.Write(binary.LittleEndian.AppendUint64(nil, math.Float64bits(v)))
	}
}

func (m *colmapModel) camerasBinary(b *bytes.Buffer) {
	w := little{b}
	w.u64(len(m.cameras))
	for i, c := range m.cameras {
		w.u32(i + 1)
		w.u32(colmapPinhole)
		w.u64(c.W)
		w.u64(c.H)
		w.f64(c.Fx, c.Fy, c.Cx+.5, c.Cy+.5)
	}
}

func (m *colmapModel) imagesBinary(b *bytes.Buffer) {
	w := little{b}
	w.u64(len(m.images))
	for i, im := range m.images {
		cw := im.Pose.Inverse()
		q := geom.QuatFromMat3(cw.R)
		w.u32(i + 1)
		w.f64(q.W, q.X, q.Y, q.Z, cw.T.X, cw.T.Y, cw.T.Z)
		w.u32(m.camera[im.Camera])
		b.WriteString(im.Name)
		b.WriteByte(0)
		w.u64(len(im.Pixels))
		for j, u := range im.Pixels {
			w.f64(u.X+.5, u.Y+.5)
			id := m.seen[i][j]
			if id == 0 {
				id = -1
			}
			w.u64(id)
		}
	}
}

func (m *colmapModel) pointsBinary(b *bytes.Buffer) {
	w := little{b}
	w.u64(len(m.points))
	for i, p := range m.points {
		w.u64(i + 1)
		w.f64(p.Position.X, p.Position.Y, p.Position.Z)
		b.Write(p.Color[:])
		w.f64(p.ErrorPx)
		w.u64(len(p.Track))
		for _, o := range p.Track {
			w.u32(o.Image + 1)
			w.u32(o.Feature)
		}
	}
}
