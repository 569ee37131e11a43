package mapping

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/metricslam/metricslam/geom"
	"github.com/metricslam/metricslam/marker"
)

// maxMarkerM is the edge of a marker on a wall, in metres: what is larger was
// given in another unit.
const maxMarkerM = 5.0

// Known is what a user knows of true sizes beside the camera's height.
type Known struct {
	MarkerFamily string     `yaml:"marker_family"` // as marker.ByName takes it
	MarkerSizeM  float64    `yaml:"marker_size_m"` // edge of the black square; 0 = unknown
	Distances    []Distance `yaml:"distances"`
}

// defaultFamily is that of markers where none is named.
const defaultFamily = "apriltag36h11"

func (c Known) family() string {
	if c.MarkerFamily == "" {
		return defaultFamily
	}
	return c.MarkerFamily
}

// validate names the first thing that makes no sense.
func (c Known) validate() error {
	if _, err := marker.ByName(c.family()); err != nil {
		return fmt.Errorf("mapping.known.marker_family: %w", err)
	}
	if !(c.MarkerSizeM >= 0 && c.MarkerSizeM <= maxMarkerM) {
		return fmt.Errorf("--marker-size (mapping.known.marker_size_m) is %g; give the edge of the black square in metres, at most %g%s", c.MarkerSizeM, maxMarkerM, geom.LikelyMetres(c.MarkerSizeM, .02, 1))
	}
	return nil
}

// Distance is a known distance between two places. In text it is FROM,TO=METRES,
// where a place is the number of a frame (where its camera was) or m and the id
// of a marker (its middle).
type Distance struct {
	From, To Place
	Metres   float64
}

// Place is an end of a known distance.
type Place struct {
	Marker bool
	Index  int // of the frame, or the marker's id
}

// String returns the place as UnmarshalText takes it.
func (p Place) String() string {
	if p.Marker {
		return fmt.Sprintf("m%d", p.Index)
	}
	return strconv.Itoa(p.Index)
}

// MarshalText writes FROM,TO=METRES.
func (d Distance) MarshalText() ([]byte, error) {
	return fmt.Appendf(nil, "%v,%v=%g", d.From, d.To, d.Metres), nil
}

// UnmarshalText reads FROM,TO=METRES.
func (d *Distance) UnmarshalText(text []byte) error {
	if err := d.parse(string(text)); err != nil {
		return fmt.Errorf("known distance %q: %w; write FROM,TO=METRES, each end the number of a frame or m and a marker's id, as in 0,850=4.20 or m3,m7=1.25", text, err)
	}
	return nil
}

func (d *Distance) parse(text string) (err error) {
	ends, metres, ok := strings.Cut(text, "=")
	from, to, ok2 := strings.Cut(ends, ",")
	if !ok || !ok2 {
		return errors.New("a part is missing")
	}
	if d.From, err = parsePlace(from); err != nil {
		return err
	}
	if d.To, err = parsePlace(to); err != nil {
		return err
	}
	if d.Metres, err = strconv.ParseFloat(strings.TrimSuffix(metres, "m"), 64); err != nil {
		return fmt.Errorf("%q is no number", metres)
	}
	switch {
	case !(d.Metres > 0) || math.IsInf(d.Metres, 0):
		return errors.New("the distance must be positive")
	case d.From == d.To:
		return errors.New("both ends are the same")
	}
	return nil
}

func parsePlace(text string) (p Place, err error) {
	number, isMarker := strings.CutPrefix(strings.TrimSpace(text), "m")
	p.Marker = isMarker
	if p.Index, err = strconv.Atoi(number); err != nil || p.Index < 0 {
		return p, fmt.Errorf("%q names neither a frame nor a marker", text)
	}
	return p, nil
}

const (
	cameraPlaceStd = .01  // of a camera held over the end of a tape, metres
	markerPlaceStd = .003 // of a tape's end at a marker's middle, metres
	distanceLogStd = .01  // of the map's shape between the ends
)

// distanceSources are the scales by the known distances that a part holds.
func (m *Mapper) distanceSources(part int) (out []ScaleSource) {
	if len(m.cfg.Known.Distances) == 0 {
		return nil
	}
	fits := m.markers(part)
	for _, d := range m.cfg.Known.Distances {
		from, std, ok := m.place(d.From, part, fits)
		to, std2, ok2 := m.place(d.To, part, fits)
		length := to.Sub(from).Norm()
		if !ok || !ok2 || !(length > 0) {
			continue
		}
		out = append(out, ScaleSource{
			Name: d.name(), Log: math.Log(d.Metres / length),
			Sigma: math.Hypot(distanceLogStd, math.Hypot(std, std2)/d.Metres), N: 1, trust: trustDistance,
		})
	}
	return out
}

func (d Distance) name() string { return fmt.Sprintf("known distance %v,%v", d.From, d.To) }

// Silent says what the user told of true sizes and no part of the map could use;
// the metres given are those of all parts.
func (m *Mapper) Silent(parts []Metric) (out []string) {
	heard := make(map[string]bool)
	for _, p := range parts {
		for _, s := range p.Sources {
			heard[s.Name] = true
		}
	}
	if m.cfg.Known.MarkerSizeM > 0 && !heard[markerName] {
		out = append(out, fmt.Sprintf("the size of markers tells nothing: no marker of the family %s was found in two keyframes that lie far enough apart", m.cfg.Known.family()))
	}
	for _, d := range m.cfg.Known.Distances {
		if !heard[d.name()] {
			out = append(out, fmt.Sprintf("the %s tells nothing: both ends must be in one connected map, frames with a pose and markers seen from several places", d.name()))
		}
	}
	if m.Ground.HeightM > 0 && !heard[heightName] {
		out = append(out, "the camera's height tells nothing: no ground was found below the camera that looks ahead")
	}
	return out
}

// place returns where an end lies in a part, in lengths of the map, and its
// deviation in metres.
func (m *Mapper) place(p Place, part int, fits map[int]markerFit) (at geom.Vec3, stdM float64, ok bool) {
	if p.Marker {
		f, ok := fits[p.Index]
		return f.pose.T, markerPlaceStd, ok
	}
	if m.Where == nil {
		return at, 0, false
	}
	at, in, ok := m.Where(p.Index)
	return at, cameraPlaceStd, ok && in == part
}
