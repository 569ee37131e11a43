package calibration

import (
	"errors"
	"math"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"

	"github.com/metricslam/metricslam/geom"
)

// Cameras of the tests: a telephone's, and a fisheye of 150 degrees.
var (
	Phone = Camera{W: 640, H: 480, Model: RadTan, Values: [9]float64{545.3, 546.1, 325.7, 236.2, .09, -.21, .0012, -.0007, .08}}
	wide  = Camera{W: 640, H: 480, Model: Fisheye, Values: [9]float64{251.4, 251.9, 316.3, 243.5, .02, -.008, .003, -.001}}
)

var phoneViews = sync.OnceValue(func() []View { return filmed(Phone, 20, Shot{Noise: 4}) })

// filmed is n views of the default grid of tags.
func filmed(c Camera, n int, look Shot) []View {
	b := DefaultBoard(Tags)
	f, err := NewTagFinder(b)
	if err != nil {
		panic(err)
	}
	return NewStudio(c, b).Film(f, Tour(c, b, n, .7, .45, 1), look)
}

// CheckCamera compares a result with the truth: the focal length and the principal
// point to three of their deviations, which must be small themselves.
func CheckCamera(t *testing.T, r *Result, want Camera, maxSigma float64) {
	t.Helper()
	for i, name := range r.Camera.Model.Names()[:4] {
		if d := r.Camera.Values[i] - want.Values[i]; math.Abs(d) > 3*r.Sigma[i] {
			t.Errorf("%s is %.3f, off by %.3f at a deviation of %.3f", name, r.Camera.Values[i], d, r.Sigma[i])
		}
	}
	if s := r.FocalSigma(); s > maxSigma {
		t.Errorf("the focal length is known to %.3f %%, want %.3f %%", 100*s, 100*maxSigma)
	}
}

// Rendered cameras of both models are found, from all sides, with the model that
// they have.
func TestCalibrateTags(t *testing.T) {
	for _, tt := range []struct {
		views []View
		want  Camera
	}{{phoneViews(), Phone}, {filmed(wide, 20, Shot{Noise: 4}), wide}} {
		r, err := Calibrate(t.Context(), tt.views, DefaultBoard(Tags), 640, 480, "")
		if err != nil {
			t.Fatal(err)
		}
		CheckCamera(t, r, tt.want, .001)
		if r.Camera.Model != tt.want.Model {
			t.Errorf("the model is %s, want %s", r.Camera.Model, tt.want.Model)
		}
		if g, why := r.Verdict(); g != Good || r.RMSPx > .1 || len(r.Views) < 17 {
			t.Errorf("%s %q, %.3f px, %d views", g, why, r.RMSPx, len(r.Views))
		}
		ended := 0
		for _, s := range r.Starts {
			if s.Model == r.Camera.Model && math.Abs(s.EndPx/r.Camera.Values[0]-1) < .01 {
				ended++
			}
		}
		if ended < 4 {
			t.Errorf("%d of the starts end at the camera: %+v", ended, r.Starts)
		}
		var text strings.Builder
		if err := r.WriteYAML(&text); err != nil || !strings.Contains(text.String(), "Camera.k1") {
			t.Errorf("%v\n%s", err, text.String())
		}
		for _, plot := range []func(*strings.Builder) error{
			func(b *strings.Builder) error { return r.WriteCoverage(b) }, func(b *strings.Builder) error { return r.WriteResiduals(b) },
		} {
			var png strings.Builder
			if err := plot(&png); err != nil || !strings.HasPrefix(png.String(), "\x89PNG") {
				t.Error(err)
			}
		}
	}
}

// Motion blur widens the deviations; the camera stays within them.
func TestCalibrateBlurred(t *testing.T) {
	views := filmed(Phone, 16, Shot{Noise: 6, BlurPx: 3})
	r, err := Calibrate(t.Context(), views, DefaultBoard(Tags), 640, 480, RadTan)
	if err != nil {
		t.Fatal(err)
	}
	CheckCamera(t, r, Phone, .005)
}

// Corners that lie anywhere, and whole views that do, are left out.
func TestCalibrateOutliers(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	var views []View
	for i, v := range phoneViews() {
		corners := append([]Corner(nil), v.Corners...)
		for k := range corners {
			if i == 4 || r.Float64() < .03 {
				corners[k].Pixel = corners[k].Pixel.Add(geom.Vec2{X: 8 * r.NormFloat64(), Y: 8 * r.NormFloat64()})
			}
		}
		views = append(views, View{Frame: v.Frame, Corners: corners})
	}
	res, err := Calibrate(t.Context(), views, DefaultBoard(Tags), 640, 480, RadTan)
	if err != nil {
		t.Fatal(err)
	}
	CheckCamera(t, res, Phone, .002)
	if res.RMSPx > .2 {
		t.Errorf("%.3f px", res.RMSPx)
	}
}

// What does not determine a camera is refused, or graded as such.
func TestCalibrateBadInput(t *testing.T) {
	b := DefaultBoard(Tags)
	views := phoneViews()
	for name, bad := range map[string][]View{"nothing": nil, "two views": views[:2], "small boards": {{Corners: make([]Corner, 3)}, {}, {}, {}}} {
		if _, err := Calibrate(t.Context(), bad, b, 640, 480, ""); !errors.Is(err, ErrFewViews) {
			t.Errorf("%s: error %v", name, err)
		}
	}
	f, err := NewTagFinder(b)
	if err != nil {
		t.Fatal(err)
	}
	studio := NewStudio(Phone, b)
	flat := studio.Film(f, Tour(Phone, b, 8, 0, .45, 2), Shot{Noise: 4})
	same := make([]View, 12)
	for i := range same {
		same[i] = flat[0]
	}
	other := b
	other.Cols = 5
	for name, tt := range map[string]struct {
		views []View
		board Board
	}{"a board that faces the camera": {flat, b}, "one image many times": {same, b}, "another board": {views, other}} {
		res, err := Calibrate(t.Context(), tt.views, tt.board, 640, 480, "")
		if err != nil {
			continue
		}
		if g, why := res.Verdict(); g == Good || len(why) == 0 || math.Abs(res.Camera.Values[0]-Phone.Values[0]) > 4*res.Sigma[0] && g != Poor {
			t.Errorf("%s: %s %q, f %.1f +- %.2g", name, g, why, res.Camera.Values[0], res.Sigma[0])
		}
	}
}

// The Jacobians of the reprojection and of the prior agree with differences.
func TestJacobians(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for _, c := range []Camera{Phone, wide} {
		cam := newCameraVar(c)
		pose := &poseVar{pose: geom.SE3{R: geom.ExpSO3(geom.Vec3{X: .3, Y: -.2, Z: .4}), T: geom.Vec3{X: -.5, Y: .2, Z: 3}}}
		for range 10 {
			f := &reprojection{cam, pose, geom.Vec3{X: r.Float64(), Y: r.Float64()}, geom.Vec2{X: 300, Y: 200}, 1.7}
			n := cam.Dim()
			j := [][]float64{make([]float64, 2*n), make([]float64, 12)}
			var got, plus, minus [2]float64
			f.Linearize(got[:], j)
			for v, x := range []interface {
				Dim() int
				Retract([]float64)
				Save()
				Restore()
			}{cam, pose} {
				for k := range x.Dim() {
					const h = 1e-6
					d := make([]float64, x.Dim())
					x.Save()
					d[k] = h
					x.Retract(d)
					f.Linearize(plus[:], nil)
					x.Restore()
					d[k] = -h
					x.Retract(d)
					f.Linearize(minus[:], nil)
					x.Restore()
					for i := range 2 {
						want := (plus[i] - minus[i]) / (2 * h)
						if g := j[v][i*x.Dim()+k]; math.Abs(g-want) > 1e-4*(1+math.Abs(want)) {
							t.Fatalf("%s: derivative %d of residual %d by variable %d is %g, want %g", c.Model, k, i, v, g, want)
						}
					}
				}
			}
		}
	}
}
