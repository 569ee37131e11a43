package surface

import (
	"math"
	"math/rand/v2"
	"reflect"
	"testing"

	"github.com/metricslam/metricslam/slam"
)

// sphere is a closed mesh of radius 1: a subdivided octahedron.
func sphere(rounds int) *slam.Mesh {
	m := &slam.Mesh{Vertices: [][3]float32{{1, 0, 0}, {-1, 0, 0}, {0, 1, 0}, {0, -1, 0}, {0, 0, 1}, {0, 0, -1}}}
	for _, x := range []uint32{0, 1} {
		for _, y := range []uint32{2, 3} {
			for _, z := range []uint32{4, 5} {
				t := [3]uint32{x, y, z}
				if (x+y+z)%2 != 0 {
					t[1], t[2] = t[2], t[1]
				}
				m.Triangles = append(m.Triangles, t)
			}
		}
	}
	for range rounds {
		mid := make(map[[2]uint32]uint32)
		middle := func(a, b uint32) uint32 {
			k := [2]uint32{min(a, b), max(a, b)}
			if i, ok := mid[k]; ok {
				return i
			}
			var p [3]float32
			for c := range p {
				p[c] = m.Vertices[a][c] + m.Vertices[b][c]
			}
			l := float32(math.Sqrt(float64(p[0]*p[0] + p[1]*p[1] + p[2]*p[2])))
			mid[k] = uint32(len(m.Vertices))
			m.Vertices = append(m.Vertices, [3]float32{p[0] / l, p[1] / l, p[2] / l})
			return mid[k]
		}
		var tris [][3]uint32
		for _, t := range m.Triangles {
			a, b, c := middle(t[0], t[1]), middle(t[1], t[2]), middle(t[2], t[0])
			tris = append(tris, [3]uint32{t[0], a, c}, [3]uint32{a, t[1], b}, [3]uint32{c, b, t[2]}, [3]uint32{a, b, c})
		}
		m.Triangles = tris
	}
	m.Normals = append(m.Normals, m.Vertices...)
	m.Colors = make([][3]uint8, len(m.Vertices))
	return m
}

// sheet is a grid of n x n vertices 1 cm apart in the plane z = 0, with noise, white
// at the right of a line.
func sheet(n int, noise float64) *slam.Mesh {
	rng := rand.New(rand.NewPCG(1, 2))
	m := &slam.Mesh{}
	for y := range n {
		for x := range n {
			m.Vertices = append(m.Vertices, [3]float32{.01 * float32(x), .01 * float32(y), float32(noise * rng.NormFloat64())})
			m.Normals = append(m.Normals, [3]float32{0, 0, 1})
			c := uint8(0)
			if x > n/2 {
				c = 255
			}
			m.Colors = append(m.Colors, [3]uint8{c, c, c})
			if x > 0 && y > 0 {
				i := uint32(y*n + x)
				w := uint32(n)
				m.Triangles = append(m.Triangles, [3]uint32{i - w - 1, i - w, i}, [3]uint32{i - w - 1, i, i - 1})
			}
		}
	}
	return m
}

func TestInspect(t *testing.T) {
	if r := Inspect(sphere(3)); r.Euler != 2 || r.BoundaryEdges != 0 || r.OddEdges != 0 || r.Components != 1 {
		t.Errorf("sphere: %+v", r)
	}
	if r := Inspect(sheet(20, 0)); r.Euler != 1 || r.BoundaryEdges != 4*19 || r.OddEdges != 0 || r.Components != 1 {
		t.Errorf("sheet: %+v", r)
	}
}

func TestSimplifySphere(t *testing.T) {
	full := sphere(5)
	m := Simplify(full, Options{ErrorM: .006})
	r := Inspect(m)
	if r.Euler != 2 || r.BoundaryEdges != 0 || r.OddEdges != 0 || r.Components != 1 {
		t.Errorf("%+v", r)
	}
	if r.Triangles > len(full.Triangles)/8 {
		t.Errorf("%d of %d triangles are left", r.Triangles, len(full.Triangles))
	}
	var worst float64
	for _, tri := range m.Triangles {
		var c vec
		for _, v := range tri {
			p := m.Vertices[v]
			c = c.add(vec{float64(p[0]), float64(p[1]), float64(p[2])}.scale(1. / 3))
		}
		worst = max(worst, math.Abs(c.norm()-1))
	}
	if worst > .025 { // a triangle's middle lies farther from the sphere than its planes' mean
		t.Errorf("the middle of a triangle is %.4f off", worst)
	}
	if few := Simplify(full, Options{Faces: 200}); len(few.Triangles) > 200 || Inspect(few).Euler != 2 {
		t.Errorf("%+v for 200 triangles", Inspect(few))
	}
}

func TestSimplifySheet(t *testing.T) {
	full := sheet(160, .001)
	m := Simplify(full, Options{ErrorM: .004})
	r := Inspect(m)
	if r.Euler != 1 || r.OddEdges != 0 || r.Components != 1 {
		t.Errorf("%+v", r)
	}
	if r.Triangles > len(full.Triangles)/12 {
		t.Errorf("%d of %d triangles are left", r.Triangles, len(full.Triangles))
	}
	var area float64
	for _, tri := range m.Triangles {
		a, b, c := m.Vertices[tri[0]], m.Vertices[tri[1]], m.Vertices[tri[2]]
		area += float64((b[0]-a[0])*(c[1]-a[1])-(b[1]-a[1])*(c[0]-a[0])) / 2
	}
	if want := 1.59 * 1.59; math.Abs(area/want-1) > .003 {
		t.Errorf("area %.4f, want %.4f: outlines and sides stay", area, want)
	}
	for i, c := range m.Colors { // the line between black and white
		if x := m.Vertices[i][0]; c[0] > 60 && x < .74 || c[0] < 195 && x > .87 {
			t.Errorf("colour %v at %.3f", c, x)
		}
	}
	one := Simplify(full, Options{ErrorM: .004, Workers: 1})
	if !reflect.DeepEqual(one, m) {
		t.Error("one goroutine gives another mesh")
	}
	stop := make(chan struct{})
	close(stop)
	for _, opt := range []Options{{ErrorM: .004, Stop: stop}, {Faces: 100, Stop: stop}} {
		if m := Simplify(full, opt); len(m.Triangles) != len(full.Triangles) {
			t.Errorf("%+v: %d of %d triangles after it was stopped", opt, len(m.Triangles), len(full.Triangles))
		}
	}
	if Simplify(full, Options{}) != full {
		t.Error("without a bound the mesh is another one")
	}
}

func BenchmarkSimplify(b *testing.B) {
	m := sheet(160, .001)
	for b.Loop() {
		Simplify(m, Options{ErrorM: .004, Workers: 1})
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(len(m.Triangles)), "ns/triangle")
}

// TestFillHoles: a small hole is closed with the sides right, a large one and the
// outline stay.
func TestFillHoles(t *testing.T) {
	m := sheet(60, 0)
	var left [][3]uint32
	for _, tri := range m.Triangles {
		x, y := tri[0]%60, tri[0]/60
		small := x >= 10 && x < 13 && y >= 20 && y < 22
		large := x >= 30 && x < 50 && y >= 30 && y < 50
		if !small && !large {
			left = append(left, tri)
		}
	}
	m.Triangles = left
	if n := FillHoles(m, .2, nil); n != 1 {
		t.Fatalf("%d holes filled, want 1", n)
	}
	r := Inspect(m)
	if r.BoundaryEdges != 4*59+80 || r.OddEdges != 0 || r.Components-(r.Vertices-used(m)) != 1 {
		t.Errorf("%+v", r)
	}
	for _, tri := range m.Triangles {
		a, b, c := m.Vertices[tri[0]], m.Vertices[tri[1]], m.Vertices[tri[2]]
		if (b[0]-a[0])*(c[1]-a[1])-(b[1]-a[1])*(c[0]-a[0]) < 0 {
			t.Fatalf("triangle %v faces down", tri)
		}
	}
}

func used(m *slam.Mesh) int {
	seen := make(map[uint32]bool)
	for _, t := range m.Triangles {
		for _, v := range t {
			seen[v] = true
		}
	}
	return len(seen)
}
