package synthetic

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
)

// Prefix begins every specification of a synthetic sequence.
const Prefix = "synthetic:"

// ErrSpec is wrapped by every error about the text of a specification.
var ErrSpec = errors.New("synthetic source")

// kind is a sort of scene with the lengths that make sense for it.
type kind struct {
	name                    string
	defaultM, leastM, mostM float64
}

var kinds = []kind{
	{name: "room", defaultM: 24, leastM: 4, mostM: 2000},
	{name: "corridor", defaultM: 45, leastM: 4, mostM: 1000},
	{name: "office", defaultM: 30, leastM: 4, mostM: 1000},
	{name: "supermarket", defaultM: 34, leastM: 4, mostM: 1000},
	{name: "stairs", defaultM: 26, leastM: 4, mostM: 300},
	{name: "street", defaultM: 500, leastM: 20, mostM: 20000},
	{name: "tour", defaultM: 2000, leastM: 20, mostM: 20000},
}

// request is a parsed specification.
type request struct {
	kind
	lengthM float64
	variant
}

// variant is how a sequence differs from the ordinary one of its kind.
type variant struct {
	fps   float64 // frames a second; 0: that of the kind
	light float64 // share of the ordinary light that reaches the sensor
	blur  float64 // exposure time over the ordinary one
	lens  float64 // focal length over the ordinary one

	readoutS float64 // from the exposure of the first row to that of the last

	walkers int  // persons who pass the camera
	lead    bool // a car drives ahead
}

// option is a "name=value" of a specification.
type option struct {
	name        string
	least, most float64
	set         func(v *variant, value float64)
	meaning     string
}

var options = []option{
	{"fps", 1, 240, func(v *variant, x float64) { v.fps = x }, "frames a second"},
	{"light", .001, 10, func(v *variant, x float64) { v.light = x }, "share of the ordinary light"},
	{"blur", 0, 10, func(v *variant, x float64) { v.blur = x }, "exposure time over the ordinary one"},
	{"lens", .5, 2, func(v *variant, x float64) { v.lens = x }, "focal length over the ordinary one"},
	{"rolling", 0, 50, func(v *variant, x float64) { v.readoutS = x / 1000 }, "milliseconds in which the rows of a picture are read one after the other"},
	{"walkers", 0, 4, func(v *variant, x float64) { v.walkers = int(x) }, "persons who pass the camera indoors"},
	{"lead", 0, 1, func(v *variant, x float64) { v.lead = x >= .5 }, "a car that drives ahead on the road"},
}

// parseSpec reads "synthetic:NAME[:METRES][,OPTION=VALUE]...".
func parseSpec(spec string) (request, error) {
	fail := func(format string, args ...any) (request, error) {
		return request{}, fmt.Errorf("%w %q: %s", ErrSpec, spec, fmt.Sprintf(format, args...))
	}
	rest, ok := strings.CutPrefix(spec, Prefix)
	if !ok {
		return fail("write %s", usage())
	}
	scene, settings, hasSettings := strings.Cut(rest, ",")
	name, length, hasLength := strings.Cut(scene, ":")
	req := request{variant: variant{light: 1, blur: 1, lens: 1}}
	for _, k := range kinds {
		if k.name == name {
			req.kind, req.lengthM = k, k.defaultM
		}
	}
	if req.name == "" {
		return fail("there is no scene %q; write %s", name, usage())
	}
	if hasLength {
		v, err := strconv.ParseFloat(length, 64)
		if err != nil || math.IsNaN(v) {
			return fail("%q is no path length in metres; write for example %s%s:%g", length, Prefix, name, req.defaultM)
		}
		if v < req.leastM || v > req.mostM {
			return fail("the path length must be from %g to %g metres, not %g", req.leastM, req.mostM, v)
		}
		req.lengthM = v
	}
	if !hasSettings {
		return req, nil
	}
	for _, s := range strings.Split(settings, ",") {
		if err := req.setOption(s); err != nil {
			return fail("%v", err)
		}
	}
	return req, nil
}

// setOption takes one "name=value".
func (v *variant) setOption(text string) error {
	name, value, _ := strings.Cut(text, "=")
	for _, o := range options {
		if o.name != name {
			continue
		}
		x, err := strconv.ParseFloat(value, 64)
		if err != nil || !(x >= o.least && x <= o.most) {
			return fmt.Errorf("%s is %s, a number from %g to %g, not %q", name, o.meaning, o.least, o.most, value)
		}
		o.set(v, x)
		return nil
	}
	var names []string
	for _, o := range options {
		names = append(names, o.name)
	}
	return fmt.Errorf("there is no option %q; the options are %s", name, strings.Join(names, ", "))
}

func usage() string {
	var alternatives []string
	for _, k := range kinds {
		alternatives = append(alternatives, fmt.Sprintf("%s%s or %s%s:METRES", Prefix, k.name, Prefix, k.name))
	}
	return strings.Join(alternatives, ", ")
}
