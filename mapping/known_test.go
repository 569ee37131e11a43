package mapping

import (
	"math"
	"strings"
	"testing"

	"github.com/metricslam/metricslam/geom"
)

func TestDistanceText(t *testing.T) {
	for text, want := range map[string]Distance{
		"0,850=4.20":    {Place{false, 0}, Place{false, 850}, 4.2},
		"m3,m7=1.25":    {Place{true, 3}, Place{true, 7}, 1.25},
		"m0, 12 = .5":   {},
		"12,m0=2m":      {Place{false, 12}, Place{true, 0}, 2},
		"0,850":         {},
		"0=3":           {},
		"a,b=3":         {},
		"-1,4=3":        {},
		"m1,m1=3":       {},
		"0,5=-2":        {},
		"0,5=inf":       {},
		"0,5=2 ft":      {},
		"m,5=2":         {},
		"0,5,6=2":       {},
		"m3,m7=1.25e-1": {Place{true, 3}, Place{true, 7}, .125},
	} {
		var d Distance
		err := d.UnmarshalText([]byte(text))
		if (err == nil) != (want.Metres > 0) || err == nil && d != want {
			t.Errorf("%q: %v, %v", text, d, err)
		}
		if err != nil {
			if !strings.Contains(err.Error(), "FROM,TO=METRES") {
				t.Errorf("%q: %v does not say how to write it", text, err)
			}
			continue
		}
		back, _ := d.MarshalText()
		var again Distance
		if err := again.UnmarshalText(back); err != nil || again != d {
			t.Errorf("%q: written as %q, which is %v, %v", text, back, again, err)
		}
	}
}

func TestKnownIsValidated(t *testing.T) {
	for _, k := range []Known{{MarkerFamily: "aruco9x9"}, {MarkerSizeM: -1}, {MarkerSizeM: math.NaN()}} {
		if k.validate() == nil {
			t.Errorf("%+v passes", k)
		}
	}
}

func TestDistanceBetweenFrames(t *testing.T) {
	m := NewMapper(Default(), nil)
	m.cfg.Known.Distances = []Distance{{Place{Index: 0}, Place{Index: 9}, 3}, {Place{Index: 0}, Place{Index: 99}, 7}}
	if s := m.distanceSources(0); len(s) != 0 {
		t.Errorf("nobody tells where frames are, but: %v", s)
	}
	m.Where = func(frame int) (geom.Vec3, int, bool) { return geom.Vec3{X: float64(frame)}, 0, frame < 50 }
	s := m.distanceSources(0)
	if len(s) != 1 || math.Abs(s[0].Log-math.Log(3./9)) > 1e-12 || s[0].Sigma > .02 || s[0].Name != "known distance 0,9" {
		t.Errorf("got %+v", s)
	}
	if s := m.distanceSources(1); len(s) != 0 {
		t.Errorf("in another part: %v", s)
	}
}

func TestWhatTellsNothing(t *testing.T) {
	m := NewMapper(Default(), nil)
	m.cfg.Known = Known{MarkerSizeM: .1, Distances: []Distance{{Place{}, Place{Index: 9}, 3}}}
	m.Ground.HeightM = 1.65
	if got := m.Silent([]Metric{{}, {}}); len(got) != 3 {
		t.Errorf("nothing was heard, but %q", got)
	}
	heard := []Metric{{Sources: []ScaleSource{{Name: markerName}}}, {Sources: []ScaleSource{{Name: heightName}, {Name: "known distance 0,9"}}}}
	if got := m.Silent(heard); len(got) != 0 {
		t.Errorf("all was heard, but %q", got)
	}
}
