package geom

import "math"

// Distorter is a lens distortion: a map of the z = 1 plane of the ideal pinhole
// camera to that of the real lens.
//
// A distortion polynomial fits the lens within the image only; further out it
// may turn back, so that two rays would share an image. Both methods therefore
// return NaN in both components outside the valid field, the largest disc about
// the optical axis on which the radial part increases; IsFinite tells.
type Distorter interface {
	Distort(Vec2) Vec2   // where the lens puts the ideal point
	Undistort(Vec2) Vec2 // the ideal point of where the lens puts it
}

var (
	_ Distorter = RadTan{}
	_ Distorter = KannalaBrandt{}
)

// outside is what lies outside a lens's valid field.
var outside = Vec2{math.NaN(), math.NaN()}

// firstPositiveRoot returns the smallest root of sum c[k] x^k in (0, limit), or
// limit where there is none.
func firstPositiveRoot(c []float64, limit float64) float64 {
	for len(c) > 1 && c[len(c)-1] == 0 {
		c = c[:len(c)-1]
	}
	if len(c) < 2 {
		return limit
	}
	var roots [maxDegree]float64
	n := realRoots(c, &roots)
	for _, x := range roots[:n] {
		if x > 0 && x < limit {
			limit = x
		}
	}
	return limit
}
