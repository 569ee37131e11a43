package datasets

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// colmapLine matches a row of COLMAP's cameras.txt: id, model, width, height.
var colmapLine = regexp.MustCompile(`(?m)^\s*\d+\s+[A-Z][A-Z_]+\s+\d+\s+\d+\s`)

// colmapModels says where the parameters of COLMAP's models go: a letter each,
// f both focal lengths, F fx, G fy, x and y the principal point, then the
// coefficients in their order (COLMAP, src/colmap/sensor/models.h).
var colmapModels = map[string]struct {
	parameters string
	model      string
}{
	"SIMPLE_PINHOLE": {"fxy", modelNone}, "PINHOLE": {"FGxy", modelNone},
	"SIMPLE_RADIAL": {"fxy1", modelRadTan}, "RADIAL": {"fxy12", modelRadTan}, "OPENCV": {"FGxy12pq", modelRadTan}, "FULL_OPENCV": {"FGxy12pq3456", modelRadTan},
	"OPENCV_FISHEYE": {"FGxy1234", modelFisheye}, "SIMPLE_RADIAL_FISHEYE": {"fxy1", modelFisheye}, "RADIAL_FISHEYE": {"fxy12", modelFisheye}, "FOV": {"FGxyo", modelFOV},
}

// parseCOLMAP reads cameras.txt, which must hold one camera, or several alike.
// COLMAP's middle of the upper left pixel is (.5, .5).
func parseCOLMAP(text string) (*lens, error) {
	var l *lens
	n := 0
	for line := range strings.Lines(text) {
		n++
		fields := strings.Fields(line)
		if len(fields) == 0 || strings.HasPrefix(fields[0], "#") {
			continue
		}
		c, err := colmapCamera(fields)
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", n, err)
		}
		if l != nil && (l.cam != c.cam || l.model != c.model || !slices.Equal(l.coeffs, c.coeffs)) {
			return nil, fmt.Errorf("line %d: the file holds several cameras; leave the line of the one that took these images", n)
		}
		l = c
	}
	return l, nil
}

func colmapCamera(fields []string) (*lens, error) {
	if len(fields) < 5 {
		return nil, fmt.Errorf("%d fields, want id, model, width, height and parameters", len(fields))
	}
	m, ok := colmapModels[fields[1]]
	if !ok {
		return nil, fmt.Errorf("COLMAP's model %s is not supported: run `colmap image_undistorter`, or calibrate with OPENCV or OPENCV_FISHEYE", fields[1])
	}
	if len(fields) != 4+len(m.parameters) {
		return nil, fmt.Errorf("%s has %d parameters, want %d", fields[1], len(fields)-4, len(m.parameters))
	}
	l := &lens{model: m.model}
	var v []float64
	for _, f := range fields[2:] {
		x, err := toNumber(f)
		if err != nil {
			return nil, err
		}
		v = append(v, x)
	}
	var err error
	if l.cam.W, err = strconv.Atoi(fields[2]); err == nil {
		l.cam.H, err = strconv.Atoi(fields[3])
	}
	if err != nil || l.cam.W < 1 || l.cam.H < 1 {
		return nil, fmt.Errorf("size %s x %s; it must be a number of pixels", fields[2], fields[3])
	}
	c := &l.cam
	for i, p := range m.parameters {
		x := v[2+i]
		switch p {
		case 'f':
			c.Fx, c.Fy = x, x
		case 'F':
			c.Fx = x
		case 'G':
			c.Fy = x
		case 'x':
			c.Cx = x - .5
		case 'y':
			c.Cy = x - .5
		default:
			l.coeffs = append(l.coeffs, x)
		}
	}
	missing := map[string]int{modelFisheye: 4, modelRadTan: 4}[l.model] - len(l.coeffs)
	l.coeffs = append(l.coeffs, make([]float64, max(missing, 0))...)
	return l, l.setCoefficients()
}
