package geom

import (
	"math"
	"testing"
)

var lenses = []struct {
	name   string
	lens   Distorter
	radius float64 // of the disc tried, on the ideal plane
}{
	{"no distortion", NewRadTan(0, 0, 0, 0, 0), 2},
	{"tum fr1", NewRadTan(.2624, -.9531, -.0054, .0026, 1.1633), .75},
	{"euroc", NewRadTan(-.28340811, .07395907, .00019359, 1.76187114e-05, 0), .95},
	{"barrel, turns back", NewRadTan(-.4, .05, 0, 0, 0), .9},
	{"fisheye, none", NewKannalaBrandt(0, 0, 0, 0), 10},
	{"tum-vi", NewKannalaBrandt(.0034823894, .0007150348, -.0020532361, .00020293673), 10},
	{"MEI of KITTI-360", NewMEI(2.2134, .016798, 1.6548, .00042, .00042), 3},
	{"MEI below the sphere", NewMEI(.8, -.1, .02, 0, .001), .6},
	{"field of view", FieldOfView{.93}, 5},
}

func TestDistortRoundTrip(t *testing.T) {
	r := newRand(51)
	for _, l := range lenses {
		for range 5000 {
			a, s := 2*math.Pi*r.Float64(), l.radius*math.Sqrt(r.Float64())
			p := Vec2{s * math.Cos(a), s * math.Sin(a)}
			q := l.lens.Distort(p)
			back := l.lens.Undistort(q)
			if e := back.Sub(p).Norm() / (1 + p.Norm2()); !(e < 1e-10) {
				t.Fatalf("%s: %v to %v and back to %v", l.name, p, q, back)
			}
		}
		if z := l.lens.Undistort(l.lens.Distort(Vec2{})); z.Norm() > 1e-15 {
			t.Errorf("%s: the axis moves to %v", l.name, z)
		}
	}
}

// Values of OpenCV's documented formulas, worked out by hand for one point.
func TestDistortKnownValues(t *testing.T) {
	q := NewRadTan(.1, .01, .001, .002, .003).Distort(Vec2{.3, .4})
	// r2 = .25, radial = 1 + .025 + .000625 + .000046875.
	want := Vec2{.3*1.025671875 + 2*.001*.12 + .002*(.25+.18), .4*1.025671875 + .001*(.25+.32) + 2*.002*.12}
	if q.Sub(want).Norm() > 1e-15 {
		t.Errorf("radial-tangential: %v, want %v", q, want)
	}
	q = NewKannalaBrandt(.1, 0, 0, 0).Distort(Vec2{1, 0})
	if th := math.Pi / 4; math.Abs(q.X-th*(1+.1*th*th)) > 1e-15 || q.Y != 0 {
		t.Errorf("fisheye: %v", q)
	}
	// (3, 4, 12)/13 on the sphere, seen from 1 above its centre: (3, 4)/25.
	q = NewMEI(1, 0, 0, 0, 0).Distort(Vec2{3. / 12, 4. / 12})
	if want := (Vec2{2 * 3. / 25, 2 * 4. / 25}); q.Sub(want).Norm() > 1e-15 {
		t.Errorf("MEI: %v, want %v", q, want)
	}
	fov := FieldOfView{1}
	if q, want := fov.Distort(Vec2{.5, 0}), math.Atan(math.Tan(.5))/fov.Gain(); math.Abs(q.X-want) > 1e-15 {
		t.Errorf("field of view: %v, want %v", q, want)
	}
}

func TestDistortJacobian(t *testing.T) {
	r := newRand(52)
	for _, d := range []interface {
		DistortJacobian(Vec2) (Vec2, [3]float64)
	}{NewRadTan(.2624, -.9531, -.0054, .0026, 1.1633), NewKannalaBrandt(.01, -.02, .03, -.004)} {
		for range 100 {
			p := Vec2{r.Float64() - .5, r.Float64() - .5}
			_, j := d.DistortJacobian(p)
			const h = 1e-6
			xp, _ := d.DistortJacobian(p.Add(Vec2{h, 0}))
			xm, _ := d.DistortJacobian(p.Sub(Vec2{h, 0}))
			yp, _ := d.DistortJacobian(p.Add(Vec2{0, h}))
			ym, _ := d.DistortJacobian(p.Sub(Vec2{0, h}))
			dx, dy := xp.Sub(xm).Scale(1/(2*h)), yp.Sub(ym).Scale(1/(2*h))
			if e := math.Abs(dx.X-j[0]) + math.Abs(dx.Y-j[1]) + math.Abs(dy.X-j[1]) + math.Abs(dy.Y-j[2]); e > 1e-8 {
				t.Fatalf("derivative off by %g", e)
			}
		}
	}
}

// Where the polynomial turns back, points have no image and no ray, rather than
// the wrong one.
func TestDistortOutsideTheValidField(t *testing.T) {
	barrel := NewRadTan(-.4, .05, 0, 0, 0)
	fisheye := NewKannalaBrandt(-.2, 0, 0, 0)
	fishR := math.Tan(fisheye.maxTheta)
	for _, c := range []struct {
		name string
		lens Distorter
		max  float64
	}{{"barrel", barrel, barrel.MaxRadius()}, {"fisheye", fisheye, fishR}} {
		if !(c.max > .5 && c.max < 10) {
			t.Fatalf("%s: field of radius %g", c.name, c.max)
		}
		edge := c.lens.Distort(Vec2{c.max * (1 - 1e-9), 0})
		if !edge.IsFinite() {
			t.Fatalf("%s: the edge of the field is outside", c.name)
		}
		last := 0.0
		for k := 1; k < 100; k++ {
			q := c.lens.Distort(Vec2{c.max * float64(k) / 100, 0})
			if !(q.X > last) {
				t.Fatalf("%s: not increasing inside the field", c.name)
			}
			last = q.X
		}
		for _, p := range []Vec2{{c.max * 1.001, 0}, {0, 3 * c.max}, {math.NaN(), 0}} {
			if q := c.lens.Distort(p); q.IsFinite() {
				t.Errorf("%s: %v has the image %v", c.name, p, q)
			}
		}
		for _, q := range []Vec2{{edge.X * 1.001, 0}, {0, 5 * edge.X}, {math.Inf(1), 0}, {math.NaN(), 0}} {
			if p := c.lens.Undistort(q); p.IsFinite() {
				t.Errorf("%s: %v has the ray %v", c.name, q, p)
			}
		}
	}
	if m := NewRadTan(0, 0, 0, 0, 0).MaxRadius(); !math.IsInf(m, 1) {
		t.Errorf("no distortion: field of radius %g", m)
	}
}

func BenchmarkUndistort(b *testing.B) {
	for _, l := range lenses[1:3] {
		b.Run(l.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				l.lens.Undistort(Vec2{.4, .2})
			}
		})
	}
	b.Run("fisheye", func(b *testing.B) {
		for b.Loop() {
			lenses[5].lens.Undistort(Vec2{.4, .2})
		}
	})
}
