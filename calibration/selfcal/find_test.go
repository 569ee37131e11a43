package selfcal

import (
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/metricslam/metricslam/geom"
	"github.com/metricslam/metricslam/optimize"
	"github.com/metricslam/metricslam/slam"
)

// walk is the views of a cloud of points by a camera that moves as path says, with
// noise of .3 pixels and one in thirty features wrong.
func walk(c camera, w, h, n int, path func(t float64) geom.SE3) (views []View) {
	r := rand.New(rand.NewPCG(11, 12))
	points := make([]geom.Vec3, 20000)
	for i := range points {
		points[i] = geom.Vec3{X: 16*r.Float64() - 8, Y: 16*r.Float64() - 8, Z: 16*r.Float64() - 8}
	}
	last := geom.IdentitySE3()
	for k := range n {
		pose := path(float64(k)) // T_wc
		v := View{Frame: k, Turn: pose.R.T().Mul(last.R)}
		last = pose
		for id, p := range points {
			pc := pose.ApplyInverse(p)
			if pc.Z < .8 {
				continue
			}
			u := c.project(pc)
			if u.X < 2 || u.Y < 2 || u.X > float64(w-3) || u.Y > float64(h-3) || pc.XY().Norm() > 2*pc.Z {
				continue
			}
			u = u.Add(geom.Vec2{X: .3 * r.NormFloat64(), Y: .3 * r.NormFloat64()})
			if r.IntN(30) == 0 {
				u = u.Add(geom.Vec2{X: 6 * r.NormFloat64(), Y: 6 * r.NormFloat64()})
			}
			v.Tracks = append(v.Tracks, slam.Track{ID: id, Pixel: u})
		}
		views = append(views, v)
	}
	return views
}

// around moves and turns as a hand does.
func around(t float64) geom.SE3 {
	return geom.SE3{R: geom.ExpSO3(geom.Vec3{X: .25 * math.Sin(.5*t), Y: .07 * t, Z: .1 * math.Sin(.3*t)}), T: geom.Vec3{X: .25 * t, Y: .5 * math.Sin(.4*t), Z: .4 * math.Sin(.25*t)}}
}

// A camera far from the guess is found, with its distortion where it has any.
func TestFind(t *testing.T) {
	for _, want := range []camera{{f: 380, cx: 319.5, cy: 239.5, k1: -.2}, {f: 900, cx: 319.5, cy: 239.5}} {
		r, err := Find(t.Context(), thin(walk(want, 640, 480, 24, around), 110), 640, 480, 1)
		if err != nil {
			t.Fatal(err)
		}
		if d := math.Log(r.Camera.Fx / want.f); r.Told != (r.Windows > 1) || math.Abs(d) > .02 || math.Abs(d) > 3*r.FocalSigma || r.FocalSigma > .16 {
			t.Errorf("%+v: found %.1f, off by %.3f at a deviation of %.3f: %+v", want, r.Camera.Fx, d, r.FocalSigma, r)
		}
		if math.Abs(r.K1-want.k1) > .03 {
			t.Errorf("k1 is %.3f, want %.3f", r.K1, want.k1)
		}
	}
}

// thin follows about n features a view, as a tracker does: those seen already first.
func thin(views []View, n int) []View {
	seen := map[int]bool{}
	for i := range views {
		var kept []slam.Track
		for _, t := range views[i].Tracks {
			if seen[t.ID] {
				kept = append(kept, t)
			}
		}
		step := max(len(views[i].Tracks)/n, 1)
		for k := 0; k < len(views[i].Tracks) && len(kept) < n; k += step {
			if t := views[i].Tracks[k]; !seen[t.ID] {
				seen[t.ID] = true
				kept = append(kept, t)
			}
		}
		slices.SortFunc(kept, func(a, b slam.Track) int { return a.ID - b.ID })
		views[i].Tracks = kept
	}
	return views
}

// What does not show the focal length is said not to, with the deviation of the
// guess or near it.
func TestFindNotTold(t *testing.T) {
	c := camera{f: 380, cx: 319.5, cy: 239.5}
	for name, path := range map[string]func(float64) geom.SE3{
		"straight ahead": func(t float64) geom.SE3 { return geom.SE3{R: geom.Identity3(), T: geom.Vec3{Z: .2*t - 3}} },
		"sideways":       func(t float64) geom.SE3 { return geom.SE3{R: geom.Identity3(), T: geom.Vec3{X: .15 * t}} },
		"on the spot":    func(t float64) geom.SE3 { return geom.SE3{R: geom.ExpSO3(geom.Vec3{Y: .06 * t})} },
		"stands":         func(float64) geom.SE3 { return geom.IdentitySE3() },
	} {
		r, err := Find(t.Context(), thin(walk(c, 640, 480, 12, path), 110), 640, 480, 1)
		if err != nil {
			t.Fatal(err)
		}
		if off := math.Abs(math.Log(r.Camera.Fx / c.f)); (r.Told || r.Reason == "") && off > 3*r.FocalSigma {
			t.Errorf("%s: f %.0f told at a deviation of %.3f: %+v", name, r.Camera.Fx, r.FocalSigma, r)
		}
	}
	for name, views := range map[string][]View{"no view": nil, "no feature": make([]View, 20)} {
		if r, err := Find(t.Context(), views, 640, 480, 1); err != nil || r.Told || r.FocalSigma != GuessSigma || !strings.Contains(r.Reason, "features") || r.Camera != geom.GuessCamera(640, 480) {
			t.Errorf("%s: %+v, %v", name, r, err)
		}
	}
}

// The Jacobians agree with differences.
func TestJacobians(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	cam := &cameraVar{cam: camera{f: 400, cx: 310, cy: 250, k1: -.1}}
	for range 20 {
		pose := &poseVar{pose: geom.SE3{R: geom.ExpSO3(geom.Vec3{X: .3 * r.NormFloat64(), Y: .3 * r.NormFloat64()}), T: geom.Vec3{X: .3, Y: -.2, Z: 3}}}
		point := &pointVar{at: geom.Vec3{X: r.NormFloat64(), Y: r.NormFloat64(), Z: .3 * r.NormFloat64()}}
		held := prior{cam: cam, center: camera{f: 500, cx: 320, cy: 240}, sigma: [4]float64{.3, .1, .1, .2}}
		check(t, &reprojection{cam, pose, point, geom.Vec2{X: 300, Y: 220}, 1.5}, cam, pose, point)
		check(t, &held, cam)
		check(t, &baseline{pose, .2}, pose)
	}
}

func check(t *testing.T, f optimize.Factor, vars ...optimize.Variable) {
	t.Helper()
	j := make([][]float64, len(vars))
	for i, v := range vars {
		j[i] = make([]float64, f.Dim()*v.Dim())
	}
	r, plus, minus := make([]float64, f.Dim()), make([]float64, f.Dim()), make([]float64, f.Dim())
	if !f.Linearize(r, j) {
		return
	}
	const h = 1e-6
	for i, v := range vars {
		for k := range v.Dim() {
			d := make([]float64, v.Dim())
			v.Save()
			d[k] = h
			v.Retract(d)
			f.Linearize(plus, nil)
			v.Restore()
			d[k] = -h
			v.Retract(d)
			f.Linearize(minus, nil)
			v.Restore()
			for row := range r {
				want := (plus[row] - minus[row]) / (2 * h)
				if got := j[i][row*v.Dim()+k]; math.Abs(got-want) > 1e-4*(1+math.Abs(want)) {
					t.Fatalf("%T: derivative of residual %d by %d of variable %d is %g, want %g", f, row, k, i, got, want)
				}
			}
		}
	}
}
