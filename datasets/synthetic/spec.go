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
	{name: "street", defaultM: 500, leastM: 20, mostM: 20000},
	{name: "tour", defaultM: 2000, leastM: 20, mostM: 20000},
}

// parseSpec reads "synthetic:NAME" or "synthetic:NAME:METRES".
func parseSpec(spec string) (name string, lengthM float64, err error) {
	rest, ok := strings.CutPrefix(spec, Prefix)
	if !ok {
		return "", 0, fmt.Errorf("%w %q: write %s", ErrSpec, spec, usage())
	}
	name, length, hasLength := strings.Cut(rest, ":")
	for _, k := range kinds {
		if k.name != name {
			continue
		}
		if !hasLength {
			return name, k.defaultM, nil
		}
		lengthM, err = strconv.ParseFloat(length, 64)
		if err != nil || math.IsNaN(lengthM) {
			return "", 0, fmt.Errorf("%w %q: %q is no path length in metres; write for example %s%s:%g", ErrSpec, spec, length, Prefix, name, k.defaultM)
		}
		if lengthM < k.leastM || lengthM > k.mostM {
			return "", 0, fmt.Errorf("%w %q: the path length must be from %g to %g metres, not %g", ErrSpec, spec, k.leastM, k.mostM, lengthM)
		}
		return name, lengthM, nil
	}
	return "", 0, fmt.Errorf("%w %q: there is no scene %q; write %s", ErrSpec, spec, name, usage())
}

func usage() string {
	var alternatives []string
	for _, k := range kinds {
		alternatives = append(alternatives, fmt.Sprintf("%s%s or %s%s:METRES", Prefix, k.name, Prefix, k.name))
	}
	return strings.Join(alternatives, ", ")
}
