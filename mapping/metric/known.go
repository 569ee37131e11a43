package metric

import (
	"errors"
	"fmt"
	"math"
	"slices"
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

// Family is that of the markers.
func (k Known) Family() string {
	if k.MarkerFamily == "" {
		return defaultFamily
	}
	return k.MarkerFamily
}

// Validate names the first thing that makes no sense.
func (k Known) Validate() error {
	if _, err := marker.ByName(k.Family()); err != nil {
		return fmt.Errorf("mapping.known.marker_family: %w", err)
	}
	if !(k.MarkerSizeM >= 0 && k.MarkerSizeM <= maxMarkerM) {
		return fmt.Errorf("--marker-size (mapping.known.marker_size_m) is %g; give the edge of the black square in metres, at most %g%s", k.MarkerSizeM, maxMarkerM, geom.LikelyMetres(k.MarkerSizeM, .02, 1))
	}
	return nil
}

// Distance is a known distance between two points. In text it is FROM,TO=METRES,
// where a point is the number of a frame (where its camera was) or m and the id
// of a marker (its middle).
type Distance struct {
	From, To End
	Metres   float64
}

// End is an end of a known distance.
type End struct {
	Marker bool
	Index  int // of the frame, or the marker's id
}

// String returns the end as UnmarshalText takes it.
func (e End) String() string {
	if e.Marker {
		return fmt.Sprintf("m%d", e.Index)
	}
	return strconv.Itoa(e.Index)
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
	if d.From, err = parseEnd(from); err != nil {
		return err
	}
	if d.To, err = parseEnd(to); err != nil {
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

func parseEnd(text string) (e End, err error) {
	number, isMarker := strings.CutPrefix(strings.TrimSpace(text), "m")
	e.Marker = isMarker
	if e.Index, err = strconv.Atoi(number); err != nil || e.Index < 0 {
		return e, fmt.Errorf("%q names neither a frame nor a marker", text)
	}
	return e, nil
}

// Name is that of the source of scale which the distance makes.
func (d Distance) Name() string { return fmt.Sprintf("known distance %v,%v", d.From, d.To) }

// NeedsMarkers reports whether anything that is known speaks of markers.
func (k Known) NeedsMarkers() bool {
	return k.MarkerSizeM > 0 || slices.ContainsFunc(k.Distances, func(d Distance) bool { return d.From.Marker || d.To.Marker })
}
