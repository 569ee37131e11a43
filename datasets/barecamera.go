package datasets

import (
	"bytes"
	"fmt"
	"strconv"

	"github.com/metricslam/metricslam/geom"
)

// bareNumbers returns the numbers of a file that holds nothing else, row by row.
func bareNumbers(data []byte) (rows [][]float64, ok bool) {
	for line := range bytes.Lines(data) {
		line, _, _ = bytes.Cut(line, []byte("#"))
		var row []float64
		for _, f := range bytes.FieldsFunc(line, func(r rune) bool { return r == ' ' || r == '\t' || r == ',' || r == ';' || r == '\r' || r == '\n' }) {
			x, err := strconv.ParseFloat(string(f), 64)
			if err != nil {
				return nil, false
			}
			row = append(row, x)
		}
		if len(row) > 0 {
			rows = append(rows, row)
		}
	}
	return rows, len(rows) > 0
}

// lensOfNumbers reads a 3x3 camera matrix (SUN3D, ScanNet, OpenCV's savetxt; a 4x4 one is
// that of ScanNet), or one row "fx fy cx cy", with k1 k2 p1 p2 k3 as DROID-SLAM and DPVO
// have it.
func lensOfNumbers(rows [][]float64) (*lens, error) {
	l := &lens{}
	switch n := len(rows[0]); {
	case len(rows) == 1 && (n == 4 || n == 8 || n == 9):
		l.cam = geom.Camera{Fx: rows[0][0], Fy: rows[0][1], Cx: rows[0][2], Cy: rows[0][3]}
		if n > 4 {
			l.model, l.coeffs = modelRadTan, rows[0][4:]
		}
		return l, l.setCoefficients()
	case len(rows) == n && (n == 3 || n == 4):
		for i, row := range rows {
			if len(row) != n {
				return nil, fmt.Errorf("row %d has %d numbers, the first %d", i+1, len(row), n)
			}
		}
		if k := rows; k[0][1] != 0 || k[1][0] != 0 || k[2][0] != 0 || k[2][1] != 0 || k[2][2] != 1 {
			return nil, fmt.Errorf("the matrix has %v as its last row and %g beside fx; a camera matrix is fx 0 cx, 0 fy cy, 0 0 1", k[2], k[0][1])
		}
		l.cam = geom.Camera{Fx: rows[0][0], Fy: rows[1][1], Cx: rows[0][2], Cy: rows[1][2]}
		return l, l.setCoefficients()
	}
	return nil, fmt.Errorf("%d rows of numbers, the first of %d: neither a 3x3 camera matrix nor one row fx fy cx cy [k1 k2 p1 p2 [k3]]; docs/input.md lists the layouts", len(rows), len(rows[0]))
}
