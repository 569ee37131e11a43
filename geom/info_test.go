package geom

import (
	"math"
	"testing"
)

// The information of a sum of independent errors is the inverse of the sum of
// their covariances.
func TestInfoWidened(t *testing.T) {
	w := Info2{4, 1, 3}
	v := Vec2{.7, -.4}
	det := w.XX*w.YY - w.XY*w.XY
	cov := Info2{w.YY/det + v.X*v.X, -w.XY/det + v.X*v.Y, w.XX/det + v.Y*v.Y}
	got := w.Widened(v)
	for _, u := range []Vec2{{1, 0}, {0, 1}, {.3, .8}} {
		if d := got.Mul(cov.Mul(u)).Sub(u).Norm(); d > 1e-12 {
			t.Errorf("W C u is off by %g", d)
		}
	}
	if q := got.Quad(v); !(q < 1) {
		t.Errorf("an error of one deviation counts %g", q)
	}
	if across := (Vec2{-v.Y, v.X}); math.Abs(IsotropicInfo(2).Widened(v).Quad(across)-2*across.Norm2()) > 1e-12 {
		t.Error("an error along v changes what is known across it")
	}
}
