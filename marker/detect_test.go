package marker

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/metricslam/metricslam/geom"
)

// randomPose puts a marker of 16 cm in sight, tilted by up to most radians.
func randomPose(r *rand.Rand, most float64) geom.SE3 {
	z := .5 + 1.3*r.Float64()
	u := geom.Vec2{X: 150 + 340*r.Float64(), Y: 130 + 220*r.Float64()}
	p := testCamera.Unproject(u, z)
	dir := 2 * math.Pi * r.Float64()
	tilt := most * r.Float64()
	rot := geom.ExpSO3(geom.Vec3{X: tilt * math.Cos(dir), Y: tilt * math.Sin(dir)}).Mul(geom.ExpSO3(geom.Vec3{Z: 2 * math.Pi * r.Float64()}))
	return geom.SE3{R: rot, T: p}
}

// trueCorners are the pixels of a marker's corners.
func trueCorners(m placed) (u [4]geom.Vec2) {
	for i, c := range Square(m.edge) {
		u[i] = testCamera.Project(m.pose.Apply(c))
	}
	return u
}

func TestRenderedMarkersAreFound(t *testing.T) {
	looks := map[string]struct {
		look
		found   float64 // least share
		cornerP float64 // largest RMS error of a corner's coordinate, px
	}{
		"plain":        {look{}, .95, .1},
		"usual":        {look{blurPx: .7, noise: 4}, .9, .1},
		"noise":        {look{noise: 12}, .9, .1},
		"blur":         {look{blurPx: 1.5, noise: 3}, .8, .15},
		"uneven light": {look{blurPx: .7, noise: 4, shade: .7}, .9, .1},
		"dim":          {look{blurPx: .7, noise: 3, low: 20, high: 75}, .9, .1},
	}
	for _, name := range []string{"apriltag36h11", "aruco4x4_50", "aruco5x5_100", "aruco6x6_250", "aruco_original"} {
		f := family(t, name)
		for lookName, l := range looks {
			t.Run(name+"/"+lookName, func(t *testing.T) {
				const runs = 16
				r := rand.New(rand.NewPCG(3, 4))
				d := NewDetector(f)
				var found, n, sum float64
				for i := range runs {
					m := placed{r.IntN(f.Count()), randomPose(r, 1), .16}
					l.seed = uint64(i)
					all := d.Detect(render(f, []placed{m}, l.look))
					for _, o := range all {
						if o.ID != m.id {
							t.Errorf("marker %d where %d is, %d cells put right", o.ID, m.id, o.Wrong)
						}
					}
					if len(all) != 1 {
						continue
					}
					found++
					for k, u := range trueCorners(m) {
						e := all[0].Corners[k].Sub(u)
						sum, n = sum+e.Norm2(), n+2
					}
				}
				rms := math.Sqrt(sum / n)
				t.Logf("found %.0f %%, corners to %.3f px", 100*found/runs, rms)
				if found < l.found*runs || rms > l.cornerP {
					t.Errorf("found %.2f with corners to %.3f px; want %.2f and %.2f", found/runs, rms, l.found, l.cornerP)
				}
			})
		}
	}
}

func TestManyMarkersInOneImage(t *testing.T) {
	f := family(t, "apriltag36h11")
	var scene []placed
	for i := range 12 {
		scene = append(scene, placed{40 + i, facing(-.45+.3*float64(i%4), -.3+.3*float64(i/4), 1, .2, -.3, .1*float64(i)), .14})
	}
	got := NewDetector(f).Detect(render(f, scene, look{blurPx: .6, noise: 4}))
	if len(got) != len(scene) {
		t.Fatalf("%d of %d found", len(got), len(scene))
	}
	for i, m := range got {
		if m.ID != scene[i].id {
			t.Errorf("marker %d, want %d", m.ID, scene[i].id)
		}
	}
}

func TestHiddenParts(t *testing.T) {
	f := family(t, "apriltag36h11")
	m := placed{7, facing(0, 0, .5, .3, .2, .1), .16}
	cover := func(row, col, rows, cols float64) []Detection {
		g := render(f, []placed{m}, look{blurPx: .5, noise: 3})
		for y := range g.H {
			for x := range g.W {
				r, c, _ := cellAt(f, m, geom.Vec2{X: float64(x), Y: float64(y)})
				if r >= row && r < row+rows && c >= col && c < col+cols {
					g.Pix[y*g.W+x] = 128
				}
			}
		}
		return NewDetector(f).Detect(g)
	}
	if got := cover(3, 3, 1, 2); len(got) != 1 || got[0].ID != 7 {
		t.Errorf("two cells hidden: %v", got)
	}
	for name, got := range map[string][]Detection{
		"corner hidden": cover(-1, -1, 3, 3), "half hidden": cover(-1, -1, 10, 5), "middle hidden": cover(2, 2, 4, 4),
	} {
		for _, o := range got {
			if o.ID != 7 {
				t.Errorf("%s: taken for marker %d", name, o.ID)
			}
		}
	}
}

func TestBadImages(t *testing.T) {
	d := NewDetector(family(t, "aruco4x4"))
	r := rand.New(rand.NewPCG(1, 2))
	for _, size := range [][2]int{{0, 0}, {1, 1}, {3, 200}, {64, 64}, {641, 3}} {
		g := render(d.family, nil, look{})
		g.W, g.H = size[0], size[1]
		g.Pix = g.Pix[:g.W*g.H]
		d.Detect(g)
		for i := range g.Pix {
			g.Pix[i] = uint8(r.IntN(256))
		}
		if got := d.Detect(g); len(got) != 0 {
			t.Errorf("%v: found %v in noise", size, got)
		}
	}
}

func BenchmarkDetect(b *testing.B) {
	f := family(b, "apriltag36h11")
	var scene []placed
	for i := range 6 {
		scene = append(scene, placed{i, facing(-.4+.4*float64(i%3), -.2+.4*float64(i/3), 1, .2, -.3, .1*float64(i)), .16})
	}
	g := render(f, scene, look{blurPx: .7, noise: 6})
	d := NewDetector(f)
	for b.Loop() {
		if got := d.Detect(g); len(got) != len(scene) {
			b.Fatalf("%d found", len(got))
		}
	}
}
