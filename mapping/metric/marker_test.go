package metric

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/metricslam/metricslam/geom"
	"github.com/metricslam/metricslam/marker"
)

var testCamera = geom.Camera{W: 640, H: 480, Fx: 525, Fy: 525, Cx: 319.5, Cy: 239.5}

// markerViews looks at a square of an edge from n poses along an arc of a length,
// with noise on corners and on poses.
func markerViews(r *rand.Rand, n int, length, edge, noisePx, shift float64) []MarkerView {
	square := geom.SE3{R: geom.ExpSO3(geom.Vec3{X: .4, Y: -.3, Z: 1}), T: geom.Vec3{X: .3, Y: .1, Z: 2}}
	var views []MarkerView
	for i := range n {
		s := length * (float64(i)/float64(max(n-1, 1)) - .5)
		pose := geom.SE3{R: geom.ExpSO3(geom.Vec3{Y: -.2 * s, X: .05 * s}), T: geom.Vec3{X: s, Y: .2 * s * s}}
		v := MarkerView{Pose: pose, Camera: testCamera}
		for k, c := range marker.Square(edge) {
			v.Corners[k] = testCamera.Project(pose.ApplyInverse(square.Apply(c))).Add(geom.Vec2{X: noisePx * r.NormFloat64(), Y: noisePx * r.NormFloat64()})
		}
		v.Pose = pose.Retract(geom.Tangent6{shift * r.NormFloat64(), shift * r.NormFloat64(), shift * r.NormFloat64()})
		views = append(views, v)
	}
	return views
}

func TestMarkerJacobian(t *testing.T) {
	r := rand.New(rand.NewPCG(2, 2))
	views := markerViews(r, 3, 1, .2, .5, .01)
	f, ok := startMarker(views)
	if !ok {
		t.Fatal("no start")
	}
	var j [8][7]float64
	var r0, a, b [8]float64
	for _, v := range views {
		f.residuals(v, &r0, &j)
		for c := range 7 {
			const h = 1e-6
			var xi geom.Tangent6
			moved := f
			move := func(d float64, out *[8]float64) {
				moved = f
				if c < 6 {
					xi[c] = d
					moved.Pose = f.Pose.Retract(xi)
				} else {
					moved.LogEdge = f.LogEdge + d
				}
				moved.residuals(v, out, nil)
			}
			move(h, &a)
			move(-h, &b)
			for i := range 8 {
				if want := (a[i] - b[i]) / (2 * h); math.Abs(j[i][c]-want) > 1e-4*(1+math.Abs(want)) {
					t.Errorf("row %d, column %d: %g, numerically %g", i, c, j[i][c], want)
				}
			}
		}
	}
}

func TestMarkerEdges(t *testing.T) {
	for _, c := range []struct {
		name                string
		views               int
		length, edge        float64
		noisePx, shift      float64
		tolerance, mostSaid float64 // RMS of the error of log edge, mean of its stated deviation
	}{
		{"exact", 5, 1, .2, 0, 0, 1e-6, .02},
		{"usual", 10, 1, .2, .1, .002, .01, .02},
		{"many", 200, 1, .2, .1, .002, .005, .01},
		{"short baseline", 10, .15, .2, .1, .002, .1, .15},
	} {
		r := rand.New(rand.NewPCG(6, 2))
		const runs = 60
		var sum2, said float64
		within := 0
		for range runs {
			f, ok := FitMarker(markerViews(r, c.views, c.length, c.edge, c.noisePx, c.shift))
			if !ok {
				t.Fatalf("%s: no fit: %+v", c.name, f)
			}
			e := f.LogEdge - math.Log(c.edge)
			sum2, said = sum2+e*e/runs, said+f.Sigma/runs
			if math.Abs(e) < f.Sigma {
				within++
			}
		}
		t.Logf("%s: error %.4f, stated %.4f, %.2f within", c.name, math.Sqrt(sum2), said, float64(within)/runs)
		if math.Sqrt(sum2) > c.tolerance || said > c.mostSaid || within < runs*6/10 {
			t.Errorf("%s: error %.4f, stated %.4f, %d of %d within", c.name, math.Sqrt(sum2), said, within, runs)
		}
	}
}

func TestMarkersThatSayNothing(t *testing.T) {
	r := rand.New(rand.NewPCG(6, 3))
	if f, ok := FitMarker(markerViews(r, 1, 1, .2, .1, 0)); ok {
		t.Errorf("one view: %+v", f)
	}
	if f, ok := FitMarker(markerViews(r, 8, .005, .2, .1, 0)); ok {
		t.Errorf("no baseline: %+v", f)
	}
	moving := markerViews(r, 8, 1, .2, .1, 0)
	for i := range moving {
		for k := range moving[i].Corners {
			moving[i].Corners[k].X += 25 * float64(i)
			moving[i].Corners[k].Y += 11 * float64(i*i%5)
		}
	}
	if f, ok := FitMarker(moving); ok {
		t.Errorf("a marker that moves: %+v", f)
	}
	wrong := markerViews(r, 8, 1, .2, .1, 0)
	for k := range wrong[3].Corners {
		wrong[3].Corners[k].X += 60
	}
	if f, ok := FitMarker(wrong); !ok || math.Abs(f.LogEdge-math.Log(.2)) > .02 || f.Views != 7 {
		t.Errorf("one wrong picture: %+v, %v", f, ok)
	}
}
