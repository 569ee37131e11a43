package geom

import "fmt"

// LikelyMetres says what a length that makes no sense in metres may have been
// meant as: in centimetres, else in millimetres, whichever lies between least and
// most metres. It is the end of a message, empty where neither does.
func LikelyMetres(length, leastM, mostM float64) string {
	for _, unit := range []struct {
		name string
		m    float64
	}{{"centimetres", .01}, {"millimetres", .001}} {
		if m := length * unit.m; m >= leastM && m <= mostM {
			return fmt.Sprintf("; if %g %s are meant, give %.4g", length, unit.name, m)
		}
	}
	return ""
}
