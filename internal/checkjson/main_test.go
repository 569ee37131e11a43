package main

import (
	"io"
	"strings"
	"testing"
)

func TestCheck(t *testing.T) {
	const doc = `{"frames": 400, "ate": 0.05, "kitti": {"t_rel": 2.5}, "none": null}`
	for _, c := range []struct{ bounds, err string }{
		{"frames>=400 ate<=.05 kitti.t_rel<=3", ""},
		{"frames>=401", "frames>=401 (is 400)"},
		{"ate<=.04 kitti.t_rel<=2", "kitti.t_rel<=2 (is 2.5)"},
		{"kitti.r_rel<=1", `no "r_rel"`},
		{"none<=1", "not a number"},
		{"frames.x<=1", `no "x"`},
		{"frames=400", "want path<=number"},
		{"frames<=many", "invalid syntax"},
	} {
		err := check(io.Discard, []byte(doc), strings.Fields(c.bounds))
		switch {
		case c.err == "" && err != nil:
			t.Errorf("%s: %v", c.bounds, err)
		case c.err != "" && (err == nil || !strings.Contains(err.Error(), c.err)):
			t.Errorf("%s: error %v, want %q", c.bounds, err, c.err)
		}
	}
	if err := check(io.Discard, []byte("{"), []string{"a<=1"}); err == nil {
		t.Error("a truncated file passes")
	}
}
