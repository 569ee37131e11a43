package synthetic

import (
	"math"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/metricslam/metricslam/geom"
)

// view is one noise-free picture with what made it.
type view struct {
	pose   geom.SE3
	groups []*group
	light  []float64 // green, full scale 1
	depthM []float32
}

// viewAt renders without the camera's faults.
func viewAt(s *Source, p *painter, t, gain float64) view {
	v := view{pose: s.path.pose(t)}
	v.groups = matte(s.scene.groups(v.pose, t, nil))
	p.paint(v.pose, v.groups, gain)
	for _, l := range p.light {
		v.light = append(v.light, float64(l>>16&0xffff)/fullScale)
	}
	v.depthM = append(v.depthM, p.depthM...)
	return v
}

// matte copies the groups without gloss: what is mirrored rightly moves against
// the surface that mirrors it.
func matte(groups []*group) (out []*group) {
	for _, g := range groups {
		c := *g
		c.surfaces = slices.Clone(g.surfaces)
		for i := range c.surfaces {
			c.surfaces[i].gloss = 0
		}
		out = append(out, &c)
	}
	return out
}

// castRay returns the depth along the optical axis of the nearest front that
// the ray through pixel u meets, 0 for none: every polygon as a fan of
// triangles, intersected by the method of Moeller and Trumbore (1997), which
// shares nothing with the raster.
func castRay(v *view, cam geom.Camera, u geom.Vec2) float64 {
	dir := v.pose.R.MulVec(cam.Ray(u)) // its parameter is the depth
	best := math.Inf(1)
	for _, g := range v.groups {
		oc := g.centre.Sub(v.pose.T)
		along := oc.Dot(dir) / dir.Norm2()
		if oc.Sub(dir.Scale(along)).Norm() > g.radius+1e-6 {
			continue
		}
		for i := range g.surfaces {
			c := g.surfaces[i].verts
			for k := 2; k < len(c); k++ {
				if t, ok := meetTriangle(v.pose.T, dir, c[0], c[k-1], c[k]); ok && t < best {
					best = t
				}
			}
		}
	}
	if math.IsInf(best, 1) {
		return 0
	}
	return best
}

func meetTriangle(o, dir, a, b, c geom.Vec3) (t float64, ok bool) {
	e1, e2 := b.Sub(a), c.Sub(a)
	p := dir.Cross(e2)
	det := e1.Dot(p)
	if det < 1e-14 {
		return 0, false // seen from behind, or edge on
	}
	s := o.Sub(a)
	u := s.Dot(p) / det
	q := s.Cross(e1)
	v := dir.Dot(q) / det
	t = e2.Dot(q) / det
	return t, u >= 0 && v >= 0 && u+v <= 1 && t > nearM
}

// testScene opens a small scene; the tests of a package share it.
var testScene = func() func(t *testing.T, spec string) *Source {
	var mu sync.Mutex
	open := map[string]*Source{}
	return func(t *testing.T, spec string) *Source {
		t.Helper()
		mu.Lock()
		defer mu.Unlock()
		if open[spec] == nil {
			s, err := New(spec, Options{Seed: 2, Workers: 1})
			if err != nil {
				t.Fatal(err)
			}
			open[spec] = s
		}
		return open[spec]
	}
}()

func testScenes(t *testing.T, run func(t *testing.T, s *Source, p *painter)) {
	for _, spec := range []string{"synthetic:room:6", "synthetic:corridor:12", "synthetic:street:60"} {
		t.Run(spec, func(t *testing.T) {
			s := testScene(t, spec)
			run(t, s, newPainter(s.cam, s.scene.surroundings()))
		})
	}
}

// Depth agrees with rays to 1e-5 of its value, but for pixels whose centre lies
// on an edge to within rounding.
func TestDepthAgreesWithRays(t *testing.T) {
	testScenes(t, func(t *testing.T, s *Source, p *painter) {
		r := stream(1)
		wrong, n := 0, 0
		for _, at := range []float64{.1, 2.5, 4.4} {
			v := viewAt(s, p, at, .3)
			for range 300 {
				x, y := r.IntN(s.cam.W), r.IntN(s.cam.H)
				got := float64(v.depthM[y*s.cam.W+x])
				want := castRay(&v, s.cam, geom.Vec2{X: float64(x), Y: float64(y)})
				n++
				if math.Abs(got-want) > 1e-5*want {
					wrong++
				}
			}
		}
		if wrong*300 > n {
			t.Errorf("%d of %d depths differ from the ray's", wrong, n)
		}
	})
}

// A pixel of one view, carried by its depth and the poses into another, lands
// where that view has the same depth: within 1e-3 m and 1e-4 of it, wherever
// the four depths around lie on one plane and nothing came in between.
func TestDepthAgreesBetweenViews(t *testing.T) {
	testScenes(t, func(t *testing.T, s *Source, p *painter) {
		a, b := viewAt(s, p, 2, .3), viewAt(s, p, 2.3, .3)
		good, bad := 0, 0
		for y := 3; y < s.cam.H-3; y += 3 {
			for x := 3; x < s.cam.W-3; x += 3 {
				u, z := s.carry(&a, &b, x, y)
				if z == 0 || !s.cam.Contains(u, 3) {
					continue
				}
				got, planar := planarDepth(&b, s.cam, u)
				if !planar || math.Abs(got-z) > .02*z {
					continue // an edge, or something in front
				}
				if math.Abs(got-z) < 1e-3+1e-4*z {
					good++
				} else {
					bad++
				}
			}
		}
		if total := good + bad; total < s.cam.W*s.cam.H/9/4 || bad*200 > total {
			t.Errorf("%d of %d depths disagree between two views", bad, good+bad)
		}
	})
}

// carry returns where pixel (x, y) of view a is in view b, and its depth there.
func (s *Source) carry(a, b *view, x, y int) (geom.Vec2, float64) {
	d := float64(a.depthM[y*s.cam.W+x])
	if d == 0 {
		return geom.Vec2{}, 0
	}
	q := b.pose.ApplyInverse(a.pose.Apply(s.cam.Unproject(geom.Vec2{X: float64(x), Y: float64(y)}, d)))
	if q.Z < .1 {
		return geom.Vec2{}, 0
	}
	return s.cam.Project(q), q.Z
}

// planarDepth interpolates inverse depth, which is linear in the picture of a
// plane; planar is false where the neighbours do not lie on one.
func planarDepth(v *view, cam geom.Camera, u geom.Vec2) (z float64, planar bool) {
	x, y := int(u.X), int(u.Y)
	inv := func(dx, dy int) float64 { return 1 / float64(v.depthM[(y+dy)*cam.W+x+dx]) }
	a, b, c, d := inv(0, 0), inv(1, 0), inv(0, 1), inv(1, 1)
	bend := math.Abs(a+d-b-c) + math.Abs(inv(-1, 0)+b-2*a) + math.Abs(inv(0, -1)+c-2*a)
	if !(bend < 2e-5*a) {
		return 0, false
	}
	fx, fy := u.X-float64(x), u.Y-float64(y)
	return 1 / (a*(1-fx)*(1-fy) + b*fx*(1-fy) + c*(1-fx)*fy + d*fx*fy), true
}

// The brightness of two views, brought together by depth and poses, matches
// without any further shift: the least-squares shift (Lucas and Kanade 1981) of
// every sixth of the picture with some texture is below .1 pixel, of the whole
// below .05. Twice that in the corridor, whose carpet is seen at a grazing angle,
// where its texture is mostly filtered away.
func TestPicturesAgreeBetweenViews(t *testing.T) {
	testScenes(t, func(t *testing.T, s *Source, p *painter) {
		a, b := viewAt(s, p, 2, .3), viewAt(s, p, 2.1, .3)
		var parts [6]shiftFit
		var all shiftFit
		for y := 4; y < s.cam.H-4; y++ {
			for x := 4; x < s.cam.W-4; x++ {
				u, z := s.carry(&a, &b, x, y)
				if z == 0 || !s.cam.Contains(u, 4) {
					continue
				}
				if got, planar := planarDepth(&b, s.cam, u); !planar || math.Abs(got-z) > 1e-3*z {
					continue
				}
				parts[x*3/s.cam.W+3*(y*2/s.cam.H)].add(&a, &b, s.cam, x, y, u)
				all.add(&a, &b, s.cam, x, y, u)
			}
		}
		most := .05
		if strings.HasPrefix(s.info.Name, "synthetic:corridor") {
			most = .1
		}
		if dx, dy := all.solve(); math.Hypot(dx, dy) > most {
			t.Errorf("the pictures are shifted by (%.3f, %.3f) pixels", dx, dy)
		}
		for i := range parts {
			if dx, dy := parts[i].solve(); parts[i].textured() && math.Hypot(dx, dy) > 2*most {
				t.Errorf("part %d is shifted by (%.3f, %.3f) pixels", i, dx, dy)
			}
		}
	})
}

// shiftFit gathers the normal equations of a shift.
type shiftFit struct {
	xx, xy, yy, xr, yr float64
	n                  int
}

// add takes the pixel (x, y) of view a and its place u in view b.
func (f *shiftFit) add(a, b *view, cam geom.Camera, x, y int, u geom.Vec2) {
	gx := (a.light[y*cam.W+x+1] - a.light[y*cam.W+x-1]) / 2
	gy := (a.light[(y+1)*cam.W+x] - a.light[(y-1)*cam.W+x]) / 2
	i, j := int(u.X), int(u.Y)
	fx, fy := u.X-float64(i), u.Y-float64(j)
	o := j*cam.W + i
	v := (1-fy)*((1-fx)*b.light[o]+fx*b.light[o+1]) + fy*((1-fx)*b.light[o+cam.W]+fx*b.light[o+cam.W+1])
	r := v - a.light[y*cam.W+x]
	f.xx, f.xy, f.yy, f.xr, f.yr = f.xx+gx*gx, f.xy+gx*gy, f.yy+gy*gy, f.xr+gx*r, f.yr+gy*r
	f.n++
}

// textured reports whether both directions of the shift are well determined:
// the slope exceeds about one step of the textures' 8 bits a pixel, whose
// rounding would otherwise decide.
func (f *shiftFit) textured() bool {
	const leastSlope = .0011 // mean square root, of full scale a pixel
	half := (f.xx + f.yy) / 2
	least := half - math.Hypot((f.xx-f.yy)/2, f.xy)
	return f.n > 2000 && least > float64(f.n)*leastSlope*leastSlope
}

func (f *shiftFit) solve() (dx, dy float64) {
	det := f.xx*f.yy - f.xy*f.xy
	return (f.xr*f.yy - f.yr*f.xy) / det, (f.yr*f.xx - f.xr*f.xy) / det
}
