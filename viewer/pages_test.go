package viewer

import (
	"bytes"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"testing"

	"github.com/metricslam/metricslam/geom"
	"github.com/metricslam/metricslam/report"
	"github.com/metricslam/metricslam/slam"
)

func pngOf(t testing.TB, w, h int, upper, lower color.RGBA) []byte {
	t.Helper()
	img := image.NewRGBA(image.Rect(0, 0, w, h))
	draw.Draw(img, image.Rect(0, 0, w, h/2), image.NewUniform(upper), image.Point{}, draw.Src)
	draw.Draw(img, image.Rect(0, h/2, w, h), image.NewUniform(lower), image.Point{}, draw.Src)
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// twoSquares are side by side at z = 3: the left one has an image that is red above and
// green below, the right one a smaller one that is blue and white. Their vertices are
// grey.
func twoSquares(t testing.TB) *Scene {
	red, green, blue, white := color.RGBA{250, 0, 0, 255}, color.RGBA{0, 250, 0, 255}, color.RGBA{0, 0, 250, 255}, color.RGBA{250, 250, 250, 255}
	m := &slam.TexturedMesh{Pages: []slam.TexturePage{
		{Data: pngOf(t, 64, 64, red, green), Triangles: 2}, {Data: pngOf(t, 32, 16, blue, white), Triangles: 2},
	}}
	for i := range 2 {
		n, x := uint32(4*i), float32(i)-1
		for _, c := range [][2]float32{{0, 0}, {0, 1}, {1, 1}, {1, 0}} { // anticlockwise, y down
			m.Vertices = append(m.Vertices, [3]float32{x + c[0], c[1] - .5, 3})
			m.Colors = append(m.Colors, [3]uint8{100, 100, 100})
			m.UV = append(m.UV, c)
		}
		m.Triangles = append(m.Triangles, [3]uint32{n, n + 1, n + 2}, [3]uint32{n, n + 2, n + 3})
	}
	return &Scene{Snapshot: slam.Snapshot{Mesh: &m.Mesh}, Textured: m}
}

// A mesh shows its images, each in its part of the texture, in the modes that are about
// colour.
func TestTextured(t *testing.T) {
	needGL(t)
	s := twoSquares(t)
	if err := s.Check(); err != nil {
		t.Fatal(err)
	}
	v := testView(0)
	st := plain
	for mode, want := range map[Mode][4][3]uint8{
		Color:     {{250, 0, 0}, {0, 250, 0}, {0, 0, 250}, {250, 250, 250}},
		Uncertain: {},
	} {
		st.Mode = mode
		img := render(t, s, v, st)
		for i, p := range []geom.Vec3{{X: -.5, Y: -.3, Z: 3}, {X: -.5, Y: .3, Z: 3}, {X: .5, Y: -.3, Z: 3}, {X: .5, Y: .3, Z: 3}} {
			u, _ := v.Project(p)
			c := img.NRGBAAt(int(u.X+.5), int(u.Y+.5))
			if mode == Color && !is(c, want[i][0], want[i][1], want[i][2]) {
				t.Errorf("%v shows as %v, want %v", p, c, want[i])
			}
			if mode == Uncertain && c.R != c.G {
				t.Errorf("%v shows as %v where nothing is known of its deviation", p, c)
			}
		}
	}
	s.Textured.Pages[0].Triangles = 1
	if s.Check() == nil {
		t.Error("images of fewer triangles than there are pass")
	}
}

// A texture that comes bit by bit is complete at the end, and its vertices show until
// then.
func TestPagesComeInBands(t *testing.T) {
	needGL(t)
	s := twoSquares(t)
	v := testView(0)
	st := plain
	st.Mode = Color
	err := offscreen(160, 120, func(target *target) error {
		target.uploadMesh(prepare(s, false))
		u, _ := v.Project(geom.Vec3{X: -.5, Y: -.3, Z: 3})
		bands := 0
		for ; target.painting != nil; bands++ {
			target.bringPages(1000)
			if target.painting == nil {
				break
			}
			if bands > 1000 {
				t.Fatal("it never ends")
			}
		}
		if bands < 10 {
			t.Errorf("%d bands", bands)
		}
		img, err := target.draw(s, frame{view: v, up: geom.Vec3{Y: -1}, style: st})
		if err != nil {
			return err
		}
		if c := img.NRGBAAt(int(u.X+.5), int(u.Y+.5)); !is(c, 250, 0, 0) {
			t.Errorf("it shows %v", c)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// A large texture is halved until it is small enough, its images keep their places.
func TestPagesBounded(t *testing.T) {
	s := twoSquares(t)
	big := pngOf(t, 8192, 4096, color.RGBA{9, 9, 9, 255}, color.RGBA{200, 9, 9, 255})
	s.Textured.Pages[0].Data = big
	p, err := readPages(s.Textured)
	if err != nil {
		t.Fatal(err)
	}
	if p.w*p.h*p.layers > pageTexels || p.w != 4096 || p.h != 2048 || p.scale[1] != [2]float32{16. / 4096, 8. / 2048} {
		t.Errorf("%d x %d, parts %v", p.w, p.h, p.scale)
	}
	if len(p.levels) != pageLevels+1 || p.levels[3][0].Rect.Dx() != 512 {
		t.Errorf("%d levels", len(p.levels))
	}
	if c := p.levels[2][0].RGBAAt(10, 400); c.R != 200 {
		t.Errorf("the lower half is %v", c)
	}
}

// textured gives a mesh over x and z one image.
func textured(t testing.TB, m *slam.Mesh, size int) *Scene {
	out := &slam.TexturedMesh{Mesh: *m, Pages: []slam.TexturePage{{Data: pngOf(t, size, size, color.RGBA{90, 0, 0, 255}, color.RGBA{0, 90, 0, 255}), Triangles: len(m.Triangles)}}}
	b := emptyBox()
	for _, v := range m.Vertices {
		b.add(vec(v))
	}
	for _, v := range m.Vertices {
		p := vec(v).Sub(b.lo)
		out.UV = append(out.UV, [2]float32{float32(p.X / b.size().X), float32(p.Z / b.size().Z)})
	}
	return &Scene{Snapshot: slam.Snapshot{Mesh: &out.Mesh}, Textured: out}
}

// BenchmarkDrawTextured turns a mesh of a million triangles with an image of 4096 x
// 4096 in one of 1280 x 720; the longest that a new mesh and one band of its texture
// hold up the drawing is upload-ms.
func BenchmarkDrawTextured(b *testing.B) {
	needGL(b)
	s := textured(b, hilly(707), 4096)
	o := AutoOrbit(s, 1280, 720)
	ready := prepare(s, true)
	err := offscreen(1280, 720, func(tg *target) error {
		cpu := report.CPUTime()
		tg.uploadMesh(ready)
		longest := report.CPUTime() - cpu
		for tg.painting != nil {
			cpu = report.CPUTime()
			tg.bringPages(bandBytes)
			longest = max(longest, report.CPUTime()-cpu)
		}
		cpu = report.CPUTime()
		for b.Loop() {
			o.Turn(.05, 0)
			if _, err := tg.draw(s, frame{view: o.View(1280, 720), up: o.Up, style: DefaultStyle(), moving: true}); err != nil {
				return err
			}
		}
		b.ReportMetric((report.CPUTime()-cpu).Seconds()*1e3/float64(b.N), "cpu-ms/op")
		b.ReportMetric(longest.Seconds()*1e3, "upload-ms")
		return nil
	})
	if err != nil {
		b.Fatal(err)
	}
}
