package fusion

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/metricslam/metricslam/geom"
)

// Smoothing takes the noise of a sphere away and leaves its size.
func TestSmooth(t *testing.T) {
	_, m := fuseScene(t, sphere(geom.Vec3{}, 1), orbit(24, 3), testConfig(.05))
	rng := rand.New(rand.NewPCG(1, 1))
	for i, p := range m.Vertices {
		s := float32(1 + .01*rng.NormFloat64())
		m.Vertices[i] = [3]float32{p[0] * s, p[1] * s, p[2] * s}
	}
	measure := func() (rms, radius float64) {
		for _, p := range m.Vertices {
			d := vec(p).Norm() - 1
			rms += d * d
			radius += d
		}
		n := float64(len(m.Vertices))
		return math.Sqrt(rms / n), radius / n
	}
	before, _ := measure()
	smooth(m, 10, 2)
	after, radius := measure()
	t.Logf("rms %.4f to %.4f, radius off by %.4f", before, after, radius)
	if after > .6*before || math.Abs(radius) > .004 {
		t.Errorf("rms %.4f after %.4f, radius off by %.4f", after, before, radius)
	}
	bad := 0
	for i, n := range m.Normals {
		if vec(n).Dot(vec(m.Vertices[i]).Unit()) < .9 {
			bad++
		}
	}
	if bad*100 > len(m.Normals) {
		t.Errorf("%d of %d normals are more than 25 degrees off", bad, len(m.Normals))
	}
}

// The border of an open surface stays where it is.
func TestSmoothKeepsBorders(t *testing.T) {
	wall := room(geom.Vec3{X: 3, Y: 3, Z: 2})
	_, m := fuseScene(t, wall, []geom.SE3{lookAt(geom.Vec3{}, geom.Vec3{Z: 1})}, testConfig(.05))
	r := newRing(m)
	used := map[[2]uint32]bool{}
	for _, tr := range m.Triangles {
		for i := range 3 {
			used[[2]uint32{tr[i], tr[(i+1)%3]}] = true
		}
	}
	border := make([]bool, len(m.Vertices))
	for e := range used {
		if !used[[2]uint32{e[1], e[0]}] {
			border[e[0]], border[e[1]] = true, true
		}
	}
	before := append([][3]float32(nil), m.Vertices...)
	smooth(m, 3, 1)
	n := 0
	for i, b := range border {
		if b != r.fixed[i] {
			t.Fatalf("vertex %d: on the border %v, held %v", i, b, r.fixed[i])
		}
		if b {
			n++
			if m.Vertices[i] != before[i] {
				t.Fatalf("border vertex %d moved", i)
			}
		}
	}
	if n == 0 {
		t.Error("the test has no border")
	}
}
