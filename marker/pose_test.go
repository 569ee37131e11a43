package marker

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/metricslam/metricslam/geom"
)

func poseError(a, b geom.SE3) (rad, share float64) {
	return geom.RotationAngle(a.R.T().Mul(b.R)), a.T.Sub(b.T).Norm() / b.T.Norm()
}

func TestPoseOfExactCorners(t *testing.T) {
	r := rand.New(rand.NewPCG(8, 1))
	for i := range 300 {
		m := placed{edge: .16, pose: randomPose(r, 1.2)}
		p, ok := Detection{Corners: trueCorners(m)}.Poses(testCamera, m.edge)
		if !ok {
			t.Fatalf("%d: no pose of %v", i, m.pose)
		}
		if rad, share := poseError(p[0].T, m.pose); rad > 1e-5 || share > 1e-6 || p[0].RMSPx > 1e-4 {
			t.Errorf("%d: off by %g rad and %g of the distance, rms %g px", i, rad, share, p[0].RMSPx)
		}
	}
}

// A square far away that is hardly tilted has two poses, of which either may fit
// better; one of them must be right, and both tell the distance.
func TestAmbiguousPoses(t *testing.T) {
	r := rand.New(rand.NewPCG(8, 2))
	first := 0
	const runs = 200
	for range runs {
		m := placed{edge: .16, pose: facing(.2, .1, 3, .35*(2*r.Float64()-1), .35*(2*r.Float64()-1), r.Float64())}
		d := Detection{Corners: trueCorners(m)}
		for k := range d.Corners {
			d.Corners[k] = d.Corners[k].Add(geom.Vec2{X: .1 * r.NormFloat64(), Y: .1 * r.NormFloat64()})
		}
		p, ok := d.Poses(testCamera, m.edge)
		if !ok {
			t.Fatal("no pose")
		}
		a, share := poseError(p[0].T, m.pose)
		b, share2 := poseError(p[1].T, m.pose)
		if a < b {
			first++
		}
		if min(a, b) > .3 || share > .04 || share2 > .04 {
			t.Errorf("angles off by %.2f and %.2f, distance by %.3f and %.3f", a, b, share, share2)
		}
	}
	t.Logf("the first of two is right in %d of %d", first, runs)
	if first < runs*6/10 {
		t.Errorf("the first pose is right in %d of %d", first, runs)
	}
}

func TestNoPoseOfBadCorners(t *testing.T) {
	for name, c := range map[string][4]geom.Vec2{
		"one point": {},
		"a line":    {{X: 1}, {X: 2}, {X: 3}, {X: 4}},
		"no number": {{X: math.NaN()}, {X: 2}, {X: 3, Y: 4}, {X: 4}},
	} {
		if p, ok := (Detection{Corners: c}).Poses(testCamera, .1); ok {
			t.Errorf("%s: %v", name, p)
		}
	}
}
