package report_test

import (
	"math"
	"testing"

	"github.com/metricslam/metricslam/geom"
	"github.com/metricslam/metricslam/report"
)

func TestLoopsAgainstTruth(t *testing.T) {
	truth, estimate := wander(300, 100, 129)
	rel := func(a, b int, off geom.Tangent6) report.Loop {
		return report.Loop{FrameA: a, FrameB: b, TimeA: truth[a].Time, TimeB: truth[b].Time, Inliers: 50, Relative: truth[a].Pose.Between(truth[b].Pose).Retract(off)}
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
		if l.ErrorM == nil || math.Abs(*l.ErrorM-want[0]) > .02 || math.Abs(*l.ErrorDeg-want[1]) > .01 {
			t.Errorf("loop %d is off by %v m, %v degrees, want %v", i, l.ErrorM, l.ErrorDeg, want)
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
