package strictyaml

import (
	"github.com/metricslam/metricslam/internal/fuzzbound"
	"strings"
	"testing"
)

type settings struct {
	Size  [3]float64 `yaml:"size"`
	Names []string   `yaml:"names"`
}

func TestUnmarshal(t *testing.T) {
	var s settings
	if err := Unmarshal([]byte("size: [1, 2, 3]\nnames: [a, b]\n"), &s); err != nil {
		t.Fatal(err)
	}
	if s.Size != [3]float64{1, 2, 3} || len(s.Names) != 2 {
		t.Fatal(s)
	}
}

func TestUnmarshalFaults(t *testing.T) {
	for text, want := range map[string]string{
		"sise: [1, 2, 3]":              "unknown field",
		"names: [a]\nnames: [b]":       "already defined",
		"names: {a: 1}":                "1 |",
		"size: [1, 2, 3, 4]":           "not the YAML that is wanted here",
		"names: [a\nsize: [1":          "1 |",
		"names: *nobody\nsize: [1, 2]": "nobody",
	} {
		var s settings
		err := Unmarshal([]byte(text), &s)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want an error with %q", text, err, want)
		}
	}
}

func TestMap(t *testing.T) {
	v, err := Map([]byte("a: 1\nb: [x]\n"))
	if err != nil || len(v) != 2 {
		t.Fatal(v, err)
	}
	if _, err := Map([]byte("- a\n")); err == nil {
		t.Fatal("a list is no map")
	}
}

func FuzzMap(f *testing.F) {
	f.Add([]byte("a: 1\nb: [x]\n"))
	f.Add([]byte("a: &x {b: *x}\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		defer fuzzbound.Check(t)()
		var s settings
		_ = Unmarshal(data, &s)
		_, _ = Map(data)
	})
}
