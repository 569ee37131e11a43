package fusion

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/metricslam/metricslam/geom"
	"github.com/metricslam/metricslam/slam"
)

// randomDepth is noise with holes.
func randomDepth(w, h int) []float32 {
	rng := rand.New(rand.NewPCG(1, uint64(w*h)))
	d := make([]float32, w*h)
	for i := range d {
		if rng.Float64() < .8 {
			d[i] = float32(1 + rng.Float64())
		}
	}
	return d
}

// window calls f with the known values within r pixels of (x, y).
func window(d []float32, w, h, x, y, r int, f func(z float32)) {
	for j := max(y-r, 0); j <= min(y+r, h-1); j++ {
		for i := max(x-r, 0); i <= min(x+r, w-1); i++ {
			if z := d[j*w+i]; z > 0 {
				f(z)
			}
		}
	}
}

func TestFiltersMatchNaive(t *testing.T) {
	for _, c := range []struct{ w, h, r int }{{1, 1, 1}, {5, 3, 1}, {40, 30, 3}, {33, 70, 4}, {130, 20, 7}, {4, 4, 9}} {
		d := randomDepth(c.w, c.h)
		lo, hi := rangeFilter{w: c.w, h: c.h, r: c.r, workers: 2}.run(d)
		mean := boxMean(d, c.w, c.h, c.r, 2)
		for i := range d {
			a, b := float32(math.Inf(1)), float32(0)
			var sum, n float64
			window(d, c.w, c.h, i%c.w, i/c.w, c.r, func(z float32) {
				a, b = min(a, z), max(b, z)
				sum += float64(z)
				n++
			})
			if math.Float32frombits(lo[i]) != a || math.Float32frombits(hi[i]) != b {
				t.Fatalf("%+v, pixel %d: %g to %g, want %g to %g", c, i, math.Float32frombits(lo[i]), math.Float32frombits(hi[i]), a, b)
			}
			if d[i] == 0 {
				n = 0
			}
			if want := sum / max(n, 1); n > 0 && math.Abs(float64(mean[i])/want-1) > 1e-4 || n == 0 && mean[i] != 0 {
				t.Fatalf("%+v, pixel %d: mean %g, want %g", c, i, mean[i], want)
			}
		}
	}
}

func TestDropEdges(t *testing.T) {
	cam := geom.Camera{W: 100, H: 60, Fx: 528, Fy: 528, Cx: 50, Cy: 30}
	d := slam.DepthMap{W: 100, H: 60, Camera: cam, Depth: make([]float32, 6000), ScaleSigma: .1}
	rng := rand.New(rand.NewPCG(3, 4))
	for i := range d.Depth {
		d.Depth[i] = 2 * float32(math.Exp(.03*rng.NormFloat64()))
		if i%100 >= 60 {
			d.Depth[i] += 1
		}
	}
	d.Depth[30*100+10] = float32(math.NaN())
	d.Depth[30*100+11] = float32(math.Inf(1))
	d.Depth[30*100+12] = -2
	got := DropEdges(d, Default())
	var flat, edge int
	for i, z := range got.Depth {
		if z < 0 || z != z || math.IsInf(float64(z), 0) {
			t.Fatalf("pixel %d is %g", i, z)
		}
		if x := i % 100; z == 0 && x >= 57 && x < 63 {
			edge++
		} else if z == 0 && (x < 52 || x > 67) {
			flat++
		}
	}
	if edge != 6*60 {
		t.Errorf("%d of %d edge pixels dropped", edge, 6*60)
	}
	if flat > 50 {
		t.Errorf("%d pixels of noisy flat walls dropped", flat)
	}
	if !math.IsInf(float64(d.Depth[30*100+11]), 1) {
		t.Error("the input was changed")
	}
}

// TestDropEdgesKeepsPlanes: a road at a grazing angle is whole, a step that is drawn
// as a ramp is not.
func TestDropEdgesKeepsPlanes(t *testing.T) {
	cam := geom.Camera{W: 120, H: 100, Fx: 300, Fy: 300, Cx: 60, Cy: 10}
	road := slam.DepthMap{W: 120, H: 100, Camera: cam, Depth: make([]float32, 12000), ScaleSigma: .1}
	ramp := road
	ramp.Depth = make([]float32, 12000)
	for i := range road.Depth {
		x, y := i%120, i/120
		road.Depth[i] = float32(1.65 * 300 / (float64(y) + 5)) // 15 pixels below the horizon and more
		ramp.Depth[i] = 2 + float32(min(max(x-58, 0), 8))/8
	}
	kept := 0
	for _, z := range DropEdges(road, Default()).Depth[15*120:] {
		if z > 0 {
			kept++
		}
	}
	if share := float64(kept) / (85 * 120); share < .97 {
		t.Errorf("%.3f of the road is left", share)
	}
	for i, z := range DropEdges(ramp, Default()).Depth {
		if x := i % 120; z > 0 && x > 59 && x < 65 {
			t.Fatalf("column %d of the ramp is left", x)
		}
	}
}

// Edges are dropped once: what is left is not judged anew by deviations that are smaller
// than the noise that edges were told from (a road lost half of its surface).
func TestEdgesAreDroppedOnce(t *testing.T) {
	const w, h = 64, 48
	d := slam.DepthMap{W: w, H: h, Camera: geom.CameraFromFOV(w, h, 1), Depth: make([]float32, w*h), LogStd: make([]float32, w*h)}
	for i := range d.Depth {
		d.Depth[i], d.LogStd[i] = 2+.2*float32(i*7919%13)/13, .05 // noise of 10 %
		if i%w > w/2 {
			d.Depth[i] += 3
		}
	}
	cfg := Default()
	once := DropEdges(d, cfg)
	known := func(m slam.DepthMap) (n int) {
		for _, z := range m.Depth {
			if z > 0 {
				n++
			}
		}
		return n
	}
	if n := known(once); n == w*h || n < w*h/2 {
		t.Fatalf("%d of %d pixels are left at a step", n, w*h)
	}
	once.LogStd = slices.Repeat([]float32{.01}, w*h)
	if got, want := known(DropEdges(once, cfg)), known(once); got != want {
		t.Errorf("%d of %d pixels are left the second time", got, want)
	}
}
