package metric

import (
	"math"
	"strings"
	"testing"
)

func TestDistanceText(t *testing.T) {
	for text, want := range map[string]Distance{
		"0,850=4.20":    {End{false, 0}, End{false, 850}, 4.2},
		"m3,m7=1.25":    {End{true, 3}, End{true, 7}, 1.25},
		"m0, 12 = .5":   {},
		"12,m0=2m":      {End{false, 12}, End{true, 0}, 2},
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
		"m3,m7=1.25e-1": {End{true, 3}, End{true, 7}, .125},
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
		if k.Validate() == nil {
			t.Errorf("%+v passes", k)
		}
	}
}
