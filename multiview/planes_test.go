package multiview

import (
	"math"
	"math/rand/v2"
	"testing"
)

// TestPlanes: a hole in a slanted plane is filled with the plane, at a deviation that is
// true of noise, and grows away from what is known; what lies beyond an edge takes no part.
func TestPlanes(t *testing.T) {
	const w, h, noise = 120, 80, .02
	grey, logPrior := make([]uint8, w*h), make([]float32, w*h)
	depth, weight := make([]float32, w*h), make([]float32, w*h)
	truth := func(x, y int) float32 { return 1 / (.4 + .002*float32(x) + .001*float32(y)) }
	rng := rand.New(rand.NewPCG(1, 1))
	hole := func(x, y int) bool { return x > 20 && x < 45 && y > 25 && y < 55 }
	for y := range h {
		for x := range w {
			i := y*w + x
			depth[i], weight[i] = truth(x, y)*exp32(float32(noise*rng.NormFloat64())), 1
			switch {
			case x >= 80: // another surface, of another colour
				grey[i], depth[i], logPrior[i] = 200, 1, -1
			case hole(x, y) || x > 55:
				weight[i] = 0
			}
		}
	}
	for _, shrink := range []int{1, 2} {
		p := newPlanes(grey, logPrior, depth, weight, w, h, shrink, reachPx)
		for y := 1; y < h-1; y++ {
			for x := 1; x < 54; x++ {
				z, std := p.at(x, y)
				if e := math.Abs(float64(log32(z / truth(x, y)))); e > noise {
					t.Fatalf("shrink %d, (%d, %d): error %.4f", shrink, x, y, e)
				}
				if std < .8*noise || std > 2*noise {
					t.Fatalf("shrink %d, (%d, %d): deviation %.4f, noise %g", shrink, x, y, std, noise)
				}
			}
		}
		_, beyond := p.at(72, 40)
		if _, amid := p.at(48, 40); beyond < 1.3*amid {
			t.Errorf("deviation %.4f amid what is known, %.4f beyond it", amid, beyond)
		}
	}
	clear(weight)
	if _, std := newPlanes(grey, logPrior, depth, weight, w, h, 1, reachPx).at(5, 5); !math.IsInf(float64(std), 1) {
		t.Errorf("deviation %g of nothing", std)
	}
}
