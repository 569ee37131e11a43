package report_test

import (
	"math"
	"testing"

	"github.com/metricslam/metricslam/geom"
	"github.com/metricslam/metricslam/report"
	"github.com/metricslam/metricslam/slam"
)

func TestLoopsAgainstTruth(t *testing.T) {
	truth, estimate := wander(300, 100, 129)
	rel := func(a, b int, off geom.Tangent6) report.Loop {
		pose := truth[a].Pose.Between(truth[b].Pose).Retract(off)
		pose.T = pose.T.Scale(.95) // the scale of wander
		return report.Loop{FrameA: a, FrameB: b, TimeA: truth[a].Time, TimeB: truth[b].Time, Inliers: 50, Relative: pose}
	}
	r := &report.Report{Frames: 300, Trajectory: estimate, Truth: truth, Loops: []report.Loop{
		rel(3, 200, geom.Tangent6{}),
		rel(5, 210, geom.Tangent6{.2, 0, 0, 0, .1}),
		rel(7, 220, geom.Tangent6{0, .4}),
		rel(9, 230, geom.Tangent6{0, 0, 0, .2}),
		{TimeA: truth[0].Time, TimeB: 1e6, Relative: geom.IdentitySE3()},
	}}
	r.Complete()
	for i, want := range [][2]float64{{0, 0}, {.2, 5.73}, {.4, 0}, {0, 11.46}} {
		l := r.Loops[i]
		if l.ErrorM == nil {
			t.Fatalf("loop %d has no error", i)
		}
		if math.Abs(*l.ErrorM-want[0]) > .02 || math.Abs(*l.ErrorDeg-want[1]) > .01 {
			t.Errorf("loop %d is off by %.3f m, %.3f degrees, want %v", i, *l.ErrorM, *l.ErrorDeg, want)
		}
		q := geom.Quat{X: l.Quaternion[0], Y: l.Quaternion[1], Z: l.Quaternion[2], W: l.Quaternion[3]}
		if geom.RotationAngle(q.Mat3().T().Mul(l.Relative.R)) > 1e-6 || l.Translation[1] != l.Relative.T.Y {
			t.Errorf("loop %d: pose %v %v", i, l.Translation, l.Quaternion)
		}
	}
	if r.Loops[4].ErrorM != nil {
		t.Error("a loop that ends beyond the truth has an error")
	}
	if r.FalseLoops == nil || *r.FalseLoops != 2 {
		t.Errorf("false loops: %v, want 2", r.FalseLoops)
	}
	r = &report.Report{Loops: []report.Loop{{}}}
	if r.Complete(); r.FalseLoops != nil || r.Loops[0].Quaternion[3] != 1 {
		t.Errorf("without truth: %v false loops, %v", r.FalseLoops, r.Loops[0])
	}
}

// A map that a biased prior makes too large as a whole has its loops right; one
// that is wrong is still found.
func TestLoopsOfBiasedMap(t *testing.T) {
	const bias = 1.4
	truth, _ := wander(300, 300, 300)
	estimate := make(slam.Trajectory, len(truth))
	turn := geom.SE3{R: geom.ExpSO3(geom.Vec3{X: .3, Y: -1, Z: 2}), T: geom.Vec3{Y: 7}}
	for i, p := range truth {
		p.Pose = turn.Mul(p.Pose)
		p.Pose.T = p.Pose.T.Scale(bias)
		estimate[i] = p
	}
	loop := func(a, b int, off geom.Vec3) report.Loop {
		rel := estimate[a].Pose.Between(estimate[b].Pose)
		rel.T = rel.T.Add(off)
		return report.Loop{TimeA: truth[a].Time, TimeB: truth[b].Time, Relative: rel}
	}
	r := &report.Report{Frames: 300, Trajectory: estimate, Truth: truth, Loops: []report.Loop{
		loop(0, 140, geom.Vec3{}),
		loop(2, 150, geom.Vec3{X: .2 * bias}),
		loop(4, 151, geom.Vec3{Z: .4 * bias}),
	}}
	r.Complete()
	for i, want := range []float64{0, .2, .4} {
		l := r.Loops[i]
		if d := l.Relative.T.Norm(); i == 0 && d*(1-1/bias) < .3 {
			t.Fatalf("its ends are %.2f m apart: a bias shows little", d)
		}
		if l.ErrorM == nil || math.Abs(*l.ErrorM-want) > 1e-6 {
			t.Errorf("loop %d is off by %v m, want %v", i, l.ErrorM, want)
		}
	}
	if r.FalseLoops == nil || *r.FalseLoops != 1 {
		t.Errorf("false loops: %v, want 1", r.FalseLoops)
	}
}

// From eight metres away a pose that is half a metre off is the right place.
func TestLoopsFromFar(t *testing.T) {
	var truth slam.Trajectory
	for i := range 40 {
		truth = append(truth, slam.StampedPose{Time: float64(i), Pose: geom.SE3{R: geom.Identity3(), T: geom.Vec3{X: .1 * float64(i*i%7), Z: float64(i)}}})
	}
	loop := func(a, b int, off float64) report.Loop {
		rel := truth[a].Pose.Between(truth[b].Pose)
		rel.T.Z += off
		return report.Loop{TimeA: truth[a].Time, TimeB: truth[b].Time, Relative: rel}
	}
	r := &report.Report{Frames: 40, Trajectory: truth, Truth: truth, Loops: []report.Loop{loop(0, 8, .5), loop(0, 2, .5), loop(0, 8, .9)}}
	if r.Complete(); r.FalseLoops == nil || *r.FalseLoops != 2 {
		t.Errorf("false loops: %v, want 2", r.FalseLoops)
	}
}
