package mapping

import (
	"math"
	"testing"

	"github.com/metricslam/metricslam/geom"
	"github.com/metricslam/metricslam/mapping/metric"
)

func TestDistanceBetweenFrames(t *testing.T) {
	m := NewMapper(Default(), nil, nil)
	m.cfg.Known.Distances = []metric.Distance{{From: metric.End{Index: 0}, To: metric.End{Index: 9}, Metres: 3}, {From: metric.End{Index: 0}, To: metric.End{Index: 99}, Metres: 7}}
	if s := m.distanceSources(0, nil); len(s) != 0 {
		t.Errorf("nobody tells where frames are, but: %v", s)
	}
	m.Where = func(frame int) (geom.Vec3, int, bool) { return geom.Vec3{X: float64(frame)}, 0, frame < 50 }
	s := m.distanceSources(0, nil)
	if len(s) != 1 || math.Abs(s[0].Log-math.Log(3./9)) > 1e-12 || s[0].Sigma > .02 || s[0].Name != "known distance 0,9" {
		t.Errorf("got %+v", s)
	}
	if s := m.distanceSources(1, nil); len(s) != 0 {
		t.Errorf("in another part: %v", s)
	}
}

func TestWhatTellsNothing(t *testing.T) {
	m := NewMapper(Default(), nil, nil)
	m.cfg.Known = metric.Known{MarkerSizeM: .1, Distances: []metric.Distance{{To: metric.End{Index: 9}, Metres: 3}}}
	m.Ground.HeightM = 1.65
	if got := m.UnusedSizes([]metric.Estimate{{}, {}}); len(got) != 3 {
		t.Errorf("nothing was used, but %q", got)
	}
	used := []metric.Estimate{{Sources: []metric.Source{{Name: metric.MarkerName}}}, {Sources: []metric.Source{{Name: metric.HeightName}, {Name: "known distance 0,9"}}}}
	if got := m.UnusedSizes(used); len(got) != 0 {
		t.Errorf("all was used, but %q", got)
	}
}
