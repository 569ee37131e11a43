package tracking

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/metricslam/metricslam/geom"
	"github.com/metricslam/metricslam/slam"
)

// wall is a textured corner of a room: the planes z = 3 and x = 1.5 of the world.
type wall struct{ phase [12]float64 }

func newWall() (w wall) {
	r := rand.New(rand.NewPCG(3, 1))
	for i := range w.phase {
		w.phase[i] = 6 * r.Float64()
	}
	return w
}

func (w wall) grey(a, b float64) float64 {
	v := 120.0
	for i, p := range w.phase {
		s, c := math.Sincos(float64(i))
		v += 14 * math.Sin((1.5+float64(i))*(s*a+c*b)+p)
	}
	return v
}

// see renders the corner and its depth from a pose; blur averages that many
// poses on the way to the next one.
func (w wall) see(cam geom.Camera, poses ...geom.SE3) (slam.Gray, slam.DepthMap) {
	g := slam.NewGray(cam.W, cam.H)
	d := slam.DepthMap{W: cam.W, H: cam.H, Camera: cam, Depth: make([]float32, cam.W*cam.H), Sigma: .01}
	for y := range cam.H {
		for x := range cam.W {
			var sum float64
			for _, pose := range poses {
				ray := pose.R.MulVec(cam.Ray(geom.Vec2{X: float64(x), Y: float64(y)}))
				back, side := (3-pose.T.Z)/ray.Z, (1.5-pose.T.X)/ray.X
				z := back
				if side > 0 && side < back {
					z = side
				}
				p := pose.T.Add(ray.Scale(z))
				if z == side {
					sum += w.grey(p.Z+4, p.Y)
				} else {
					sum += w.grey(p.X, p.Y)
				}
				d.Depth[y*cam.W+x] = float32(z)
			}
			g.Pix[y*cam.W+x] = uint8(min(max(sum/float64(len(poses))+.5, 0), 255))
		}
	}
	return g, d
}

var directCamera = geom.Camera{W: 320, H: 240, Fx: 270, Fy: 270, Cx: 159.5, Cy: 119.5}

func TestAlignDirect(t *testing.T) {
	w := newWall()
	start := geom.IdentitySE3()
	g, d := w.see(directCamera, start)
	ref := NewReference(NewPyramid(g, directCamera), start, d, 1)
	for _, c := range []struct {
		name   string
		motion geom.Tangent6
		blur   int
		gain   float64
		maxM   float64
		maxRad float64
	}{
		{"still", geom.Tangent6{}, 1, 1, .002, .001},
		{"shift", geom.Tangent6{.05, -.02, .04}, 1, 1, .01, .003},
		{"turn", geom.Tangent6{.01, 0, 0, .02, -.08, .03}, 1, 1, .01, .003},
		{"darker", geom.Tangent6{.03, .02, 0, 0, .03, 0}, 1, .5, .015, .005},
		{"blurred", geom.Tangent6{.04, 0, .02, .01, .06, 0}, 9, 1, .02, .01},
	} {
		truth := geom.ExpSE3(c.motion)
		var poses []geom.SE3
		for i := range c.blur { // over a third of the way, around the pose
			xi := c.motion
			for j := range xi {
				xi[j] *= 1 + .33*(float64(i)+.5-float64(c.blur)/2)/float64(c.blur)
			}
			poses = append(poses, geom.ExpSE3(xi))
		}
		pic, _ := w.see(directCamera, poses...)
		for i, v := range pic.Pix {
			pic.Pix[i] = uint8(c.gain * float64(v))
		}
		a, ok := AlignDirect(ref, NewPyramid(pic, directCamera), start, 1)
		if !ok {
			t.Errorf("%s: not aligned: correlation %.3f, overlap %.2f, deviation %.3f m", c.name, a.NCC, a.Overlap, a.shiftStdM())
			continue
		}
		if m, deg := poseError(a.Pose, truth); m > c.maxM || deg*math.Pi/180 > c.maxRad {
			t.Errorf("%s: off by %.4f m and %.3f degrees", c.name, m, deg)
		}
	}
}

// Depth at a fifth of the pixels, all over the image, is enough.
func TestAlignDirectSparse(t *testing.T) {
	w := newWall()
	start, motion := geom.IdentitySE3(), geom.Tangent6{.04, -.02, .02, .02, -.06, 0}
	g, d := w.see(directCamera, start)
	for i := range d.Depth {
		if x, y := i%d.W, i/d.W; x/16%3 != 0 || y/12%5 > 2 {
			d.Depth[i] = 0
		}
	}
	truth := geom.ExpSE3(motion)
	pic, _ := w.see(directCamera, truth)
	a, ok := AlignDirect(NewReference(NewPyramid(g, directCamera), start, d, 1), NewPyramid(pic, directCamera), start, 1)
	if !ok || a.Overlap > .25 || a.InView < .7 {
		t.Fatalf("aligned %v: overlap %.2f, in view %.2f", ok, a.Overlap, a.InView)
	}
	if m, deg := poseError(a.Pose, truth); m > .015 || deg > .3 {
		t.Errorf("off by %.4f m and %.3f degrees", m, deg)
	}
}

// Another place, a bare wall, and depth that is missing are no pose.
func TestAlignDirectRejects(t *testing.T) {
	w := newWall()
	start := geom.IdentitySE3()
	g, d := w.see(directCamera, start)
	ref := NewReference(NewPyramid(g, directCamera), start, d, 1)
	bare := slam.NewGray(directCamera.W, directCamera.H)
	for i := range bare.Pix {
		bare.Pix[i] = 90
	}
	other, _ := w.see(directCamera, geom.SE3{R: geom.ExpSO3(geom.Vec3{Y: 2.5}), T: geom.Vec3{Z: 2}})
	for name, pic := range map[string]slam.Gray{"bare": bare, "another place": other} {
		if a, ok := AlignDirect(ref, NewPyramid(pic, directCamera), start, .05); ok {
			t.Errorf("%s: aligned with correlation %.3f", name, a.NCC)
		}
	}
	none := slam.DepthMap{W: d.W, H: d.H, Camera: d.Camera, Depth: make([]float32, len(d.Depth))}
	if _, ok := AlignDirect(NewReference(NewPyramid(g, directCamera), start, none, 1), NewPyramid(g, directCamera), start, .05); ok {
		t.Error("aligned without depth")
	}
}

func BenchmarkAlignDirect(b *testing.B) {
	w := newWall()
	cam := directCamera.Resized(640, 480)
	g, d := w.see(cam, geom.IdentitySE3())
	ref := NewReference(NewPyramid(g, cam), geom.IdentitySE3(), d, 1)
	pic, _ := w.see(cam, geom.ExpSE3(geom.Tangent6{.02, 0, .01, .01, .04, 0}))
	for b.Loop() {
		AlignDirect(ref, NewPyramid(pic, cam), geom.IdentitySE3(), .05)
	}
}
