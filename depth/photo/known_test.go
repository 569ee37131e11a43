package photo

import (
	"testing"

	"github.com/metricslam/metricslam/geom"
)

// TestReferencesDisagree: one thing said to be 1 m and 2 m long leaves the
// lengths between, with a deviation that covers both; two that agree leave it
// narrow.
func TestReferencesDisagree(t *testing.T) {
	p := compute(t, scene{std: .15}, camera320())
	pair := Pair{geom.Vec2{X: 130, Y: 110}, geom.Vec2{X: 190, Y: 110}}
	relative := func(a, b float64) (length, sigma float64) {
		res, err := p.Measure([]Pair{pair}, []Reference{{pair, a}, {pair, b}})
		if err != nil {
			t.Fatal(err)
		}
		m := res.Measurements[0]
		return m.DistanceM, m.SigmaM / m.DistanceM
	}
	if d, s := relative(1, 1.01); d < 1 || d > 1.01 || s > .02 {
		t.Errorf("1 and 1.01 m: got %.3f m, relative deviation %.3f", d, s)
	}
	if d, s := relative(1, 2); d < 1 || d > 2 || s < .25 {
		t.Errorf("1 and 2 m: got %.3f m, relative deviation %.3f, want the half of log 2 or more", d, s)
	}
}
