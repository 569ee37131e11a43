package multiview

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/metricslam/metricslam/depth/photo"
	"github.com/metricslam/metricslam/geom"
	"github.com/metricslam/metricslam/slam"
)

// A slanted wall at 4 m with a box 1 m before it, both covered with a pattern.
func hit(origin, ray geom.Vec3) (p geom.Vec3) {
	t := (3 - origin.Z) / ray.Z
	if p = origin.Add(ray.Scale(t)); math.Abs(p.X) < .5 && math.Abs(p.Y) < .4 {
		return p
	}
	// The wall is z = 4 + .2 x.
	t = (4 + .2*origin.X - origin.Z) / (ray.Z - .2*ray.X)
	return origin.Add(ray.Scale(t))
}

// pattern is smooth noise of some ten waves of 5 to 40 cm.
func pattern(p geom.Vec3) float64 {
	r := rand.New(rand.NewPCG(7, 7))
	v := 0.
	for range 14 {
		k := 2 * math.Pi / (.05 * math.Pow(8, r.Float64()))
		a := 2 * math.Pi * r.Float64()
		v += math.Sin(k*(p.X*math.Cos(a)+p.Y*math.Sin(a)) + 6*r.Float64() + p.Z*3)
	}
	return 128 + 22*v
}

const corners = 260

// corner is point i of the wall or the box.
func corner(i int) geom.Vec3 {
	r := rand.New(rand.NewPCG(3, uint64(i)))
	return hit(geom.Vec3{}, geom.Vec3{X: 1.2*r.Float64() - .6, Y: .9*r.Float64() - .45, Z: 1})
}

// take makes photographs from several places; the depth of each is off by bias
// and by a part of its own, and warped.
func take(t *testing.T, poses []geom.SE3, bias float64) ([]*photo.Photo, []string, Describe) {
	t.Helper()
	r := rand.New(rand.NewPCG(1, 9))
	cam := geom.Camera{W: 320, H: 240, Fx: 260, Fy: 260, Cx: 159.5, Cy: 119.5}
	var photos []*photo.Photo
	var names []string
	for i, pose := range poses {
		rgb := slam.NewRGB(320, 240)
		d := slam.DepthMap{W: 320, H: 240, Camera: cam, Depth: make([]float32, 320*240), Sigma: .1, ScaleSigma: .1, PlaceSigma: .16}
		own, wave := .06*r.NormFloat64(), 6*r.Float64()
		for k := range d.Depth {
			u := geom.Vec2{X: float64(k % 320), Y: float64(k / 320)}
			p := hit(pose.T, pose.R.MulVec(cam.Ray(u)))
			warp := .05 * math.Sin(wave+u.X/60) * math.Cos(u.Y/50)
			d.Depth[k] = float32(pose.ApplyInverse(p).Z * math.Exp(bias+own+warp))
			v := uint8(min(max(pattern(p), 0), 255))
			rgb.Pix[3*k], rgb.Pix[3*k+1], rgb.Pix[3*k+2] = v, v, v
		}
		photos = append(photos, &photo.Photo{Image: rgb, Camera: photo.Camera{Camera: cam, LogFocalStd: .01}, Depth: d, Full: d, Model: "net", FollowsFocal: true})
		names = append(names, fmt.Sprintf("%c.jpg", 'a'+i))
	}
	next := 0
	describe := func(slam.Gray) (px []geom.Vec2, desc []slam.Descriptor, err error) {
		pose := poses[next]
		next++
		for i := range corners {
			p := corner(i)
			q := pose.ApplyInverse(p)
			u := cam.Project(q)
			if q.Z < .1 || !cam.Contains(u, 5) || hit(pose.T, p.Sub(pose.T)).Sub(p).Norm() > .01 {
				continue
			}
			if r.Float64() < .15 { // taken for another
				i = r.IntN(corners)
			}
			px = append(px, u.Add(geom.Vec2{X: .6 * r.NormFloat64(), Y: .6 * r.NormFloat64()}))
			named := rand.New(rand.NewPCG(5, uint64(i)))
			var d slam.Descriptor
			for k := range d {
				d[k] = uint8(named.Uint32())
			}
			desc = append(desc, d)
		}
		return px, desc, nil
	}
	return photos, names, describe
}

func around() []geom.SE3 {
	look := func(x, y, yaw float64) geom.SE3 {
		return geom.SE3{R: geom.ExpSO3(geom.Vec3{Y: yaw}), T: geom.Vec3{X: x, Y: y}}
	}
	return []geom.SE3{look(0, 0, 0), look(.5, .1, -.12), look(-.45, -.1, .1)}
}

// pairs are lengths on the box, on the wall, and from one to the other.
var pairs = []photo.Pair{
	{From: geom.Vec2{X: 125, Y: 100}, To: geom.Vec2{X: 195, Y: 140}},
	{From: geom.Vec2{X: 60, Y: 60}, To: geom.Vec2{X: 265, Y: 180}},
	{From: geom.Vec2{X: 160, Y: 120}, To: geom.Vec2{X: 250, Y: 70}},
}

func truth(p photo.Pair) float64 {
	cam := geom.Camera{W: 320, H: 240, Fx: 260, Fy: 260, Cx: 159.5, Cy: 119.5}
	return hit(geom.Vec3{}, cam.Ray(p.From)).Sub(hit(geom.Vec3{}, cam.Ray(p.To))).Norm()
}

// The shape is triangulated, the scale is the mean of the networks' depths, and a
// known length takes the scale's error away.
func TestSeveralPhotographsAreMeasuredTogether(t *testing.T) {
	photos, names, describe := take(t, around(), .12)
	place, err := New(context.Background(), photos, names, describe)
	if err != nil {
		t.Fatal(err)
	}
	for i, v := range place.views { // up to the scale
		if e := geom.RotationAngle(v.pose.Between(around()[i]).R); e > .01 {
			t.Errorf("%s: turned by %.4f rad", v.name, e)
		}
	}
	res, err := place.Measure(context.Background(), pairs, nil)
	if err != nil {
		t.Fatal(err)
	}
	var logs []float64
	for i, m := range res.Measurements {
		e := math.Log(m.DistanceM / truth(pairs[i]))
		logs = append(logs, e)
		t.Logf("%.3f m +- %.3f, true %.3f: off by %+.3f, %v views, own %.3f", m.DistanceM, m.SigmaM, truth(pairs[i]), e, m.Views, m.Parts.Depth)
		if rel := m.SigmaM / m.DistanceM; rel < .16 || rel > .21 || m.Views[0] < 2 || m.Views[1] < 2 {
			t.Errorf("pair %d: deviation %.3f of it, seen in %v", i, rel, m.Views)
		}
		if math.Abs(e-.12) > .08 {
			t.Errorf("pair %d: off by %.3f, the depth by .12 on average", i, e)
		}
	}
	for _, e := range logs[1:] {
		if math.Abs(e-logs[0]) > .03 {
			t.Errorf("lengths are off by %v: the shape is bent", logs)
		}
	}
	known := []photo.Reference{{Pair: pairs[1], LengthM: truth(pairs[1])}}
	res, err = place.Measure(context.Background(), pairs, known)
	if err != nil {
		t.Fatal(err)
	}
	for i, m := range res.Measurements {
		e := math.Log(m.DistanceM / truth(pairs[i]))
		if rel := m.SigmaM / m.DistanceM; math.Abs(e) > 3*rel || rel > .06 {
			t.Errorf("pair %d with a known length: off by %.4f, deviation %.4f", i, e, rel)
		}
	}
}

func TestPhotographsThatShareNothing(t *testing.T) {
	same := []geom.SE3{around()[0], around()[0]}
	photos, names, describe := take(t, same, 0)
	if _, err := New(context.Background(), photos, names, describe); !errors.Is(err, ErrApart) || !strings.Contains(err.Error(), "a step or two") {
		t.Errorf("from one place: %v", err)
	}
	away := append(around()[:2], geom.SE3{R: geom.ExpSO3(geom.Vec3{Y: math.Pi})})
	photos, names, describe = take(t, away, 0)
	if _, err := New(context.Background(), photos, names, describe); !errors.Is(err, ErrApart) || !strings.Contains(err.Error(), "c.jpg") {
		t.Errorf("one looks away: %v", err)
	}
}

// Jacobians are the differences of the residuals.
func TestFactorsHaveTheirDerivatives(t *testing.T) {
	pose := &poseVar{pose: geom.SE3{R: geom.ExpSO3(geom.Vec3{X: .1, Y: -.2, Z: .3}), T: geom.Vec3{X: .2, Y: .1, Z: -.3}}}
	point, scale := &pointVar{point: geom.Vec3{X: .4, Y: -.3, Z: 2.5}}, &scaleVar{log: .1}
	cam := geom.Camera{W: 320, H: 240, Fx: 260, Fy: 255, Cx: 150, Cy: 119}
	s := seen{pose, point}
	check := func(name string, f interface {
		Dim() int
		Linearize([]float64, [][]float64) bool
	}, vars ...interface {
		Dim() int
		Retract([]float64)
		Save()
		Restore()
	}) {
		n := f.Dim()
		r, q := make([]float64, n), make([]float64, n)
		var j [][]float64
		for _, v := range vars {
			j = append(j, make([]float64, n*v.Dim()))
		}
		f.Linearize(r, j)
		for k, v := range vars {
			for c := range v.Dim() {
				d := make([]float64, v.Dim())
				d[c] = 1e-6
				v.Save()
				v.Retract(d)
				f.Linearize(q, nil)
				v.Restore()
				for i := range n {
					if got, want := j[k][i*v.Dim()+c], (q[i]-r[i])/1e-6; math.Abs(got-want) > 1e-3*(1+math.Abs(want)) {
						t.Errorf("%s: d r%d / d v%d[%d] is %g, want %g", name, i, k, c, got, want)
					}
				}
			}
		}
	}
	check("reprojection", &reprojection{s, &cam, geom.Vec2{X: 170, Y: 100}, 1.5}, pose, point)
	check("reading", &reading{s, scale, .8, .1}, pose, point, scale)
	check("prior", &prior{scale, .1}, scale)
}
