package geom

import (
	"math"
	"testing"
)

func TestInverseSPD6(t *testing.T) {
	var a Mat6
	for i := range 6 {
		for j := range 6 {
			a[i][j] = .3 * math.Cos(float64(i*j))
		}
		a[i][i] += 4
	}
	inv, ok := InverseSPD6(&a)
	for i := range 6 {
		for j := range 6 {
			var sum float64
			for k := range 6 {
				sum += a[i][k] * inv[k][j]
			}
			if want := map[bool]float64{true: 1}[i == j]; math.Abs(sum-want) > 1e-12 {
				t.Fatalf("a a^-1 has %g at %d, %d", sum, i, j)
			}
		}
	}
	if _, bad := InverseSPD6(&Mat6{}); !ok || bad {
		t.Error("regular and singular are mixed up")
	}
}
