package slam

import "testing"

func TestThinned(t *testing.T) {
	m := &Mesh{}
	for i := range 100 {
		x := float32(i)
		m.Vertices = append(m.Vertices, [3]float32{x, 0, 0}, [3]float32{x, 1, 0}, [3]float32{x, 0, 1})
		m.Colors = append(m.Colors, [3]uint8{uint8(i)}, [3]uint8{uint8(i)}, [3]uint8{uint8(i)})
		n := uint32(3 * i)
		m.Triangles = append(m.Triangles, [3]uint32{n, n + 1, n + 2}, [3]uint32{n + 2, n + 1, n})
	}
	if m.Thinned(200) != m {
		t.Error("a mesh that is small enough is another one")
	}
	s := m.Thinned(60) // every fourth of 200
	if len(s.Triangles) != 50 || len(s.Vertices) != 150 || len(s.Colors) != 150 || s.Normals != nil {
		t.Fatalf("%d triangles, %d vertices, %d colours", len(s.Triangles), len(s.Vertices), len(s.Colors))
	}
	for i, tri := range s.Triangles {
		for c, v := range tri {
			if want := m.Vertices[m.Triangles[4*i][c]]; s.Vertices[v] != want || s.Colors[v][0] != uint8(want[0]) {
				t.Errorf("corner %d of triangle %d is %v, want %v", c, i, s.Vertices[v], want)
			}
		}
	}
}
