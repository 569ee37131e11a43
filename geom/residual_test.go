package geom

import (
	"math"
	"math/rand/v2"
	"testing"
)

func TestDistortedCamera(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for range 200 {
		c := Camera{W: 640, H: 480, Fx: 500, Fy: 510, Cx: 320, Cy: 240, U1: .08 * (r.Float64() - .5), U2: .04 * (r.Float64() - .5)}
		u := Vec2{X: 640 * r.Float64(), Y: 480 * r.Float64()}
		z := .5 + 5*r.Float64()
		p := c.Unproject(u, z)
		if d := c.Project(p).Sub(u).Norm(); d > 1e-9 {
			t.Fatalf("%+v: pixel %v comes back %g away", c, u, d)
		}
		const h = 1e-6
		j := c.ProjectJacobian(p)
		for k := range 3 {
			var d Vec3
			switch k {
			case 0:
				d.X = h
			case 1:
				d.Y = h
			case 2:
				d.Z = h
			}
			n := c.Project(p.Add(d)).Sub(c.Project(p.Sub(d))).Scale(1 / (2 * h))
			if math.Abs(j[0][k]-n.X) > 1e-4*(1+math.Abs(n.X)) || math.Abs(j[1][k]-n.Y) > 1e-4*(1+math.Abs(n.Y)) {
				t.Fatalf("derivative %d is %g, %g; want %v", k, j[0][k], j[1][k], n)
			}
		}
	}
}

// A ray far beyond the image, where the polynomial has no inverse, still has
// some pixel outside.
func TestDistortedCameraFarOut(t *testing.T) {
	c := Camera{W: 640, H: 480, Fx: 500, Fy: 500, Cx: 320, Cy: 240, U1: -.1}
	for _, x := range []float64{2, 10, 1e6} {
		u := c.Project(Vec3{X: x, Y: 0, Z: 1})
		if math.IsNaN(u.X) || u.X < 640 {
			t.Errorf("x = %g is seen at %v", x, u)
		}
	}
}

func TestResizedKeepsBend(t *testing.T) {
	c := Camera{W: 640, H: 480, Fx: 500, Fy: 510, Cx: 320, Cy: 240, U1: -.02, U2: .01}
	s := c.Resized(320, 240)
	a, b := c.Ray(Vec2{X: 100.5, Y: 80.5}), s.Ray(Vec2{X: 50, Y: 40})
	if a.Sub(b).Norm() > 1e-12 {
		t.Errorf("rays %v and %v differ", a, b)
	}
}
