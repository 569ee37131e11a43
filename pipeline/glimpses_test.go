package pipeline

import (
	"testing"

	"github.com/metricslam/metricslam/datasets"
	"github.com/metricslam/metricslam/geom"
)

// Between keyframes frames are fused that were well posed: seldom more than needed,
// at the poses that the trajectory has, with depth, colours and landmarks.
func TestGlimpses(t *testing.T) {
	src, err := datasets.Open(t.Context(), "synthetic:room", datasets.Options{MaxFrames: 60})
	if err != nil {
		t.Fatal(err)
	}
	defer src.Close()
	res := mapSensor(t, src)
	s := res.sys
	if len(s.glimpses) < 3 {
		t.Fatalf("%d glimpses of 60 frames", len(s.glimpses))
	}
	poses := make(map[float64]geom.SE3)
	for _, p := range res.Trajectories()[0] {
		poses[p.Time] = p.Pose
	}
	between := make(map[int]int)
	for _, g := range s.glimpses {
		r := s.records[g.record]
		if between[g.keyframe]++; between[g.keyframe] > glimpsesMost {
			t.Errorf("more than %d glimpses before keyframe %d", glimpsesMost, g.keyframe)
		}
		a, b := s.mapper.Map.Keyframes[g.keyframe-1], s.mapper.Map.Keyframes[g.keyframe]
		if r.Time < a.Time+glimpseEvery-1e-9 || r.Time >= b.Time {
			t.Errorf("a glimpse at %.3f s between keyframes at %.3f and %.3f s", r.Time, a.Time, b.Time)
		}
		v, ok := s.glimpseView(g, res.main())
		if !ok {
			t.Fatalf("the glimpse at %.3f s is in no part", r.Time)
		}
		if v.Pose != poses[r.Time] || v.Time != r.Time {
			t.Errorf("the glimpse at %.3f s is at another pose than the trajectory", r.Time)
		}
		if v.Depth.Empty() || v.Color.Empty() || len(v.Landmarks) < 20 {
			t.Errorf("the glimpse at %.3f s has depth %v, colours %v, %d landmarks", r.Time, !v.Depth.Empty(), !v.Color.Empty(), len(v.Landmarks))
		}
	}
	if _, ok := s.glimpseView(s.glimpses[0], res.main()+1); ok {
		t.Error("a glimpse is in a part that it is not in")
	}
	if err := res.Fuse(t.Context()); err != nil {
		t.Fatal(err)
	}
	if want := len(res.keyframes()) + len(s.glimpses); res.dense.Views != want {
		t.Errorf("%d views were fused, want %d", res.dense.Views, want)
	}
}
