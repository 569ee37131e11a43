package viewer

import (
	"math"
	"testing"

	"github.com/metricslam/metricslam/geom"
	"github.com/metricslam/metricslam/report"
	"github.com/metricslam/metricslam/slam"
)

// hilly is a surface of 2 n^2 triangles on 10 x 10 m, 4 to 14 m ahead and below.
func hilly(n int) *slam.Mesh {
	m := &slam.Mesh{}
	for i := range n + 1 {
		for j := range n + 1 {
			x, z := 10*float64(i)/float64(n)-5, 10*float64(j)/float64(n)+4
			m.Vertices = append(m.Vertices, vec32(geom.Vec3{X: x, Y: 1.5 + .3*math.Sin(2*x)*math.Cos(2*z), Z: z}))
			m.Colors = append(m.Colors, [3]uint8{uint8(i), uint8(j), 128})
		}
	}
	at := func(i, j int) uint32 { return uint32(i*(n+1) + j) }
	for i := range n {
		for j := range n {
			m.Triangles = append(m.Triangles, [3]uint32{at(i, j), at(i+1, j), at(i, j+1)}, [3]uint32{at(i+1, j), at(i+1, j+1), at(i, j+1)})
		}
	}
	return m
}

func count(all []span) (n int) {
	for _, s := range all {
		n += s.n
	}
	return n
}

// All of a mesh is in its chunks; out of sight nothing is drawn, from afar less, from
// near everything.
func TestChunks(t *testing.T) {
	m := hilly(200)
	c := chunksOf(m, true)
	var finest int
	for _, x := range c.chunks {
		finest += x.levels[0].n
	}
	if finest != len(m.Triangles) || len(c.chunks) < 5 {
		t.Fatalf("%d of %d triangles in %d chunks", finest, len(m.Triangles), len(c.chunks))
	}
	v := View{Pose: geom.IdentitySE3(), Camera: geom.CameraFromFOV(1280, 720, 1)}
	if n := count(c.visible(v, restingTriangles)); n > finest || n < finest/8 {
		t.Errorf("%d of %d triangles from near", n, finest)
	}
	back := v
	back.Pose.R = geom.Mat3{{-1, 0, 0}, {0, 1, 0}, {0, 0, -1}}
	if n := count(c.visible(back, restingTriangles)); n != 0 {
		t.Errorf("%d triangles behind the camera are drawn", n)
	}
	far := v
	far.Pose.T.Z = -200
	if n := count(c.visible(far, restingTriangles)); n == 0 || n > finest/10 {
		t.Errorf("%d of %d triangles from afar", n, finest)
	}
	flat := v
	flat.OrthoM = 20
	if n := count(c.visible(flat, restingTriangles)); n == 0 {
		t.Error("nothing is seen without perspective")
	}
	if n := count(c.visible(v, 20_000)); n == 0 || n > 20_000 {
		t.Errorf("%d triangles where 20,000 are allowed", n)
	}
	if plain := chunksOf(m, false); len(plain.triangles) != finest || count(plain.visible(far, restingTriangles)) != finest {
		t.Error("without coarse levels not all is drawn")
	}
	if n := len(chunksOf(nil, true).visible(v, restingTriangles)); n != 0 {
		t.Errorf("%d spans without a mesh", n)
	}
}

// What is drawn coarser looks the same.
func TestCoarseLooksTheSame(t *testing.T) {
	needGL(t)
	s := &Scene{Snapshot: slam.Snapshot{Mesh: hilly(300)}}
	v := View{Pose: geom.SE3{R: geom.Identity3(), T: geom.Vec3{Y: -4, Z: -14}}, Camera: geom.CameraFromFOV(320, 240, 1)}
	err := offscreen(320, 240, func(tg *target) error {
		f := frame{view: v, up: geom.Vec3{Y: -1}, style: Style{Mode: Color, BackFaces: true}}
		fine, err := tg.draw(s, f)
		if err != nil {
			return err
		}
		all := count(tg.chunked.visible(v, restingTriangles))
		tg.uploadMesh(prepare(s, true))
		if n := count(tg.chunked.visible(v, restingTriangles)); n > all/2 {
			t.Errorf("%d triangles, %d without coarse levels", n, all)
		}
		coarse, err := tg.draw(s, f)
		if err != nil {
			return err
		}
		var differ int
		for i := range fine.Pix {
			if d := int(fine.Pix[i]) - int(coarse.Pix[i]); d > 24 || d < -24 {
				differ++
			}
		}
		if share := float64(differ) / float64(len(fine.Pix)); share > .005 {
			t.Errorf("%.2f %% of the image differs", 100*share)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// BenchmarkDraw turns a mesh of a million triangles in an image of 1280x720.
func BenchmarkDraw(b *testing.B) {
	needGL(b)
	s := &Scene{Snapshot: slam.Snapshot{Mesh: hilly(707)}}
	o := AutoOrbit(s, 1280, 720)
	err := offscreen(1280, 720, func(tg *target) error {
		tg.uploadMesh(prepare(s, true))
		cpu := report.CPUTime()
		for b.Loop() {
			o.Turn(.05, 0)
			if _, err := tg.draw(s, frame{view: o.View(1280, 720), up: o.Up, style: DefaultStyle(), moving: true}); err != nil {
				return err
			}
		}
		b.ReportMetric((report.CPUTime()-cpu).Seconds()*1e3/float64(b.N), "cpu-ms/op")
		b.ReportMetric(float64(count(tg.chunked.visible(o.View(1280, 720), movingTriangles))), "triangles")
		return nil
	})
	if err != nil {
		b.Fatal(err)
	}
}

// A box alone is drawn.
func TestClip(t *testing.T) {
	needGL(t)
	s := &Scene{Snapshot: slam.Snapshot{Mesh: hilly(100)}}
	f := frame{
		view: View{Pose: geom.SE3{R: geom.Identity3(), T: geom.Vec3{Y: -4, Z: -8}}, Camera: geom.CameraFromFOV(160, 120, 1)}, up: geom.Vec3{Y: -1},
		style: Style{Mode: Color, BackFaces: true},
	}
	drawn := func(tg *target) (n int) {
		img, err := tg.draw(s, f)
		if err != nil {
			t.Fatal(err)
		}
		for i := 0; i < len(img.Pix); i += 4 {
			if img.Pix[i+2] == 128 {
				n++
			}
		}
		return n
	}
	if err := offscreen(160, 120, func(tg *target) error {
		all := drawn(tg)
		f.clip = &clipBox{axes: geom.Identity3(), lo: geom.Vec3{X: -9, Y: -9, Z: -9}, hi: geom.Vec3{X: 0, Y: 99, Z: 99}}
		if half := drawn(tg); all < 1000 || half < all*2/5 || half > all*3/5 {
			t.Errorf("%d of %d pixels are left of half the mesh", half, all)
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
}
