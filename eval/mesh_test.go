package eval

import (
	"math"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"

	"github.com/metricslam/metricslam/geom"
	"github.com/metricslam/metricslam/slam"
)

// quad adds a rectangle at origin o with sides u and v.
func quad(m *slam.Mesh, o, u, v geom.Vec3) {
	n := uint32(len(m.Vertices))
	for _, p := range []geom.Vec3{o, o.Add(u), o.Add(u).Add(v), o.Add(v)} {
		m.Vertices = append(m.Vertices, [3]float32{float32(p.X), float32(p.Y), float32(p.Z)})
	}
	m.Triangles = append(m.Triangles, [3]uint32{n, n + 1, n + 2}, [3]uint32{n, n + 2, n + 3})
}

// corner is three walls of 4x3x2 m, moved by t.
func corner(t geom.SE3) *slam.Mesh {
	m := &slam.Mesh{}
	x, y, z := t.R.MulVec(geom.Vec3{X: 4}), t.R.MulVec(geom.Vec3{Y: 3}), t.R.MulVec(geom.Vec3{Z: 2})
	quad(m, t.T, x, y)
	quad(m, t.T, y, z)
	quad(m, t.T, z, x)
	return m
}

func shifted(d geom.Vec3) geom.SE3 { return geom.SE3{R: geom.Identity3(), T: d} }

func TestMeshOfKnownDistance(t *testing.T) {
	wall := func(z float64, width float64) *slam.Mesh {
		m := &slam.Mesh{}
		quad(m, geom.Vec3{Z: z}, geom.Vec3{X: width}, geom.Vec3{Y: 1})
		return m
	}
	tests := []struct {
		name                          string
		truth, estimate               *slam.Mesh
		accuracy, completeness, p, re float64
	}{
		{"same", wall(0, 2), wall(0, 2), 0, 0, 1, 1},
		{"3 cm off", wall(0, 2), wall(.03, 2), .03, .03, 1, 1},
		{"6 cm off", wall(0, 2), wall(.06, 2), .06, .06, 0, 0},
		{"half", wall(0, 2), wall(0, 1), 0, .25, 1, .525}, // the far half is .5 m away in the mean
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r, err := Mesh(tt.truth, tt.estimate, MeshOptions{Samples: 50_000})
			if err != nil {
				t.Fatal(err)
			}
			want := []float64{tt.accuracy, tt.completeness, (tt.accuracy + tt.completeness) / 2, tt.p, tt.re}
			for i, got := range []float64{r.AccuracyM, r.CompletenessM, r.ChamferM, r.Precision, r.Recall} {
				if math.Abs(got-want[i]) > 1.2*r.SpacingM {
					t.Errorf("figure %d: got %.4f, want %.4f", i, got, want[i])
				}
			}
			if tt.p > 0 && math.Abs(r.FScore-2*r.Precision*r.Recall/(r.Precision+r.Recall)) > 1e-12 {
				t.Errorf("F is %g", r.FScore)
			}
		})
	}
}

func TestMeshICP(t *testing.T) {
	moved := geom.SE3{R: geom.ExpSO3(geom.Vec3{X: .02, Y: -.03, Z: .01}), T: geom.Vec3{X: .06, Y: -.04, Z: .05}}
	truth, estimate := corner(geom.IdentitySE3()), corner(moved)
	quad(estimate, geom.Vec3{X: 1, Y: 1, Z: 1}, geom.Vec3{X: .8}, geom.Vec3{Y: .8}) // a ghost
	before, err := Mesh(truth, estimate, MeshOptions{Samples: 50_000})
	if err != nil {
		t.Fatal(err)
	}
	after, err := Mesh(truth, estimate, MeshOptions{Samples: 50_000, ICP: true})
	if err != nil {
		t.Fatal(err)
	}
	if before.FScore > .9 || after.Recall < .999 || !after.Alignment.Converged {
		t.Errorf("F %.3f before; recall %.3f after, %+v", before.FScore, after.Recall, after.Alignment)
	}
	left := after.Alignment.pose.Mul(moved)
	if left.T.Norm() > 2e-3 || geom.RotationAngle(left.R) > 1e-3 {
		t.Errorf("left over: %.5f m, %.5f rad", left.T.Norm(), geom.RotationAngle(left.R))
	}
}

func TestMeshIsRepeatable(t *testing.T) {
	a, b := corner(geom.IdentitySE3()), corner(shifted(geom.Vec3{X: .02, Y: .01}))
	opt := MeshOptions{Samples: 5000, Seed: 3, ICP: true}
	r1, err1 := Mesh(a, b, opt)
	r2, err2 := Mesh(a, b, opt)
	if err1 != nil || err2 != nil || !reflect.DeepEqual(r1, r2) {
		t.Errorf("%+v (%v) and %+v (%v)", r1, err1, r2, err2)
	}
}

func TestMeshRefuses(t *testing.T) {
	good, cloud := corner(geom.IdentitySE3()), &slam.Mesh{Vertices: [][3]float32{{1, 2, 3}}}
	broken := corner(geom.IdentitySE3())
	broken.Triangles[0][0] = 99
	tests := map[string]struct {
		truth, estimate *slam.Mesh
		opt             MeshOptions
	}{
		"true mesh":           {cloud, good, MeshOptions{}},
		"estimated mesh":      {good, &slam.Mesh{}, MeshOptions{}},
		"uses vertex 99":      {good, broken, MeshOptions{}},
		"threshold -1":        {good, good, MeshOptions{ThresholdM: -1}},
		"-5 samples":          {good, good, MeshOptions{Samples: -5}},
		"threshold NaN m and": {good, good, MeshOptions{ThresholdM: math.NaN()}},
	}
	for want, tt := range tests {
		if _, err := Mesh(tt.truth, tt.estimate, tt.opt); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want an error with %q", err, want)
		}
	}
}

func TestPointTree(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	random := func() geom.Vec3 {
		return geom.Vec3{X: rng.NormFloat64(), Y: rng.NormFloat64(), Z: .1 * rng.NormFloat64()}
	}
	for _, n := range []int{1, 2, 8, 9, 100, 3000} {
		points := make([]geom.Vec3, n)
		for i := range points {
			points[i] = random()
			if i%5 == 4 {
				points[i] = points[i-1] // repeated ones
			}
		}
		tree := newPointTree(points)
		for range 200 {
			p := random()
			want := math.Inf(1)
			for _, q := range points {
				want = min(want, q.Sub(p).Norm2())
			}
			i, d2 := tree.nearest(p)
			if d2 != want || points[i].Sub(p).Norm2() != want {
				t.Fatalf("%d points: got %g at %d, want %g", n, d2, i, want)
			}
		}
	}
}

func BenchmarkMesh(b *testing.B) {
	truth, estimate := corner(geom.IdentitySE3()), corner(shifted(geom.Vec3{X: .02, Y: .03}))
	for b.Loop() {
		if _, err := Mesh(truth, estimate, MeshOptions{ICP: true}); err != nil {
			b.Fatal(err)
		}
	}
}

// An estimate in another frame is compared after it was brought into that of the
// truth; a start that is no pose is an error.
func TestMeshStart(t *testing.T) {
	moved := geom.SE3{R: geom.ExpSO3(geom.Vec3{X: .4, Y: 1, Z: -.2}), T: geom.Vec3{X: 3, Y: -2, Z: 5}}
	truth, estimate := corner(geom.IdentitySE3()), corner(moved)
	back := moved.Inverse()
	r, err := Mesh(truth, estimate, MeshOptions{Samples: 50000, Start: &back})
	if err != nil {
		t.Fatal(err)
	}
	if r.FScore < .999 {
		t.Errorf("F %.3f of the same corner in another frame", r.FScore)
	}
	back.T.X = math.NaN()
	if _, err := Mesh(truth, estimate, MeshOptions{Start: &back}); err == nil {
		t.Error("a start that is no pose was taken")
	}
}
