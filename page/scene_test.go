package page

import (
	"bytes"
	"image"
	"image/color"
	"math"
	"testing"

	"github.com/metricslam/metricslam/geom"
	"github.com/metricslam/metricslam/slam"
)

// hall is a floor and three walls of 4 m x 3 m x 2 m, with a camera that looks at
// them from the open side: x right, y down, z ahead, the floor at y = 1.
func hall() *Scene {
	m := &slam.Mesh{}
	plane := func(corner, u, v geom.Vec3, color [3]uint8) {
		const step = .05
		nu, nv := int(math.Round(u.Norm()/step)), int(math.Round(v.Norm()/step))
		first := uint32(len(m.Vertices))
		for i := range nu + 1 {
			for j := range nv + 1 {
				p := corner.Add(u.Scale(float64(i) / float64(nu))).Add(v.Scale(float64(j) / float64(nv)))
				m.Vertices = append(m.Vertices, [3]float32{float32(p.X), float32(p.Y), float32(p.Z)})
				m.Colors = append(m.Colors, color)
				if i < nu && j < nv {
					a := first + uint32(i*(nv+1)+j)
					b := a + uint32(nv) + 1
					m.Triangles = append(m.Triangles, [3]uint32{a, b, a + 1}, [3]uint32{b, b + 1, a + 1})
				}
			}
		}
	}
	plane(geom.Vec3{X: -2, Y: 1}, geom.Vec3{X: 4}, geom.Vec3{Z: 3}, [3]uint8{200, 60, 50})         // floor
	plane(geom.Vec3{X: -2, Y: -1, Z: 3}, geom.Vec3{Y: 2}, geom.Vec3{X: 4}, [3]uint8{60, 160, 70})  // back
	plane(geom.Vec3{X: -2, Y: -1}, geom.Vec3{Y: 2}, geom.Vec3{Z: 3}, [3]uint8{70, 90, 200})        // left
	plane(geom.Vec3{X: 2, Y: -1, Z: 3}, geom.Vec3{Y: 2}, geom.Vec3{Z: -3}, [3]uint8{210, 190, 60}) // right
	s := &Scene{Title: "hall", Up: geom.Vec3{Y: -1}, ScaleStd: .02, Mesh: m}
	for range m.Vertices {
		s.Deviation = append(s.Deviation, .01)
	}
	for i := range m.Vertices {
		s.Seen = append(s.Seen, 1e9+10*float64(i)/float64(len(m.Vertices)))
	}
	for i := range 51 {
		at := slam.StampedPose{Time: 1e9 + .2*float64(i), Pose: geom.SE3{R: geom.Identity3(), T: geom.Vec3{X: -1 + .04*float64(i), Z: -1}}}
		s.Trajectory = append(s.Trajectory, at)
		if i%10 == 0 {
			s.Keyframes = append(s.Keyframes, Keyframe{
				ID: i, Time: at.Time, Pose: at.Pose, Camera: geom.CameraFromFOV(160, 120, 1), Image: testImage(160, 120),
			})
		}
	}
	s.Loops = [][2]int{{0, 5}}
	s.Landmarks = []geom.Vec3{{Z: 3}, {X: 1, Z: 3}}
	return s
}

func testImage(w, h int) []byte {
	img := slam.NewRGB(w, h)
	for i := range img.Pix {
		img.Pix[i] = uint8(i)
	}
	data, err := EncodeJPEG(img, slam.Gray{})
	if err != nil {
		panic(err)
	}
	return data
}

// texture gives the hall images: the back wall one of four quarters (red, green, blue,
// white), everything else one that is yellow.
func texture(t testing.TB, s *Scene) {
	t.Helper()
	picture := func(at func(x, y int) color.RGBA) []byte {
		img := image.NewRGBA(image.Rect(0, 0, 64, 64))
		for i := range 64 * 64 {
			img.SetRGBA(i%64, i/64, at(i%64, i/64))
		}
		data, err := encode(img, 90)
		if err != nil {
			t.Fatal(err)
		}
		return data
	}
	quarters := [4]color.RGBA{{230, 30, 30, 255}, {30, 230, 30, 255}, {30, 30, 230, 255}, {240, 240, 240, 255}}
	m := &slam.TexturedMesh{Mesh: *s.Mesh, Pages: []slam.TexturePage{
		{Data: picture(func(x, y int) color.RGBA { return quarters[x/32+y/32*2] })},
		{Data: picture(func(_, _ int) color.RGBA { return color.RGBA{240, 240, 60, 255} })},
	}}
	m.Triangles = nil
	for _, back := range []bool{true, false} {
		for _, tri := range s.Mesh.Triangles {
			all := true
			for _, v := range tri {
				all = all && s.Mesh.Vertices[v][2] == 3
			}
			if all == back {
				m.Triangles = append(m.Triangles, tri)
				if back {
					m.Pages[0].Triangles++
				}
			}
		}
	}
	m.Pages[1].Triangles = len(m.Triangles) - m.Pages[0].Triangles
	for _, v := range m.Vertices {
		m.UV = append(m.UV, [2]float32{(v[0] + 2) / 4, (v[1] + 1) / 2})
	}
	s.Textured, s.Mesh = m, &m.Mesh
}

// The images of a page are made as small as it takes.
func TestFitTexture(t *testing.T) {
	img := image.NewRGBA(image.Rect(0, 0, 256, 256))
	for i := range img.Pix {
		img.Pix[i] = uint8(i * i >> 3)
	}
	data, err := encode(img, 90)
	if err != nil {
		t.Fatal(err)
	}
	s := hall()
	texture(t, s)
	s.Textured.Pages[0].Data = data
	whole := len(data) + len(s.Textured.Pages[1].Data)
	same, err := FitTexture(s.Textured, whole)
	if err != nil || !bytes.Equal(same.Pages[0].Data, s.Textured.Pages[0].Data) {
		t.Errorf("images that fit were changed: %v", err)
	}
	small, err := FitTexture(s.Textured, whole/3)
	if err != nil {
		t.Fatal(err)
	}
	if n := len(small.Pages[0].Data) + len(small.Pages[1].Data); n > whole/3 || small.Pages[0].Triangles != s.Textured.Pages[0].Triangles {
		t.Errorf("%d bytes, at most %d were asked for", n, whole/3)
	}
	if _, err := FitTexture(s.Textured, 100); err == nil {
		t.Error("two images of 50 bytes")
	}
}

func TestFirstUse(t *testing.T) {
	m := &slam.Mesh{Vertices: make([][3]float32, 5), Triangles: [][3]uint32{{4, 2, 0}, {0, 2, 3}}}
	order, corners := firstUse(m)
	if want := []uint32{4, 2, 0, 3}; !equal(order, want) {
		t.Errorf("order %v, want %v: what no triangle uses goes", order, want)
	}
	next := int32(0) // as container.js reads it
	for i, behind := range corners {
		v := order[next-behind]
		if behind == 0 {
			next++
		}
		if want := m.Triangles[i/3][i%3]; v != want {
			t.Errorf("corner %d is vertex %d, want %d", i, v, want)
		}
	}
}

func equal[T comparable](a, b []T) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i] != b[i] {
			return false
		}
	}
	return true
}

func TestFold(t *testing.T) {
	for i, v := range []int32{0, -1, 1, -2, 2} {
		if fold(v) != uint32(i) {
			t.Errorf("fold(%d) = %d, want %d", v, fold(v), i)
		}
	}
	if fold(math.MinInt32) != math.MaxUint32 {
		t.Error("the smallest does not fit")
	}
}

func TestDeviationCode(t *testing.T) {
	for _, m := range []float32{.001, .02, 1, 40} {
		back := devLeast * math.Exp2(float64(deviationCode(m)-1)/devSteps)
		if r := back / float64(m); r < .97 || r > 1.03 {
			t.Errorf("%g m becomes %g", m, back)
		}
	}
	if deviationCode(0) != 0 || deviationCode(float32(math.NaN())) != 0 || deviationCode(float32(math.Inf(1))) != 0 {
		t.Error("an unknown deviation has a code")
	}
}

// A thinned plane stays within the error that is told.
func TestThin(t *testing.T) {
	m := hall().Mesh
	if same, e := Thin(m, len(m.Triangles)); same != m || e != 0 {
		t.Error("a mesh that is small enough was changed")
	}
	for _, most := range []int{2000, 300} {
		thin, e := Thin(m, most)
		if n := len(thin.Triangles); n > most || n < most/4 {
			t.Errorf("%d triangles, at most %d were asked for", n, most)
		}
		for _, v := range thin.Vertices {
			off := min(math.Abs(1-float64(v[1])), math.Abs(3-float64(v[2])), math.Abs(2-math.Abs(float64(v[0]))))
			if off > e {
				t.Errorf("%v is %g m off, told were %g", v, off, e)
			}
		}
	}
}

func TestEncodeChecks(t *testing.T) {
	for name, spoil := range map[string]func(*Scene){
		"vertex": func(s *Scene) { s.Mesh.Triangles[0][0] = 1 << 30 },
		"times":  func(s *Scene) { s.Seen = s.Seen[1:] },
		"loop":   func(s *Scene) { s.Loops = [][2]int{{0, 99}} },
		"images": func(s *Scene) { texture(t, s); s.Textured.Pages = s.Textured.Pages[:1] },
		"mesh":   func(s *Scene) { texture(t, s); s.Mesh = &slam.Mesh{} },
	} {
		s := hall()
		if spoil(s); s.check() == nil {
			t.Errorf("%s: a scene that cannot be drawn is taken", name)
		}
	}
	if _, err := (&Scene{ScaleStd: math.Inf(1)}).Encode(); err != nil {
		t.Errorf("a scene without anything: %v", err)
	}
}

// A page stays within what one can send: the mesh at most 8 MB.
func TestEncodedSize(t *testing.T) {
	s := hall()
	data, err := s.Encode()
	if err != nil {
		t.Fatal(err)
	}
	if share := float64(len(data)) / float64(len(s.Mesh.Triangles)); share > 8 {
		t.Errorf("%.1f bytes a triangle", share)
	}
}
