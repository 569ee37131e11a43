// Package strictyaml reads YAML files that people write: settings, lists, contracts and
// camera files.
package strictyaml

import (
	"errors"
	"fmt"
	"strings"

	"github.com/goccy/go-yaml"
)

// Unmarshal reads data into v, a pointer. A key that v does not have is an error, so that
// a misspelt one does not pass in silence, and so is a key that stands twice. Errors name
// the line.
func Unmarshal(data []byte, v any) error {
	return decode(data, v, yaml.Strict())
}

// Map reads data whose keys are not known beforehand.
func Map(data []byte) (map[string]any, error) {
	values := map[string]any{}
	err := decode(data, &values)
	return values, err
}

// decode gives every fault of the file as an error. The library panics on some files, for
// example where a list is longer than the array that it is read into: whatever it panics
// with is a fault of the file, since nothing of ours runs inside.
func decode(data []byte, v any, opts ...yaml.DecodeOption) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("not the YAML that is wanted here: %v", p)
		}
	}()
	if err := yaml.UnmarshalWithOptions(data, v, opts...); err != nil {
		return errors.New(strings.TrimSpace(yaml.FormatError(err, false, true)))
	}
	return nil
}
