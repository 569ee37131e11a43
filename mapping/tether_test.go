package mapping

import (
	"context"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/metricslam/metricslam/geom"
	"github.com/metricslam/metricslam/optimize"
)

func randomInfo(r *rand.Rand) (m geom.Mat6) {
	var a geom.Mat6
	for i := range 6 {
		for j := range 6 {
			a[i][j] = r.NormFloat64()
		}
	}
	for i := range 6 {
		for j := range 6 {
			for k := range 6 {
				m[i][j] += a[i][k] * a[j][k]
			}
		}
		m[i][i] += .5
	}
	return m
}

func TestTetherFactor(t *testing.T) {
	r := rand.New(rand.NewPCG(4, 4))
	for range 20 {
		info := randomInfo(r)
		root, ok := rootOf(info)
		if !ok {
			t.Fatal("a positive definite matrix has no root")
		}
		for i := range 6 {
			for j := range 6 {
				var s float64
				for k := range 6 {
					s += root[k][i] * root[k][j]
				}
				if math.Abs(s-info[i][j]) > 1e-9*(1+math.Abs(info[i][j])) {
					t.Fatalf("L L^T differs at %d, %d: %g, want %g", i, j, s, info[i][j])
				}
			}
		}
		from, at := &poseVar{pose: randomPose(r, .5)}, &poseVar{pose: randomPose(r, .5)}
		checkJacobians(t, &tetherFactor{from, at, randomPose(r, .5), root}, []optimize.Variable{from, at})
		exact := &tetherFactor{from, at, from.pose.Between(at.pose), root}
		res := make([]float64, 6)
		exact.Linearize(res, nil)
		for i := range res {
			if math.Abs(res[i]) > 1e-9 {
				t.Errorf("residual %d of an exact tether is %g", i, res[i])
			}
		}
	}
	if _, ok := rootOf(geom.Mat6{}); ok {
		t.Error("a zero matrix has a root")
	}
}

// A keyframe that shares nothing with the others stays where its tether says,
// also after the map was stretched.
func TestTetherHolds(t *testing.T) {
	w := newSynthetic(syntheticSpec{keyframes: 5, points: 150, noisePx: .3, depth: true, depthNoise: .01})
	last := w.m.Keyframes[4]
	for i := range last.Features {
		if l := w.m.landmarks.get(last.Features[i].Landmark); len(l.Obs) > 1 && i%30 != 0 {
			w.m.forgetObservation(l, Observation{4, i})
		}
	}
	var info geom.Mat6
	for i := range 6 {
		info[i][i] = 1e6
	}
	last.Tether = &Tether{From: 3, Z: w.truth[3].Between(w.truth[4]), Info: info}
	w.disturb(4, .1, .05, 0)
	w.m.rescale(0, 2)
	if _, err := w.m.localBundle(context.Background(), Default(), 4, 0); err != nil {
		t.Fatal(err)
	}
	want := w.truth[3].Between(w.truth[4])
	got := w.m.Keyframes[3].Pose.Between(last.Pose)
	if d := got.T.Scale(.5).Sub(want.T).Norm(); d > .005 {
		t.Errorf("%g m from where the tether holds it", d)
	}
	if a := geom.RotationAngle(got.R.T().Mul(want.R)); a > .005 {
		t.Errorf("turned by %g radians", a)
	}
}
