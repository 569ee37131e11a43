package datasets

import (
	"fmt"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// settings are the values of a camera file by key, without regard to case; those
// of the block "Camera:" are found as "Camera.key" too. It remembers which keys
// were read.
type settings struct {
	prefix string // of a block, for messages
	values map[string]setting
	read   map[string]bool
}

type setting struct {
	name  string // as the file spells it
	value any
}

func newSettings(prefix string, values map[string]any) *settings {
	s := &settings{prefix: prefix, values: map[string]setting{}, read: map[string]bool{}}
	for k, v := range values {
		if block, ok := v.(map[string]any); ok && strings.EqualFold(k, "camera") {
			for name, v := range block {
				s.values["camera."+strings.ToLower(name)] = setting{k + "." + name, v}
			}
			continue
		}
		s.values[strings.ToLower(k)] = setting{prefix + k, v}
	}
	return s
}

// value returns what stands under a key, nil where nothing does.
func (s *settings) value(key string) any {
	key = strings.ToLower(key)
	s.read[key] = true
	return s.values[key].value
}

// has reports whether one of the keys is there; it does not count as read.
func (s *settings) has(keys ...string) bool {
	return slices.ContainsFunc(keys, func(k string) bool { return s.values[strings.ToLower(k)].value != nil })
}

// name is the file's spelling of the first key that is there.
func (s *settings) name(keys ...string) string {
	for _, k := range keys {
		if v, ok := s.values[strings.ToLower(k)]; ok {
			return v.name
		}
	}
	return s.prefix + keys[0]
}

// matching lists the keys that an expression matches, in order.
func (s *settings) matching(e *regexp.Regexp) (keys []string) {
	for k := range s.values {
		if e.MatchString(k) {
			keys = append(keys, k)
		}
	}
	slices.Sort(keys)
	return keys
}

// unread lists the keys with a value that nobody read, in order.
func (s *settings) unread() (keys []string) {
	for k, v := range s.values {
		if !s.read[k] && v.value != nil {
			keys = append(keys, k)
		}
	}
	slices.Sort(keys)
	return keys
}

// firstNames lists up to n keys in the file's spelling.
func (s *settings) firstNames(n int) (names []string) {
	for _, v := range s.values {
		names = append(names, v.name)
	}
	slices.Sort(names)
	if len(names) > n {
		names = append(names[:n:n], "...")
	}
	return names
}

// block returns the settings under a key, of which all belong to the camera.
func (s *settings) block(key string) (*settings, error) {
	v := s.value(key)
	m, ok := v.(map[string]any)
	if v != nil && !ok {
		return nil, fmt.Errorf("%s: want a block of keys", s.name(key))
	}
	return newSettings(s.name(key)+".", m), nil
}

// text returns the values of the keys in lower case, joined.
func (s *settings) text(keys ...string) string {
	var words []string
	for _, k := range keys {
		if v := s.value(k); v != nil {
			words = append(words, strings.ToLower(fmt.Sprint(v)))
		}
	}
	return strings.Join(words, " ")
}

// truth reads a flag that may be written as a word or a number.
func (s *settings) truth(keys ...string) bool {
	switch s.text(keys...) {
	case "", "0", "false", "no":
		return false
	}
	return true
}

// number returns the value of the first key that is there.
func (s *settings) number(keys ...string) (x float64, ok bool, err error) {
	for _, k := range keys {
		v := s.value(k)
		if v == nil {
			continue
		}
		if x, err = toNumber(v); err != nil {
			return 0, false, fmt.Errorf("%s: %w", s.name(k), err)
		}
		return x, true, nil
	}
	return 0, false, nil
}

// need reads numbers that must be there, one of each list of spellings.
func (s *settings) need(spellings ...[]string) (out []float64, err error) {
	for _, keys := range spellings {
		x, ok, err := s.number(keys...)
		if err != nil {
			return nil, err
		}
		if !ok {
			return nil, fmt.Errorf("%s is missing", s.prefix+keys[0])
		}
		out = append(out, x)
	}
	return out, nil
}

// optional reads numbers that count as 0 where they are missing.
func (s *settings) optional(keys ...string) (out []float64, err error) {
	for _, k := range keys {
		x, _, err := s.number(k)
		if err != nil {
			return nil, err
		}
		out = append(out, x)
	}
	return out, nil
}

// positive returns the value of the first key that is there, which must be
// positive; 0 where none is.
func (s *settings) positive(keys ...string) (float64, error) {
	x, ok, err := s.number(keys...)
	if ok && x <= 0 {
		err = fmt.Errorf("%s is %g; it must be positive", s.name(keys...), x)
	}
	return x, err
}

// size reads the image size that the calibration is for, 0 where it does not
// say.
func (s *settings) size(l *lens, width, height []string) error {
	for i, keys := range [2][]string{width, height} {
		x, ok, err := s.number(keys...)
		if err != nil {
			return err
		}
		if !ok {
			continue
		}
		if x < 1 || x > 1<<20 || x != math.Trunc(x) {
			return fmt.Errorf("%s is %g; it must be a number of pixels", s.name(keys...), x)
		}
		*[2]*int{&l.cam.W, &l.cam.H}[i] = int(x)
	}
	return nil
}

// matrix returns the numbers of the first key that is there: a list, a list of
// lists, or a map with the list under "data" as OpenCV writes it.
func (s *settings) matrix(keys ...string) ([]float64, error) {
	for _, k := range keys {
		v := s.value(k)
		if v == nil {
			continue
		}
		if m, isMap := v.(map[string]any); isMap {
			v = m["data"]
		}
		var out []float64
		if err := flatten(v, &out); err != nil {
			return nil, fmt.Errorf("%s: %w", s.name(k), err)
		}
		return out, nil
	}
	return nil, nil
}

func flatten(v any, out *[]float64) error {
	if list, ok := v.([]any); ok {
		for _, e := range list {
			if err := flatten(e, out); err != nil {
				return err
			}
		}
		return nil
	}
	x, err := toNumber(v)
	*out = append(*out, x)
	return err
}

func toNumber(v any) (float64, error) {
	x, err := strconv.ParseFloat(fmt.Sprint(v), 64)
	if err != nil || math.IsNaN(x) || math.IsInf(x, 0) {
		return 0, fmt.Errorf("%v is no finite number", v)
	}
	return x, nil
}
