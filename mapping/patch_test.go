package mapping

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/metricslam/metricslam/geom"
	"github.com/metricslam/metricslam/mapping/images"
	"github.com/metricslam/metricslam/mapping/patch"
	"github.com/metricslam/metricslam/slam"
)

// corridor renders the walls at x = -3 and x = 3 m as a camera that goes along z
// sees them.
func corridor(cam geom.Camera, pose geom.SE3) slam.Gray {
	r := rand.New(rand.NewPCG(3, 4))
	type wave struct{ y, z, phase float64 }
	var waves [40]wave
	for i := range waves {
		f, a := 3+10*r.Float64(), 2*math.Pi*r.Float64()
		waves[i] = wave{f * math.Cos(a), f * math.Sin(a), 7 * r.Float64()}
	}
	g := slam.NewGray(cam.W, cam.H)
	for y := range cam.H {
		for x := range cam.W {
			ray := pose.R.MulVec(cam.Ray(geom.Vec2{X: float64(x), Y: float64(y)}))
			s := (math.Copysign(3, ray.X) - pose.T.X) / ray.X
			if s > 20 {
				continue
			}
			p := pose.T.Add(ray.Scale(s))
			v := 128.
			for _, w := range waves {
				v += 9 * math.Sin(w.y*p.Y+w.z*p.Z+w.phase)
			}
			g.Pix[y*cam.W+x] = uint8(min(max(v, 0), 255) + .5)
		}
	}
	return g
}

// TestSlantOfAWall drives along a corridor: patches on its walls are found where
// they are, and say how the walls are turned.
func TestSlantOfAWall(t *testing.T) {
	cam := geom.Camera{W: 640, H: 240, Fx: 420, Fy: 420, Cx: 320, Cy: 120}
	at := func(z float64) geom.SE3 { return geom.SE3{R: geom.IdentitySE3().R, T: geom.Vec3{Z: z}} }
	m := NewMap(images.Options{Budget: math.MaxInt})
	host := &Keyframe{Pose: at(0), Camera: cam}
	r := rand.New(rand.NewPCG(5, 6))
	for i := range 300 {
		u := geom.Vec2{X: 400 + 80*r.Float64(), Y: 20 + 200*r.Float64()}
		if i%2 == 0 {
			u.X = 640 - u.X
		}
		host.Features = append(host.Features, Feature{Landmark: i, Pixel: u})
	}
	m.addKeyframe(host)
	putImages(t, m, host, images.Images{Gray: corridor(cam, at(0))})
	depth := func(f Feature) float64 { return 3 * cam.Fx / math.Abs(f.Pixel.X-cam.Cx) }
	for _, f := range host.Features {
		m.landmarks.get(f.Landmark).InvDepth = 1 / depth(f)
	}
	var off, facing []float64
	for i, z := range []float64{.7, 1.4, 2.1, 2.8} {
		k := &Keyframe{ID: i + 1, Pose: at(z), Camera: cam}
		var want []geom.Vec2
		for _, f := range host.Features {
			u := cam.Project(k.Pose.ApplyInverse(cam.Unproject(f.Pixel, depth(f))))
			if depth(f) > z+1 && cam.Contains(u, 20) {
				want = append(want, u)
				k.Features = append(k.Features, Feature{Landmark: f.Landmark, Pixel: u.Add(geom.Vec2{X: .3, Y: -.2})})
			}
		}
		m.addKeyframe(k)
		putImages(t, m, k, images.Images{Gray: corridor(cam, at(z))})
		find, _, _ := m.newFinder(host, k, k.Pose.Inverse(), true, registerMinNCC)
		for j, f := range k.Features {
			l := m.landmarks.get(f.Landmark)
			if s, ok := find.Find(host.Features[l.Obs[0].Index].Pixel, geom.Vec3{Z: l.InvDepth}, 1e6, f.Pixel, registerMaxPx); ok && i == 3 {
				facing = append(facing, s.Pixel.Sub(want[j]).Norm())
			}
		}
		if err := m.register(k); err != nil {
			t.Fatal(err)
		}
		for j, f := range k.Features {
			if f.Registered && i == 3 {
				off = append(off, f.Pixel.Sub(want[j]).Norm())
			}
		}
	}
	var turn []float64
	for _, f := range host.Features {
		l := m.landmarks.get(f.Landmark)
		if len(l.Obs) == 5 {
			turn = append(turn, math.Hypot(l.Slant.X*l.Ray.X-1, l.Slant.Y*l.Ray.X)) // truth: 1 / ray.x, 0
		}
	}
	for _, v := range [][]float64{off, facing, turn} {
		slices.Sort(v)
	}
	t.Logf("%d found %.3f px off, %d as if they faced the camera %.3f px; slant %.2f off", len(off), off[len(off)/2], len(facing), facing[len(facing)/2], turn[len(turn)/2])
	if off[len(off)/2] > .1 || off[len(off)/2] > facing[len(facing)/2]/5 {
		t.Errorf("patches are %.3f pixels off in the median, %.3f if they faced the camera", off[len(off)/2], facing[len(facing)/2])
	}
	if turn[len(turn)/2] > .15 {
		t.Errorf("slants are off by %.2f of theirs in the median", turn[len(turn)/2])
	}
}

// TestPlaneSeenFromElsewhere: the plane of a landmark is the same plane in the
// frame of another keyframe.
func TestPlaneSeenFromElsewhere(t *testing.T) {
	m := NewMap(images.Options{Budget: math.MaxInt})
	cam := geom.Camera{W: 640, H: 480, Fx: 500, Fy: 500, Cx: 320, Cy: 240}
	host := &Keyframe{Pose: geom.SE3{R: geom.ExpSO3(geom.Vec3{X: .1, Y: .2}), T: geom.Vec3{X: 1}}, Camera: cam, Features: []Feature{{Landmark: 4, Pixel: geom.Vec2{X: 400, Y: 200}}}}
	m.addKeyframe(host)
	k := &Keyframe{ID: 1, Pose: geom.SE3{R: geom.ExpSO3(geom.Vec3{Y: -.1, Z: .3}), T: geom.Vec3{X: 1.5, Y: .2, Z: .4}}, Camera: cam}
	l := m.landmarks.get(4)
	l.InvDepth, l.Slant = .25, patch.Slant{X: 1.5, Y: -.7}
	p := k.Pose.ApplyInverse(m.Position(l))
	seen := m.plane(l, k, cam.Project(p), p.Z)
	own := m.plane(l, host, host.Features[0].Pixel, 4)
	for _, u := range []geom.Vec2{{X: 400, Y: 200}, {X: 420, Y: 190}, {X: 380, Y: 230}} {
		r := cam.Ray(u)
		x := host.Pose.Apply(r.Scale(1 / own.Dot(r)))
		y := k.Pose.ApplyInverse(x)
		if d := seen.Dot(y.Scale(1/y.Z))*y.Z - 1; math.Abs(d) > 1e-9 {
			t.Errorf("a point of the plane is %.2g of its depth beside it, as the other keyframe sees it", d)
		}
	}
}
