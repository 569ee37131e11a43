package viewer

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/metricslam/metricslam/geom"
	"github.com/metricslam/metricslam/slam"
)

// sheet adds a surface f over [0, 1]^2 to a mesh: n^2 squares, each vertex moved along
// all axes by noise of stdM.
func sheet(m *slam.Mesh, n int, f func(a, b float64) geom.Vec3, rng *rand.Rand, stdM float64) {
	first := uint32(len(m.Vertices))
	for i := range n + 1 {
		for j := range n + 1 {
			e := geom.Vec3{X: rng.NormFloat64(), Y: rng.NormFloat64(), Z: rng.NormFloat64()}.Scale(stdM)
			m.Vertices = append(m.Vertices, vec32(f(float64(i)/float64(n), float64(j)/float64(n)).Add(e)))
		}
	}
	for i := range uint32(n) {
		for j := range uint32(n) {
			a := first + i*uint32(n+1) + j
			c := a + uint32(n) + 1
			m.Triangles = append(m.Triangles, [3]uint32{a, c, c + 1}, [3]uint32{a, c + 1, a + 1})
		}
	}
}

// corner is a cube's corner at the origin as three sheets of one metre, the planes
// x = 0, y = 0 and z = 0 of the cube in the negative octant.
func corner(n int, stdM float64) *slam.Mesh {
	m, rng := &slam.Mesh{}, rand.New(rand.NewPCG(3, 4))
	sheet(m, n, func(a, b float64) geom.Vec3 { return geom.Vec3{Y: -a, Z: -b} }, rng, stdM)
	sheet(m, n, func(a, b float64) geom.Vec3 { return geom.Vec3{X: -b, Z: -a} }, rng, stdM)
	sheet(m, n, func(a, b float64) geom.Vec3 { return geom.Vec3{X: -a, Y: -b} }, rng, stdM)
	return m
}

// diagonal looks from (1, 1, 1) times far at the origin: .002 m a pixel at 2 m.
func diagonal() View {
	z := geom.Vec3{X: -1, Y: -1, Z: -1}.Unit()
	x := geom.Vec3{X: 1, Y: -1}.Unit()
	return View{Pose: geom.SE3{R: geom.FromCols(x, z.Cross(x), z), T: z.Scale(-2)}, Camera: geom.Camera{Fx: 1000, Fy: 1000, Cx: 400, Cy: 300, W: 800, H: 600}}
}

// A click beside a corner, an edge or amid a plane goes there, nearer to the truth
// than the noise of the mesh, whether the mesh is fine or has two triangles a side.
func TestSnap(t *testing.T) {
	v := diagonal()
	for _, mesh := range []struct {
		squares int
		stdM    float64
	}{{1, 0}, {100, .003}} {
		m := corner(mesh.squares, mesh.stdM)
		tol := mesh.stdM + 1e-6 // that of a vertex along one axis
		for _, tt := range []struct {
			name   string
			at     geom.Vec3 // that is looked at, beside it by some pixels
			beside geom.Vec2
			planes int
			off    func(geom.Vec3) float64
		}{
			{"corner", geom.Vec3{}, geom.Vec2{X: 6, Y: 4}, 3, geom.Vec3.Norm},
			{"edge", geom.Vec3{X: -.3}, geom.Vec2{X: 3, Y: -6}, 2, func(p geom.Vec3) float64 { return math.Hypot(p.Y, p.Z) }},
			{"plane", geom.Vec3{X: -.3, Y: -.3}, geom.Vec2{}, 1, func(p geom.Vec3) float64 { return math.Abs(p.Z) }},
			{"plane near an edge", geom.Vec3{X: -.3, Y: -.06}, geom.Vec2{}, 1, func(p geom.Vec3) float64 { return math.Abs(p.Z) }},
		} {
			u, _ := v.Project(tt.at)
			u = u.Add(tt.beside)
			for _, ortho := range []float64{0, 2} {
				v.OrthoM = ortho
				p, ok := Pick(m, v, u, true)
				if !ok {
					t.Fatalf("%s: nothing at %v", tt.name, u)
				}
				x, planes, grows := snap(m, v, u, p, 1, true, nil)
				if planes != tt.planes || tt.off(x) > tol || grows < 1 || grows > 1.05 {
					t.Errorf("%d squares, %s (parallel %g): %d planes, off by %.4f m (%.4f before), deviation x %.2f", mesh.squares, tt.name, ortho, planes, tt.off(x), tt.off(p), grows)
				}
			}
			v.OrthoM = 0
		}
	}
}

// What no planes explain is left where it was clicked: a ball of the size of what
// is looked at. So is a click with all else clipped away.
func TestSnapLeavesCurvesAlone(t *testing.T) {
	m, v := &slam.Mesh{}, diagonal()
	const radius = .09
	sheet(m, 100, func(a, b float64) geom.Vec3 {
		sin, cos := math.Sincos(2 * math.Pi * a)
		s, c := math.Sincos(math.Pi * b)
		return geom.Vec3{X: radius * s * cos, Y: -radius * s * sin, Z: radius * c}
	}, rand.New(rand.NewPCG(1, 1)), 0)
	u := geom.Vec2{X: 400, Y: 300}
	p, ok := Pick(m, v, u, false)
	if !ok {
		t.Fatal("the ball was missed")
	}
	if x, planes, _ := snap(m, v, u, p, 1, false, nil); planes != 0 || x != p {
		t.Errorf("snapped to %d planes of a ball, by %.4f m", planes, x.Sub(p).Norm())
	}
	away := &clipBox{axes: geom.Identity3(), lo: geom.Vec3{X: 5}, hi: geom.Vec3{X: 6, Y: 1, Z: 1}}
	if x, planes, _ := snap(corner(1, 0), v, u, geom.Vec3{}, 1, true, away); planes != 0 || x != (geom.Vec3{}) {
		t.Errorf("snapped to %d planes that are clipped away", planes)
	}
}

// An edge of planes that are nearly parallel is known worse, by 1 / sqrt(1 - |cos|), and
// below 30 degrees there is none.
func TestMeet(t *testing.T) {
	for _, deg := range []float64{20, 40, 60, 90} {
		s, c := math.Sincos(deg * math.Pi / 180)
		planes := []snapPlane{{n: geom.Vec3{Z: 1}, d: 2}, {n: geom.Vec3{X: s, Z: c}, d: 2 * c}} // meet at x = 0, z = 2
		x, worse, ok := meet(planes, geom.Vec3{X: .1, Y: 7, Z: 2.1})
		if ok != (deg > snapBend) {
			t.Errorf("%g degrees: an edge: %t", deg, ok)
		}
		if want := (geom.Vec3{Y: 7, Z: 2}); ok && (x.Sub(want).Norm() > 1e-9 || math.Abs(worse-1/math.Sqrt(1-c)) > 1e-9) {
			t.Errorf("%g degrees: %v, deviation x %g", deg, x, worse)
		}
	}
}

// E switches snapping, and the note says what was snapped to.
func TestSnapKey(t *testing.T) {
	c := newControls(&Scene{Snapshot: slam.Snapshot{Mesh: corner(1, 0)}}, DefaultStyle(), "", 800, 600)
	c.style.BackFaces = true
	u, _ := c.orbit.View(c.w, c.h).Project(geom.Vec3{X: -.5, Y: -.5})
	if !c.click(u) || c.tape.note != "on the plane" {
		t.Errorf("snapped: %q", c.tape.note)
	}
	c.do(actSnap)
	if !c.click(u) || c.tape.note == "on the plane" {
		t.Errorf("E does not switch it off: %q", c.tape.note)
	}
}
