package patch

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/metricslam/metricslam/geom"
	"github.com/metricslam/metricslam/slam"
)

var camera = geom.Camera{W: 320, H: 240, Fx: 260, Fy: 260, Cx: 160, Cy: 120}

// wall renders the textured plane n . p = 1 of the world, brightened by gain.
func wall(pose geom.SE3, n geom.Vec3, gain float64) slam.Gray {
	g := slam.NewGray(camera.W, camera.H)
	for y := range camera.H {
		for x := range camera.W {
			r := pose.R.MulVec(camera.Ray(geom.Vec2{X: float64(x), Y: float64(y)}))
			p := pose.T.Add(r.Scale((1 - n.Dot(pose.T)) / n.Dot(r)))
			v := math.Sin(21*p.X) + math.Sin(17*p.Y) + math.Sin(11*p.X+13*p.Y) + math.Sin(30*p.X-25*p.Y)
			g.Pix[y*camera.W+x] = uint8(min(gain*(100+20*v), 255))
		}
	}
	return g
}

// A patch on a slanted wall is found where it is, in another light, and says what
// is missing in the slant that it was given.
func TestFind(t *testing.T) {
	n := geom.Vec3{X: .1, Y: -.05, Z: .25}
	pose := geom.SE3{R: geom.ExpSO3(geom.Vec3{X: .02, Y: -.03, Z: .05}), T: geom.Vec3{X: .3, Y: .1, Z: .5}}
	from := View{wall(geom.IdentitySE3(), n, 1), camera}
	to := View{wall(pose, n, 1.2), camera}
	for _, full := range []bool{true, false} {
		find, ok := NewFinder(from, to, pose.Inverse(), full, .9)
		if !ok {
			t.Fatal("no images")
		}
		r := rand.New(rand.NewPCG(1, 2))
		found := 0
		for range 100 {
			u := geom.Vec2{X: 60 + 200*r.Float64(), Y: 50 + 140*r.Float64()}
			ray := camera.Ray(u)
			want := camera.Project(pose.ApplyInverse(ray.Scale(1 / n.Dot(ray))))
			if !camera.Contains(want, 20) {
				continue
			}
			near := want.Add(geom.Vec2{X: r.Float64() - .5, Y: r.Float64() - .5})
			m, ok := find.Find(u, n, FixedSlant, near, 3)
			if !ok {
				continue
			}
			found++
			if d := m.Pixel.Sub(want).Norm(); d > .2 {
				t.Errorf("full size %v: %.3f pixels off", full, d)
			}
			if ncc, ok := find.NCC(u, n, want, 0); !ok || ncc < .9 {
				t.Errorf("full size %v: correlation %.2f where it is", full, ncc)
			}
			if ncc, _ := find.NCC(u, n, want.Add(geom.Vec2{X: 9, Y: 7}), 0); ncc > .9 {
				t.Errorf("full size %v: correlation %.2f where it is not", full, ncc)
			}
		}
		if found < 50 {
			t.Errorf("full size %v: %d found", full, found)
		}
	}
}

func TestTurn(t *testing.T) {
	n := geom.Vec3{X: .35, Z: .25} // log inverse depth grows by 1.4 a unit of x of the ray
	pose := geom.SE3{R: geom.Identity3(), T: geom.Vec3{X: .25, Z: .4}}
	from, to := View{wall(geom.IdentitySE3(), n, 1), camera}, View{wall(pose, n, 1), camera}
	find, _ := NewFinder(from, to, pose.Inverse(), true, .8)
	r := rand.New(rand.NewPCG(3, 2))
	var slant Slant
	for range 60 {
		u := geom.Vec2{X: 150 + 20*r.Float64(), Y: 100 + 40*r.Float64()}
		ray := camera.Ray(u)
		depth := 1 / n.Dot(ray)
		plane := PlaneAt(slant.Plane(ray, 1/depth), ray, depth)
		want := camera.Project(pose.ApplyInverse(ray.Scale(depth)))
		if m, ok := find.Find(u, plane, slant.Known(), want, 3); ok {
			slant = slant.Update(m.Turn, m.Info)
		}
	}
	if !slant.Valid() || math.Abs(slant.X-n.X/n.Z) > .25 || math.Abs(slant.Y) > .25 {
		t.Errorf("slant %.2f, %.2f, want %.2f, 0", slant.X, slant.Y, n.X/n.Z)
	}
}

func TestRefuses(t *testing.T) {
	n := geom.Vec3{Z: .25}
	here := geom.IdentitySE3()
	image := wall(here, n, 1)
	if _, ok := NewFinder(View{image, camera}, View{slam.NewGray(5, 5), camera}, here, true, .9); ok {
		t.Error("an image of another size than its camera's is taken")
	}
	centre := geom.Vec2{X: 160, Y: 120}
	for name, to := range map[string]View{
		"plain": {slam.NewGray(camera.W, camera.H), camera},
		"other": {wall(here, geom.Vec3{X: .2, Y: .1, Z: .9}, 1), camera},
	} {
		find, _ := NewFinder(View{image, camera}, to, here, true, .9)
		if m, ok := find.Find(centre, n, FixedSlant, centre, 3); ok {
			t.Errorf("%s: found at %v", name, m.Pixel)
		}
	}
	find, _ := NewFinder(View{image, camera}, View{image, camera}, geom.SE3{R: geom.Identity3(), T: geom.Vec3{Z: -3.5}}, true, .9)
	if _, ok := find.Find(centre, n, FixedSlant, centre, 3); ok {
		t.Error("found at eight times its size")
	}
	for _, u := range []geom.Vec2{{X: 1, Y: 120}, {X: 318, Y: 2}} {
		find.SetPose(here)
		if _, ok := find.Find(u, n, FixedSlant, u, 3); ok {
			t.Errorf("found across the border, at %v", u)
		}
	}
}

func TestSlantBounds(t *testing.T) {
	s := Slant{}.Update(geom.Vec2{X: 1e6}, 1e9)
	if !s.Valid() || s.X != maxSlant {
		t.Errorf("%+v", s)
	}
	if (Slant{X: math.NaN()}).Valid() || (Slant{Info: -1}).Valid() {
		t.Error("what is no slant is valid")
	}
	if p := PlaneAt(geom.Vec3{X: 1}, geom.Vec3{Z: 1}, 4); p != (geom.Vec3{Z: .25}) {
		t.Errorf("a plane seen from its edge: %v", p)
	}
}
