package texture

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"image/jpeg"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/metricslam/metricslam/geom"
	"github.com/metricslam/metricslam/slam"
)

// picture is what hangs on the wall of the tests: a chequer of squares of 4 cm with
// slow colours.
func picture(x, y float64) rgb {
	c := rgb{float32(120 + 60*math.Sin(2*x)), float32(120 + 60*math.Cos(3*y)), 110}
	if (int(math.Floor(x/.04))+int(math.Floor(y/.04)))%2 == 0 {
		return c.scale(.5)
	}
	return c
}

// wall is a plane z = 2, 2.4 m x 1.6 m around the axis, of squares of a side, seen from
// the side of smaller z.
func wall(side float64) *slam.Mesh {
	m := &slam.Mesh{}
	rectangle(m, -1.2, -.8, 2.4, 1.6, 2, side)
	return m
}

func rectangle(m *slam.Mesh, x, y, w, h, z, side float64) {
	nx, ny := int(math.Round(w/side)), int(math.Round(h/side))
	first := uint32(len(m.Vertices))
	for j := range ny + 1 {
		for i := range nx + 1 {
			m.Vertices = append(m.Vertices, [3]float32{float32(x + w*float64(i)/float64(nx)), float32(y + h*float64(j)/float64(ny)), float32(z)})
			m.Colors = append(m.Colors, [3]uint8{90, 90, 90})
			if i < nx && j < ny {
				a := first + uint32(j*(nx+1)+i)
				b := a + uint32(nx) + 1
				m.Triangles = append(m.Triangles, [3]uint32{a, b, a + 1}, [3]uint32{b, b + 1, a + 1})
			}
		}
	}
}

// scene draws what a camera sees of the wall; in front of it, at z = 1, a red board
// where there is one.
type scene struct {
	board [4]float64 // x, y, width, height
	gain  float32
}

func (s scene) shoot(v View) slam.RGB {
	img := slam.NewRGB(v.Camera.W, v.Camera.H)
	const fine = 2 // rays a pixel and side
	for i := range v.Camera.W * v.Camera.H {
		var sum rgb
		for k := range fine * fine {
			u := geom.Vec2{X: float64(i%v.Camera.W) + (float64(k%fine)+.5)/fine - .5, Y: float64(i/v.Camera.W) + (float64(k/fine)+.5)/fine - .5}
			d := v.Pose.R.MulVec(v.Camera.Ray(u))
			at := func(z float64) geom.Vec3 { return v.Pose.T.Add(d.Scale((z - v.Pose.T.Z) / d.Z)) }
			p := at(1)
			if b := s.board; p.X >= b[0] && p.X < b[0]+b[2] && p.Y >= b[1] && p.Y < b[1]+b[3] {
				sum = sum.add(rgb{230, 20, 20})
				continue
			}
			p = at(2)
			sum = sum.add(picture(p.X, p.Y))
		}
		sum = sum.scale(s.gain / (fine * fine))
		for k, x := range sum {
			img.Pix[3*i+k] = uint8(min(x, 255) + .5)
		}
	}
	return img
}

// cameras look at the wall from a row of places.
func cameras(xs ...float64) (out []View) {
	for _, x := range xs {
		turn := geom.ExpSO3(geom.Vec3{Y: -.15 * x})
		out = append(out, View{Pose: geom.SE3{R: turn, T: geom.Vec3{X: x, Y: .05 * x}}, Camera: geom.CameraFromFOV(480, 360, 1.1)})
	}
	return out
}

// shot are the views of a scene; gains scale what each shows.
func shot(s scene, views []View, gains ...float32) Views {
	images := make([]slam.RGB, len(views))
	for i, v := range views {
		s.gain = 1
		if gains != nil {
			s.gain = gains[i]
		}
		images[i] = s.shoot(v)
	}
	return Views{Of: views, Image: func(i int) (slam.RGB, error) { return images[i], nil }}
}

// painted looks a textured mesh up.
type painted struct {
	*slam.TexturedMesh
	pages []image.Image
}

func build(t *testing.T, m *slam.Mesh, v Views) (painted, Stats) {
	t.Helper()
	out, stats, err := Build(context.Background(), m, v, Default())
	if err != nil {
		t.Fatal(err)
	}
	p := painted{TexturedMesh: out}
	for _, page := range out.Pages {
		img, err := jpeg.Decode(bytes.NewReader(page.Data))
		if err != nil {
			t.Fatal(err)
		}
		p.pages = append(p.pages, img)
	}
	return p, stats
}

// each calls f with points of the triangles and their colours.
func (p painted) each(f func(at geom.Vec3, c rgb)) {
	page, left := 0, p.Pages[0].Triangles
	for _, t := range p.Triangles {
		for left == 0 {
			page++
			left = p.Pages[page].Triangles
		}
		left--
		img := p.pages[page]
		w, h := float64(img.Bounds().Dx()), float64(img.Bounds().Dy())
		steps := math.Ceil(geom.Vec3{X: float64(p.Vertices[t[0]][0] - p.Vertices[t[1]][0])}.Norm()/.01) + 2
		for i := range int(steps * steps) {
			a, b := (float64(i%int(steps))+.5)/steps, (float64(i/int(steps))+.5)/steps
			if a+b >= 1 {
				continue
			}
			l := [3]float64{a, b, 1 - a - b}
			var at geom.Vec3
			var u, v float64
			for k, c := range t {
				q := p.Vertices[c]
				at = at.Add(geom.Vec3{X: float64(q[0]), Y: float64(q[1]), Z: float64(q[2])}.Scale(l[k]))
				u, v = u+l[k]*float64(p.UV[c][0]), v+l[k]*float64(p.UV[c][1])
			}
			red, green, blue, _ := img.At(int(u*w), int(v*h)).RGBA()
			f(at, rgb{float32(red >> 8), float32(green >> 8), float32(blue >> 8)})
		}
	}
}

// errors are the distances of the colours from the picture, away from the edges of its
// squares; the share of squares that are taken for the other colour.
func (p painted) errors(t *testing.T, in func(geom.Vec3) bool) (meanOff, wrong float64) {
	t.Helper()
	n := 0.
	p.each(func(at geom.Vec3, c rgb) {
		edge := func(x float64) bool { f := x/.04 - math.Floor(x/.04); return f < .2 || f > .8 }
		if math.Abs(at.Z-2) > .01 || !in(at) || edge(at.X) || edge(at.Y) {
			return
		}
		want := picture(at.X, at.Y)
		n++
		for k := range c {
			meanOff += math.Abs(float64(c[k]-want[k])) / 3
		}
		other := picture(at.X+.04, at.Y)
		if distance(c, want) > distance(c, other) {
			wrong++
		}
	})
	if n < 500 {
		t.Fatalf("only %g points of the wall", n)
	}
	return meanOff / n, wrong / n
}

func everywhere(geom.Vec3) bool { return true }

// A wall keeps its picture, whatever the size of the triangles.
func TestPlane(t *testing.T) {
	for _, side := range []float64{.05, .8} {
		p, s := build(t, wall(side), shot(scene{}, cameras(-.6, -.2, .2, .6)))
		off, wrong := p.errors(t, everywhere)
		t.Log(side, off, wrong, s)
		if off > 4 || wrong > .002 {
			t.Errorf("triangles of %g m: off by %.1f levels, %.2g of the chequer wrong", side, off, wrong)
		}
	}
}

// What stands in front of the wall gives it no colour: neither where one view sees past
// it nor at its edge, and whatever the size of the wall's triangles.
func TestOccluder(t *testing.T) {
	for _, side := range []float64{.05, .4} {
		s := scene{board: [4]float64{-.1, -.15, .2, .3}}
		m := wall(side)
		rectangle(m, s.board[0], s.board[1], s.board[2], s.board[3], 1, .05)
		p, stats := build(t, m, shot(s, cameras(-.7, 0, .7)))
		red, of := 0., 0.
		p.each(func(at geom.Vec3, c rgb) {
			if at.Z > 1.9 {
				of++
				if distance(c, rgb{230, 20, 20}) < 80 {
					red++
				}
			}
		})
		off, wrong := p.errors(t, everywhere)
		if red > .001*of || off > 6 || wrong > .02 {
			t.Errorf("triangles of %g m: %.2g %% of the wall have the board's colour, %.1f levels off, %.2g of the chequer wrong; %v", side, 100*red/of, off, wrong, stats)
		}
	}
}

// A view of another exposure is levelled: no step is left at the seams, and the picture
// is right but for one factor.
func TestExposure(t *testing.T) {
	p, s := build(t, wall(.05), shot(scene{}, cameras(-.8, -.3, .3, .8), 1, .7, 1.1, .8))
	strips := make([][]float64, 12) // of .2 m
	p.each(func(at geom.Vec3, c rgb) {
		edge := func(x float64) bool { f := x/.04 - math.Floor(x/.04); return f < .2 || f > .8 }
		if i := int((at.X + 1.2) / .2); !edge(at.X) && !edge(at.Y) {
			want := picture(at.X, at.Y)
			strips[i] = append(strips[i], float64((c[0]+c[1]+c[2])/(want[0]+want[1]+want[2])))
		}
	})
	lo, hi := math.Inf(1), 0.
	for _, v := range strips {
		slices.Sort(v)
		lo, hi = min(lo, v[len(v)/2]), max(hi, v[len(v)/2])
	}
	if hi/lo > 1.03 || s.Views < 2 {
		t.Errorf("brightness varies by a factor of %.3f over the wall; %v", hi/lo, s)
	}
}

// The sharp one of two views is taken, the nearer of two others.
func TestSharpest(t *testing.T) {
	at := cameras(-.1, .1)
	v := shot(scene{}, at)
	blurred, _ := v.Image(0)
	for range 3 {
		blurred = blur(blurred)
	}
	sharp, _ := v.Image(1)
	p, _ := build(t, wall(.05), Views{Of: at, Image: func(i int) (slam.RGB, error) { return []slam.RGB{blurred, sharp}[i], nil }})
	middle := func(v geom.Vec3) bool { return math.Abs(v.X) < .7 && math.Abs(v.Y) < .5 }
	if off, _ := p.errors(t, middle); off > 4 {
		t.Errorf("%.1f levels off: the blurred view was taken", off)
	}
}

func blur(img slam.RGB) slam.RGB {
	out := slam.NewRGB(img.W, img.H)
	for i := range img.W * img.H {
		for k, x := range mean(img, i%img.W, i/img.W, 3) {
			out.Pix[3*i+k] = uint8(x + .5)
		}
	}
	return out
}

// The bytes do not depend on the number of cores, and charts do not overlap.
func TestDeterministic(t *testing.T) {
	m, v := wall(.1), shot(scene{}, cameras(-.6, 0, .6))
	var before []byte
	for _, workers := range []int{1, 3} {
		cfg := Default()
		cfg.SizePx, cfg.MaxPages, cfg.Workers = 256, 2, workers
		out, s, err := Build(context.Background(), m, v, cfg)
		if err != nil {
			t.Fatal(err)
		}
		if len(s.PagesPx) != 2 || s.Scale >= 1 {
			t.Errorf("pages %v of scale %g, want two small ones", s.PagesPx, s.Scale)
		}
		now := fmt.Append(nil, out)
		if before != nil && !bytes.Equal(now, before) {
			t.Error("the bytes depend on the number of cores")
		}
		before = now
		if len(out.UV) != len(out.Vertices) || len(out.Triangles) != len(m.Triangles) {
			t.Errorf("%d places of %d vertices, %d triangles of %d", len(out.UV), len(out.Vertices), len(out.Triangles), len(m.Triangles))
		}
	}
}

// Triangles that no view sees keep the colours of their vertices; a mesh that no view
// sees at all has no texture.
func TestUnseen(t *testing.T) {
	m := wall(.1)
	rectangle(m, -1, -.8, .5, .5, 5, .1) // behind the wall
	p, s := build(t, m, shot(scene{}, cameras(0)))
	if s.Unseen < 50 {
		t.Errorf("%d triangles unseen", s.Unseen)
	}
	p.each(func(at geom.Vec3, c rgb) {
		if at.Z > 4 && distance(c, rgb{90, 90, 90}) > 10 {
			t.Fatalf("%v is %v, want the colour of its vertices", at, c)
		}
	})
	away := View{Pose: geom.SE3{R: geom.ExpSO3(geom.Vec3{Y: math.Pi})}, Camera: geom.CameraFromFOV(160, 120, 1)}
	if _, _, err := Build(context.Background(), m, shot(scene{}, []View{away}), Default()); !errors.Is(err, ErrNoView) {
		t.Errorf("a camera that looks away: %v", err)
	}
}

func TestBadInput(t *testing.T) {
	m, good := wall(.4), shot(scene{}, cameras(0))
	for want, spoil := range map[string]func(v *Views, c *Config){
		"power of two": func(_ *Views, c *Config) { c.SizePx = 1000 },
		"0 pages":      func(_ *Views, c *Config) { c.MaxPages = 0 },
		"quality":      func(_ *Views, c *Config) { c.Quality = 0 },
		"distortion":   func(v *Views, _ *Config) { v.Of = slices.Clone(v.Of); v.Of[0].Camera.U1 = .1 },
		"10x10":        func(v *Views, _ *Config) { v.Image = func(int) (slam.RGB, error) { return slam.NewRGB(10, 10), nil } },
		"unreadable": func(v *Views, _ *Config) {
			v.Image = func(int) (slam.RGB, error) { return slam.RGB{}, errors.New("unreadable") }
		},
	} {
		v, c := good, Default()
		spoil(&v, &c)
		if _, _, err := Build(context.Background(), m, v, c); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want an error with %q", err, want)
		}
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, _, err := Build(ctx, m, good, Default()); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}

// Charts on a page do not overlap.
func TestPack(t *testing.T) {
	var charts []chart
	var order []int
	for i := range 200 {
		charts = append(charts, chart{w: 5 + i*7%40, h: 60 - i/4})
		order = append(order, i)
	}
	pages := pack(charts, order, 512, 1)
	if len(pages) != 1 {
		t.Fatal(pages)
	}
	taken := map[[2]int]int{}
	for i, c := range charts {
		if c.x < 0 || c.y < 0 || c.x+c.w > pages[0][0] || c.y+c.h > pages[0][1] {
			t.Fatalf("chart %d lies outside", i)
		}
		for k := range c.w * c.h {
			at := [2]int{c.x + k%c.w, c.y + k/c.w}
			if other, ok := taken[at]; ok {
				t.Fatalf("charts %d and %d overlap", i, other)
			}
			taken[at] = i
		}
	}
}

func BenchmarkBuild(b *testing.B) {
	m, v := wall(.01), shot(scene{}, cameras(-.8, -.6, -.4, -.2, 0, .2, .4, .6))
	b.ReportMetric(float64(len(m.Triangles)), "triangles")
	for b.Loop() {
		if _, _, err := Build(context.Background(), m, v, Default()); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Milliseconds())/float64(b.N*len(v.Of)), "ms/view")
}

// Of frames from about the same place the sharpest is kept.
func TestGatherer(t *testing.T) {
	var g Gatherer
	views := cameras(0, .01, .02, .6)
	v := shot(scene{}, views)
	for i, view := range views {
		img, _ := v.Image(i)
		if i != 1 {
			img = blur(img)
		}
		depth := slam.DepthMap{W: 2, H: 1, Depth: []float32{2, 2}}
		if err := g.Add(slam.KeyframeView{ID: i, Pose: view.Pose, Camera: view.Camera, Color: img, Depth: depth}); err != nil {
			t.Fatal(err)
		}
	}
	kept := g.Views()
	if len(kept.Of) != 2 || kept.Of[0].Pose != views[1].Pose || kept.Of[1].Pose != views[3].Pose {
		t.Fatalf("%d views kept: %v", len(kept.Of), kept.Of)
	}
	img, err := kept.Image(0)
	want, _ := v.Image(1)
	if err != nil || img.W != want.W || distance(mean(img, 200, 100, 2), mean(want, 200, 100, 2)) > 4 {
		t.Errorf("the image is not the one that was taken: %v", err)
	}
}
