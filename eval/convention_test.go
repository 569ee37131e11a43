package eval_test

import (
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/metricslam/metricslam/eval"
	"github.com/metricslam/metricslam/geom"
	"github.com/metricslam/metricslam/slam"
)

// walk is a camera that walks and looks around, and a noisy estimate of it in another
// frame of the world and of another scale.
func walk() (truth, estimate slam.Trajectory) {
	rng := rand.New(rand.NewPCG(3, 4))
	world := geom.ExpSE3(geom.Tangent6{1, -2, .5, .4, -.9, 1.2})
	for i := range 400 {
		s := float64(i) / 25
		pose := geom.ExpSE3(geom.Tangent6{2 * math.Sin(.4*s), .2 * math.Sin(1.3*s), 1.5 * math.Sin(.3*s+1), .3 * math.Sin(.9*s), .8 * math.Sin(.5*s), .25 * math.Sin(1.1*s+2)})
		truth = append(truth, slam.StampedPose{Time: s, Pose: pose})
		var noise geom.Tangent6
		for k := range noise {
			noise[k] = .01 * rng.NormFloat64()
		}
		e := world.Mul(pose).Mul(geom.ExpSE3(noise))
		e.T = e.T.Scale(1.1)
		estimate = append(estimate, slam.StampedPose{Time: s, Pose: e})
	}
	return truth, estimate
}

func TestOtherConvention(t *testing.T) {
	truth, estimate := walk()
	body := geom.ExpSE3(geom.Tangent6{.05, 0, .1, 1.2, -1.2, 1.2}) // of the camera in the body
	change := func(traj slam.Trajectory, f func(geom.SE3) geom.SE3) (out slam.Trajectory) {
		for _, p := range traj {
			out = append(out, slam.StampedPose{Time: p.Time, Pose: f(p.Pose)})
		}
		return out
	}
	wFirst := func(p geom.SE3) geom.SE3 { // what a reader of w last makes of w first
		q := geom.QuatFromMat3(p.R)
		return geom.FromQuat(geom.Quat{X: q.W, Y: q.X, Z: q.Y, W: q.Z}, p.T)
	}
	inBody := func(p geom.SE3) geom.SE3 { return p.Mul(body) }
	for name, c := range map[string]struct {
		truth, estimate slam.Trajectory
		want            string // in the name; "" for the usual one
		ofTruth         bool
	}{
		"usual":            {truth, estimate, "", false},
		"body":             {change(truth, inBody), estimate, "", false},
		"w first":          {change(truth, wFirst), estimate, "w first (", true},
		"body, w first":    {change(change(truth, inBody), wFirst), estimate, "w first (", true},
		"estimate w first": {truth, change(estimate, wFirst), "w first (", false},
		"inverse":          {change(truth, geom.SE3.Inverse), estimate, "world to camera", true},
		"inverse, w first": {change(change(truth, geom.SE3.Inverse), wFirst), estimate, "with w first in", true},
		"too short":        {change(truth[:60], wFirst), estimate[:60], "", false},
	} {
		pairs, err := eval.Associate(c.truth, c.estimate, .01)
		if err != nil {
			t.Fatal(err)
		}
		got, ofTruth, ok := eval.OtherConvention(pairs)
		if ok != (c.want != "") || ok && (!strings.Contains(got.Name, c.want) || ofTruth != c.ofTruth) {
			t.Errorf("%s: %q of the truth: %v, found %v", name, got.Name, ofTruth, ok)
		}
		if !ok {
			continue
		}
		read, other := c.truth, c.estimate
		if ofTruth {
			read = got.Apply(read)
		} else {
			other = got.Apply(other)
		}
		if pairs, err = eval.Associate(read, other, .01); err != nil {
			t.Fatal(err)
		}
		if _, _, again := eval.OtherConvention(pairs); again {
			t.Errorf("%s: not mended by its convention", name)
		}
	}
}

// Truth in millimetres is told.
func TestUnitWarning(t *testing.T) {
	truth, estimate := walk()
	for i := range truth {
		truth[i].Pose.T = truth[i].Pose.T.Scale(1100)
	}
	for unit, want := range map[float64]string{1: "millimetres", .1: "centimetres", .001: "", 1e-6: "millimetres"} {
		scaled := make(slam.Trajectory, len(truth))
		for i, p := range truth {
			p.Pose.T = p.Pose.T.Scale(unit)
			scaled[i] = p
		}
		pairs, err := eval.Associate(scaled, estimate, .01)
		if err != nil {
			t.Fatal(err)
		}
		r, err := eval.Trajectory(pairs, len(truth), len(estimate), eval.TrajectoryOptions{})
		if err != nil {
			t.Fatal(err)
		}
		if all := strings.Join(r.Warnings, " "); strings.Contains(all, "in millimetres") != (want == "millimetres") || strings.Contains(all, "in centimetres") != (want == "centimetres") {
			t.Errorf("unit %g: %q, want %q", unit, all, want)
		}
	}
}
