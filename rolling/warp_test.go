package rolling

import (
	"math"
	"testing"

	"github.com/metricslam/metricslam/geom"
	"github.com/metricslam/metricslam/slam"
)

var cam = geom.Camera{W: 160, H: 120, Fx: 130, Fy: 130, Cx: 79.5, Cy: 59.5}

// wall is a pattern on a plane 2 m ahead, seen by a camera of which each row has its
// own pose.
func wall(pose func(row float64) geom.SE3) (g slam.Gray, depth slam.DepthMap) {
	g = slam.NewGray(cam.W, cam.H)
	depth = slam.DepthMap{W: cam.W, H: cam.H, Camera: cam, Depth: make([]float32, cam.W*cam.H)}
	for y := range cam.H {
		p := pose(float64(y))
		for x := range cam.W {
			d := p.R.MulVec(cam.Ray(geom.Vec2{X: float64(x), Y: float64(y)}))
			t := (2 - p.T.Z) / d.Z
			at := p.T.Add(d.Scale(t))
			g.Pix[y*cam.W+x] = uint8(128 + 50*math.Sin(9*at.X) + 50*math.Cos(8*at.Y+3*at.X))
			depth.Depth[y*cam.W+x] = float32(t)
		}
	}
	return g, depth
}

// Images and depth that were read in 30 ms while the camera moved and turned come
// out as if read at once.
func TestWarp(t *testing.T) {
	const readout = .03
	m := Motion{V: geom.Vec3{X: .8, Y: -.3, Z: .6}, W: geom.Vec3{X: -.5, Y: 1.2, Z: .6}}
	rolled, rolledDepth := wall(func(row float64) geom.SE3 {
		tau := ((row+.5)/float64(cam.H) - .5) * readout
		return geom.SE3{R: geom.ExpSO3(m.W.Scale(tau)), T: m.V.Scale(tau)}
	})
	want, wantDepth := wall(func(float64) geom.SE3 { return geom.IdentitySE3() })
	d := NewDepths(cam.W, cam.H)
	for i := range 200 {
		u := geom.Vec2{X: float64(i * 37 % cam.W), Y: float64(i * 23 % cam.H)}
		d.Add(u, 2)
	}
	w := New(cam, readout, m, d.At)
	rms := func(g slam.Gray) float64 {
		var sum, n float64
		for y := 8; y < cam.H-8; y++ {
			for x := 8; x < cam.W-8; x++ {
				e := float64(g.Pix[y*cam.W+x]) - float64(want.Pix[y*cam.W+x])
				sum, n = sum+e*e, n+1
			}
		}
		return math.Sqrt(sum / n)
	}
	before, after := rms(rolled), rms(w.Gray(rolled))
	if after > .05*before || before < 5 {
		t.Errorf("grey levels are off by %.2f before and %.2f after", before, after)
	}
	var worst float64
	for i, z := range w.Depth(rolledDepth).Depth {
		if x, y := i%cam.W, i/cam.W; x > 8 && y > 8 && x < cam.W-8 && y < cam.H-8 {
			worst = max(worst, math.Abs(float64(z-wantDepth.Depth[i])))
		}
	}
	if worst > .02 {
		t.Errorf("depths are off by up to %.3f m", worst)
	}
	color := w.RGB(rolled.RGB())
	for i, v := range w.Gray(rolled).Pix {
		if color.Pix[3*i+1] != v {
			t.Fatalf("the colour image differs at %d", i)
		}
	}
}

// Images of a pixel, cameras that stand, and motions beyond sense do no harm.
func TestWarpExtremes(t *testing.T) {
	for _, c := range []geom.Camera{{W: 1, H: 1, Fx: 1, Fy: 1}, {W: 3, H: 1, Fx: 2, Fy: 2, Cx: 1}, {W: 1, H: 9, Fx: 2, Fy: 2, Cy: 4}, cam} {
		g := slam.NewGray(c.W, c.H)
		for i := range g.Pix {
			g.Pix[i] = uint8(7 * i)
		}
		still := New(c, .02, Motion{}, func(geom.Vec2) float64 { return 1 }).Gray(g)
		for i := range g.Pix {
			if still.Pix[i] != g.Pix[i] {
				t.Fatalf("%dx%d: an image of a camera that stands changes", c.W, c.H)
			}
		}
		New(c, .05, Motion{V: geom.Vec3{X: 1e6, Z: 1e9}, W: geom.Vec3{X: 400}}, func(geom.Vec2) float64 { return 1e3 }).Gray(g)
	}
	if q := NewDepths(10, 10).At(geom.Vec2{X: 3}); q != 0 {
		t.Errorf("inverse depth %g of nothing", q)
	}
}
