package filter

import (
	"errors"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/metricslam/metricslam/geom"
	"github.com/metricslam/metricslam/slam"
)

func random(w, h int) slam.DepthMap {
	rng := rand.New(rand.NewPCG(1, 1))
	d := slam.DepthMap{W: w, H: h, Depth: make([]float32, w*h)}
	for i := range d.Depth {
		if rng.IntN(5) > 0 {
			d.Depth[i] = 2 + .1*rng.Float32()
		}
		if rng.IntN(40) == 0 {
			d.Depth[i] = 3
		}
	}
	return d
}

// TestDropEdgesAgainstNaive compares with the definition, for windows of all
// sizes and images smaller than the window.
func TestDropEdgesAgainstNaive(t *testing.T) {
	for _, size := range [][2]int{{37, 23}, {1, 1}, {3, 40}, {5, 5}} {
		d := random(size[0], size[1])
		for radius := 0; radius <= 4; radius++ {
			got := DropEdges(d, radius, .08)
			for y := range d.H {
				for x := range d.W {
					lo, hi := float32(math.Inf(1)), float32(0)
					for v := max(0, y-radius); v <= min(d.H-1, y+radius); v++ {
						for u := max(0, x-radius); u <= min(d.W-1, x+radius); u++ {
							if z := d.Depth[v*d.W+u]; z > 0 {
								lo, hi = min(lo, z), max(hi, z)
							}
						}
					}
					want := d.Depth[y*d.W+x]
					if want > 0 && hi > 1.08*lo {
						want = 0
					}
					if got.Depth[y*d.W+x] != want {
						t.Fatalf("%v, radius %d, pixel %d,%d: got %v, want %v", size, radius, x, y, got.Depth[y*d.W+x], want)
					}
				}
			}
		}
	}
}

func TestCap(t *testing.T) {
	d := slam.DepthMap{W: 3, H: 1, Depth: []float32{1, 5, 9}}
	got := Cap(d, 5)
	if got.Depth[0] != 1 || got.Depth[1] != 5 || got.Depth[2] != 0 || d.Depth[2] != 9 {
		t.Errorf("got %v, the argument is now %v", got.Depth, d.Depth)
	}
}

// planeDepth is the depth along the ray of a pixel of the plane n.p = c.
func planeDepth(cam geom.Camera, n geom.Vec3, c float64) slam.DepthMap {
	d := slam.DepthMap{W: cam.W, H: cam.H, Camera: cam, Depth: make([]float32, cam.W*cam.H), Sigma: .1}
	for i := range d.Depth {
		ray := cam.Ray(geom.Vec2{X: float64(i % cam.W), Y: float64(i / cam.W)})
		if z := c / n.Dot(ray); z > 0 && z < 50 {
			d.Depth[i] = float32(z)
		}
	}
	return d
}

func TestNormals(t *testing.T) {
	cam := geom.Camera{W: 40, H: 30, Fx: 40, Fy: 40, Cx: 19.5, Cy: 14.5}
	for _, n := range []geom.Vec3{{Z: 1}, {X: .3, Y: -.2, Z: 1}, {Y: 1, Z: .4}} {
		n = n.Unit()
		d := planeDepth(cam, n, 2)
		known := 0
		for i, v := range Normals(d) {
			if v == [3]float32{} {
				continue
			}
			known++
			got := geom.Vec3{X: float64(v[0]), Y: float64(v[1]), Z: float64(v[2])}
			if got.Dot(n.Scale(-1)) < .9999 { // it faces the camera
				t.Fatalf("plane %v, pixel %d: got %v", n, i, got)
			}
		}
		if known < 500 {
			t.Errorf("plane %v: %d normals", n, known)
		}
	}
	d := planeDepth(cam, geom.Vec3{Z: 1}, 2)
	for i := range d.Depth {
		if i%40 >= 20 {
			d.Depth[i] = 4
		}
	}
	if v := Normals(d)[15*40+20]; v != [3]float32{} {
		t.Errorf("on an edge: got %v, want none", v)
	}
}

// TestAgreement: maps of one wall with a scale error of deviation .05 each are
// given a deviation near it; what no other view sees, and what another view sees
// something in front of, keeps its own.
func TestAgreement(t *testing.T) {
	cam := geom.Camera{W: 40, H: 30, Fx: 40, Fy: 40, Cx: 19.5, Cy: 14.5}
	rng := rand.New(rand.NewPCG(2, 3))
	view := func(x float64) View {
		v := View{Depth: planeDepth(cam, geom.Vec3{Z: 1}, 3), Pose: geom.IdentitySE3()}
		v.Pose.T.X = x
		for i := range v.Depth.Depth {
			v.Depth.Depth[i] *= float32(math.Exp(.05 * rng.NormFloat64()))
		}
		return v
	}
	ref := view(0)
	var others []View
	for k := range 9 {
		others = append(others, view(.05*float64(k)))
	}
	d := Agreement(ref, others, .01)
	var sum float64
	for _, s := range d.LogStd {
		sum += float64(s) / float64(len(d.LogStd))
	}
	if sum < .04 || sum > .06 {
		t.Errorf("mean deviation %v, want .05 within .01", sum)
	}
	if again := Agreement(ref, others[:1], .01); again.LogStd[600] != .1 {
		t.Errorf("one other view: deviation %v, want its own, .1", again.LogStd[600])
	}
	near := view(0)
	for i := range near.Depth.Depth {
		near.Depth.Depth[i] = 1
	}
	if hid := Agreement(ref, []View{near, near, near}, .01); hid.LogStd[600] != .1 {
		t.Errorf("hidden in the other views: deviation %v, want its own, .1", hid.LogStd[600])
	}
}

// TestAgree: views come out in order with the deviation of their agreement,
// however many there are; what states its own keeps it, and errors end it.
func TestAgree(t *testing.T) {
	cam := geom.Camera{W: 40, H: 30, Fx: 40, Fy: 40, Cx: 19.5, Cy: 14.5}
	rng := rand.New(rand.NewPCG(4, 5))
	for _, n := range []int{0, 1, 2, 3, 12} {
		source := func(yield func(slam.KeyframeView, error) bool) {
			for i := range n {
				v := slam.KeyframeView{ID: i, Pose: geom.IdentitySE3(), Depth: planeDepth(cam, geom.Vec3{Z: 1}, 3)}
				for k := range v.Depth.Depth {
					v.Depth.Depth[k] *= float32(math.Exp(.03 * rng.NormFloat64()))
				}
				if i == 5 {
					v.Depth.LogStd = make([]float32, len(v.Depth.Depth))
				}
				if !yield(v, nil) {
					return
				}
			}
		}
		next := 0
		for v, err := range Agree(source, 3) {
			if err != nil || v.ID != next {
				t.Fatalf("%d views: got %d, %v, want %d", n, v.ID, err, next)
			}
			next++
			var mean float64
			for _, s := range v.Depth.LogStd {
				mean += float64(s) / float64(len(v.Depth.LogStd))
			}
			switch {
			case v.ID == 5 && mean != 0:
				t.Errorf("a stated deviation became %v", mean)
			case v.ID != 5 && n >= 3 && (mean < .015 || mean > .045):
				t.Errorf("%d views, %d: mean deviation %v, want about .03", n, v.ID, mean)
			case n < 3 && math.Abs(mean-.1) > 1e-4:
				t.Errorf("%d views: deviation %v, want its own, .1", n, mean)
			}
		}
		if next != n {
			t.Errorf("%d of %d views came out", next, n)
		}
	}
	broken := errors.New("broken")
	for _, err := range Agree(func(yield func(slam.KeyframeView, error) bool) { yield(slam.KeyframeView{}, broken) }, 3) {
		if err != broken {
			t.Errorf("got %v", err)
		}
	}
	for range Agree(func(yield func(slam.KeyframeView, error) bool) {
		for yield(slam.KeyframeView{}, nil) {
		}
	}, 1) {
		break // ends the source too
	}
}

func BenchmarkDropEdges256x192(b *testing.B) {
	d := random(256, 192)
	for b.Loop() {
		DropEdges(d, EdgeRadius, EdgeSpread)
	}
}
