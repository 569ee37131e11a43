package export

import (
	"encoding/binary"
	"fmt"
	"io"
	"math"

	"github.com/metricslam/metricslam/internal/atomicfile"
	"github.com/metricslam/metricslam/slam"
)

// The layout of LAS 1.4 (ASPRS, LAS specification 1.4 R15) with point format 7:
// GPS time and colour.
const (
	lasHeaderLen  = 375
	lasFormat     = 7
	lasRecordLen  = 36
	lasWKT        = 1 << 4 // of the global encoding: formats from 6 on demand it
	lasResolution = 1e-4   // metres a unit: 2^31 of them are 200 km
	lasFirstOf1   = 0x11   // return 1 of 1
)

// WriteLAS writes the vertices of a mesh as a LAS 1.4 cloud, whose convention is z
// up. Positions are rounded to .1 mm; colours are 16 bits wide, as LAS has it. The
// coordinates are local: there is no reference system.
func WriteLAS(path string, m *slam.Mesh) error {
	if err := CheckMesh(m); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	lo, hi := box(m.Vertices)
	var offset [3]float64
	for i := range offset {
		offset[i] = math.Floor(lo[i])
		if (hi[i]-offset[i])/lasResolution > math.MaxInt32 {
			return fmt.Errorf("write %s: the cloud is %.0f m wide; LAS with a resolution of .1 mm holds 200 km", path, hi[i]-lo[i])
		}
	}
	return atomicfile.Write(path, func(w io.Writer) error {
		if _, err := w.Write(lasHeader(len(m.Vertices), lo, hi, offset)); err != nil {
			return err
		}
		var rec [lasRecordLen]byte
		for i, v := range m.Vertices {
			for c := range 3 {
				binary.LittleEndian.PutUint32(rec[4*c:], uint32(int32(math.Round((float64(v[c])-offset[c])/lasResolution))))
			}
			rec[14] = lasFirstOf1
			if m.Colors != nil {
				for c := range 3 {
					binary.LittleEndian.PutUint16(rec[30+2*c:], uint16(m.Colors[i][c])*257)
				}
			}
			if _, err := w.Write(rec[:]); err != nil {
				return err
			}
		}
		return nil
	})
}

// lasHeader is the public header block.
func lasHeader(n int, lo, hi, offset [3]float64) []byte {
	h := make([]byte, lasHeaderLen)
	le := binary.LittleEndian
	copy(h, "LASF")
	le.PutUint16(h[6:], lasWKT)
	h[24], h[25] = 1, 4
	copy(h[26:58], "OTHER")
	copy(h[58:90], "metricslam")
	le.PutUint16(h[94:], lasHeaderLen)
	le.PutUint32(h[96:], lasHeaderLen) // where the points begin
	h[104] = lasFormat
	le.PutUint16(h[105:], lasRecordLen)
	float := func(at int, v float64) { le.PutUint64(h[at:], math.Float64bits(v)) }
	for c := range 3 {
		float(131+8*c, lasResolution)
		float(155+8*c, offset[c])
		float(179+16*c, hi[c])
		float(187+16*c, lo[c])
	}
	le.PutUint64(h[247:], uint64(n)) // the 32-bit counts before stay 0 for this format
	le.PutUint64(h[255:], uint64(n)) // of first returns
	return h
}

// box returns the corners of the box around points, zeros without any.
func box(v [][3]float32) (lo, hi [3]float64) {
	for i, p := range v {
		for c := range 3 {
			x := float64(p[c])
			if i == 0 {
				lo[c], hi[c] = x, x
			}
			lo[c], hi[c] = min(lo[c], x), max(hi[c], x)
		}
	}
	return lo, hi
}
